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
#include "ctl/node-fields.h"
#include "ctl/text.h"

/* An event, and when it was heard here. */
typedef struct Heard {
        const Reply *event;
        struct timespec time;
} Heard;

static const NodeInfo *info_of(const void *object) {
        return &((const Heard *) object)->event->info;
}

/* "2026-11-22T11:01:58.123Z" */
static const char *get_time(const void *object, const Field *field, char *buffer) {
        const Heard *heard = object;
        struct tm utc;
        char text[24];

        (void) field;
        (void) gmtime_r(&heard->time.tv_sec, &utc);
        (void) strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
        snprintf(buffer, FIELD_SIZE, "%s.%03ldZ", text, heard->time.tv_nsec / 1000000);
        return buffer;
}

static const char *show_time(const void *object, const Field *field, char *buffer) {
        const Heard *heard = object;
        struct tm local;
        char text[16];

        (void) field;
        (void) localtime_r(&heard->time.tv_sec, &local);
        (void) strftime(text, sizeof(text), "%H:%M:%S", &local);
        snprintf(buffer, FIELD_SIZE, "%s.%03ld", text, heard->time.tv_nsec / 1000000);
        return buffer;
}

static const char *get_event(const void *object, const Field *field, char *buffer) {
        (void) field, (void) buffer;
        return event_kind_to_string(((const Heard *) object)->event->event);
}

static const char *get_reason(const void *object, const Field *field, char *buffer) {
        Reason reason = ((const Heard *) object)->event->reason;

        (void) field, (void) buffer;
        return reason != _REASON_INVALID ? reason_to_string(reason) : NULL;
}

static const char *show_reason(const void *object, const Field *field, char *buffer) {
        const char *reason = get_reason(object, field, buffer);

        snprintf(buffer, FIELD_SIZE, "(%s)", reason ? reason : "");
        return reason ? buffer : NULL;
}

static const char *show_node(const void *object, const Field *field, char *buffer) {
        (void) field, (void) buffer;
        return info_of(object)->endpoint.node;
}

static const char *show_proto(const void *object, const Field *field, char *buffer) {
        (void) field, (void) buffer;
        return proto_to_string(info_of(object)->endpoint.proto);
}

static const char *show_address(const void *object, const Field *field, char *buffer) {
        (void) field;
        return address_format(&info_of(object)->addresses[0], buffer);
}

static const char *show_port(const void *object, const Field *field, char *buffer) {
        (void) field;
        snprintf(buffer, FIELD_SIZE, "%u", (unsigned) info_of(object)->endpoint.port);
        return buffer;
}

static const char *show_where(const void *object, const Field *field, char *buffer) {
        (void) field, (void) buffer;
        return source_info(info_of(object)->source)->label;
}

static const char *show_conflict(const void *object, const Field *field, char *buffer) {
        (void) field, (void) buffer;
        return info_of(object)->conflict ? "CONFLICT" : NULL;
}

static void add_node(struct json_object *json, const void *object) {
        node_fields_add_json(json, info_of(object));
}

/* A line for people: what has a label, with it in front. */
static const Field event_fields[] = {
        { NULL, "time", "", FIELD_TEXT, .get = get_time, .show = show_time },
        { NULL, "event", "  ", FIELD_TEXT, .get = get_event },
        { "reason", "reason", NULL, FIELD_TEXT, .get = get_reason },
        /* The rest is about an endpoint. */
        { .add = add_node },
        { NULL, NULL, "  ", .show = show_node },
        { "proto", NULL, "  ", .show = show_proto },
        { "addr", NULL, " ", .show = show_address },
        { "port", NULL, " port ", .show = show_port },
        { "source", NULL, "  ", .show = show_where },
        { "reason", NULL, "  ", .show = show_reason },
        { "conflict", NULL, "  ", .show = show_conflict },
};

#define SYNC_FIELDS 2
#define NETWORK_FIELDS 3

static const char *colour(const Options *options, EventKind kind) {
        if (!options->colour)
                return "";
        return kind == EVENT_UP ? TEXT_GREEN : kind == EVENT_DOWN ? TEXT_RED : TEXT_YELLOW;
}

static void print_event(const Heard *heard, const Options *options) {
        for (size_t i = 0; i < ELEMENTSOF(event_fields); i++) {
                const Field *field = &event_fields[i];
                char buffer[FIELD_SIZE], *safe;
                const char *text = field->label ? field_show(field, heard, buffer) : "";

                if (!*text)
                        continue;
                safe = text_safe(text);
                if (field->get == get_event)
                        printf("%s%s%-7s%s", field->label, colour(options, heard->event->event),
                               safe ? safe : "?", options->colour ? TEXT_PLAIN : "");
                else
                        printf("%s%s", field->label, safe ? safe : "?");
                free(safe);
        }
        printf("\n");
}

static void print_sync(const Heard *heard, size_t n) {
        char buffer[FIELD_SIZE];

        printf("%s  %zu endpoint%s up; changes follow, end with Ctrl-C\n",
               field_show(&event_fields[0], heard, buffer), n, n == 1 ? "" : "s");
}

static void print_network(const Heard *heard, const Options *options) {
        Reason reason = heard->event->reason;
        char buffer[FIELD_SIZE];

        printf("%s  %s%-7s%s  %s\n", field_show(&event_fields[0], heard, buffer),
               colour(options, EVENT_NETWORK), event_kind_to_string(EVENT_NETWORK),
               options->colour ? TEXT_PLAIN : "",
               reason == REASON_READDRESSED ? "the addresses of this host have changed"
               : reason == REASON_RESUMED   ? "this host was suspended"
                                            : "something has happened to this host");
}

static int print_json(const Heard *heard) {
        struct json_object *object = json_object_new_object();
        EventKind kind = heard->event->event;

        fields_add_json(object, event_fields,
                        kind == EVENT_SYNC      ? SYNC_FIELDS
                        : kind == EVENT_NETWORK ? NETWORK_FIELDS
                                                : ELEMENTSOF(event_fields),
                        heard);
        return json_print_line(object);
}

/* Ends the process: what was printed has been flushed, but for the event that is just being
 * printed. */
static void on_signal(int number) {
        (void) number;
        _exit(EXIT_SUCCESS);
}

static int print(const Reply *event, const Options *options, size_t *n) {
        Heard heard = { .event = event };
        int r = 0;

        if (event_kind_has_info(event->event) && !filter_selects(&options->filter, &event->info))
                return 0;
        (void) clock_gettime(CLOCK_REALTIME, &heard.time);
        *n += event->event == EVENT_UP;
        if (options->json)
                r = print_json(&heard);
        else if (event->event == EVENT_SYNC)
                print_sync(&heard, *n);
        else if (event->event == EVENT_NETWORK)
                print_network(&heard, options);
        else
                print_event(&heard, options);
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
