/* SPDX-License-Identifier: Apache-2.0 */
/* "Did you mean …?" */

#include <string.h>

#include "ctl/suggest.h"

/* Longer words are not typed by mistake. */
#define WORD_MAX 63

static size_t min(size_t a, size_t b) {
        return a < b ? a : b;
}

/* How many characters must be put in, left out, replaced, or swapped with their neighbour to make a
 * into b. Both have at most WORD_MAX bytes. */
static size_t distance(const char *a, const char *b) {
        size_t rows[3][WORD_MAX + 1], n = strlen(b);
        size_t *before = rows[0], *last = rows[1], *row = rows[2];

        for (size_t j = 0; j <= n; j++)
                last[j] = j;
        for (size_t i = 1; a[i - 1]; i++) {
                size_t *oldest = before;

                row[0] = i;
                for (size_t j = 1; j <= n; j++) {
                        row[j] = min(min(last[j], row[j - 1]) + 1,
                                     last[j - 1] + (a[i - 1] != b[j - 1]));
                        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                                row[j] = min(row[j], before[j - 2] + 1);
                }
                before = last;
                last = row;
                row = oldest;
        }
        return last[n];
}

const char *suggest(const char *word, const char *const candidates[], size_t n) {
        size_t length = strlen(word), best_distance = length / 3 + 1;
        const char *best = NULL;

        if (length == 0 || length > WORD_MAX)
                return NULL;
        for (size_t i = 0; i < n; i++)
                if (strncmp(candidates[i], word, length) == 0)
                        return candidates[i];
        for (size_t i = 0; i < n; i++) {
                size_t d = strlen(candidates[i]) <= WORD_MAX ? distance(word, candidates[i])
                                                             : best_distance + 1;

                /* At least one character must be right. */
                if (d < length && (d < best_distance || (!best && d == best_distance))) {
                        best = candidates[i];
                        best_distance = d;
                }
        }
        return best;
}
