/* SPDX-License-Identifier: Apache-2.0 */
/* What each user holds: nobody can take all there is. */

#include <glib.h>

#include "core/limits.h"
#include "core/quota.h"

#define ALICE 1000
#define BOB 1001

#define DAEMON 1

/* The bounds of one kind, which limits.h has as two names. */
static const struct {
        QuotaKind kind;
        size_t user, all;
} kinds[] = {
        { QUOTA_CONNECTIONS, LIMIT_CONNECTIONS_PER_UID, LIMIT_CONNECTIONS },
        { QUOTA_REGISTRATIONS, LIMIT_REGISTRATIONS_PER_UID, LIMIT_REGISTRATIONS },
        { QUOTA_LOOPBACK, LIMIT_LOOPBACK_PER_UID, LIMIT_LOOPBACK },
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
                Quota quota = QUOTA_INIT(DAEMON);

                take(&quota, kinds[i].kind, ALICE, kinds[i].user);
                g_assert_cmpint(quota_take(&quota, kinds[i].kind, ALICE), ==, QUOTA_E_USER);
                take(&quota, kinds[i].kind, BOB, 1);

                quota_give(&quota, kinds[i].kind, ALICE);
                take(&quota, kinds[i].kind, ALICE, 1);
                g_assert_cmpint(quota_take(&quota, kinds[i].kind, ALICE), ==, QUOTA_E_USER);
                quota_done(&quota);
        }
}

/* However greedy the first users are, a great many others find what a few nodes need. */
static void test_greedy(void) {
        for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
                Quota quota = QUOTA_INIT(DAEMON);
                size_t held = 0, little = quota.little[kinds[i].kind], mine;
                uid_t n = 0;

                do {
                        int r;

                        mine = 0;
                        while ((r = quota_take(&quota, kinds[i].kind, ALICE + n)) == 0)
                                mine++;
                        g_assert_cmpint(r, ==,
                                        held + mine == kinds[i].all ? QUOTA_E_ALL : QUOTA_E_USER);
                        g_assert_cmpuint(mine, <=, kinds[i].user);
                        g_assert_cmpuint(mine, <=, MAX(little, kinds[i].all - held));
                        if (n < 2)
                                g_assert_cmpuint(mine, >=, kinds[i].user / (1U << n));
                        held += mine;
                        n++;
                } while (mine >= little);
                g_assert_cmpuint(n, >, quota.last[kinds[i].kind] / little);
                g_assert_cmpuint(held, ==, kinds[i].all);
                g_assert_cmpuint(held, ==, quota.held[kinds[i].kind]);
                quota_done(&quota);
        }
}

/* Whoever gives one back gets it again, as long as not much has been taken meanwhile: a node that
 * is restarted. */
static void test_restart(void) {
        Quota quota = QUOTA_INIT(DAEMON);

        take(&quota, QUOTA_REGISTRATIONS, ALICE, 150);
        for (uid_t uid = BOB; uid < BOB + 20; uid++)
                take(&quota, QUOTA_REGISTRATIONS, uid, 4);
        for (int i = 0; i < 150; i++) {
                quota_give(&quota, QUOTA_REGISTRATIONS, ALICE);
                take(&quota, QUOTA_REGISTRATIONS, ALICE, 1);
        }
        quota_done(&quota);
}

/* When nothing is left for a user who has nothing, that is for the others to mend. */
static void test_all(void) {
        Quota quota = { .max = { 4 }, .max_per_user = { 4 }, .little = { 4 }, .max_users = 10 };

        take(&quota, QUOTA_CONNECTIONS, ALICE, 4);
        g_assert_cmpint(quota_take(&quota, QUOTA_CONNECTIONS, ALICE), ==, QUOTA_E_USER);
        g_assert_cmpint(quota_take(&quota, QUOTA_CONNECTIONS, BOB), ==, QUOTA_E_ALL);
        g_assert_cmpuint(quota.n_users, ==, 1);
        quota_give(&quota, QUOTA_CONNECTIONS, ALICE);
        take(&quota, QUOTA_CONNECTIONS, BOB, 1);
        quota_done(&quota);
}

/* Whoever looks after the daemon is never locked out by others: there is all that is left, and a
 * reserve. But one's own bound holds for these, too. */
static void test_privileged(void) {
        static const uid_t uids[] = { 0, DAEMON };

        for (size_t i = 0; i < G_N_ELEMENTS(uids); i++) {
                Quota quota = { .max = { 4 },
                                .reserve = { 3 },
                                .max_per_user = { 4 },
                                .max_users = 1,
                                .own_uid = DAEMON };

                take(&quota, QUOTA_CONNECTIONS, ALICE, 2);
                g_assert_true(quota_is_privileged(&quota, uids[i]));
                take(&quota, QUOTA_CONNECTIONS, uids[i], 4);
                g_assert_cmpint(quota_take(&quota, QUOTA_CONNECTIONS, uids[i]), ==, QUOTA_E_USER);
                take(&quota, QUOTA_CONNECTIONS, uids[1 - i], 1);
                g_assert_cmpint(quota_take(&quota, QUOTA_CONNECTIONS, uids[1 - i]), ==,
                                QUOTA_E_ALL);
                g_assert_cmpint(quota_take(&quota, QUOTA_CONNECTIONS, ALICE), ==, QUOTA_E_ALL);
                quota_done(&quota);
        }
}

/* The number of users has a bound, for each costs a descriptor. */
static void test_users(void) {
        Quota quota = { .max = { 100 }, .max_per_user = { 4 }, .max_users = 2, .own_uid = DAEMON };

        take(&quota, QUOTA_CONNECTIONS, ALICE, 1);
        take(&quota, QUOTA_CONNECTIONS, BOB, 1);
        g_assert_cmpint(quota_take(&quota, QUOTA_CONNECTIONS, BOB + 1), ==, QUOTA_E_ALL);
        take(&quota, QUOTA_CONNECTIONS, ALICE, 1);
        take(&quota, QUOTA_CONNECTIONS, 0, 1);
        g_assert_cmpuint(quota.n_users, ==, 3);
        quota_done(&quota);
}

static void test_kinds_are_apart(void) {
        Quota quota = { .max = { 9, 9 }, .max_per_user = { 1, 2 }, .max_users = 9 };

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
        Quota quota = {
                .max = { 0, 1 }, .little = { 1 }, .max_per_user = { 1, 0 }, .max_users = 9
        };

        g_assert_cmpint(quota_take(&quota, QUOTA_CONNECTIONS, ALICE), ==, QUOTA_E_ALL);
        g_assert_cmpuint(quota.n_users, ==, 0);
        quota_done(&quota);
}

/* Users come and go at random, against a plain table. Who holds nothing takes no space. */
static void test_random(void) {
        enum { N_USERS = 20, MAX = 30, MAX_PER_USER = 8, LITTLE = 2, LAST = 10 };
        g_autoptr(GRand) rand = g_rand_new_with_seed(3);
        Quota quota = { .max_users = N_USERS };
        size_t held[N_USERS + 1][_QUOTA_MAX] = {}, all[_QUOTA_MAX] = {};
        unsigned refused[3] = {};

        for (QuotaKind kind = 0; kind < _QUOTA_MAX; kind++) {
                quota.max[kind] = MAX;
                quota.max_per_user[kind] = MAX_PER_USER;
                quota.little[kind] = LITTLE;
                quota.last[kind] = LAST;
        }

        for (int i = 0; i < 20000; i++) {
                uid_t uid = (uid_t) g_rand_int_range(rand, 1, N_USERS + 1);
                QuotaKind kind = (QuotaKind) g_rand_int_range(rand, 0, _QUOTA_MAX);
                size_t n_users = 0;

                if (g_rand_int_range(rand, 0, 100) < (i / 2000 % 2 ? 40 : 60)) {
                        size_t own = held[uid][kind];
                        size_t left = MAX - all[kind];
                        bool fair = own < LITTLE || (left > LAST && own < left);
                        int expected = own == MAX_PER_USER ? QUOTA_E_USER
                                       : left == 0         ? QUOTA_E_ALL
                                       : fair              ? 0
                                                           : QUOTA_E_USER;

                        g_assert_cmpint(quota_take(&quota, kind, uid), ==, expected);
                        refused[expected]++;
                        held[uid][kind] += expected == 0;
                        all[kind] += expected == 0;
                } else if (held[uid][kind] > 0) {
                        quota_give(&quota, kind, uid);
                        held[uid][kind]--;
                        all[kind]--;
                }

                for (int u = 1; u <= N_USERS; u++) {
                        size_t n = 0;

                        for (QuotaKind k = 0; k < _QUOTA_MAX; k++)
                                n += held[u][k];
                        n_users += n > 0;
                }
                g_assert_cmpuint(quota.n_users, ==, n_users);
                g_assert_cmpuint(quota.held[kind], ==, all[kind]);
        }
        for (size_t i = 0; i < G_N_ELEMENTS(refused); i++)
                g_assert_cmpuint(refused[i], >, 10);
        quota_done(&quota);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/quota/user", test_user);
        g_test_add_func("/quota/all", test_all);
        g_test_add_func("/quota/greedy", test_greedy);
        g_test_add_func("/quota/restart", test_restart);
        g_test_add_func("/quota/privileged", test_privileged);
        g_test_add_func("/quota/users", test_users);
        g_test_add_func("/quota/kinds-are-apart", test_kinds_are_apart);
        g_test_add_func("/quota/none-allowed", test_none_allowed);
        g_test_add_func("/quota/random", test_random);
        return g_test_run();
}
