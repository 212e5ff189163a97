/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that wait to be sent */

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/limits.h"
#include "core/output-buffer.h"

void output_buffer_done(OutputBuffer *buffer) {
        free(buffer->data);
        *buffer = (OutputBuffer) OUTPUT_BUFFER_NULL;
}

int output_buffer_append(OutputBuffer *buffer, const char *data, size_t length) {
        size_t used = buffer->end - buffer->start;

        if (length == 0)
                return 0;
        if (used + length > LIMIT_OUTPUT)
                return OUTPUT_BUFFER_E_FULL;

        if (buffer->end + length > buffer->allocated) {
                /* First the sent bytes at the front go; only if that is not enough the buffer
                 * grows. */
                if (used > 0)
                        memmove(buffer->data, buffer->data + buffer->start, used);
                buffer->start = 0;
                buffer->end = used;
        }

        if (buffer->end + length > buffer->allocated) {
                size_t size = buffer->allocated ? buffer->allocated : 512;
                char *grown;

                while (size < buffer->end + length)
                        size *= 2;
                grown = realloc(buffer->data, size);
                if (!grown)
                        return -ENOMEM;
                buffer->data = grown;
                buffer->allocated = size;
        }

        memcpy(buffer->data + buffer->end, data, length);
        buffer->end += length;
        return 0;
}

size_t output_buffer_peek(const OutputBuffer *buffer, const char **ret) {
        *ret = buffer->data ? buffer->data + buffer->start : NULL;
        return buffer->end - buffer->start;
}

void output_buffer_consume(OutputBuffer *buffer, size_t length) {
        assert(length <= buffer->end - buffer->start);
        buffer->start += length;
        if (buffer->start == buffer->end)
                output_buffer_done(buffer);
}
