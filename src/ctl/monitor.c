/* SPDX-License-Identifier: Apache-2.0 */
/* epmd-mdns monitor: events as they come */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "ctl/commands.h"
#include "ctl/text.h"

static void print_time(void) {
        char text[16];
        struct timespec now;
        struct tm local;

        (void) clock_gettime(CLOCK_REALTIME, &now);
        (void) localtime_r(&now.tv_sec, &local);
        (void) strftime(text, sizeof(text), "%H:%M:%S", &local);
        printf("%s.%03ld", text, now.tv_nsec / 1000000);
}

static void print_event(const Reply *event) {
        const NodeInfo *info = &event->info;
        char address[ADDRESS_TEXT_SIZE], *node = text_safe(info->endpoint.node);

        print_time();
        printf("  %-7s  %s  %s %s port %u  %s", event_kind_to_string(event->event),
               node ? node : "?", proto_to_string(info->endpoint.proto),
               address_format(&info->addresses[0], address), (unsigned) info->endpoint.port,
               info->source == SOURCE_LOCAL ? "local" : "LAN");
        if (event->reason != _REASON_INVALID)
                printf("  (%s)", reason_to_string(event->reason));
        if (info->conflict)
                printf("  CONFLICT");
        printf("\n");
        free(node);
}

int command_monitor(Client *client) {
        Request request = { .verb = VERB_SUBSCRIBE };
        size_t n = 0;
        Reply reply;
        int r = client_send(client, &request);

        while (r >= 0) {
                /* Whoever reads from a pipe gets each event when it happens; and when nobody reads
                 * any more, this ends. */
                if (fflush(stdout) != 0)
                        return -errno;
                r = client_receive(client, &reply);
                if (r < 0 || reply.kind != REPLY_EVENT)
                        continue;
                if (reply.event != EVENT_SYNC) {
                        print_event(&reply);
                        n++;
                        continue;
                }
                print_time();
                printf("  %zu endpoint%s up; changes follow, end with Ctrl-C\n", n,
                       n == 1 ? "" : "s");
                client_be_patient(client);
        }
        return r;
}
