/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the directory: what counts once, and where a reader continues */

#include <glib.h>
#include <string.h>

#include "core/directory.h"
#include "unit/util-directory.h"

static void register_at(Fixture *f, uint64_t owner, Endpoint endpoint, Proto proto, Family family) {
        endpoint.proto = proto;
        endpoint.family = family;
        g_assert_cmpint(directory_register(f->directory, owner, &endpoint, NULL, f->now), ==, 0);
}

/* Another host claims it, too. */
static void claim(Fixture *f, const char *id, Endpoint endpoint, Proto proto, Family family) {
        Sighting sighting =
                sighting_new(id, 1, endpoint.node, 9,
                             family == FAMILY_INET ? "192.0.2.9" : "fd00::9", "h9.local");

        sighting.endpoint.proto = proto;
        sighting.endpoint.family = family;
        g_assert_cmpint(directory_add_sighting(f->directory, &sighting, f->now), ==, 0);
}

/* A node with several endpoints counts as one node, one local node and one conflict. */
static void test_counted_once(Fixture *f) {
        Endpoint a = endpoint_new("a@h1", 1), b = endpoint_new("b@h1", 2),
                 c = endpoint_new("c@h1", 3);

        register_at(f, 1, a, PROTO_TCP, FAMILY_INET);
        register_at(f, 1, a, PROTO_TCP, FAMILY_INET6);
        register_at(f, 1, a, PROTO_TLS, FAMILY_INET);
        register_at(f, 2, b, PROTO_TCP, FAMILY_INET);
        register_at(f, 2, b, PROTO_TCP, FAMILY_INET6);
        register_at(f, 3, c, PROTO_TCP, FAMILY_INET);
        register_at(f, 3, c, PROTO_TLS, FAMILY_INET6);
        claim(f, "1", a, PROTO_TCP, FAMILY_INET);
        claim(f, "2", a, PROTO_TLS, FAMILY_INET);
        claim(f, "3", c, PROTO_TCP, FAMILY_INET);
        claim(f, "4", c, PROTO_TLS, FAMILY_INET6);
        pass(f, 3 * SEC);
        g_string_truncate(f->events, 0);

        g_assert_cmpuint(stats(f).nodes, ==, 3);
        g_assert_cmpuint(stats(f).local, ==, 3);
        g_assert_cmpuint(stats(f).conflicts, ==, 2);
        g_assert_cmpuint(stats(f).announceable, ==, 7);
        g_assert_cmpuint(stats(f).sightings, ==, 4);
}

/* A node is counted while it is up. What has no address that it could be reached at is not shown,
 * neither as up nor as stale. */
static void test_not_up(Fixture *f) {
        NodeInfo info;

        see(f, "x1", "a@h2", 1, "192.0.2.2", "h2.local");
        see(f, "y1", "b@h2", 2, "192.0.2.2", "h2.local");
        /* It listens on IPv4, and the only address heard so far is not. */
        see(f, "z1", "c@h2", 3, "fd00::3", "h2.local");
        forget(f, "x1", REASON_EXPIRED);
        g_string_truncate(f->events, 0);
        g_assert_cmpuint(stats(f).nodes, ==, 1);
        g_assert_cmpuint(stats(f).stale, ==, 1);
        g_assert_cmpuint(stats(f).local, ==, 0);
        g_assert_cmpuint(stats(f).sightings, ==, 2);
        g_assert_false(directory_next_of_node(f->directory, "c@h2", NULL, f->now, &info));
        holds(f, "a@h2 1 192.0.2.2 stale; b@h2 2 192.0.2.2");
}

/* A reader in portions continues after the endpoint that it read last, even if that has gone. */
static void test_goes_on(Fixture *f) {
        Endpoint after = endpoint_new("b@h1", 2);
        NodeInfo info;

        register_node(f, 1, "a@h1", 1, NULL);
        register_node(f, 3, "c@h1", 3, NULL);
        g_string_truncate(f->events, 0);
        g_assert_true(directory_next(f->directory, &after, f->now, &info));
        g_assert_cmpstr(info.endpoint.node, ==, "c@h1");
        /* The port is not part of the identity. */
        after = endpoint_new("c@h1", 1);
        info.endpoint.port = 77;
        g_assert_false(directory_next(f->directory, &after, f->now, &info));
        g_assert_cmpuint(info.endpoint.port, ==, 77);
}

int main(int argc, char **argv) {
        static const Story stories[] = {
                { "/directory-read/nodes-are-counted-once", test_counted_once },
                { "/directory-read/what-is-not-up", test_not_up },
                { "/directory-read/continues-after-what-has-gone", test_goes_on },
        };

        g_test_init(&argc, &argv, NULL);
        add_stories(stories, G_N_ELEMENTS(stories));
        return g_test_run();
}
