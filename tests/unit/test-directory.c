/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All nodes that are known
 *
 * Each story feeds facts into a directory and compares what its observers are told, as text:
 * "KIND REASON NODE PORT ADDRESSES", and behind that tls, inet6, age=N, conflict, stale and
 * advertise where they are so. Events are separated by "; ".
 */

#include <glib.h>
#include <string.h>

#include "core/directory.h"

#define SEC UINT64_C(1000000)
#define STALE (LIMIT_STALE_SEC * SEC)

typedef struct Fixture {
        Directory *directory;
        GString *events;
        GHashTable *advertised; /* the endpoints that are, as strings */
        uint64_t now;
} Fixture;

static void append_info(GString *out, const NodeInfo *info) {
        char text[ADDRESS_TEXT_SIZE];

        g_string_append_printf(out, "%s %u ", info->endpoint.node, info->endpoint.port);
        for (size_t i = 0; i < info->n_addresses; i++)
                g_string_append_printf(out, "%s%s", i ? "," : "",
                                       address_format(&info->addresses[i], text));
        if (info->endpoint.proto == PROTO_TLS)
                g_string_append(out, " tls");
        if (info->endpoint.family == FAMILY_INET6)
                g_string_append(out, " inet6");
        if (info->age_sec)
                g_string_append_printf(out, " age=%u", info->age_sec);
        if (info->conflict)
                g_string_append(out, " conflict");
        if (info->stale)
                g_string_append(out, " stale");
}

static void append_event(void *userdata, const DirectoryEvent *event) {
        GString *out = userdata;

        g_string_append_printf(out, "%s%s %s ", out->len ? "; " : "",
                               event_kind_to_string(event->kind), reason_to_string(event->reason));
        append_info(out, event->info);
        if (event->advertise)
                g_string_append(out, " advertise");
}

/* What an event says of the time before it is what the event before it said. */
static void check_was_advertised(void *userdata, const DirectoryEvent *event) {
        const Endpoint *endpoint = &event->info->endpoint;
        char *key = g_strdup_printf("%s %d %d", endpoint->node, endpoint->proto, endpoint->family);

        g_assert_cmpint(event->was_advertised, ==, g_hash_table_contains(userdata, key));
        if (event->advertise)
                g_hash_table_add(userdata, key);
        else {
                g_hash_table_remove(userdata, key);
                g_free(key);
        }
}

static void set_up(Fixture *f) {
        g_assert_cmpint(directory_new(&f->directory), ==, 0);
        f->events = g_string_new(NULL);
        f->now = 1000 * SEC;
        f->advertised = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        directory_observe(f->directory, append_event, f->events);
        directory_observe(f->directory, check_was_advertised, f->advertised);
        directory_set_host(f->directory, "h1.local", f->now);
}

static void tear_down(Fixture *f) {
        /* No story ends with an event that it has not looked at. */
        g_assert_cmpstr(f->events->str, ==, "");
        g_assert_null(directory_free(f->directory));
        g_assert_null(directory_free(NULL));
        g_string_free(f->events, TRUE);
        g_hash_table_destroy(f->advertised);
}

/* What the observers have been told since the last time. */
static void told(Fixture *f, const char *expected) {
        g_assert_cmpstr(f->events->str, ==, expected);
        g_string_truncate(f->events, 0);
}

/* What the directory holds, stale or not. */
static void holds(Fixture *f, const char *expected) {
        g_autoptr(GString) all = g_string_new(NULL);
        Endpoint after;
        NodeInfo info;

        for (bool more = directory_next(f->directory, NULL, f->now, &info); more;
             more = directory_next(f->directory, &after, f->now, &info)) {
                if (all->len)
                        g_string_append(all, "; ");
                append_info(all, &info);
                after = info.endpoint;
        }
        g_assert_cmpstr(all->str, ==, expected);
}

static Address address(const char *text) {
        Address parsed;

        g_assert_cmpint(address_parse(text, &parsed), ==, 0);
        return parsed;
}

static Endpoint endpoint_new(const char *node, uint16_t port) {
        Endpoint endpoint = { .port = port };

        g_strlcpy(endpoint.node, node, sizeof(endpoint.node));
        return endpoint;
}

static int try_register(Fixture *f, uint64_t owner, const char *node, uint16_t port,
                        const char *bound) {
        Endpoint endpoint = endpoint_new(node, port);
        Address at = bound ? address(bound) : (Address){};
        uint64_t holder = 0;

        return directory_register(f->directory, owner, &endpoint, bound ? &at : NULL, f->now,
                                  &holder);
}

static void register_node(Fixture *f, uint64_t owner, const char *node, uint16_t port,
                          const char *bound) {
        g_assert_cmpint(try_register(f, owner, node, port, bound), ==, 0);
}

static void unregister(Fixture *f, uint64_t owner, const char *node, size_t n) {
        g_assert_cmpuint(directory_unregister(f->directory, owner, node, f->now), ==, n);
}

static Sighting sighting_new(const char *instance, int interface, const char *node, uint16_t port,
                             const char *at, const char *host) {
        Sighting sighting = {
                .id = { .interface = interface, .transport = FAMILY_INET },
                .endpoint = endpoint_new(node, port),
                .address = address(at),
        };

        g_strlcpy(sighting.id.instance, instance, sizeof(sighting.id.instance));
        g_strlcpy(sighting.host, host, sizeof(sighting.host));
        g_snprintf(sighting.interface_name, sizeof(sighting.interface_name), "eth%d", interface);
        return sighting;
}

/* The sightings of bob@h2 and others: instance x on interface 1 is what "x1" says. */
static void see(Fixture *f, const char *id, const char *node, uint16_t port, const char *at,
                const char *host) {
        char instance[] = { id[0], '\0' };
        Sighting sighting = sighting_new(instance, id[1] - '0', node, port, at, host);

        g_assert_cmpint(directory_add_sighting(f->directory, &sighting, f->now), ==, 0);
}

static void forget(Fixture *f, const char *id, Reason reason) {
        SightingId sighting = { .instance = { id[0], '\0' }, .interface = id[1] - '0' };

        directory_remove_sighting(f->directory, &sighting, reason, f->now);
}

static uint64_t expire(Fixture *f) {
        return directory_expire(f->directory, f->now);
}

static DirectoryStats stats(Fixture *f) {
        DirectoryStats result;

        directory_get_stats(f->directory, &result);
        return result;
}

/* --- Registrations --- */

static void test_register(Fixture *f) {
        register_node(f, 1, "alice@h1", 37061, NULL);
        told(f, "up registered alice@h1 37061 127.0.0.1 advertise");
        f->now += 5 * SEC;
        holds(f, "alice@h1 37061 127.0.0.1 age=5");
        unregister(f, 1, "alice@h1", 1);
        told(f, "down unregistered alice@h1 37061 127.0.0.1 age=5");
        /* The node itself has said that it is gone: nothing stale is left. */
        holds(f, "");
        g_assert_cmpuint(expire(f), ==, UINT64_MAX);
        unregister(f, 1, "alice@h1", 0);
}

/* A node that registers anew after an answer was lost must not flap. */
static void test_register_again(Fixture *f) {
        register_node(f, 1, "alice@h1", 37061, NULL);
        told(f, "up registered alice@h1 37061 127.0.0.1 advertise");
        f->now += 5 * SEC;
        register_node(f, 1, "alice@h1", 37061, NULL);
        told(f, "");
        register_node(f, 1, "alice@h1", 37062, NULL);
        told(f, "changed registered alice@h1 37062 127.0.0.1 age=5 advertise");
        unregister(f, 1, "alice@h1", 1);
        told(f, "down unregistered alice@h1 37062 127.0.0.1 age=5");
}

/* Whoever is bound to a loopback address can't be reached from the LAN, and is not advertised. */
static void test_register_bound(Fixture *f) {
        register_node(f, 1, "a@h1", 1, "127.0.0.1");
        told(f, "up registered a@h1 1 127.0.0.1");
        register_node(f, 1, "a@h1", 1, "192.0.2.7");
        told(f, "changed registered a@h1 1 192.0.2.7 advertise");
        register_node(f, 1, "a@h1", 1, "127.1.2.3");
        told(f, "changed registered a@h1 1 127.1.2.3");
        unregister(f, 1, "a@h1", 1);
        told(f, "down unregistered a@h1 1 127.1.2.3");
}

/*
 * A local client reaches a node bound to 127.0.0.1 and one that listens everywhere by the same
 * address, but only the latter is advertised: the publisher has to be told when one becomes the
 * other.
 */
static void test_register_opens(Fixture *f) {
        register_node(f, 1, "a@h1", 1, "127.0.0.1");
        told(f, "up registered a@h1 1 127.0.0.1");
        register_node(f, 1, "a@h1", 1, NULL);
        told(f, "changed registered a@h1 1 127.0.0.1 advertise");
        register_node(f, 1, "a@h1", 1, "127.0.0.1");
        told(f, "changed registered a@h1 1 127.0.0.1");
        unregister(f, 1, "a@h1", 1);
        told(f, "down unregistered a@h1 1 127.0.0.1");
}

/* One connection holds a node: in any protocol and family another one is told who does. */
static void test_duplicate(Fixture *f) {
        Endpoint other = { .node = "a@h1", .proto = PROTO_TLS, .family = FAMILY_INET6, .port = 9 };
        uint64_t holder = 0;

        register_node(f, 7, "a@h1", 1, NULL);
        told(f, "up registered a@h1 1 127.0.0.1 advertise");
        g_assert_cmpint(try_register(f, 8, "a@h1", 1, NULL), ==, DIRECTORY_E_DUPLICATE);
        g_assert_cmpint(directory_register(f->directory, 8, &other, NULL, f->now, &holder), ==,
                        DIRECTORY_E_DUPLICATE);
        g_assert_cmpuint(holder, ==, 7);
        g_assert_cmpuint(directory_holder(f->directory, "a@h1"), ==, 7);
        g_assert_cmpuint(directory_holder(f->directory, "a@h"), ==, 0);
        unregister(f, 8, "a@h1", 0);
        told(f, "");
        holds(f, "a@h1 1 127.0.0.1");

        unregister(f, 7, "a@h1", 1);
        register_node(f, 8, "a@h1", 2, NULL);
        told(f, "down unregistered a@h1 1 127.0.0.1; up registered a@h1 2 127.0.0.1 advertise");
        /* Names that begin alike, or differ in case, are others. */
        register_node(f, 9, "a@h", 3, NULL);
        register_node(f, 10, "a@h11", 4, NULL);
        register_node(f, 11, "A@h1", 5, NULL);
        told(f,
             "up registered a@h 3 127.0.0.1 advertise; up registered a@h11 4 127.0.0.1 advertise; "
             "up registered A@h1 5 127.0.0.1 advertise");
}

/* A protocol with a family makes an endpoint; they go together. */
static void test_endpoints(Fixture *f) {
        uint64_t holder;

        register_node(f, 2, "b@h1", 5, NULL);
        told(f, "up registered b@h1 5 127.0.0.1 advertise");
        for (int i = 3; i >= 0; i--) {
                Endpoint endpoint = endpoint_new("a@h1", (uint16_t) (1 + i));

                endpoint.proto = (Proto) (i / 2);
                endpoint.family = (Family) (i % 2);
                g_assert_cmpint(
                        directory_register(f->directory, 1, &endpoint, NULL, f->now, &holder), ==,
                        0);
        }
        told(f,
             "up registered a@h1 4 ::1 tls inet6 advertise; up registered a@h1 3 127.0.0.1 tls "
             "advertise; "
             "up registered a@h1 2 ::1 inet6 advertise; up registered a@h1 1 127.0.0.1 advertise");
        g_assert_cmpuint(stats(f).nodes, ==, 2);
        g_assert_cmpuint(stats(f).local, ==, 2);
        unregister(f, 1, "a@h1", 4);
        told(f, "down unregistered a@h1 1 127.0.0.1; down unregistered a@h1 2 ::1 inet6; "
                "down unregistered a@h1 3 127.0.0.1 tls; down unregistered a@h1 4 ::1 tls inet6");
        holds(f, "b@h1 5 127.0.0.1");
}

/* Registrations are shown with the host's mDNS name, once it is known and whenever it changes. */
static void test_host(Fixture *f) {
        g_autofree char *longest = g_strnfill(LIMIT_HOST, 'h');
        NodeInfo info;

        g_assert_cmpstr(directory_host(f->directory), ==, "h1.local");
        register_node(f, 1, "a@h1", 1, NULL);
        see(f, "x1", "b@h2", 2, "192.0.2.2", "h2.local");
        told(f, "up registered a@h1 1 127.0.0.1 advertise; up seen b@h2 2 192.0.2.2");
        directory_set_host(f->directory, longest, f->now);
        told(f, "changed registered a@h1 1 127.0.0.1 advertise");
        g_assert_true(directory_next(f->directory, NULL, f->now, &info));
        g_assert_cmpstr(info.host, ==, longest);
        directory_set_host(f->directory, longest, f->now);
        told(f, "");
        directory_set_host(f->directory, "", f->now);
        told(f, "changed registered a@h1 1 127.0.0.1 advertise");
        g_assert_cmpstr(directory_host(f->directory), ==, "");
}

/* A name that is too long to be shown is unknown; the old one would be wrong. */
static void test_host_too_long(Fixture *f) {
        g_autofree char *longer = g_strnfill(LIMIT_HOST + 1, 'h');
        g_autofree char *coded = g_strnfill(LIMIT_HOST / 3 + 1, '%');

        directory_set_host(f->directory, longer, f->now);
        g_assert_cmpstr(directory_host(f->directory), ==, "");
        directory_set_host(f->directory, "h1.local", f->now);
        directory_set_host(f->directory, coded, f->now);
        g_assert_cmpstr(directory_host(f->directory), ==, "");
}

/* --- Sightings --- */

static void test_sighting(Fixture *f) {
        see(f, "x1", "bob@h2", 2, "192.0.2.2", "h2.local");
        told(f, "up seen bob@h2 2 192.0.2.2");
        f->now += SEC;
        see(f, "x1", "bob@h2", 2, "192.0.2.2", "h2.local");
        told(f, "");
        see(f, "x1", "bob@h2", 2, "192.0.2.3", "h2.local");
        told(f, "changed seen bob@h2 2 192.0.2.3 age=1");
        forget(f, "y1", REASON_GOODBYE);
        forget(f, "x2", REASON_GOODBYE);
        told(f, "");
        forget(f, "x1", REASON_GOODBYE);
        told(f, "down goodbye bob@h2 2 192.0.2.3 age=1");
        forget(f, "x1", REASON_GOODBYE);
        told(f, "");
}

/* A node that is heard on two links is one node, and up as long as one of them hears it. */
static void test_two_interfaces(Fixture *f) {
        see(f, "x1", "bob@h2", 2, "192.0.2.2", "h2.local");
        see(f, "x2", "bob@h2", 2, "198.51.100.2", "h2.local");
        told(f, "up seen bob@h2 2 192.0.2.2; changed seen bob@h2 2 192.0.2.2,198.51.100.2");
        g_assert_cmpuint(stats(f).nodes, ==, 1);
        g_assert_cmpuint(stats(f).sightings, ==, 2);
        g_assert_cmpuint(stats(f).conflicts, ==, 0);
        /* A third one has the same address, and interfaces enough are shown. */
        see(f, "x3", "bob@h2", 2, "192.0.2.2", "h2.local");
        told(f, "");
        forget(f, "x1", REASON_EXPIRED);
        told(f, "changed seen bob@h2 2 198.51.100.2,192.0.2.2");
        forget(f, "x2", REASON_EXPIRED);
        told(f, "changed seen bob@h2 2 192.0.2.2");
        forget(f, "x3", REASON_EXPIRED);
        told(f, "down expired bob@h2 2 192.0.2.2");
}

/* A lost packet must not make a living node unreachable: gone is gone only LIMIT_STALE_SEC later.
 */
static void test_stale(Fixture *f) {
        see(f, "x1", "bob@h2", 2, "192.0.2.2", "h2.local");
        f->now += 10 * SEC;
        see(f, "y1", "carol@h3", 3, "192.0.2.3", "h3.local");
        f->now += 10 * SEC;
        g_assert_cmpuint(expire(f), ==, UINT64_MAX);
        forget(f, "x1", REASON_EXPIRED);
        told(f, "up seen bob@h2 2 192.0.2.2; up seen carol@h3 3 192.0.2.3; "
                "down expired bob@h2 2 192.0.2.2 age=20");
        holds(f, "bob@h2 2 192.0.2.2 age=20 stale; carol@h3 3 192.0.2.3 age=10");
        g_assert_cmpuint(stats(f).stale, ==, 1);
        g_assert_cmpuint(stats(f).nodes, ==, 1);
        g_assert_cmpuint(stats(f).sightings, ==, 1);

        g_assert_cmpuint(expire(f), ==, f->now + STALE);
        f->now += SEC;
        forget(f, "y1", REASON_GOODBYE);
        told(f, "down goodbye carol@h3 3 192.0.2.3 age=11");
        f->now += STALE - SEC - 1;
        g_assert_cmpuint(expire(f), ==, f->now + 1);
        holds(f, "bob@h2 2 192.0.2.2 age=79 stale; carol@h3 3 192.0.2.3 age=69 stale");
        f->now += 1;
        g_assert_cmpuint(expire(f), ==, f->now + SEC);
        holds(f, "carol@h3 3 192.0.2.3 age=70 stale");
        f->now += 100 * SEC;
        g_assert_cmpuint(expire(f), ==, UINT64_MAX);
        holds(f, "");
        told(f, "");
}

/* What comes back is new; and the hour that it was to be forgotten at is forgotten itself. */
static void test_comes_back(Fixture *f) {
        see(f, "x1", "bob@h2", 2, "192.0.2.2", "h2.local");
        f->now += 10 * SEC;
        forget(f, "x1", REASON_EXPIRED);
        f->now += 10 * SEC;
        see(f, "x1", "bob@h2", 2, "192.0.2.2", "h2.local");
        told(f, "up seen bob@h2 2 192.0.2.2; down expired bob@h2 2 192.0.2.2 age=10; "
                "up seen bob@h2 2 192.0.2.2");
        f->now += STALE;
        g_assert_cmpuint(expire(f), ==, UINT64_MAX);
        holds(f, "bob@h2 2 192.0.2.2 age=60");
}

/* avahi-daemon goes: all that it told is gone, and what is registered here stays. */
static void test_lost(Fixture *f) {
        register_node(f, 1, "a@h1", 1, NULL);
        see(f, "z1", "carol@h3", 3, "192.0.2.3", "h3.local");
        see(f, "z2", "carol@h3", 3, "192.0.2.3", "h3.local");
        see(f, "x1", "a@h1", 9, "192.0.2.9", "h9.local");
        see(f, "y1", "bob@h2", 2, "192.0.2.2", "h2.local");
        see(f, "v1", "dave@h4", 4, "fd00::4", "h4.local");
        g_string_truncate(f->events, 0);
        g_assert_cmpuint(stats(f).sightings, ==, 5);
        directory_remove_all_sightings(f->directory, f->now);
        told(f, "changed registered a@h1 1 127.0.0.1 advertise; down lost bob@h2 2 192.0.2.2; "
                "down lost carol@h3 3 192.0.2.3");
        holds(f, "a@h1 1 127.0.0.1; bob@h2 2 192.0.2.2 stale; carol@h3 3 192.0.2.3 stale");
        g_assert_cmpuint(stats(f).sightings, ==, 0);
        directory_remove_all_sightings(f->directory, f->now);
        told(f, "");
}

/* Nobody on the LAN can take over a node that is registered here. */
static void test_local_wins(Fixture *f) {
        see(f, "x1", "a@h1", 666, "192.0.2.66", "evil.local");
        register_node(f, 1, "a@h1", 1, NULL);
        told(f,
             "up seen a@h1 666 192.0.2.66; changed replaced a@h1 1 127.0.0.1 conflict advertise");
        see(f, "y1", "a@h1", 667, "192.0.2.67", "evil.local");
        told(f, "");
        g_assert_cmpuint(stats(f).conflicts, ==, 1);
        forget(f, "y1", REASON_GOODBYE);
        forget(f, "x1", REASON_GOODBYE);
        told(f, "changed registered a@h1 1 127.0.0.1 advertise");
        see(f, "y1", "a@h1", 667, "192.0.2.67", "evil.local");
        told(f, "changed registered a@h1 1 127.0.0.1 conflict advertise");
        /* Only when the registration ends the advert is what is left. */
        f->now += SEC;
        unregister(f, 1, "a@h1", 1);
        told(f, "changed replaced a@h1 667 192.0.2.67");
}

/* An advert that is stale is not brought back by a registration that comes and goes. */
static void test_local_over_stale(Fixture *f) {
        see(f, "x1", "a@h1", 2, "192.0.2.2", "h2.local");
        forget(f, "x1", REASON_GOODBYE);
        register_node(f, 1, "a@h1", 1, NULL);
        told(f, "up seen a@h1 2 192.0.2.2; down goodbye a@h1 2 192.0.2.2; "
                "up registered a@h1 1 127.0.0.1 advertise");
        g_assert_cmpuint(expire(f), ==, UINT64_MAX);
        unregister(f, 1, "a@h1", 1);
        told(f, "down unregistered a@h1 1 127.0.0.1");
        holds(f, "");
}

/* A node that restarted is believed at once, however long its old advert lingers. */
static void test_newest_wins(Fixture *f) {
        see(f, "x1", "bob@h2", 2, "192.0.2.2", "h2.local");
        f->now += 10 * SEC;
        see(f, "y1", "bob@h2", 3, "192.0.2.2", "h2.local");
        told(f, "up seen bob@h2 2 192.0.2.2; changed replaced bob@h2 3 192.0.2.2");
        f->now += SEC;
        forget(f, "x1", REASON_EXPIRED);
        told(f, "");
        holds(f, "bob@h2 3 192.0.2.2 age=1");
}

/* Two hosts that claim one node: shown as a conflict until one of them gives up. */
static void test_conflict(Fixture *f) {
        see(f, "x1", "bob@h2", 2, "192.0.2.2", "h2.local");
        f->now += SEC;
        see(f, "y1", "bob@h2", 2, "192.0.2.3", "h3.local");
        told(f, "up seen bob@h2 2 192.0.2.2; changed replaced bob@h2 2 192.0.2.3 conflict");
        g_assert_cmpuint(stats(f).conflicts, ==, 1);
        g_assert_cmpuint(stats(f).nodes, ==, 1);
        f->now += SEC;
        forget(f, "x1", REASON_GOODBYE);
        told(f, "changed seen bob@h2 2 192.0.2.3 age=1");
        see(f, "x1", "bob@h2", 2, "192.0.2.2", "h2.local");
        told(f, "changed replaced bob@h2 2 192.0.2.2 conflict");
        forget(f, "x1", REASON_GOODBYE);
        told(f, "changed replaced bob@h2 2 192.0.2.3");
}

/* Adverts of others may change who they are; theirs is one sighting all the same. */
static void test_identity_change(Fixture *f) {
        see(f, "x1", "bob@h2", 2, "192.0.2.2", "h2.local");
        see(f, "x1", "rob@h2", 2, "192.0.2.2", "h2.local");
        told(f, "up seen bob@h2 2 192.0.2.2; down goodbye bob@h2 2 192.0.2.2; up seen rob@h2 2 "
                "192.0.2.2");
        g_assert_cmpuint(stats(f).sightings, ==, 1);
        holds(f, "bob@h2 2 192.0.2.2 stale; rob@h2 2 192.0.2.2");
        forget(f, "x1", REASON_GOODBYE);
        told(f, "down goodbye rob@h2 2 192.0.2.2");
        g_assert_cmpuint(stats(f).sightings, ==, 0);
}

/*
 * An advert with an address that OTP can't use is nothing to tell, until it has another one. It was
 * its host that said so: docs/protocol.md has no other reason for that.
 */
static void test_unusable(Fixture *f) {
        see(f, "x1", "bob@h2", 2, "fd00::2", "h2.local");
        holds(f, "");
        g_assert_cmpuint(stats(f).sightings, ==, 1);
        g_assert_cmpuint(stats(f).nodes, ==, 0);
        see(f, "x1", "bob@h2", 2, "192.0.2.2", "h2.local");
        told(f, "up seen bob@h2 2 192.0.2.2");
        see(f, "x1", "bob@h2", 2, "fd00::2", "h2.local");
        told(f, "down goodbye bob@h2 2 192.0.2.2");
        f->now += STALE;
        g_assert_cmpuint(expire(f), ==, UINT64_MAX);
        holds(f, "");
        /* It is still there. */
        see(f, "x1", "bob@h2", 2, "192.0.2.2", "h2.local");
        told(f, "up seen bob@h2 2 192.0.2.2");
        forget(f, "x1", REASON_GOODBYE);
        told(f, "down goodbye bob@h2 2 192.0.2.2");
}

/* A listener on "::" takes IPv4: the endpoint is up by whatever address comes first. */
static void test_inet6(Fixture *f) {
        Sighting sighting = sighting_new("x", 1, "bob@h2", 2, "192.0.2.2", "h2.local");

        sighting.endpoint.family = FAMILY_INET6;
        g_assert_cmpint(directory_add_sighting(f->directory, &sighting, f->now), ==, 0);
        told(f, "up seen bob@h2 2 192.0.2.2 inet6");
        sighting.id.transport = FAMILY_INET6;
        sighting.address = address("fd00::2");
        g_assert_cmpint(directory_add_sighting(f->directory, &sighting, f->now), ==, 0);
        told(f, "changed seen bob@h2 2 fd00::2,192.0.2.2 inet6");
}

/* --- All together --- */

static void test_observers(Fixture *f) {
        GString *others[LIMIT_OBSERVERS - 2]; /* the fixture has two */

        for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
                others[i] = g_string_new(NULL);
                directory_observe(f->directory, append_event, others[i]);
        }
        register_node(f, 1, "a@h1", 1, NULL);
        unregister(f, 1, "a@h1", 1);
        for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
                g_assert_cmpstr(others[i]->str, ==, f->events->str);
                g_string_free(others[i], TRUE);
        }
        told(f, "up registered a@h1 1 127.0.0.1 advertise; down unregistered a@h1 1 127.0.0.1");
}

/* An observer may read the directory, which is already as the event says. */
static void check_event(void *userdata, const DirectoryEvent *event) {
        NodeInfo info;

        if (event->kind == EVENT_DOWN && event->info->source == SOURCE_LOCAL) {
                g_assert_false(directory_next_of_node(userdata, event->info->endpoint.node, NULL,
                                                      1000 * SEC, &info) &&
                               !info.stale);
                return;
        }
        g_assert_true(directory_next_of_node(userdata, event->info->endpoint.node, NULL, 1000 * SEC,
                                             &info));
        g_assert_cmpint(info.stale, ==, event->kind == EVENT_DOWN);
        info.stale = false;
        g_assert_true(node_info_equal(&info, event->info));
}

static void test_observer_reads(Fixture *f) {
        directory_observe(f->directory, check_event, f->directory);
        see(f, "x1", "a@h1", 2, "192.0.2.2", "h2.local");
        register_node(f, 1, "a@h1", 1, NULL);
        unregister(f, 1, "a@h1", 1);
        forget(f, "x1", REASON_GOODBYE);
        register_node(f, 1, "b@h1", 1, NULL);
        unregister(f, 1, "b@h1", 1);
        g_string_truncate(f->events, 0);
}

static void test_next_of_node(Fixture *f) {
        Endpoint tls = { .node = "b@h1", .proto = PROTO_TLS, .port = 3 };
        uint64_t holder;
        NodeInfo info;

        register_node(f, 1, "a@h1", 1, NULL);
        register_node(f, 2, "b@h1", 2, NULL);
        register_node(f, 3, "c@h1", 4, NULL);
        g_assert_cmpint(directory_register(f->directory, 2, &tls, NULL, f->now, &holder), ==, 0);
        g_string_truncate(f->events, 0);

        g_assert_true(directory_next_of_node(f->directory, "b@h1", NULL, f->now, &info));
        g_assert_cmpuint(info.endpoint.port, ==, 2);
        g_assert_true(directory_next_of_node(f->directory, "b@h1", &info.endpoint, f->now, &info));
        g_assert_cmpuint(info.endpoint.port, ==, 3);
        g_assert_false(directory_next_of_node(f->directory, "b@h1", &tls, f->now, &info));
        g_assert_false(directory_next_of_node(f->directory, "b@h", NULL, f->now, &info));
        g_assert_false(directory_next_of_node(f->directory, "z@h1", NULL, f->now, &info));
}

static void test_stats(Fixture *f) {
        register_node(f, 1, "a@h1", 1, NULL);
        register_node(f, 2, "b@h1", 1, NULL);
        see(f, "x1", "c@h2", 2, "192.0.2.2", "h2.local");
        see(f, "y1", "d@h2", 2, "192.0.2.2", "H2.local");
        see(f, "z1", "e@h3", 2, "192.0.2.3", "h3.local");
        see(f, "v1", "f@h4", 2, "192.0.2.4", "h4.local");
        forget(f, "v1", REASON_GOODBYE);
        for (int i = 0; i < _IGNORED_MAX; i++)
                for (int n = 0; n <= i; n++)
                        directory_count_ignored(f->directory, (Ignored) i);
        g_string_truncate(f->events, 0);

        g_assert_cmpuint(stats(f).nodes, ==, 5);
        g_assert_cmpuint(stats(f).hosts, ==, 3);
        g_assert_cmpuint(stats(f).local, ==, 2);
        g_assert_cmpuint(stats(f).stale, ==, 1);
        g_assert_cmpuint(stats(f).sightings, ==, 3);
        g_assert_cmpuint(stats(f).conflicts, ==, 0);
        for (int i = 0; i < _IGNORED_MAX; i++)
                g_assert_cmpuint(stats(f).ignored[i], ==, i + 1);
}

/* LIMIT_ENTRIES bounds what all together can make the daemon hold; the living come before the
 * stale. */
static void test_entries_limit(Fixture *f) {
        Sighting one_more = sighting_new("y", 1, "y@h2", 2, "192.0.2.2", "h2.local");

        see(f, "x1", "x@h2", 2, "192.0.2.2", "h2.local");
        for (size_t i = 1; i < LIMIT_ENTRIES; i++) {
                g_autofree char *node = g_strdup_printf("n%zu@h1", i);

                register_node(f, i, node, 1, NULL);
        }
        g_string_truncate(f->events, 0);
        g_assert_cmpint(try_register(f, 9999, "a@h1", 1, NULL), ==, DIRECTORY_E_LIMIT);
        g_assert_cmpint(directory_add_sighting(f->directory, &one_more, f->now), ==,
                        DIRECTORY_E_LIMIT);
        told(f, "");
        g_assert_cmpuint(stats(f).ignored[IGNORED_LIMIT], ==, 1);
        g_assert_cmpuint(stats(f).sightings, ==, 1);
        g_assert_cmpuint(stats(f).nodes, ==, LIMIT_ENTRIES);

        /* What is known may change. */
        see(f, "x1", "x@h2", 3, "192.0.2.2", "h2.local");
        register_node(f, 1, "n1@h1", 2, NULL);
        g_string_truncate(f->events, 0);

        forget(f, "x1", REASON_EXPIRED);
        register_node(f, 9999, "a@h1", 1, NULL);
        told(f, "down expired x@h2 3 192.0.2.2; up registered a@h1 1 127.0.0.1 advertise");
        g_assert_cmpuint(stats(f).stale, ==, 0);
        g_assert_cmpint(directory_add_sighting(f->directory, &one_more, f->now), ==,
                        DIRECTORY_E_LIMIT);
}

/* LIMIT_SIGHTINGS, however they are spread over endpoints. */
static void test_sightings_limit(Fixture *f) {
        Sighting sighting = sighting_new("x", 1, "x@h2", 2, "192.0.2.2", "h2.local"),
                 first = sighting;

        for (int i = 0; i < LIMIT_SIGHTINGS; i++) {
                g_snprintf(sighting.endpoint.node, sizeof(sighting.endpoint.node), "n%d@h2",
                           i / 64);
                sighting.id.interface = 1 + i;
                g_assert_cmpint(directory_add_sighting(f->directory, &sighting, f->now), ==, 0);
        }
        g_string_truncate(f->events, 0);
        g_assert_cmpuint(stats(f).sightings, ==, LIMIT_SIGHTINGS);
        sighting.id.interface++;
        g_assert_cmpint(directory_add_sighting(f->directory, &sighting, f->now), ==,
                        DIRECTORY_E_LIMIT);
        strcpy(sighting.endpoint.node, "new@h2");
        g_assert_cmpint(directory_add_sighting(f->directory, &sighting, f->now), ==,
                        DIRECTORY_E_LIMIT);
        g_assert_cmpuint(stats(f).ignored[IGNORED_LIMIT], ==, 2);
        g_assert_cmpuint(stats(f).sightings, ==, LIMIT_SIGHTINGS);
        told(f, "");

        /* One that is known may change, also who it is; and one that goes makes room. */
        g_assert_cmpint(directory_add_sighting(f->directory, &first, f->now), ==, 0);
        g_assert_cmpuint(stats(f).sightings, ==, LIMIT_SIGHTINGS);
        directory_remove_sighting(f->directory, &first.id, REASON_GOODBYE, f->now);
        g_assert_cmpint(directory_add_sighting(f->directory, &sighting, f->now), ==, 0);
        directory_remove_all_sightings(f->directory, f->now);
        g_assert_cmpuint(stats(f).sightings, ==, 0);
        g_string_truncate(f->events, 0);
}

/* --- A naive model --- */

/*
 * The model keeps facts in flat lists and the state of each of a few endpoints in an array. After
 * each operation it works out every endpoint anew, from nothing but docs/protocol.md, and expects
 * an event for each difference.
 */
enum { N_ENDPOINTS = 12, N_OPERATIONS = 20000 };

typedef struct ModelEndpoint {
        uint64_t owner; /* 0: not registered */
        Endpoint registered;
        Address bound; /* what it is bound to, or any */

        bool up, stale, advertise;
        NodeInfo info;
        uint64_t up_usec, stale_until;
} ModelEndpoint;

typedef struct ModelSighting {
        Sighting sighting;
        uint64_t first_usec;
} ModelSighting;

typedef struct Model {
        Fixture *f;
        GRand *rand;
        ModelEndpoint endpoints[N_ENDPOINTS];
        GArray *sightings; /* in the order of arrival */
        GString *expected;
} Model;

/* The endpoints are in the order of the directory. */
static Endpoint model_key(size_t i) {
        Endpoint key = { .node = "?@h", .proto = (Proto) (i / 2 % 2), .family = (Family) (i % 2) };

        key.node[0] = (char) ('a' + i / 4);
        return key;
}

static void model_add_address(NodeInfo *info, const Address *at) {
        for (size_t i = 0; i < info->n_addresses; i++)
                if (address_equal(&info->addresses[i], at))
                        return;
        if (info->n_addresses < LIMIT_ADDRESSES)
                info->addresses[info->n_addresses++] = *at;
}

/* The sightings of an endpoint, usable ones only if so asked, in the order of arrival. */
static GPtrArray *model_sightings(Model *m, const Endpoint *key, bool usable) {
        GPtrArray *found = g_ptr_array_new();

        for (guint i = 0; i < m->sightings->len; i++) {
                ModelSighting *s = &g_array_index(m->sightings, ModelSighting, i);

                if (endpoint_compare_identity(&s->sighting.endpoint, key) == 0 &&
                    !(usable && key->family == FAMILY_INET &&
                      s->sighting.address.family == FAMILY_INET6))
                        g_ptr_array_add(found, s);
        }
        return found;
}

static bool model_seen(GPtrArray *usable, NodeInfo *info) {
        const ModelSighting *best = NULL;
        GString *interfaces;

        for (guint i = 0; i < usable->len; i++) {
                const ModelSighting *s = usable->pdata[i];

                if (!best || s->first_usec > best->first_usec)
                        best = s;
        }
        if (!best)
                return false;

        interfaces = g_string_new(NULL);
        *info = (NodeInfo){ .endpoint = best->sighting.endpoint, .source = SOURCE_LAN };
        strcpy(info->host, best->sighting.host);
        for (int own = 1; own >= 0; own--)
                for (guint i = 0; i < usable->len; i++) {
                        const Sighting *s = &((const ModelSighting *) usable->pdata[i])->sighting;

                        if (strcmp(s->host, info->host) != 0)
                                info->conflict = true;
                        if (strcmp(s->id.instance, best->sighting.id.instance) != 0 ||
                            (s->address.family == s->endpoint.family) != own)
                                continue;
                        model_add_address(info, &s->address);
                        /* Names have four characters. */
                        if (!strstr(interfaces->str, s->interface_name) && interfaces->len < 9)
                                g_string_append_printf(interfaces, "%s%s",
                                                       interfaces->len ? "," : "",
                                                       s->interface_name);
                }
        strcpy(info->interfaces, interfaces->str);
        g_string_free(interfaces, TRUE);
        return true;
}

static bool model_told(Model *m, size_t i, NodeInfo *info) {
        const ModelEndpoint *e = &m->endpoints[i];
        Endpoint key = model_key(i);
        g_autoptr(GPtrArray) all = model_sightings(m, &key, false),
                             usable = model_sightings(m, &key, true);

        if (!e->owner)
                return model_seen(usable, info);

        *info = (NodeInfo){ .endpoint = e->registered, .source = SOURCE_LOCAL, .n_addresses = 1 };
        info->addresses[0] = address_is_any(&e->bound) ? address_loopback(key.family) : e->bound;
        strcpy(info->host, directory_host(m->f->directory));
        for (guint n = 0; n < all->len; n++)
                if (strcmp(((const ModelSighting *) all->pdata[n])->sighting.host, info->host) != 0)
                        info->conflict = true;
        return true;
}

static void model_expect(Model *m, ModelEndpoint *e, EventKind kind, Reason reason) {
        DirectoryEvent event = { .kind = kind, .reason = reason, .info = &e->info };

        event.advertise = kind != EVENT_DOWN && e->advertise;

        e->info.age_sec = (uint32_t) ((m->f->now - e->up_usec) / SEC);
        append_event(m->expected, &event);
}

/* Whether somebody else is heard: the port and the host say who. */
static bool model_is_replaced(const NodeInfo *old, const NodeInfo *new) {
        return old->source != new->source ||
               (new->source == SOURCE_LAN &&
                (old->endpoint.port != new->endpoint.port || strcmp(old->host, new->host) != 0));
}

/* Works out all endpoints anew. down: why those that are gone are. */
static void model_update(Model *m, Reason down) {
        for (size_t i = 0; i < N_ENDPOINTS; i++) {
                ModelEndpoint *e = &m->endpoints[i];
                bool up, advertise = e->owner && !address_is_loopback(&e->bound), replaced;
                NodeInfo info, old = e->info;

                up = model_told(m, i, &info);
                if (!up && e->up) {
                        e->up = false;
                        e->stale = e->info.source == SOURCE_LAN;
                        e->stale_until = m->f->now + STALE;
                        model_expect(m, e, EVENT_DOWN, down);
                } else if (up && !e->up) {
                        *e = (ModelEndpoint){ e->owner,  e->registered, e->bound,  true, false,
                                              advertise, info,          m->f->now, 0 };
                        model_expect(m, e, EVENT_UP, e->owner ? REASON_REGISTERED : REASON_SEEN);
                } else if (up && (!node_info_equal(&info, &old) || advertise != e->advertise)) {
                        replaced = model_is_replaced(&old, &info);
                        e->info = info;
                        e->advertise = advertise;
                        if (replaced)
                                e->up_usec = m->f->now;
                        model_expect(m, e, EVENT_CHANGED,
                                     replaced   ? REASON_REPLACED
                                     : e->owner ? REASON_REGISTERED
                                                : REASON_SEEN);
                }
        }
}

static uint64_t model_expire(Model *m) {
        uint64_t next = UINT64_MAX;

        for (size_t i = 0; i < N_ENDPOINTS; i++) {
                ModelEndpoint *e = &m->endpoints[i];

                e->stale = e->stale && e->stale_until > m->f->now;
                if (e->stale)
                        next = MIN(next, e->stale_until);
        }
        return next;
}

static void model_forget(Model *m, const SightingId *id) {
        for (guint i = 0; i < m->sightings->len; i++)
                if (sighting_id_equal(&g_array_index(m->sightings, ModelSighting, i).sighting.id,
                                      id)) {
                        g_array_remove_index(m->sightings, i);
                        return;
                }
}

static void model_see(Model *m, const Sighting *sighting) {
        ModelSighting new = { *sighting, m->f->now };

        for (guint i = 0; i < m->sightings->len; i++) {
                ModelSighting *s = &g_array_index(m->sightings, ModelSighting, i);

                if (sighting_id_equal(&s->sighting.id, &sighting->id)) {
                        if (endpoint_compare_identity(&s->sighting.endpoint, &sighting->endpoint) ==
                            0) {
                                s->sighting = *sighting;
                                return;
                        }
                        g_array_remove_index(m->sightings, i);
                        model_update(m, REASON_GOODBYE);
                        break;
                }
        }
        for (guint i = 0; i < m->sightings->len; i++) {
                ModelSighting *s = &g_array_index(m->sightings, ModelSighting, i);

                if (endpoint_compare_identity(&s->sighting.endpoint, &sighting->endpoint) == 0 &&
                    strcmp(s->sighting.id.instance, sighting->id.instance) == 0)
                        new.first_usec = s->first_usec;
        }
        g_array_append_val(m->sightings, new);
}

static Address random_address(Model *m, Family family) {
        static const char *const texts[_FAMILY_MAX][3] = {
                { "127.0.0.1", "192.0.2.1", "192.0.2.2" },
                { "::1", "fd00::1", "fd00::2" },
        };

        return address(texts[family][g_rand_int_range(m->rand, 0, 3)]);
}

static void random_register(Model *m) {
        size_t i = (size_t) g_rand_int_range(m->rand, 0, N_ENDPOINTS), first = i / 4 * 4;
        uint64_t owner = (uint64_t) g_rand_int_range(m->rand, 1, 4), holder = 0, told_holder = 0;
        Endpoint endpoint = model_key(i);
        Address at = { .family = endpoint.family };
        int r;

        endpoint.port = (uint16_t) g_rand_int_range(m->rand, 1, 3);
        endpoint.hidden = g_rand_int_range(m->rand, 0, 4) == 0;
        if (g_rand_boolean(m->rand))
                at = random_address(m, endpoint.family);
        for (size_t n = first; n < first + 4; n++)
                if (m->endpoints[n].owner)
                        holder = m->endpoints[n].owner;
        r = directory_register(m->f->directory, owner, &endpoint, address_is_any(&at) ? NULL : &at,
                               m->f->now, &told_holder);
        if (holder && holder != owner) {
                g_assert_cmpint(r, ==, DIRECTORY_E_DUPLICATE);
                g_assert_cmpuint(told_holder, ==, holder);
                return;
        }
        g_assert_cmpint(r, ==, 0);
        m->endpoints[i].owner = owner;
        m->endpoints[i].registered = endpoint;
        m->endpoints[i].bound = at;
        model_update(m, _REASON_INVALID);
}

static void random_unregister(Model *m) {
        size_t first = (size_t) g_rand_int_range(m->rand, 0, N_ENDPOINTS / 4) * 4, n = 0;
        uint64_t owner = (uint64_t) g_rand_int_range(m->rand, 1, 4);

        for (size_t i = first; i < first + 4; i++)
                if (m->endpoints[i].owner == owner) {
                        m->endpoints[i].owner = 0;
                        n++;
                }
        unregister(m->f, owner, model_key(first).node, n);
        model_update(m, REASON_UNREGISTERED);
}

static Sighting random_sighting(Model *m) {
        char instance[] = { (char) g_rand_int_range(m->rand, 'p', 't'), '\0' };
        g_autofree char *host = g_strdup_printf("h%d.local", g_rand_int_range(m->rand, 1, 4));
        Sighting sighting =
                sighting_new(instance, g_rand_int_range(m->rand, 1, 4), "", 1, "::", host);

        sighting.id.transport = (Family) g_rand_int_range(m->rand, 0, 2);
        sighting.endpoint = model_key((size_t) g_rand_int_range(m->rand, 0, N_ENDPOINTS));
        sighting.endpoint.port = (uint16_t) g_rand_int_range(m->rand, 1, 3);
        sighting.address = random_address(m, (Family) g_rand_int_range(m->rand, 0, 2));
        return sighting;
}

static void random_operation(Model *m) {
        static const char *const hosts[] = { "h1.local", "h2.local", "h4.local", "" };
        int dice = g_rand_int_range(m->rand, 0, 100);
        Sighting sighting = random_sighting(m);

        if (dice < 20)
                random_register(m);
        else if (dice < 35)
                random_unregister(m);
        else if (dice < 65) {
                g_assert_cmpint(directory_add_sighting(m->f->directory, &sighting, m->f->now), ==,
                                0);
                model_see(m, &sighting);
                model_update(m, REASON_GOODBYE);
        } else if (dice < 90) {
                Reason reason = g_rand_boolean(m->rand) ? REASON_GOODBYE : REASON_EXPIRED;

                directory_remove_sighting(m->f->directory, &sighting.id, reason, m->f->now);
                model_forget(m, &sighting.id);
                model_update(m, reason);
        } else if (dice < 92) {
                directory_remove_all_sightings(m->f->directory, m->f->now);
                g_array_set_size(m->sightings, 0);
                model_update(m, REASON_LOST);
        } else if (dice < 94) {
                directory_set_host(m->f->directory, hosts[g_rand_int_range(m->rand, 0, 4)],
                                   m->f->now);
                model_update(m, _REASON_INVALID);
        } else
                g_assert_cmpuint(expire(m->f), ==, model_expire(m));
}

/* The directory holds what the model does, and counts it so. */
static void model_check(Model *m) {
        g_autoptr(GString) all = g_string_new(NULL);
        DirectoryStats counted = stats(m->f);
        const char *node = "";
        size_t nodes = 0, stale = 0;

        for (size_t i = 0; i < N_ENDPOINTS; i++) {
                ModelEndpoint *e = &m->endpoints[i];

                if (!e->up && !e->stale)
                        continue;
                e->info.age_sec = (uint32_t) ((m->f->now - e->up_usec) / SEC);
                e->info.stale = e->stale;
                if (all->len)
                        g_string_append(all, "; ");
                append_info(all, &e->info);
                e->info.stale = false;
                nodes += e->up && strcmp(node, e->info.endpoint.node) != 0;
                node = e->up ? e->info.endpoint.node : node;
                stale += e->stale;
        }
        holds(m->f, all->str);
        g_assert_cmpuint(counted.nodes, ==, nodes);
        g_assert_cmpuint(counted.stale, ==, stale);
        g_assert_cmpuint(counted.sightings, ==, m->sightings->len);
}

static void test_model(Fixture *f) {
        Model m = { .f = f, .rand = g_rand_new_with_seed(5), .expected = g_string_new(NULL) };
        size_t n_events = 0;

        m.sightings = g_array_new(FALSE, FALSE, sizeof(ModelSighting));
        for (int i = 0; i < N_OPERATIONS; i++) {
                f->now += (uint64_t) g_rand_int_range(m.rand, 1, 20000000);
                random_operation(&m);
                n_events += m.expected->len > 0;
                told(f, m.expected->str);
                g_string_truncate(m.expected, 0);
                model_check(&m);
        }
        /* A test in which nothing happens would show nothing. */
        g_assert_cmpuint(n_events, >, N_OPERATIONS / 4);
        g_array_free(m.sightings, TRUE);
        g_string_free(m.expected, TRUE);
        g_rand_free(m.rand);
}

static const struct Story {
        const char *path;
        void (*tell)(Fixture *f);
} stories[] = {
        { "/directory/register/up-and-down", test_register },
        { "/directory/register/again-changes-nothing", test_register_again },
        { "/directory/register/bound-to-loopback-is-not-advertised", test_register_bound },
        { "/directory/register/from-loopback-to-all-addresses", test_register_opens },
        { "/directory/register/duplicate-name", test_duplicate },
        { "/directory/register/endpoints-of-one-node", test_endpoints },
        { "/directory/host/shown-with-registrations", test_host },
        { "/directory/host/too-long-is-unknown", test_host_too_long },
        { "/directory/sighting/up-changed-down", test_sighting },
        { "/directory/sighting/two-interfaces", test_two_interfaces },
        { "/directory/sighting/inet6-takes-ipv4", test_inet6 },
        { "/directory/sighting/unusable-address", test_unusable },
        { "/directory/sighting/identity-change", test_identity_change },
        { "/directory/sighting/newest-wins", test_newest_wins },
        { "/directory/sighting/conflict-of-hosts", test_conflict },
        { "/directory/sighting/local-wins", test_local_wins },
        { "/directory/stale/for-a-while", test_stale },
        { "/directory/stale/comes-back", test_comes_back },
        { "/directory/stale/under-a-registration", test_local_over_stale },
        { "/directory/lost", test_lost },
        { "/directory/observers/each-is-told", test_observers },
        { "/directory/observers/may-read", test_observer_reads },
        { "/directory/next-of-node", test_next_of_node },
        { "/directory/stats", test_stats },
        { "/directory/limit/entries", test_entries_limit },
        { "/directory/limit/sightings", test_sightings_limit },
        { "/directory/model", test_model },
};

static void run(const void *userdata) {
        const struct Story *story = userdata;
        Fixture f;

        set_up(&f);
        story->tell(&f);
        tear_down(&f);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        for (size_t i = 0; i < G_N_ELEMENTS(stories); i++)
                g_test_add_data_func(stories[i].path, &stories[i], run);
        return g_test_run();
}
