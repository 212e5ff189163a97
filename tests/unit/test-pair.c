/* SPDX-License-Identifier: Apache-2.0 */
/* Two nodes that can't connect, as lines name them */

#include <glib.h>
#include <string.h>

#include "core/node-name.h"
#include "core/pair.h"

static void test_reasons(void) {
        for (PairReason reason = 0; reason < _PAIR_REASON_MAX; reason++)
                g_assert_cmpint(pair_reason_from_string(pair_reason_to_string(reason)), ==, reason);
        g_assert_cmpint(pair_reason_from_string("timed_out"), ==, _PAIR_REASON_INVALID);
        g_assert_cmpint(pair_reason_from_string(""), ==, _PAIR_REASON_INVALID);
}

/* Which one sees it makes a difference, why doesn't. */
static void test_compare(void) {
        Pair pair = { "a@h1", "c@h3", PAIR_CLOSED }, other = { "a@h1", "c@h3", PAIR_TIMED_OUT },
             back = { "c@h3", "a@h1", PAIR_CLOSED }, next = { "a@h1", "d@h4", PAIR_CLOSED };

        g_assert_cmpint(pair_compare(&pair, &other), ==, 0);
        g_assert_cmpint(pair_compare(&pair, &back), <, 0);
        g_assert_cmpint(pair_compare(&next, &pair), >, 0);
}

/* What a request can hold, the answer can: its verb is shorter. */
static void test_length(void) {
        LineWriter request = LINE_WRITER_NULL, answer = LINE_WRITER_NULL;
        g_autofree char *from = g_strnfill(LIMIT_NODE_NAME_CHARS, 'h'),
                        *to = g_strnfill(LIMIT_NODE_NAME_CHARS, 'i');
        Pair pair = { from, to, PAIR_TIMED_OUT };

        from[1] = to[1] = '@';
        line_writer_word(&request, "APART");
        line_writer_word(&answer, "PAIR");
        pair_write_names(&pair, &request);
        pair_write_names(&pair, &answer);
        pair_write_reason(&pair, &request);
        pair_write_reason(&pair, &answer);
        g_assert_cmpint(line_writer_end(&answer), ==, line_writer_end(&request) - 1);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/pair/reasons", test_reasons);
        g_test_add_func("/pair/compare", test_compare);
        g_test_add_func("/pair/length", test_length);
        return g_test_run();
}
