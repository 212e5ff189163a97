/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Bytes that wait to be sent */

#include <stddef.h>

#include "util/macro.h"

/* A queue of bytes that grows as needed, up to LIMIT_OUTPUT. Embedded by value. */
typedef struct OutputBuffer {
        char *data;
        size_t allocated;
        size_t start;
        size_t end;
} OutputBuffer;

#define OUTPUT_BUFFER_NULL                                                                         \
        { .data = NULL }

enum {
        _OUTPUT_BUFFER_E_SUCCESS,

        OUTPUT_BUFFER_E_FULL,
};

void output_buffer_done(OutputBuffer *buffer);

/* Appends length bytes. Returns 0, OUTPUT_BUFFER_E_FULL (nothing appended), or -ENOMEM. */
int output_buffer_append(OutputBuffer *buffer, const char *data, size_t length);

/* Sets *ret to the bytes that wait and returns how many there are. */
size_t output_buffer_peek(const OutputBuffer *buffer, const char **ret);

/* Drops length bytes from the front, which have been sent. The memory is given back when nothing is
 * left. */
void output_buffer_consume(OutputBuffer *buffer, size_t length);
