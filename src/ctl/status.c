/* SPDX-License-Identifier: Apache-2.0 */
/* epmd-mdns status: how the daemon is */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/census.h"
#include "ctl/commands.h"
#include "ctl/json.h"
#include "ctl/text.h"
#include "util/macro.h"

/* What is counted as ignored, in STATUS, in JSON, and in words. */
static const struct {
        const char *key;
        const char *json;
        const char *meaning;
} ignored[] = {
        { "ignored-name", "name", "no valid node name" },
        { "ignored-txt", "txt", "an invalid value in TXT" },
        { "ignored-port", "port", "port 0" },
        { "ignored-address", "address", "only a link-local IPv6 address, which Erlang can't use" },
        { "ignored-limit", "limit", "a limit was reached" },
};

/* What is limited: how much of it there is, and how much there may be. */
static const struct {
        const char *json;
        const char *used;
        const char *limit;
} limits[] = {
        { "registrations", "registrations", "limit-registrations" },
        { "connections", "connections", "limit-connections" },
        { "endpoints", NULL, "limit-endpoints" },
        { "sightings", "sightings", "limit-sightings" },
};

/* The value of a key, as a number; 0 if the daemon does not tell it. */
static uint64_t number(const Line *line, const char *key) {
        const char *value = line_get(line, key);

        return value ? strtoull(value, NULL, 10) : 0;
}

static const char *text(const Line *line, const char *key) {
        const char *value = line_get(line, key);

        return value ? value : "unknown";
}

/* Prints a value, which may be anything, harmless to terminals. */
static void print_value(const char *value) {
        char *safe = text_safe(value);

        printf("%s", safe ? safe : "?");
        free(safe);
}

static const char *plural(uint64_t n) {
        return n == 1 ? "" : "s";
}

static uint64_t limit_used(const Line *line, const Census *census, size_t i) {
        return limits[i].used ? number(line, limits[i].used)
                              : census->endpoints + number(line, "stale");
}

/* --- For people --- */

static void print_avahi(const Line *line) {
        static const struct {
                const char *state;
                const char *meaning;
        } states[] = {
                { "running", "running" },
                { "registering", "running, and claiming this host's name" },
                { "connecting", "no answer: the LAN is not seen; does avahi-daemon hang?" },
                { "hung", "no answer: what is shown of the LAN is old; restart avahi-daemon" },
                { "failed", "not running: the LAN is not seen; start dbus and avahi-daemon" },
        };
        const char *state = text(line, "avahi");

        for (size_t i = 0; i < ELEMENTSOF(states); i++)
                if (strcmp(states[i].state, state) == 0)
                        state = states[i].meaning;
        printf("Avahi:      ");
        print_value(state);
        printf("\nThis host:  ");
        print_value(text(line, "host"));
        printf("\n");
}

static void print_nodes(const Line *line, const Census *census) {
        uint64_t hosts = number(line, "hosts"), stale = number(line, "stale");

        printf("Nodes:      %zu on %" PRIu64 " host%s, %zu local", census->nodes, hosts,
               plural(hosts), census->local);
        if (census->hidden > 0)
                printf(", %zu hidden", census->hidden);
        if (census->tls > 0)
                printf(", %zu with TLS", census->tls);
        if (census->clusters > 0)
                printf(", %zu in a cluster", census->clusters);
        printf("\n");
        if (stale > 0)
                printf("Stale:      %" PRIu64 " endpoint%s, gone from the LAN a moment ago\n",
                       stale, plural(stale));
}

static void print_heard(const Line *line, const Census *census) {
        printf("Heard:      %" PRIu64
               " (each advert counts once for each interface and IP version)",
               number(line, "sightings"));
        for (size_t i = 0; i < census->n_interfaces; i++) {
                printf("%s", i == 0 ? "\nInterfaces: " : ", ");
                print_value(census->interfaces[i]);
        }
        printf("\n");
}

static void print_ignored(const Line *line) {
        bool any = false;

        for (size_t i = 0; i < ELEMENTSOF(ignored); i++)
                if (number(line, ignored[i].key) > 0) {
                        printf("%s%" PRIu64 " %s", any ? "\n            " : "Ignored:    ",
                               number(line, ignored[i].key), ignored[i].meaning);
                        any = true;
                }
        if (any)
                printf("\n");
}

static void print_limits(const Line *line, const Census *census) {
        for (size_t i = 0; i < ELEMENTSOF(limits); i++) {
                uint64_t limit = number(line, limits[i].limit);

                /* Two on a line of 80 columns. */
                printf("%s%" PRIu64,
                       i == 0       ? "Limits:     "
                       : i % 2 == 0 ? ",\n            "
                                    : ", ",
                       limit_used(line, census, i));
                if (limit > 0)
                        printf(" of %" PRIu64, limit);
                printf(" %s", limits[i].json);
        }
        printf("\n");
}

static void print_status(const Line *line, const Census *census) {
        uint64_t adverts = number(line, "adverts"), conflicts = number(line, "conflicts"),
                 connections = number(line, "connections");
        char age[TEXT_AGE_SIZE];

        printf("epmd-mdnsd ");
        print_value(text(line, "version"));
        printf(", up %s\n\n", text_age(number(line, "uptime"), age));
        print_avahi(line);
        print_nodes(line, census);
        printf("Announced:  %" PRIu64 " advert%s, with a TTL of %" PRIu64 " s\n", adverts,
               plural(adverts), number(line, "ttl"));
        print_heard(line, census);
        if (conflicts > 0)
                printf("Conflicts:  %" PRIu64
                       " name%s claimed by more than one host, see \"epmd-mdns list\"\n",
                       conflicts, plural(conflicts));
        print_ignored(line);
        printf("Clients:    %" PRIu64 " connection%s, %" PRIu64 " subscribed\n", connections,
               plural(connections), number(line, "subscribers"));
        print_limits(line, census);
}

/* --- For programs --- */

static struct json_object *json_number(uint64_t value) {
        return json_object_new_int64((int64_t) value);
}

static struct json_object *json_nodes(const Line *line, const Census *census) {
        struct json_object *object = json_object_new_object();

        json_object_object_add(object, "up", json_number(census->nodes));
        json_object_object_add(object, "local", json_number(census->local));
        json_object_object_add(object, "hidden", json_number(census->hidden));
        json_object_object_add(object, "tls", json_number(census->tls));
        json_object_object_add(object, "clustered", json_number(census->clusters));
        json_object_object_add(object, "stale", json_number(number(line, "stale")));
        return object;
}

static struct json_object *json_limits(const Line *line, const Census *census) {
        struct json_object *object = json_object_new_object();

        for (size_t i = 0; i < ELEMENTSOF(limits); i++) {
                struct json_object *one = json_object_new_object();

                json_object_object_add(one, "used", json_number(limit_used(line, census, i)));
                json_object_object_add(one, "limit", json_number(number(line, limits[i].limit)));
                json_object_object_add(object, limits[i].json, one);
        }
        return object;
}

static int print_json(const Line *line, const Census *census) {
        struct json_object *object = json_object_new_object(), *names = json_object_new_array(),
                           *counts = json_object_new_object();

        for (size_t i = 0; i < census->n_interfaces; i++)
                json_object_array_add(names, json_text(census->interfaces[i]));
        for (size_t i = 0; i < ELEMENTSOF(ignored); i++)
                json_object_object_add(counts, ignored[i].json,
                                       json_number(number(line, ignored[i].key)));

        json_object_object_add(object, "version", json_text(line_get(line, "version")));
        json_object_object_add(object, "uptime", json_number(number(line, "uptime")));
        json_object_object_add(object, "avahi", json_text(line_get(line, "avahi")));
        json_object_object_add(object, "host", json_text(line_get(line, "host")));
        json_object_object_add(object, "interfaces", names);
        json_object_object_add(object, "nodes", json_nodes(line, census));
        json_object_object_add(object, "hosts", json_number(number(line, "hosts")));
        json_object_object_add(object, "adverts", json_number(number(line, "adverts")));
        json_object_object_add(object, "sightings", json_number(number(line, "sightings")));
        json_object_object_add(object, "conflicts", json_number(number(line, "conflicts")));
        json_object_object_add(object, "ignored", counts);
        json_object_object_add(object, "ttl", json_number(number(line, "ttl")));
        json_object_object_add(object, "subscribers", json_number(number(line, "subscribers")));
        json_object_object_add(object, "limits", json_limits(line, census));
        return json_print(object);
}

static int take_census(Client *client, Census *census) {
        Request request = { .verb = VERB_LIST, .source = _SOURCE_INVALID };
        Reply reply;
        int r = client_send(client, &request);

        while (r >= 0) {
                r = client_receive(client, &reply);
                if (r < 0 || reply.kind == REPLY_OK)
                        break;
                if (reply.kind == REPLY_NODE)
                        census_add(census, &reply.info);
        }
        return r;
}

int command_status(Client *client, const Options *options) {
        Request request = { .verb = VERB_STATUS };
        Census census = CENSUS_NULL;
        Reply reply;
        /* First the list: what client_line() says is then the status. */
        int r = take_census(client, &census);

        if (r >= 0)
                r = client_send(client, &request);
        if (r >= 0)
                r = client_receive(client, &reply);
        if (r < 0)
                return r;
        if (options->json)
                return print_json(client_line(client), &census);
        print_status(client_line(client), &census);
        return 0;
}
