/* SPDX-License-Identifier: Apache-2.0 */
/* A walk through the directory that may be interrupted: LIST and SUBSCRIBE are written in portions.
 */

#include <glib.h>
#include <string.h>

#include "core/walk.h"

#define USEC_PER_SEC UINT64_C(1000000)

static Directory *directory_filled(const char *names) {
        g_auto(GStrv) nodes = g_strsplit(names, " ", -1);
        Directory *directory = NULL;

        g_assert_cmpint(directory_new(&directory), ==, 0);
        for (size_t i = 0; nodes[i] && *nodes[i]; i++) {
                Endpoint endpoint = { .port = 1 };

                strcpy(endpoint.node, nodes[i]);
                g_assert_cmpint(directory_register(directory, i + 1, &endpoint, NULL, 0), ==, 0);
        }
        return directory;
}

static void add(Directory *directory, const char *node) {
        Endpoint endpoint = { .port = 1 };

        strcpy(endpoint.node, node);
        g_assert_cmpint(directory_register(directory, 100, &endpoint, NULL, 0), ==, 0);
}

static void drop(Directory *directory, const char *node) {
        size_t n = 0;

        for (uint64_t owner = 1; owner <= 100; owner++)
                n += directory_unregister(directory, owner, node, 0);
        g_assert_cmpuint(n, ==, 1);
}

static Sighting sighting_of(const char *node) {
        Sighting sighting = {
                .id = { .source = SOURCE_LAN, .interface = 1 },
                .endpoint = { .port = 2 },
                .address = address_loopback(FAMILY_INET),
                .host = "h2.local",
        };

        strcpy(sighting.id.instance, node);
        strcpy(sighting.endpoint.node, node);
        return sighting;
}

/* Walks up to n steps, and compares the nodes it came to. */
static void check_steps(Walk *walk, const Directory *directory, int n, const char *expected) {
        g_autoptr(GString) nodes = g_string_new(NULL);
        NodeInfo info;

        while (n-- > 0 && walk_next(walk, directory, 0, &info)) {
                g_assert_false(walk_is_ahead(walk, &info.endpoint));
                g_string_append_printf(nodes, "%s%s", nodes->len ? " " : "", info.endpoint.node);
        }
        g_assert_cmpstr(nodes->str, ==, expected);
}

static gboolean is_ahead(const Walk *walk, const char *node) {
        Endpoint endpoint = {};

        strcpy(endpoint.node, node);
        return walk_is_ahead(walk, &endpoint);
}

static void test_whole(void) {
        _cleanup_(directory_freep) Directory *directory = directory_filled("c@h a@h b@h");
        Walk walk = WALK_START;

        check_steps(&walk, directory, 99, "a@h b@h c@h");
        g_assert_false(walk.active);
        check_steps(&walk, directory, 99, "");
}

static void test_empty(void) {
        _cleanup_(directory_freep) Directory *directory = directory_filled("");
        Walk walk = WALK_START;

        g_assert_true(is_ahead(&walk, "a@h"));
        check_steps(&walk, directory, 1, "");
        g_assert_false(walk.active);
        g_assert_false(is_ahead(&walk, "a@h"));
}

/* A walk that has not been started comes to nothing and is before nothing. */
static void test_inactive(void) {
        _cleanup_(directory_freep) Directory *directory = directory_filled("a@h");
        Walk walk = WALK_NULL;

        g_assert_false(is_ahead(&walk, "a@h"));
        check_steps(&walk, directory, 99, "");
        g_assert_false(walk.active);
}

/*
 * Between two steps the directory may change. Each node that was there all the time is come to just
 * once; what is new is found if it is ahead.
 */
static void test_interrupted(void) {
        _cleanup_(directory_freep) Directory *directory = directory_filled("b@h d@h f@h h@h");
        Walk walk = WALK_START;

        check_steps(&walk, directory, 2, "b@h d@h");
        drop(directory, "d@h"); /* where it stands */
        drop(directory, "b@h");
        add(directory, "a@h"); /* behind */
        add(directory, "e@h"); /* ahead */
        g_assert_false(is_ahead(&walk, "a@h"));
        g_assert_false(is_ahead(&walk, "d@h"));
        g_assert_true(is_ahead(&walk, "e@h"));
        check_steps(&walk, directory, 1, "e@h");
        drop(directory, "h@h"); /* the last one */
        add(directory, "d@h");
        check_steps(&walk, directory, 99, "f@h");
        g_assert_false(is_ahead(&walk, "h@h"));
}

/* All of it may go. */
static void test_nothing_left(void) {
        _cleanup_(directory_freep) Directory *directory = directory_filled("a@h b@h");
        Walk walk = WALK_START;

        check_steps(&walk, directory, 1, "a@h");
        drop(directory, "a@h");
        drop(directory, "b@h");
        g_assert_true(is_ahead(&walk, "b@h"));
        check_steps(&walk, directory, 99, "");
        g_assert_false(walk.active);
}

/* What is stale is for LOOKUP only. */
static void test_stale(void) {
        _cleanup_(directory_freep) Directory *directory = directory_filled("b@h");
        Sighting first = sighting_of("a@h"), last = sighting_of("c@h");
        Walk walk = WALK_START, again = WALK_START;
        NodeInfo info;

        g_assert_cmpint(directory_add_sighting(directory, &first, 0), ==, 0);
        g_assert_cmpint(directory_add_sighting(directory, &last, 0), ==, 0);
        check_steps(&walk, directory, 99, "a@h b@h c@h");

        directory_remove_sighting(directory, &first.id, REASON_GOODBYE, 0);
        directory_remove_sighting(directory, &last.id, REASON_EXPIRED, 0);
        check_steps(&again, directory, 99, "b@h");
        g_assert_true(directory_next(directory, NULL, 0, &info));
        g_assert_cmpstr(info.endpoint.node, ==, "a@h");
        g_assert_true(info.stale);
}

/* The position is an endpoint, not a node: the next one may be of the same node. */
static void test_endpoints_of_one_node(void) {
        _cleanup_(directory_freep) Directory *directory = directory_filled("a@h");
        Endpoint endpoint = {
                .node = "a@h", .proto = PROTO_TLS, .family = FAMILY_INET6, .port = 7
        };
        Walk walk = WALK_START;
        NodeInfo info;

        g_assert_cmpint(directory_register(directory, 1, &endpoint, NULL, 0), ==, 0);
        g_assert_true(walk_next(&walk, directory, 5 * USEC_PER_SEC, &info));
        g_assert_cmpint(info.endpoint.proto, ==, PROTO_TCP);
        g_assert_cmpuint(info.age_sec, ==, 5);
        g_assert_true(walk_is_ahead(&walk, &endpoint));
        g_assert_true(walk_next(&walk, directory, 5 * USEC_PER_SEC, &info));
        g_assert_cmpint(info.endpoint.proto, ==, PROTO_TLS);
        g_assert_false(walk_is_ahead(&walk, &endpoint));
        g_assert_false(walk_next(&walk, directory, 5 * USEC_PER_SEC, &info));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/walk/whole", test_whole);
        g_test_add_func("/walk/empty", test_empty);
        g_test_add_func("/walk/inactive", test_inactive);
        g_test_add_func("/walk/interrupted-by-changes", test_interrupted);
        g_test_add_func("/walk/nothing-left", test_nothing_left);
        g_test_add_func("/walk/stale-is-passed-over", test_stale);
        g_test_add_func("/walk/endpoints-of-one-node", test_endpoints_of_one_node);
        return g_test_run();
}
