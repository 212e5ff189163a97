/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes in, lines out */

#include <assert.h>
#include <string.h>

#include "core/input-buffer.h"

size_t input_buffer_reserve(InputBuffer *buffer, char **ret) {
        /* Moves the beginning of an unfinished line to the front: at most once for each read. */
        if (buffer->start > 0) {
                memmove(buffer->data, buffer->data + buffer->start, buffer->end - buffer->start);
                buffer->scanned -= buffer->start;
                buffer->end -= buffer->start;
                buffer->start = 0;
        }
        *ret = buffer->data + buffer->end;
        return sizeof(buffer->data) - buffer->end;
}

void input_buffer_commit(InputBuffer *buffer, size_t length) {
        assert(length <= sizeof(buffer->data) - buffer->end);
        buffer->end += length;
}

int input_buffer_take_line(InputBuffer *buffer, char **ret, size_t *ret_length) {
        char *lf = memchr(buffer->data + buffer->scanned, '\n', buffer->end - buffer->scanned);

        if (!lf) {
                buffer->scanned = buffer->end;
                return buffer->end - buffer->start < LIMIT_LINE ? INPUT_BUFFER_E_PENDING
                                                                : INPUT_BUFFER_E_TOO_LONG;
        }

        *ret = buffer->data + buffer->start;
        *ret_length = (size_t) (lf - *ret);
        buffer->start = buffer->scanned = (size_t) (lf - buffer->data) + 1;
        return 0;
}
