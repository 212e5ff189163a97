/* SPDX-License-Identifier: Apache-2.0 */
/* What nodes of this host report of pairs of nodes that can't connect */

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/pair-reports.h"

typedef struct Report {
        uint64_t reporter;
        uid_t uid;
        char *names; /* both, which the pair points to */
        Pair pair;
} Report;

struct PairReports {
        Quota *quota;
        Report *reports; /* in no order; linear search, for there are mostly none */
        size_t n_reports;
};

int pair_reports_new(PairReports **ret, Quota *quota) {
        PairReports *reports = calloc(1, sizeof(*reports));

        if (!reports)
                return -ENOMEM;
        reports->quota = quota;
        *ret = reports;
        return 0;
}

PairReports *pair_reports_free(PairReports *reports) {
        if (!reports)
                return NULL;

        assert(reports->n_reports == 0);
        free(reports->reports);
        free(reports);
        return NULL;
}

/* The reporter's report of the pair, if there is one, and how many it has of all pairs. */
static Report *find(const PairReports *reports, uint64_t reporter, const Pair *pair,
                    size_t *ret_n) {
        Report *found = NULL;

        *ret_n = 0;
        for (size_t i = 0; i < reports->n_reports; i++) {
                Report *report = &reports->reports[i];

                if (report->reporter != reporter)
                        continue;
                ++*ret_n;
                if (pair_compare(&report->pair, pair) == 0)
                        found = report;
        }
        return found;
}

static int append(PairReports *reports, uint64_t reporter, uid_t uid, const Pair *pair) {
        size_t from = strlen(pair->from) + 1, to = strlen(pair->to) + 1;
        Report *grown = reallocarray(reports->reports, reports->n_reports + 1, sizeof(*grown));
        Report *report;
        char *names;
        int r;

        if (!grown)
                return -ENOMEM;
        reports->reports = grown;
        names = malloc(from + to);
        if (!names)
                return -ENOMEM;
        r = quota_take(reports->quota, QUOTA_PAIRS, uid);
        if (r != 0) {
                free(names);
                return r < 0 ? r : PAIR_REPORTS_E_LIMIT;
        }
        memcpy(names, pair->from, from);
        memcpy(names + from, pair->to, to);
        report = &reports->reports[reports->n_reports++];
        *report = (Report){ .reporter = reporter, .uid = uid };
        report->names = names;
        report->pair = (Pair){ names, names + from, pair->reason };
        return 0;
}

int pair_reports_add(PairReports *reports, uint64_t reporter, uid_t uid, const Pair *pair) {
        size_t n;
        Report *report = find(reports, reporter, pair, &n);

        assert(reporter != 0);
        if (report) {
                report->pair.reason = pair->reason;
                return 0;
        }
        return n >= LIMIT_PAIRS_PER_NODE ? PAIR_REPORTS_E_LIMIT
                                         : append(reports, reporter, uid, pair);
}

void pair_reports_withdraw(PairReports *reports, uint64_t reporter, const Pair *pair) {
        for (size_t i = 0; i < reports->n_reports;) {
                Report *report = &reports->reports[i];

                if (report->reporter == reporter &&
                    (!pair || pair_compare(&report->pair, pair) == 0)) {
                        quota_give(reports->quota, QUOTA_PAIRS, report->uid);
                        free(report->names);
                        *report = reports->reports[--reports->n_reports];
                } else
                        i++;
        }
}

/* Where the pair belongs among those of a sorted list. *ret_has: it is there already. */
static size_t find_place(const Pair *list, size_t n, const Pair *pair, bool *ret_has) {
        size_t at = 0;
        int r = 1;

        while (at < n && (r = pair_compare(&list[at], pair)) < 0)
                at++;
        *ret_has = at < n && r == 0;
        return at;
}

size_t pair_reports_list(const PairReports *reports, Pair ret[LIMIT_PAIRS_SHOWN]) {
        size_t n = 0;

        for (size_t i = 0; i < reports->n_reports; i++) {
                const Pair *pair = &reports->reports[i].pair;
                bool has;
                size_t at = find_place(ret, n, pair, &has);

                if (has || at == LIMIT_PAIRS_SHOWN)
                        continue;
                n += n < LIMIT_PAIRS_SHOWN;
                memmove(&ret[at + 1], &ret[at], (n - 1 - at) * sizeof(*ret));
                ret[at] = *pair;
        }
        return n;
}
