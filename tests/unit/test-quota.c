/* SPDX-License-Identifier: Apache-2.0 */
/* What each user holds: nobody can take all there is. */

#include <glib.h>

#include "core/limits.h"
#include "core/quota.h"

#define ALICE 1000
#define BOB 1001

/* The bounds of one kind, which limits.h has as two names. */
static const struct {
        QuotaKind kind;
        size_t user, all;
} kinds[] = {
        { QUOTA_CONNECTIONS, LIMIT_CONNECTIONS_PER_UID, LIMIT_CONNECTIONS },
        { QUOTA_REGISTRATIONS, LIMIT_REGISTRATIONS_PER_UID, LIMIT_REGISTRATIONS },
};

static void take(Quota *quota, QuotaKind kind, uid_t uid, size_t n) {
        for (size_t i = 0; i < n; i++)
                g_assert_cmpint(quota_take(quota, kind, uid), ==, 0);
}

static void give(Quota *quota, QuotaKind kind, uid_t uid, size_t n) {
        for (size_t i = 0; i < n; i++)
                quota_give(quota, kind, uid);
}

/* A user who has all that one may have doesn't keep another one out. */
static void test_user(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
                Quota quota = QUOTA_INIT;

                take(&quota, kinds[i].kind, ALICE, kinds[i].user);
                g_assert_cmpint(quota_take(&quota, kinds[i].kind, ALICE), ==, QUOTA_E_USER);
                take(&quota, kinds[i].kind, BOB, 1);

                quota_give(&quota, kinds[i].kind, ALICE);
                take(&quota, kinds[i].kind, ALICE, 1);
                g_assert_cmpint(quota_take(&quota, kinds[i].kind, ALICE), ==, QUOTA_E_USER);
                quota_done(&quota);
        }
}

/* There is a bound for all together, which no user alone can reach. */
static void test_all(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
                Quota quota = QUOTA_INIT;
                size_t left = kinds[i].all;
                uid_t uid = 0;

                g_assert_cmpuint(kinds[i].user, <, kinds[i].all);
                for (; left > 0; uid++) {
                        size_t n = MIN(left, kinds[i].user);

                        take(&quota, kinds[i].kind, uid, n);
                        left -= n;
                }
                g_assert_cmpint(quota_take(&quota, kinds[i].kind, uid), ==, QUOTA_E_ALL);
                g_assert_cmpuint(quota.n_users, ==, uid);

                /* A place that becomes free is there for anybody. */
                quota_give(&quota, kinds[i].kind, 0);
                take(&quota, kinds[i].kind, uid, 1);
                g_assert_cmpint(quota_take(&quota, kinds[i].kind, 0), ==, QUOTA_E_ALL);
                quota_done(&quota);
        }
}

/* A user who is at the own bound is told so, also when all are at theirs. */
static void test_user_before_all(void) {
        Quota quota = { .max = { 2, 2 }, .max_per_user = { 2, 2 } };

        take(&quota, QUOTA_CONNECTIONS, ALICE, 2);
        g_assert_cmpint(quota_take(&quota, QUOTA_CONNECTIONS, ALICE), ==, QUOTA_E_USER);
        g_assert_cmpint(quota_take(&quota, QUOTA_CONNECTIONS, BOB), ==, QUOTA_E_ALL);
        quota_done(&quota);
}

static void test_kinds_are_apart(void) {
        Quota quota = { .max = { 3, 3 }, .max_per_user = { 1, 2 } };

        take(&quota, QUOTA_CONNECTIONS, ALICE, 1);
        g_assert_cmpint(quota_take(&quota, QUOTA_CONNECTIONS, ALICE), ==, QUOTA_E_USER);
        take(&quota, QUOTA_REGISTRATIONS, ALICE, 2);
        g_assert_cmpint(quota_take(&quota, QUOTA_REGISTRATIONS, ALICE), ==, QUOTA_E_USER);
        quota_give(&quota, QUOTA_CONNECTIONS, ALICE);
        g_assert_cmpint(quota_take(&quota, QUOTA_REGISTRATIONS, ALICE), ==, QUOTA_E_USER);
        g_assert_cmpuint(quota.n_users, ==, 1);
        give(&quota, QUOTA_REGISTRATIONS, ALICE, 2);
        g_assert_cmpuint(quota.n_users, ==, 0);
        quota_done(&quota);
}

/* A bound of 0 is one: with no open file left there is no connection. */
static void test_none_allowed(void) {
        Quota quota = { .max = { 0, 1 }, .max_per_user = { 1, 0 } };

        g_assert_cmpint(quota_take(&quota, QUOTA_CONNECTIONS, ALICE), ==, QUOTA_E_ALL);
        g_assert_cmpuint(quota.n_users, ==, 0);
        quota_done(&quota);
}

/* Users come and go at random, against a plain table. Who holds nothing takes no space. */
static void test_random(void) {
        enum { N_USERS = 20, MAX = 60, MAX_PER_USER = 5 };
        g_autoptr(GRand) rand = g_rand_new_with_seed(3);
        Quota quota = { .max = { MAX, MAX }, .max_per_user = { MAX_PER_USER, MAX_PER_USER } };
        size_t held[N_USERS][_QUOTA_MAX] = {}, all[_QUOTA_MAX] = {};

        for (int i = 0; i < 20000; i++) {
                uid_t uid = (uid_t) g_rand_int_range(rand, 0, N_USERS);
                QuotaKind kind = (QuotaKind) g_rand_int_range(rand, 0, _QUOTA_MAX);
                size_t n_users = 0;

                if (g_rand_int_range(rand, 0, 100) < (i / 2000 % 2 ? 40 : 60)) {
                        int expected = held[uid][kind] == MAX_PER_USER ? QUOTA_E_USER
                                       : all[kind] == MAX              ? QUOTA_E_ALL
                                                                       : 0;

                        g_assert_cmpint(quota_take(&quota, kind, uid), ==, expected);
                        held[uid][kind] += expected == 0;
                        all[kind] += expected == 0;
                } else if (held[uid][kind] > 0) {
                        quota_give(&quota, kind, uid);
                        held[uid][kind]--;
                        all[kind]--;
                }

                for (int u = 0; u < N_USERS; u++)
                        n_users += held[u][0] + held[u][1] > 0;
                g_assert_cmpuint(quota.n_users, ==, n_users);
                g_assert_cmpuint(quota.held[kind], ==, all[kind]);
        }
        quota_done(&quota);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/quota/user", test_user);
        g_test_add_func("/quota/all", test_all);
        g_test_add_func("/quota/user-before-all", test_user_before_all);
        g_test_add_func("/quota/kinds-are-apart", test_kinds_are_apart);
        g_test_add_func("/quota/none-allowed", test_none_allowed);
        g_test_add_func("/quota/random", test_random);
        return g_test_run();
}
