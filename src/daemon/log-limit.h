/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A bound on how many lines of one kind are written in a window of time */

#include <stdbool.h>

/* Embedded by value, and set up by setting max. Its owner has the timer that ends the window. */
typedef struct LogLimit {
        unsigned max;
        unsigned n_lines; /* in this window, those left out included */
} LogLimit;

/* Counts a line. Returns whether it is to be written. */
static inline bool log_limit_take(LogLimit *limit) {
        return limit->n_lines++ < limit->max;
}

/* Whether the line that was counted last has begun a window. */
static inline bool log_limit_has_begun(const LogLimit *limit) {
        return limit->n_lines == 1;
}

/* Ends the window. Returns how many lines were left out in it. */
static inline unsigned log_limit_end(LogLimit *limit) {
        unsigned n = limit->n_lines > limit->max ? limit->n_lines - limit->max : 0;

        limit->n_lines = 0;
        return n;
}
