/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The examples of tests/protocol-examples.txt */

#include <glib.h>
#include <stddef.h>

typedef struct Example {
        const char *kind;
        const GString *line; /* any bytes, without LF */
        const char *meaning; /* canonical form, escapes undone */
        const char *row;     /* as it stands in the file: for messages */
} Example;

/*
 * Calls check with each example of a kind and returns how many there were. The file is looked for
 * in $G_TEST_SRCDIR/tests; a test fails if it is not there or has a row of another form.
 */
size_t examples_check(const char *kind, void (*check)(const Example *example));
