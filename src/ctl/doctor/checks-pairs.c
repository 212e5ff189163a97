/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of "epmd-mdns doctor": nodes that can't connect to each other */

#include <stdio.h>
#include <string.h>

#include "ctl/doctor/checks.h"

/* Pairs that are told of by name; more are counted. */
#define SHOWN_MAX 3

/* Each end may have reported it: then it is told as the first one sees it. */
static bool is_told(const FactsDaemon *facts, size_t i) {
        for (size_t j = 0; j < i; j++)
                if (strcmp(facts->pairs[j].from, facts->pairs[i].to) == 0 &&
                    strcmp(facts->pairs[j].to, facts->pairs[i].from) == 0)
                        return true;
        return false;
}

static void append(char *list, size_t size, const FactsPair *pair) {
        char text[2 * NODE_NAME_SIZE + 64];

        snprintf(text, sizeof(text), "%s can't reach %s (%s)", pair->from, pair->to,
                 pair->reason == PAIR_TIMED_OUT ? "timed out" : "refused");
        list_append(list, size, text);
}

Finding check_pairs(const Facts *facts) {
        char list[400] = "", more[32] = "";
        size_t n = 0;

        if (!facts->daemon.pairs_known)
                return (Finding){};
        for (size_t i = 0; i < facts->daemon.n_pairs; i++)
                if (!is_told(&facts->daemon, i) && n++ < SHOWN_MAX)
                        append(list, sizeof(list), &facts->daemon.pairs[i]);
        if (n > SHOWN_MAX)
                snprintf(more, sizeof(more), ", and %zu more", n - SHOWN_MAX);
        if (n > 0)
                return finding_make(VERDICT_WARN,
                                    "Let TCP pass between their hosts, to the ports of the nodes; "
                                    "see \"Two nodes that can't connect\" in docs/cluster.md.",
                                    "%s%s; OTP's global may disconnect others because of that",
                                    list, more);
        if (facts->daemon.local == 0)
                return finding_make(VERDICT_OK, NULL,
                                    "no node runs here that would know of nodes that can't "
                                    "connect to each other");
        return finding_make(VERDICT_OK, NULL,
                            "no node here knows of two nodes that can't connect to each other");
}
