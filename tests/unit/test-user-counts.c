/* SPDX-License-Identifier: Apache-2.0 */
/* How often each user did something of late */

#include <glib.h>

#include "core/user-counts.h"

#define ALICE 1000
#define BOB 1001

static void test_users_are_apart(void) {
        UserCounts counts = USER_COUNTS_INIT(100);

        g_assert_cmpuint(user_counts_add(&counts, ALICE, 0), ==, 1);
        g_assert_cmpuint(user_counts_add(&counts, ALICE, 1), ==, 2);
        g_assert_cmpuint(user_counts_add(&counts, BOB, 2), ==, 1);
        g_assert_cmpuint(user_counts_add(&counts, ALICE, 3), ==, 3);
}

/* The first one after the end of a window begins the next. */
static void test_window(void) {
        UserCounts counts = USER_COUNTS_INIT(100);

        g_assert_cmpuint(user_counts_add(&counts, ALICE, 1000), ==, 1);
        g_assert_cmpuint(user_counts_add(&counts, ALICE, 1099), ==, 2);
        g_assert_cmpuint(user_counts_add(&counts, ALICE, 1100), ==, 1);
        g_assert_cmpuint(user_counts_add(&counts, ALICE, 1199), ==, 2);
        g_assert_cmpuint(user_counts_add(&counts, ALICE, 5000), ==, 1);
}

/* However many users come, the memory is the same; those behind the bound count together. */
static void test_many_users(void) {
        UserCounts counts = USER_COUNTS_INIT(100);

        for (uid_t uid = 0; uid < LIMIT_COUNTED_USERS; uid++)
                g_assert_cmpuint(user_counts_add(&counts, uid, 0), ==, 1);
        g_assert_cmpuint(user_counts_add(&counts, 100000, 0), ==, 2);
        g_assert_cmpuint(user_counts_add(&counts, 100001, 0), ==, 3);
        g_assert_cmpuint(user_counts_add(&counts, 0, 0), ==, 2);
        g_assert_cmpuint(user_counts_add(&counts, 100000, 100), ==, 1);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/user-counts/users-are-apart", test_users_are_apart);
        g_test_add_func("/user-counts/window", test_window);
        g_test_add_func("/user-counts/many-users", test_many_users);

        return g_test_run();
}
