/* SPDX-License-Identifier: Apache-2.0 */
/* epmd-mdns monitor: events as they come */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ctl/commands.h"
#include "ctl/json.h"
#include "ctl/text.h"

/* "2026-11-22T11:01:58.123Z" */
#define TIME_SIZE 64

static const char *utc_time(char buffer[static TIME_SIZE]) {
        struct timespec now;
        struct tm utc;
        char text[24];

        (void) clock_gettime(CLOCK_REALTIME, &now);
        (void) gmtime_r(&now.tv_sec, &utc);
        (void) strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
        snprintf(buffer, TIME_SIZE, "%s.%03ldZ", text, now.tv_nsec / 1000000);
        return buffer;
}

static void print_time(void) {
        char text[16];
        struct timespec now;
        struct tm local;

        (void) clock_gettime(CLOCK_REALTIME, &now);
        (void) localtime_r(&now.tv_sec, &local);
        (void) strftime(text, sizeof(text), "%H:%M:%S", &local);
        printf("%s.%03ld", text, now.tv_nsec / 1000000);
}

static const char *colour(const Options *options, EventKind kind) {
        if (!options->colour)
                return "";
        return kind == EVENT_UP ? TEXT_GREEN : kind == EVENT_DOWN ? TEXT_RED : TEXT_YELLOW;
}

static void print_event(const Reply *event, const Options *options) {
        const NodeInfo *info = &event->info;
        char address[ADDRESS_TEXT_SIZE], *node = text_safe(info->endpoint.node);

        print_time();
        printf("  %s%-7s%s  %s  %s %s port %u  %s", colour(options, event->event),
               event_kind_to_string(event->event), options->colour ? TEXT_PLAIN : "",
               node ? node : "?", proto_to_string(info->endpoint.proto),
               address_format(&info->addresses[0], address), (unsigned) info->endpoint.port,
               source_info(info->source)->label);
        if (event->reason != _REASON_INVALID)
                printf("  (%s)", reason_to_string(event->reason));
        if (info->conflict)
                printf("  CONFLICT");
        printf("\n");
        free(node);
}

static void print_sync(size_t n) {
        print_time();
        printf("  %zu endpoint%s up; changes follow, end with Ctrl-C\n", n, n == 1 ? "" : "s");
}

static int print_json(const Reply *event) {
        struct json_object *object = json_object_new_object();
        char time[TIME_SIZE];

        json_object_object_add(object, "time", json_text(utc_time(time)));
        json_object_object_add(object, "event", json_text(event_kind_to_string(event->event)));
        if (event->event != EVENT_SYNC) {
                bool known = event->reason != _REASON_INVALID;

                json_object_object_add(object, "reason",
                                       known ? json_text(reason_to_string(event->reason)) : NULL);
                json_add_node(object, &event->info);
        }
        return json_print_line(object);
}

/* Ends the process: what was printed has been flushed, but for the event that is just being
 * printed. */
static void on_signal(int number) {
        (void) number;
        _exit(EXIT_SUCCESS);
}

static int print(const Reply *event, const Options *options, size_t *n) {
        int r = 0;

        if (event->event != EVENT_SYNC && !filter_selects(&options->filter, &event->info))
                return 0;
        *n += event->event == EVENT_UP;
        if (options->json)
                r = print_json(event);
        else if (event->event == EVENT_SYNC)
                print_sync(*n);
        else
                print_event(event, options);
        /* Whoever reads from a pipe gets each event when it happens. */
        return r < 0 ? r : text_flush();
}

int command_monitor(Client *client, const Options *options) {
        Request request = { .verb = VERB_SUBSCRIBE };
        size_t n = 0;
        Reply reply;
        int r;

        (void) signal(SIGINT, on_signal);
        (void) signal(SIGTERM, on_signal);
        (void) signal(SIGPIPE, SIG_IGN);

        client_watch_output(client);
        r = client_send(client, &request);
        while (r >= 0) {
                r = client_receive(client, &reply);
                if (r == CLIENT_E_UNREAD)
                        return 0;
                if (r < 0 || reply.kind != REPLY_EVENT)
                        continue;
                r = print(&reply, options, &n);
                /* Nobody reads any more: that is how "monitor | head" ends. */
                if (r == -EPIPE) {
                        __fpurge(stdout);
                        clearerr(stdout);
                        return 0;
                }
                if (r < 0)
                        fprintf(stderr, "epmd-mdns: can't write: %s\n", strerror(-r));
                if (reply.event == EVENT_SYNC)
                        client_be_patient(client);
        }
        return r;
}
