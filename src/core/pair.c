/* SPDX-License-Identifier: Apache-2.0 */
/* Two nodes that can't connect */

#include <assert.h>
#include <string.h>

#include "core/node-name.h"
#include "core/pair.h"

static const char *const reasons[_PAIR_REASON_MAX] = {
        [PAIR_TIMED_OUT] = "timed-out",
        [PAIR_CLOSED] = "closed",
};

const char *pair_reason_to_string(PairReason reason) {
        assert(reason >= 0 && reason < _PAIR_REASON_MAX);
        return reasons[reason];
}

PairReason pair_reason_from_string(const char *text) {
        for (PairReason reason = 0; reason < _PAIR_REASON_MAX; reason++)
                if (strcmp(reasons[reason], text) == 0)
                        return reason;
        return _PAIR_REASON_INVALID;
}

int pair_compare(const Pair *a, const Pair *b) {
        int r = strcmp(a->from, b->from);

        return r != 0 ? r : strcmp(a->to, b->to);
}

bool pair_take_names(Pair *ret, const Line *line) {
        if (line->n_words < 3)
                return false;
        ret->from = line->words[1];
        ret->to = line->words[2];
        return node_name_is_valid(ret->from) && node_name_is_valid(ret->to) &&
               strcmp(ret->from, ret->to) != 0;
}

void pair_write_names(const Pair *pair, LineWriter *writer) {
        line_writer_word(writer, pair->from);
        line_writer_word(writer, pair->to);
}

void pair_write_reason(const Pair *pair, LineWriter *writer) {
        line_writer_attribute(writer, "reason", pair_reason_to_string(pair->reason));
}
