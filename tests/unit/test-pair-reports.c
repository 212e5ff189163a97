/* SPDX-License-Identifier: Apache-2.0 */
/* What nodes of this host report of pairs that can't connect: kept as long as somebody says so */

#include <glib.h>
#include <stdlib.h>

#include "core/pair-reports.h"

#define ALICE 1000
#define MALLORY 1001

typedef struct Fixture {
        Quota quota;
        PairReports *reports;
} Fixture;

static void set_up(Fixture *f, const void *data) {
        (void) data;
        f->quota = (Quota) QUOTA_INIT(1);
        g_assert_cmpint(pair_reports_new(&f->reports, &f->quota), ==, 0);
}

static void tear_down(Fixture *f, const void *data) {
        (void) data;
        for (QuotaKind kind = 0; kind < _QUOTA_MAX; kind++)
                g_assert_cmpuint(f->quota.held[kind], ==, 0);
        g_assert_null(pair_reports_free(f->reports));
        g_assert_null(pair_reports_free(NULL));
        quota_done(&f->quota);
}

static int report(Fixture *f, uint64_t reporter, uid_t uid, const char *from, const char *to,
                  PairReason reason) {
        return pair_reports_add(f->reports, reporter, uid, &(Pair){ from, to, reason });
}

static void must_report(Fixture *f, uint64_t reporter, const char *from, const char *to) {
        g_assert_cmpint(report(f, reporter, ALICE, from, to, PAIR_CLOSED), ==, 0);
}

static void withdraw(Fixture *f, uint64_t reporter, const char *from, const char *to) {
        pair_reports_withdraw(f->reports, reporter, &(Pair){ from, to, PAIR_CLOSED });
}

static void shows(const Fixture *f, const char *expected) {
        g_autoptr(GString) found = g_string_new(NULL);
        Pair pairs[LIMIT_PAIRS_SHOWN];
        size_t n = pair_reports_list(f->reports, pairs);

        for (size_t i = 0; i < n; i++)
                g_string_append_printf(found, "%s%s %s %s", i > 0 ? "; " : "", pairs[i].from,
                                       pairs[i].to, pair_reason_to_string(pairs[i].reason));
        g_assert_cmpstr(found->str, ==, expected);
}

/* In the order of their names. What is withdrawn is gone, and nothing else is. */
static void test_life(Fixture *f, const void *data) {
        (void) data;
        shows(f, "");
        must_report(f, 1, "c@h3", "a@h1");
        must_report(f, 1, "a@h1", "d@h4");
        must_report(f, 1, "a@h1", "c@h3");
        shows(f, "a@h1 c@h3 closed; a@h1 d@h4 closed; c@h3 a@h1 closed");
        g_assert_cmpint(report(f, 1, ALICE, "a@h1", "c@h3", PAIR_TIMED_OUT), ==, 0);
        shows(f, "a@h1 c@h3 timed-out; a@h1 d@h4 closed; c@h3 a@h1 closed");
        withdraw(f, 1, "d@h4", "a@h1");
        withdraw(f, 2, "a@h1", "d@h4");
        withdraw(f, 1, "a@h1", "c@h3");
        shows(f, "a@h1 d@h4 closed; c@h3 a@h1 closed");
        pair_reports_withdraw(f->reports, 1, NULL);
        shows(f, "");
}

/* All nodes of a cluster know the same: it is shown once, as long as one of them says so. */
static void test_shared(Fixture *f, const void *data) {
        (void) data;
        must_report(f, 1, "a@h1", "c@h3");
        must_report(f, 2, "a@h1", "c@h3");
        shows(f, "a@h1 c@h3 closed");
        pair_reports_withdraw(f->reports, 1, NULL);
        shows(f, "a@h1 c@h3 closed");
        withdraw(f, 2, "a@h1", "c@h3");
        shows(f, "");
}

/* A node has so many, a user's nodes leave room for others, and get it back. */
static void test_greedy(Fixture *f, const void *data) {
        uint64_t reporter = 0;
        char node[32];

        (void) data;
        for (unsigned i = 0; i < LIMIT_PAIRS_PER_UID; i++) {
                reporter += i % LIMIT_PAIRS_PER_NODE == 0;
                g_snprintf(node, sizeof(node), "n%u@h2", i);
                g_assert_cmpint(report(f, reporter, MALLORY, node, "a@h1", PAIR_CLOSED), ==, 0);
        }
        g_assert_cmpint(report(f, 1, MALLORY, "more@h2", "a@h1", PAIR_CLOSED), ==,
                        PAIR_REPORTS_E_LIMIT);
        g_assert_cmpint(report(f, 1, MALLORY, "n0@h2", "a@h1", PAIR_TIMED_OUT), ==, 0);
        g_assert_cmpint(report(f, reporter + 1, MALLORY, "more@h2", "a@h1", PAIR_CLOSED), ==,
                        PAIR_REPORTS_E_LIMIT);
        must_report(f, reporter + 2, "a@h1", "c@h3");
        withdraw(f, 1, "n0@h2", "a@h1");
        g_assert_cmpint(report(f, 1, MALLORY, "more@h2", "a@h1", PAIR_CLOSED), ==, 0);
        while (reporter > 0)
                pair_reports_withdraw(f->reports, reporter--, NULL);
        shows(f, "a@h1 c@h3 closed");
        pair_reports_withdraw(f->reports, LIMIT_PAIRS_PER_UID / LIMIT_PAIRS_PER_NODE + 2, NULL);
}

/* The first ones by name, whatever the order in which they came. */
static void test_many(Fixture *f, const void *data) {
        enum { N = 2 * LIMIT_PAIRS_SHOWN };
        Pair pairs[LIMIT_PAIRS_SHOWN];
        char node[32];

        (void) data;
        for (unsigned i = 0; i < N; i++) {
                g_snprintf(node, sizeof(node), "n%02u@h2", (i * 37 + 5) % N);
                must_report(f, 1 + i / LIMIT_PAIRS_PER_NODE, node, "a@h1");
        }
        g_assert_cmpuint(pair_reports_list(f->reports, pairs), ==, LIMIT_PAIRS_SHOWN);
        for (unsigned i = 0; i < LIMIT_PAIRS_SHOWN; i++) {
                g_snprintf(node, sizeof(node), "n%02u@h2", i);
                g_assert_cmpstr(pairs[i].from, ==, node);
        }
        for (uint64_t reporter = 1; reporter <= N / LIMIT_PAIRS_PER_NODE; reporter++)
                pair_reports_withdraw(f->reports, reporter, NULL);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add("/pair-reports/life", Fixture, NULL, set_up, test_life, tear_down);
        g_test_add("/pair-reports/shared", Fixture, NULL, set_up, test_shared, tear_down);
        g_test_add("/pair-reports/greedy", Fixture, NULL, set_up, test_greedy, tear_down);
        g_test_add("/pair-reports/many", Fixture, NULL, set_up, test_many, tear_down);
        return g_test_run();
}
