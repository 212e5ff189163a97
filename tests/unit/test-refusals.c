/* SPDX-License-Identifier: Apache-2.0 */
/* What users were refused: all of it is counted, little of it is told to the log */

#include <glib.h>

#include "daemon/clock.h"
#include "daemon/refusals.h"
#include "unit/util-event.h"

#define ALICE 1000
#define BOB 1001

static void add(Refusals *refusals, Refusal why, uid_t uid, unsigned n, uint64_t now_usec) {
        for (unsigned i = 0; i < n; i++)
                refusals_add(refusals, why, uid, now_usec);
}

/* The log has a line for each user, reason and hour. */
static void test_log(void) {
        Refusals refusals;

        log_capture();
        refusals_init(&refusals);
        add(&refusals, REFUSAL_CONNECTS, ALICE, 1000, 0);
        g_assert_cmpuint(log_count("*"), ==, 1);
        add(&refusals, REFUSAL_CONNECTS, BOB, 1000, 0);
        g_assert_cmpuint(log_count("user 1001 connects too often; *"), ==, 1);
        add(&refusals, REFUSAL_CUT_OFF, ALICE, 1000, 0);
        g_assert_cmpuint(log_count("user 1000 *"), ==, 2);
        g_assert_cmpuint(log_count("*"), ==, 3);
        add(&refusals, REFUSAL_CONNECTS, ALICE, 1000, LIMIT_LOG_REFUSAL_SEC * USEC_PER_SEC);
        g_assert_cmpuint(log_count("*"), ==, 4);
}

/* Each is counted, under the number of its kind, and has words for the user. */
static void test_count(void) {
        Refusals refusals;
        Stats stats = {};

        log_capture();
        refusals_init(&refusals);
        for (Refusal why = 0; why < _REFUSAL_MAX; why++) {
                g_assert_nonnull(refusal_text(why));
                add(&refusals, why, ALICE, 10, 0);
        }
        refusals_count(&refusals, &stats);
        g_assert_cmpuint(stats.values[STAT_REFUSED_CONNECTIONS], ==, 30);
        g_assert_cmpuint(stats.values[STAT_REFUSED_REGISTRATIONS], ==, 30);
        g_assert_cmpuint(stats.values[STAT_CUT_OFF], ==, 10);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/refusals/log", test_log);
        g_test_add_func("/refusals/count", test_count);

        return g_test_run();
}
