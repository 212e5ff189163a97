/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What nodes of this host report of pairs of nodes that can't connect */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/pair.h"
#include "core/quota.h"

/*
 * The nodes of a cluster tell each other which of them can't connect, so each one knows all such
 * pairs, those of other hosts too. Their reports are kept for people to read; nothing follows from
 * them.
 */
typedef struct PairReports PairReports;

enum {
        _PAIR_REPORTS_E_SUCCESS,

        PAIR_REPORTS_E_LIMIT, /* of the reporter, its user or all users, as many are kept as may be
                               */
};

/* quota must outlive it. */
int pair_reports_new(PairReports **ret, Quota *quota);

/* Every reporter must have been released. */
PairReports *pair_reports_free(PairReports *reports);
DEFINE_CLEANUP(PairReports, pair_reports_free);

/*
 * Takes a report, and copies its names. reporter: any number but 0, not of two at the same time.
 * A reporter's second report of a pair replaces its first. Returns 0, PAIR_REPORTS_E_LIMIT, or
 * -ENOMEM.
 */
int pair_reports_add(PairReports *reports, uint64_t reporter, uid_t uid, const Pair *pair);

/* Withdraws a reporter's report of one pair; NULL: of all pairs. */
void pair_reports_withdraw(PairReports *reports, uint64_t reporter, const Pair *pair);

/* The pairs that are reported, each once, by their names: the first LIMIT_PAIRS_SHOWN. Their
 * strings are valid until something changes. Returns how many. */
size_t pair_reports_list(const PairReports *reports, Pair ret[LIMIT_PAIRS_SHOWN]);
