/* SPDX-License-Identifier: Apache-2.0 */
/* Timers that elapse once, and only while they are armed */

#include <glib.h>
#include <string.h>

#include "daemon/clock.h"
#include "daemon/timer.h"
#include "unit/util-event.h"

#define SHORT_USEC (5 * USEC_PER_MSEC)
#define LONG_USEC (3600 * USEC_PER_SEC)

typedef struct Fixture {
        sd_event *event;
        sd_event_source *timer;
        unsigned elapsed;
} Fixture;

static int on_elapsed(sd_event_source *source, uint64_t usec, void *userdata) {
        Fixture *f = userdata;

        (void) source, (void) usec;
        f->elapsed++;
        return 0;
}

static void set_up(Fixture *f, gconstpointer data) {
        (void) data;
        f->event = event_new();
        g_assert_cmpint(
                timer_new(&f->timer, f->event, CLOCK_MONOTONIC, 1, on_elapsed, "a timer", f), ==,
                0);
}

static void tear_down(Fixture *f, gconstpointer data) {
        (void) data;
        sd_event_source_disable_unref(f->timer);
        sd_event_unref(f->event);
}

static uint64_t now(const Fixture *f) {
        uint64_t usec;

        g_assert_cmpint(sd_event_now(f->event, CLOCK_MONOTONIC, &usec), >=, 0);
        return usec;
}

/* It does not elapse any more, although its time is over. */
static void is_over(Fixture *f, unsigned elapsed) {
        g_assert_false(timer_is_armed(f->timer));
        event_run_for(f->event, 2 * SHORT_USEC);
        g_assert_cmpuint(f->elapsed, ==, elapsed);
}

/* It is made with a time that is over, and does not elapse before it is armed. */
static void test_new(Fixture *f, gconstpointer data) {
        const char *description;

        (void) data;
        is_over(f, 0);
        g_assert_cmpint(sd_event_source_get_description(f->timer, &description), >=, 0);
        g_assert_cmpstr(description, ==, "a timer");
}

/* It elapses once, and not before its time. */
static void test_once(Fixture *f, gconstpointer data) {
        (void) data;
        for (unsigned i = 1; i <= 4; i++) {
                uint64_t start;

                event_run_idle(f->event);
                start = now(f);
                if (i % 2)
                        timer_arm(f->timer, SHORT_USEC);
                else
                        timer_arm_at(f->timer, start + SHORT_USEC);
                g_assert_true(timer_is_armed(f->timer));
                event_run_until(f->event, f->elapsed == i);
                g_assert_cmpuint(now(f), >=, start + SHORT_USEC);
                is_over(f, i);
        }
        timer_arm_at(f->timer, 1); /* that was long ago */
        event_run_until(f->event, f->elapsed == 5);
        is_over(f, 5);
}

/* Armed again before it has elapsed, only the new time counts, later or earlier. */
static void test_again(Fixture *f, gconstpointer data) {
        (void) data;
        event_run_idle(f->event);
        timer_arm(f->timer, SHORT_USEC);
        timer_arm(f->timer, LONG_USEC);
        event_run_for(f->event, 2 * SHORT_USEC);
        timer_arm(f->timer, SHORT_USEC);
        timer_arm_at(f->timer, now(f) + LONG_USEC);
        event_run_for(f->event, 2 * SHORT_USEC);
        g_assert_cmpuint(f->elapsed, ==, 0);
        timer_arm(f->timer, SHORT_USEC);
        event_run_until(f->event, f->elapsed == 1);
        is_over(f, 1);
}

/* It may be disarmed at any time, armed or not. */
static void test_disarm(Fixture *f, gconstpointer data) {
        (void) data;
        timer_disarm(f->timer);
        event_run_idle(f->event);
        for (int i = 0; i < 2; i++) {
                timer_arm(f->timer, 0);
                timer_disarm(f->timer);
                timer_disarm(f->timer);
                is_over(f, 0);
        }
        timer_arm(f->timer, 0);
        event_run_until(f->event, f->elapsed == 1);
}

/* An unknown clock is an error, and there is no timer. */
static void test_no_clock(Fixture *f, gconstpointer data) {
        sd_event_source *timer = NULL;

        (void) data;
        g_assert_cmpint(timer_new(&timer, f->event, (clockid_t) 99, 1, on_elapsed, "none", f), <,
                        0);
        g_assert_null(timer);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
#define TEST(path, test) g_test_add("/timer/" path, Fixture, NULL, set_up, test, tear_down)
        TEST("is-made-disarmed", test_new);
        TEST("elapses-once", test_once);
        TEST("armed-again", test_again);
        TEST("disarmed", test_disarm);
        TEST("no-clock", test_no_clock);
        return g_test_run();
}
