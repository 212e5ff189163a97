/* SPDX-License-Identifier: Apache-2.0 */
/* All nodes that are known: registrations, observers, reading, limits */

#include <glib.h>
#include <string.h>

#include "core/directory.h"
#include "unit/util-directory.h"

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
        g_assert_cmpuint(stats(f).announceable, ==, 0);
        register_node(f, 1, "a@h1", 1, "192.0.2.7");
        told(f, "changed registered a@h1 1 192.0.2.7 advertise");
        g_assert_cmpuint(stats(f).announceable, ==, 1);
        register_node(f, 1, "a@h1", 1, "127.1.2.3");
        told(f, "changed registered a@h1 1 127.1.2.3");
        unregister(f, 1, "a@h1", 1);
        told(f, "down unregistered a@h1 1 127.1.2.3");
        g_assert_cmpuint(stats(f).announceable, ==, 0);
}

/* A name that means the host itself is answered over loopback here, and not advertised. */
static void test_register_loopback_name(Fixture *f) {
        register_node(f, 1, "a@127.0.0.1", 1, NULL);
        told(f, "up registered a@127.0.0.1 1 127.0.0.1");
        register_node(f, 2, "b@localhost", 2, "192.0.2.7");
        told(f, "up registered b@localhost 2 192.0.2.7");
        g_assert_cmpuint(stats(f).announceable, ==, 0);
        g_assert_cmpuint(stats(f).local, ==, 2);
        unregister(f, 1, "a@127.0.0.1", 1);
        told(f, "down unregistered a@127.0.0.1 1 127.0.0.1");
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

        register_node(f, 7, "a@h1", 1, NULL);
        told(f, "up registered a@h1 1 127.0.0.1 advertise");
        g_assert_cmpint(try_register(f, 8, "a@h1", 1, NULL), ==, DIRECTORY_E_DUPLICATE);
        g_assert_cmpint(directory_register(f->directory, 8, &other, NULL, f->now), ==,
                        DIRECTORY_E_DUPLICATE);
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

        register_node(f, 2, "b@h1", 5, NULL);
        told(f, "up registered b@h1 5 127.0.0.1 advertise");
        for (int i = 3; i >= 0; i--) {
                Endpoint endpoint = endpoint_new("a@h1", (uint16_t) (1 + i));

                endpoint.proto = (Proto) (i / 2);
                endpoint.family = (Family) (i % 2);
                g_assert_cmpint(directory_register(f->directory, 1, &endpoint, NULL, f->now), ==,
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
        NodeInfo info;

        register_node(f, 1, "a@h1", 1, NULL);
        register_node(f, 2, "b@h1", 2, NULL);
        register_node(f, 3, "c@h1", 4, NULL);
        g_assert_cmpint(directory_register(f->directory, 2, &tls, NULL, f->now), ==, 0);
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
                        directory_count_ignored(f->directory, (Ignored) i, 1);
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
        directory_remove_source(f->directory, SOURCE_LAN, f->now);
        g_assert_cmpuint(stats(f).sightings, ==, 0);
        g_string_truncate(f->events, 0);
}

int main(int argc, char **argv) {
        static const Story stories[] = {
                { "/directory/register/up-and-down", test_register },
                { "/directory/register/again-changes-nothing", test_register_again },
                { "/directory/register/bound-to-loopback-is-not-advertised", test_register_bound },
                { "/directory/register/loopback-name-is-not-advertised",
                  test_register_loopback_name },
                { "/directory/register/from-loopback-to-all-addresses", test_register_opens },
                { "/directory/register/duplicate-name", test_duplicate },
                { "/directory/register/endpoints-of-one-node", test_endpoints },
                { "/directory/host/shown-with-registrations", test_host },
                { "/directory/host/too-long-is-unknown", test_host_too_long },
                { "/directory/observers/each-is-told", test_observers },
                { "/directory/observers/may-read", test_observer_reads },
                { "/directory/next-of-node", test_next_of_node },
                { "/directory/stats", test_stats },
                { "/directory/limit/entries", test_entries_limit },
                { "/directory/limit/sightings", test_sightings_limit },
        };

        g_test_init(&argc, &argv, NULL);
        add_stories(stories, G_N_ELEMENTS(stories));
        return g_test_run();
}
