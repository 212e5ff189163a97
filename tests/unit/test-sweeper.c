/* SPDX-License-Identifier: Apache-2.0 */
/* What was seen on the LAN before the connection to avahi-daemon failed: it stays while a new
 * client lists what it sees, and what that one does not find goes, sooner or later */

#include <glib.h>
#include <string.h>

#include "daemon/avahi/sweeper.h"
#include "daemon/clock.h"
#include "unit/util-event.h"

/* Far enough apart for a busy machine to tell them. */
static const SweeperTimes times = {
        .keep = 1500 * USEC_PER_MSEC,
        .gone = 500 * USEC_PER_MSEC,
        .settle = 800 * USEC_PER_MSEC,
};

typedef struct Fixture {
        sd_event *event;
        Directory *directory;
        Sweeper *sweeper;
        GString *events;
        uint64_t began;
} Fixture;

static void on_event(void *userdata, const DirectoryEvent *event) {
        g_string_append_printf(userdata, "%s %s %s;", event_kind_to_string(event->kind),
                               event->info->endpoint.node, reason_to_string(event->reason));
}

static void see(Fixture *f, const char *node) {
        Sighting sighting = { .id = { .source = SOURCE_LAN, .interface = 1 },
                              .endpoint = { .port = 1 },
                              .host = "h2.local" };

        g_strlcpy(sighting.id.instance, node, sizeof(sighting.id.instance));
        g_strlcpy(sighting.endpoint.node, node, sizeof(sighting.endpoint.node));
        g_assert_cmpint(address_parse("192.0.2.2", &sighting.address), ==, 0);
        g_assert_cmpint(directory_add_sighting(f->directory, &sighting, clock_now(f->event)), ==,
                        0);
}

static void set_up(Fixture *f, gconstpointer data) {
        (void) data;
        f->event = event_new();
        f->events = g_string_new(NULL);
        g_assert_cmpint(directory_new(&f->directory), ==, 0);
        directory_observe(f->directory, on_event, f->events);
        g_assert_cmpint(sweeper_new(&f->sweeper, f->event, f->directory, times), ==, 0);
        sweeper_set_there(f->sweeper, true);
        see(f, "bob@h2");
        see(f, "carol@h2");
        g_string_truncate(f->events, 0);
        f->began = clock_now(f->event);
}

static void tear_down(Fixture *f, gconstpointer data) {
        (void) data;
        g_assert_null(sweeper_free(f->sweeper));
        directory_free(f->directory);
        sd_event_unref(f->event);
        g_string_free(f->events, TRUE);
}

/* This comes next, and when that long has passed. */
static void expect(Fixture *f, const char *text, uint64_t after) {
        event_run_until(f->event, f->events->len >= strlen(text));
        g_assert_cmpstr(f->events->str, ==, text);
        g_assert_cmpuint(clock_now(f->event), >=, f->began + after);
        g_string_truncate(f->events, 0);
}

/* Only what the new client did not find goes, and only when its list has come to an end. */
static void test_listed(Fixture *f, gconstpointer data) {
        (void) data;
        sweeper_begin(f->sweeper);
        see(f, "bob@h2");
        g_assert_cmpuint(f->events->len, ==, 0);
        sweeper_finish(f->sweeper);
        g_assert_cmpuint(f->events->len, ==, 0);
        expect(f, "down carol@h2 lost;", times.settle);
        g_assert_cmpuint(clock_now(f->event), <, f->began + times.keep);
}

/* What comes a little late has not gone. */
static void test_late(Fixture *f, gconstpointer data) {
        (void) data;
        sweeper_begin(f->sweeper);
        sweeper_finish(f->sweeper);
        see(f, "carol@h2");
        expect(f, "down bob@h2 lost;", times.settle);
}

/* A client that never comes to the end of its list must not keep the dead up. */
static void test_never_listed(Fixture *f, gconstpointer data) {
        (void) data;
        sweeper_begin(f->sweeper);
        see(f, "bob@h2");
        expect(f, "down carol@h2 lost;", times.keep);
}

/* Nor must clients of which each fails before it has come that far; its end is not that of the one
 * before it. */
static void test_fails_again(Fixture *f, gconstpointer data) {
        (void) data;
        sweeper_begin(f->sweeper);
        see(f, "bob@h2");
        sweeper_finish(f->sweeper);
        event_run_for(f->event, times.settle * 3 / 4);
        sweeper_begin(f->sweeper);
        event_run_for(f->event, times.settle / 2);
        g_assert_cmpuint(f->events->len, ==, 0);
        sweeper_begin(f->sweeper);
        expect(f, "down carol@h2 lost;", times.keep);
        expect(f, "down bob@h2 lost;", times.keep + times.settle * 3 / 4);
}

/* An avahi-daemon that has gone is waited for no longer than a restart takes. */
static void test_gone(Fixture *f, gconstpointer order) {
        if (order)
                sweeper_set_there(f->sweeper, false);
        sweeper_begin(f->sweeper);
        if (!order)
                sweeper_set_there(f->sweeper, false);
        g_assert_cmpuint(f->events->len, ==, 0);
        expect(f, "down bob@h2 lost;down carol@h2 lost;", times.gone);
        g_assert_cmpuint(clock_now(f->event), <, f->began + times.keep);
}

/* One that is restarted can list what it sees. */
static void test_restarted(Fixture *f, gconstpointer data) {
        (void) data;
        sweeper_begin(f->sweeper);
        sweeper_set_there(f->sweeper, false);
        event_run_for(f->event, times.gone / 2);
        sweeper_set_there(f->sweeper, true);
        event_run_for(f->event, times.gone);
        see(f, "bob@h2");
        see(f, "carol@h2");
        sweeper_finish(f->sweeper);
        event_run_for(f->event, times.keep);
        g_assert_cmpuint(f->events->len, ==, 0);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_assert_null(sweeper_free(NULL));
#define TEST(path, data, test) g_test_add("/sweeper/" path, Fixture, data, set_up, test, tear_down)
        TEST("listed", NULL, test_listed);
        TEST("late", NULL, test_late);
        TEST("never-listed", NULL, test_never_listed);
        TEST("fails-again", NULL, test_fails_again);
        TEST("gone", NULL, test_gone);
        TEST("gone-before", "", test_gone);
        TEST("restarted", NULL, test_restarted);
        return g_test_run();
}
