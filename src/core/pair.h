/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Two nodes that can't connect */

#include <stdbool.h>

#include "core/line.h"

typedef enum PairReason {
        PAIR_TIMED_OUT, /* no answer */
        PAIR_CLOSED,    /* nobody listens, or somebody rejects */
        _PAIR_REASON_MAX,
        _PAIR_REASON_INVALID = -1,
} PairReason;

/* As one end sees it. A plain value, whose strings belong to whoever made it. */
typedef struct Pair {
        const char *from; /* can't reach … */
        const char *to;
        PairReason reason;
} Pair;

const char *pair_reason_to_string(PairReason reason);
PairReason pair_reason_from_string(const char *text);

/* By both names, in order. */
int pair_compare(const Pair *a, const Pair *b);

/* Takes the names from the words of a line that follow the verb. Returns whether they are those of
 * two nodes. */
bool pair_take_names(Pair *ret, const Line *line);

void pair_write_names(const Pair *pair, LineWriter *writer);
void pair_write_reason(const Pair *pair, LineWriter *writer);
