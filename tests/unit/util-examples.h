/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Examples that the tests in C and in Erlang share */

#include <glib.h>
#include <stddef.h>

#define EXAMPLES_CHOICE "choice-examples.txt"
#define EXAMPLES_PROTOCOL "protocol-examples.txt"

typedef struct Example {
        const char *kind;
        const GString *line; /* any bytes, without LF */
        const char *meaning; /* canonical form, escapes undone */
        const char *row;     /* as it stands in the file: for messages */
} Example;

/*
 * Calls check with each example of a kind in a file and returns how many there were. The file is
 * looked for in $G_TEST_SRCDIR/tests; a test fails if it is not there or has a row of another form.
 */
size_t examples_check(const char *file, const char *kind, void (*check)(const Example *example));
