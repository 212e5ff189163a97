/* SPDX-License-Identifier: Apache-2.0 */
/* epmd-mdns status: how the daemon is */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/commands.h"
#include "ctl/text.h"
#include "util/macro.h"

/* The value of a key, as a number; 0 if the daemon does not tell it. */
static uint64_t number(const Line *line, const char *key) {
        const char *value = line_get(line, key);

        return value ? strtoull(value, NULL, 10) : 0;
}

static const char *text(const Line *line, const char *key) {
        const char *value = line_get(line, key);

        return value ? value : "unknown";
}

static const char *plural(uint64_t n) {
        return n == 1 ? "" : "s";
}

static void print_avahi(const Line *line) {
        static const struct {
                const char *state;
                const char *meaning;
        } states[] = {
                { "running", "running" },
                { "registering", "running, and claiming this host's name" },
                { "connecting", "not running: the LAN is not seen; start avahi-daemon" },
                { "failed",
                  "not reachable: the LAN is not seen; are dbus and avahi-daemon running?" },
        };
        const char *state = text(line, "avahi");
        char *host;

        for (size_t i = 0; i < ELEMENTSOF(states); i++)
                if (strcmp(states[i].state, state) == 0)
                        state = states[i].meaning;
        printf("Avahi:      %s\n", state);

        host = text_safe(text(line, "host"));
        printf("This host:  %s\n", host ? host : "unknown");
        free(host);
}

static void print_ignored(const Line *line) {
        static const struct {
                const char *key;
                const char *meaning;
        } kinds[] = {
                { "ignored-name", "no valid node name" },
                { "ignored-txt", "an invalid value in TXT" },
                { "ignored-port", "port 0" },
                { "ignored-address", "only a link-local IPv6 address, which Erlang can't use" },
                { "ignored-limit", "a limit was reached" },
        };
        bool any = false;

        for (size_t i = 0; i < ELEMENTSOF(kinds); i++)
                if (number(line, kinds[i].key) > 0) {
                        printf("%s%" PRIu64 " %s",
                               any ? "\n            " : "Ignored:    ", number(line, kinds[i].key),
                               kinds[i].meaning);
                        any = true;
                }
        if (any)
                printf("\n");
}

static void print_status(const Line *line) {
        uint64_t nodes = number(line, "nodes"), hosts = number(line, "hosts"),
                 adverts = number(line, "adverts");
        uint64_t conflicts = number(line, "conflicts"), connections = number(line, "connections");
        char age[TEXT_AGE_SIZE];

        printf("epmd-mdnsd %s, up %s\n\n", text(line, "version"),
               text_age(number(line, "uptime"), age));
        print_avahi(line);
        printf("Nodes:      %" PRIu64 " on %" PRIu64 " host%s, %" PRIu64 " local\n", nodes, hosts,
               plural(hosts), number(line, "local"));
        printf("Announced:  %" PRIu64 " advert%s, with a TTL of %s s\n", adverts, plural(adverts),
               text(line, "ttl"));
        printf("Heard:      %" PRIu64
               " (each advert counts once for each interface and IP version)\n",
               number(line, "sightings"));
        if (conflicts > 0)
                printf("Conflicts:  %" PRIu64
                       " name%s claimed by more than one host, see \"epmd-mdns list\"\n",
                       conflicts, plural(conflicts));
        print_ignored(line);
        printf("Clients:    %" PRIu64 " connection%s, %" PRIu64 " subscribed\n", connections,
               plural(connections), number(line, "subscribers"));
}

int command_status(Client *client) {
        Request request = { .verb = VERB_STATUS };
        Reply reply;
        int r = client_send(client, &request);

        if (r >= 0)
                r = client_receive(client, &reply);
        if (r >= 0)
                print_status(client_line(client));
        return r;
}
