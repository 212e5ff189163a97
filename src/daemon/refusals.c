/* SPDX-License-Identifier: Apache-2.0 */
/* What users were refused */

#include "daemon/clock.h"
#include "daemon/refusals.h"
#include "util/log.h"

static const struct {
        Stat stat;          /* what it counts as */
        const char *answer; /* to the user */
        const char *line;   /* in the log, behind "user N" */
} table[_REFUSAL_MAX] = {
        [REFUSAL_CONNECTIONS_USER] = { STAT_REFUSED_CONNECTIONS,
                                       "this user has too many connections",
                                       "has too many connections" },
        [REFUSAL_CONNECTIONS_ALL] = { STAT_REFUSED_CONNECTIONS, "there are too many connections",
                                      "can't connect: there are too many connections" },
        [REFUSAL_CONNECTS] = { STAT_REFUSED_CONNECTIONS, "this user connects too often",
                               "connects too often" },
        [REFUSAL_REGISTRATIONS_USER] = { STAT_REFUSED_REGISTRATIONS,
                                         "too many nodes are registered",
                                         "has registered too many nodes" },
        [REFUSAL_REGISTRATIONS_ALL] = { STAT_REFUSED_REGISTRATIONS, "too many nodes are registered",
                                        "can't register a node: too many are registered" },
        [REFUSAL_DIRECTORY] = { STAT_REFUSED_REGISTRATIONS, "too many nodes are known",
                                "can't register a node: too many are known on the LAN" },
        [REFUSAL_REPORTS_USER] = { STAT_REFUSED_REPORTS, "too many nodes are reported",
                                   "has nodes that are connected to too many others" },
        [REFUSAL_REPORTS_ALL] = { STAT_REFUSED_REPORTS, "too many nodes are reported",
                                  "can't report a connected node: too many are reported" },
        [REFUSAL_REPORTS_DIRECTORY] = { STAT_REFUSED_REPORTS, "too many nodes are known",
                                        "can't report a connected node: too many are known on the "
                                        "LAN" },
        [REFUSAL_PAIRS] = { STAT_REFUSED_REPORTS, "too many pairs are reported",
                            "can't report nodes that can't connect: too many are reported" },
        [REFUSAL_CUT_OFF] = { STAT_CUT_OFF, "this connection does not read",
                              "has a connection that does not read: cut off" },
};

void refusals_init(Refusals *refusals) {
        *refusals = (Refusals){};
        for (Refusal why = 0; why < _REFUSAL_MAX; why++)
                refusals->logged[why] =
                        (UserCounts) USER_COUNTS_INIT(LIMIT_LOG_REFUSAL_SEC * USEC_PER_SEC);
}

void refusals_add(Refusals *refusals, Refusal why, uid_t uid, uint64_t now_usec) {
        refusals->n[why]++;
        if (user_counts_add(&refusals->logged[why], uid, now_usec) == 1)
                log_notice("user %u %s; from now on this is counted in STATUS, and not logged",
                           (unsigned) uid, table[why].line);
}

const char *refusal_text(Refusal why) {
        return table[why].answer;
}

void refusals_count(const Refusals *refusals, Stats *stats) {
        for (Refusal why = 0; why < _REFUSAL_MAX; why++)
                stats->values[table[why].stat] += refusals->n[why];
}
