/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the machine was suspended: what two clocks say, one of which stood still meanwhile */

#include <glib.h>

#include "daemon/clock.h"
#include "daemon/suspend-watch.h"
#include "unit/util-event.h"

#define HOUR_USEC (3600 * USEC_PER_SEC)

/* Time that passes is no suspension, however much it is; one is told once. */
static void test_clocks(void) {
        static const struct {
                uint64_t awake_usec, suspended_usec;
                bool resumed;
        } table[] = {
                /* What was before the first comparison is nobody's business. */
                { HOUR_USEC, HOUR_USEC, false },
                { 5 * USEC_PER_SEC, 0, false },
                { HOUR_USEC, 0, false },
                { 0, 0, false },
                { 5 * USEC_PER_SEC, HOUR_USEC, true },
                { 5 * USEC_PER_SEC, 0, false },
                { 0, 3 * USEC_PER_SEC, true },
                /* So little may be lost between the reading of the one clock and the other. */
                { 5 * USEC_PER_SEC, 2 * USEC_PER_SEC, false },
                { 5 * USEC_PER_SEC, 0, false },
                { HOUR_USEC, 2 * USEC_PER_SEC + 1, true },
        };
        SuspendClocks clocks = {};
        uint64_t boottime_usec = 0, monotonic_usec = 0;

        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                monotonic_usec += table[i].awake_usec;
                boottime_usec += table[i].awake_usec + table[i].suspended_usec;
                g_test_message("%zu", i);
                g_assert_cmpint(suspend_clocks_compare(&clocks, boottime_usec, monotonic_usec), ==,
                                table[i].resumed);
        }
}

/* The process may be interrupted between the two readings: that is none, nor is it afterwards. */
static void test_interrupted(void) {
        SuspendClocks clocks = {};

        g_assert_false(suspend_clocks_compare(&clocks, 2 * HOUR_USEC, HOUR_USEC));
        g_assert_false(
                suspend_clocks_compare(&clocks, 2 * HOUR_USEC, HOUR_USEC + 3 * USEC_PER_SEC));
        g_assert_false(suspend_clocks_compare(&clocks, 3 * HOUR_USEC, 2 * HOUR_USEC));
        g_assert_true(suspend_clocks_compare(&clocks, 4 * HOUR_USEC, 2 * HOUR_USEC));
}

static void on_resumed(void *userdata) {
        (*(unsigned *) userdata)++;
}

/* The real clocks of a machine that is awake: nothing is told. */
static void test_awake(void) {
        sd_event *event = event_new();
        unsigned resumed = 0;
        SuspendWatch *watch;

        g_assert_cmpint(suspend_watch_new(&watch, event, on_resumed, &resumed), ==, 0);
        for (int i = 0; i < 3; i++)
                g_assert_cmpint(sd_event_run(event, 0), >=, 0);
        g_assert_cmpuint(resumed, ==, 0);
        g_assert_null(suspend_watch_free(watch));
        g_assert_null(suspend_watch_free(NULL));
        sd_event_unref(event);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/suspend-watch/clocks", test_clocks);
        g_test_add_func("/suspend-watch/interrupted", test_interrupted);
        g_test_add_func("/suspend-watch/awake", test_awake);
        return g_test_run();
}
