/* SPDX-License-Identifier: Apache-2.0 */
/* How long it takes until something is tried again */

#include <glib.h>

#include "daemon/avahi/retry-timer.h"
#include "fake/fake-timer.h"

static void on_elapsed(void *userdata) {
        unsigned *elapsed = userdata;

        ++*elapsed;
}

/* Twice as long each time, up to a minute; and short again after a reset. */
static void test_delays(void) {
        static const unsigned seconds[] = { 1, 2, 4, 8, 16, 32, 60, 60, 60 };
        RetryTimer *timer;
        unsigned elapsed = 0;

        fake_timer_reset();
        g_assert_cmpint(retry_timer_new(&timer, NULL, on_elapsed, &elapsed), ==, 0);
        fake_timer_pass(100 * 1000);
        g_assert_cmpuint(elapsed, ==, 0);
        for (unsigned i = 0; i < G_N_ELEMENTS(seconds); i++) {
                retry_timer_arm(timer);
                retry_timer_arm(timer);
                fake_timer_pass(seconds[i] * 1000 - 1);
                g_assert_cmpuint(elapsed, ==, i);
                fake_timer_pass(1);
                g_assert_cmpuint(elapsed, ==, i + 1);
                fake_timer_pass(100 * 1000);
                g_assert_cmpuint(elapsed, ==, i + 1);
        }

        elapsed = 0;
        retry_timer_arm(timer);
        retry_timer_reset(timer);
        fake_timer_pass(100 * 1000);
        g_assert_cmpuint(elapsed, ==, 0);
        retry_timer_arm(timer);
        fake_timer_pass(RETRY_TIMER_MIN_SEC * 1000);
        g_assert_cmpuint(elapsed, ==, 1);
        g_assert_null(retry_timer_free(timer));
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/retry-timer/delays", test_delays);
        return g_test_run();
}
