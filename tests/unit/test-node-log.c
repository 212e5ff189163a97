/* SPDX-License-Identifier: Apache-2.0 */
/* What the log says of nodes: one line for each that comes and goes, and not more than anybody can
 * read */

#include <glib.h>
#include <string.h>

#include "daemon/clock.h"
#include "daemon/node-log.h"
#include "unit/util-event.h"
#include "util/log.h"

#define OWNER 1
/* Runs only while a test runs the loop. */
#define WINDOW_USEC USEC_PER_MSEC

typedef struct Fixture {
        sd_event *event;
        Directory *directory;
        Quota quota;
        Registry *registry;
        NodeLog *log;
} Fixture;

static void set_up(Fixture *f, gconstpointer data) {
        (void) data;
        log_capture();
        f->event = event_new();
        g_assert_cmpint(directory_new(&f->directory), ==, 0);
        f->quota = (Quota) QUOTA_INIT(0);
        g_assert_cmpint(registry_new(&f->registry, f->directory, &f->quota, 0), ==, 0);
        g_assert_cmpint(node_log_new(&f->log, f->event, f->directory, f->registry, WINDOW_USEC), ==,
                        0);
}

static void tear_down(Fixture *f, gconstpointer data) {
        (void) data;
        log_set_level(LOG_INFO);
        registry_free(f->registry);
        quota_done(&f->quota);
        directory_free(f->directory);
        g_assert_null(node_log_free(f->log));
        sd_event_unref(f->event);
}

static void register_node(Fixture *f, const char *node, Family family, uint16_t port,
                          const char *address) {
        Endpoint endpoint = { .family = family, .port = port, .cluster = "team" };
        Address bound;

        g_strlcpy(endpoint.node, node, sizeof(endpoint.node));
        if (address)
                g_assert_cmpint(address_parse(address, &bound), ==, 0);
        g_assert_cmpint(directory_register(f->directory, OWNER, &endpoint, address ? &bound : NULL,
                                           clock_now(f->event)),
                        ==, 0);
}

static void unregister_node(Fixture *f, const char *node) {
        (void) directory_unregister(f->directory, OWNER, node, clock_now(f->event));
}

static void see(Fixture *f, const char *node) {
        Sighting sighting = { .id = { .source = SOURCE_LAN },
                              .endpoint = { .port = 4000 },
                              .host = "h2.local" };

        g_strlcpy(sighting.endpoint.node, node, sizeof(sighting.endpoint.node));
        g_assert_cmpint(address_parse("192.0.2.2", &sighting.address), ==, 0);
        g_assert_cmpint(directory_add_sighting(f->directory, &sighting, clock_now(f->event)), ==,
                        0);
}

/* Each endpoint of a local node is told when it comes and when it goes, with its node and its
 * cluster, and that is all. */
static void test_local(Fixture *f, gconstpointer data) {
        (void) data;
        register_node(f, "a@h1", FAMILY_INET, 37061, NULL);
        g_assert_cmpuint(
                log_count_about(LOG_INFO, "a@h1", "team", "a@h1 is registered: tcp, port 37061"),
                ==, 1);
        register_node(f, "a@h1", FAMILY_INET6, 37062, NULL);
        g_assert_cmpuint(log_count_about(LOG_INFO, "a@h1", "team",
                                         "a@h1 is registered: tcp over IPv6, port 37062"),
                         ==, 1);
        unregister_node(f, "a@h1");
        g_assert_cmpuint(log_count_about(LOG_INFO, "a@h1", "team", "a@h1 is gone: tcp"), ==, 1);
        g_assert_cmpuint(log_count_about(LOG_INFO, "a@h1", "team", "a@h1 is gone: tcp over IPv6"),
                         ==, 1);
        g_assert_cmpuint(log_count("*"), ==, 4);
}

/* A node that repeats itself, or changes, or whose host is renamed, neither comes nor goes. */
static void test_changes(Fixture *f, gconstpointer data) {
        (void) data;
        register_node(f, "a@h1", FAMILY_INET, 1, NULL);
        register_node(f, "a@h1", FAMILY_INET, 1, NULL);
        register_node(f, "a@h1", FAMILY_INET, 2, NULL);
        directory_set_host(f->directory, "other.local", clock_now(f->event));
        g_assert_cmpuint(log_count("*"), ==, 1);
}

/* Nodes of the LAN are for debugging. */
static void test_lan(Fixture *f, gconstpointer data) {
        (void) data;
        see(f, "b@h2");
        g_assert_cmpuint(log_count("*"), ==, 0);
        log_set_level(LOG_DEBUG);
        directory_remove_source(f->directory, SOURCE_LAN, clock_now(f->event));
        g_assert_cmpuint(
                log_count_about(LOG_DEBUG, "b@h2", "", "down b@h2 tcp port 4000 (lan, lost)"), ==,
                1);
        g_assert_cmpuint(log_count("*"), ==, 1);
}

/* A node that another host announces too comes and goes here all the same, also on a loopback
 * address. */
static void test_replaced(Fixture *f, gconstpointer address) {
        see(f, "a@h1");
        register_node(f, "a@h1", FAMILY_INET, 1, address);
        g_assert_cmpuint(log_count("a@h1 is registered: tcp, port 1"), ==, 1);
        unregister_node(f, "a@h1");
        g_assert_cmpuint(log_count("a@h1 is gone: tcp"), ==, 1);
        g_assert_cmpuint(log_count("*"), ==, 2);
}

static void come_and_go(Fixture *f, unsigned rounds) {
        while (rounds-- > 0) {
                register_node(f, "a@h1", FAMILY_INET, 1, NULL);
                unregister_node(f, "a@h1");
        }
}

/* A node that restarts in a loop can't flood the log: what is left out is counted, and the next
 * window begins from nothing. */
static void test_bound(Fixture *f, gconstpointer data) {
        (void) data;
        come_and_go(f, LIMIT_LOG_LINES / 2 + 50);
        g_assert_cmpuint(log_count("*"), ==, LIMIT_LOG_LINES);
        event_run_until(f->event, log_count("*: 100 lines about them left out") == 1);
        log_capture();
        come_and_go(f, LIMIT_LOG_LINES / 2 + 1);
        g_assert_cmpuint(log_count("*"), ==, LIMIT_LOG_LINES);
        event_run_until(f->event, log_count("*: 2 lines about them left out") == 1);
}

/* Who debugs gets all of them. */
static void test_bound_debug(Fixture *f, gconstpointer data) {
        (void) data;
        log_set_level(LOG_DEBUG);
        come_and_go(f, LIMIT_LOG_LINES);
        g_assert_cmpuint(log_count_about(LOG_INFO, "a@h1", "team", "*"), ==, LIMIT_LOG_LINES);
        g_assert_cmpuint(log_count_about(LOG_DEBUG, "a@h1", "team", "*"), ==, LIMIT_LOG_LINES);
}

/* At the end of the daemon its nodes go on, and it does not say otherwise. What it has left out
 * until then is told. */
static void test_stop(Fixture *f, gconstpointer data) {
        (void) data;
        come_and_go(f, LIMIT_LOG_LINES / 2);
        register_node(f, "a@h1", FAMILY_INET, 1, NULL);
        node_log_stop(f->log);
        g_assert_cmpuint(log_count("*: 1 line about them left out"), ==, 1);
        unregister_node(f, "a@h1");
        g_assert_cmpuint(log_count("*"), ==, LIMIT_LOG_LINES + 1);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_assert_null(node_log_free(NULL));
#define TEST(path, data, test) g_test_add("/node-log/" path, Fixture, data, set_up, test, tear_down)
        TEST("local", NULL, test_local);
        TEST("changes", NULL, test_changes);
        TEST("lan", NULL, test_lan);
        TEST("replaced", NULL, test_replaced);
        TEST("replaced/loopback", "127.0.0.1", test_replaced);
        TEST("bound", NULL, test_bound);
        TEST("bound/debug", NULL, test_bound_debug);
        TEST("stop", NULL, test_stop);
        return g_test_run();
}
