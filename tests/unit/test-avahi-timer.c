/* SPDX-License-Identifier: Apache-2.0 */
/* Timers on libavahi's own loop */

#include <avahi-common/simple-watch.h>
#include <glib.h>

#include "daemon/avahi/avahi-timer.h"

typedef struct Fixture {
        AvahiSimplePoll *poll;
        AvahiTimer *timer, *other;
        unsigned elapsed;
} Fixture;

static void on_elapsed(void *userdata) {
        Fixture *f = userdata;

        f->elapsed++;
}

/* Sets itself anew, and a timer that is due as well. */
static void on_first_elapsed(void *userdata) {
        Fixture *f = userdata;

        if (f->elapsed++ < 2)
                avahi_timer_set(f->timer, avahi_timer_now() + 1000);
        avahi_timer_disarm(f->other);
}

static void set_up(Fixture *f, gconstpointer data) {
        const AvahiPoll *poll;

        (void) data;
        f->poll = avahi_simple_poll_new();
        poll = avahi_simple_poll_get(f->poll);
        g_assert_cmpint(avahi_timer_new(&f->timer, poll, on_first_elapsed, f), ==, 0);
        g_assert_cmpint(avahi_timer_new(&f->other, poll, on_elapsed, f), ==, 0);
}

static void tear_down(Fixture *f, gconstpointer data) {
        (void) data;
        f->timer = avahi_timer_free(f->timer);
        f->other = avahi_timer_free(f->other);
        g_assert_null(avahi_timer_free(NULL));
        avahi_simple_poll_free(f->poll);
}

static void run_until(Fixture *f, unsigned elapsed) {
        while (f->elapsed < elapsed)
                g_assert_cmpint(avahi_simple_poll_iterate(f->poll, 60 * 1000), ==, 0);
}

/* It elapses once, not before its time, and again if it is set again. */
static void test_elapses(Fixture *f, gconstpointer data) {
        uint64_t start = avahi_timer_now();

        (void) data;
        avahi_timer_set(f->other, start + 20 * 1000);
        run_until(f, 1);
        g_assert_cmpuint(avahi_timer_now(), >=, start + 20 * 1000);
        g_assert_cmpint(avahi_simple_poll_iterate(f->poll, 0), ==, 0);
        g_assert_cmpuint(f->elapsed, ==, 1);
        avahi_timer_set(f->other, avahi_timer_now() + 1000);
        run_until(f, 2);
}

/* A time that is past is now. */
static void test_past(Fixture *f, gconstpointer data) {
        (void) data;
        avahi_timer_set(f->other, 1);
        run_until(f, 1);
}

/* A time that is set later replaces the one before. */
static void test_replaced(Fixture *f, gconstpointer data) {
        (void) data;
        avahi_timer_set(f->other, avahi_timer_now() + 3600 * USEC_PER_SEC);
        avahi_timer_set(f->other, avahi_timer_now() + 1000);
        run_until(f, 1);
        avahi_timer_set(f->other, avahi_timer_now());
        avahi_timer_disarm(f->other);
        g_assert_cmpint(avahi_simple_poll_iterate(f->poll, 5), ==, 0);
        g_assert_cmpuint(f->elapsed, ==, 1);
}

/* From a timer's callback any timer may be set, the same one too; and one that is disarmed there
 * does not elapse, though it was due. */
static void test_from_callback(Fixture *f, gconstpointer data) {
        (void) data;
        avahi_timer_set(f->timer, 1);
        avahi_timer_set(f->other, 1);
        run_until(f, 3);
        g_assert_cmpint(avahi_simple_poll_iterate(f->poll, 5), ==, 0);
        g_assert_cmpuint(f->elapsed, <=, 4);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
#define TEST(path, test) g_test_add("/avahi-timer/" path, Fixture, NULL, set_up, test, tear_down)
        TEST("elapses", test_elapses);
        TEST("past", test_past);
        TEST("replaced", test_replaced);
        TEST("from-callback", test_from_callback);
        return g_test_run();
}
