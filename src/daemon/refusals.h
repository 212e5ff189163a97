/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What users were refused */

#include <stdint.h>
#include <sys/types.h>

#include "core/stats.h"
#include "core/user-counts.h"

typedef enum Refusal {
        REFUSAL_CONNECTIONS_USER, /* the user has as many connections as one may */
        REFUSAL_CONNECTIONS_ALL,  /* all users together do */
        REFUSAL_CONNECTS,         /* the user connects too often */
        REFUSAL_REGISTRATIONS_USER,
        REFUSAL_REGISTRATIONS_ALL,
        REFUSAL_DIRECTORY,         /* too many nodes are known to take another one */
        REFUSAL_REPORTS_USER,      /* as many reports of the user's are kept as one may have */
        REFUSAL_REPORTS_ALL,       /* as many of all users' are */
        REFUSAL_REPORTS_DIRECTORY, /* too many nodes are known to take another one */
        REFUSAL_PAIRS,             /* too many pairs of nodes that can't connect are reported */
        REFUSAL_CUT_OFF,           /* the user's connection did not read */
        _REFUSAL_MAX,
} Refusal;

/* Counts, and tells the log of each reason once for each user and hour: whoever is refused once is
 * refused a million times. Embedded by value. */
typedef struct Refusals {
        uint64_t n[_REFUSAL_MAX];
        UserCounts logged[_REFUSAL_MAX];
} Refusals;

void refusals_init(Refusals *refusals);

/* Takes note of one more. */
void refusals_add(Refusals *refusals, Refusal why, uid_t uid, uint64_t now_usec);

/* What to tell the user. */
const char *refusal_text(Refusal why);

/* Adds what is counted here. */
void refusals_count(const Refusals *refusals, Stats *stats);
