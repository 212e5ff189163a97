/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Bytes in, lines out */

#include <stdbool.h>
#include <stddef.h>

#include "core/limits.h"

/* What was received and not yet taken as lines. Embedded by value; no byte is looked at twice. */
typedef struct InputBuffer {
        char data[LIMIT_LINE];
        size_t start;   /* first byte not yet taken */
        size_t scanned; /* no LF between start and here */
        size_t end;     /* behind the last byte */
} InputBuffer;

#define INPUT_BUFFER_NULL                                                                          \
        { .start = 0 }

enum {
        _INPUT_BUFFER_E_SUCCESS,

        INPUT_BUFFER_E_PENDING,
        INPUT_BUFFER_E_TOO_LONG,
};

/* Room for new bytes: sets *ret and returns how many fit. 0 only while a whole line waits to be
 * taken. */
size_t input_buffer_reserve(InputBuffer *buffer, char **ret);

/* Says how many of the reserved bytes have been filled. */
void input_buffer_commit(InputBuffer *buffer, size_t length);

/*
 * Takes the next line. Sets *ret to its first byte and *ret_length to its length without LF; the
 * byte behind it may be written. Both stay valid until the next call of any of these functions.
 * Returns 0, INPUT_BUFFER_E_PENDING if there is no whole line yet, or INPUT_BUFFER_E_TOO_LONG if
 * there is none within LIMIT_LINE bytes.
 */
int input_buffer_take_line(InputBuffer *buffer, char **ret, size_t *ret_length);
