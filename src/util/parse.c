/* SPDX-License-Identifier: Apache-2.0 */
/* Strict parsing of small values */

#include <errno.h>

#include "util/parse.h"

int parse_u32(const char *text, uint32_t min, uint32_t max, uint32_t *ret) {
        uint64_t value = 0;

        if (!*text)
                return -EINVAL;

        for (const char *p = text; *p; p++) {
                if (*p < '0' || *p > '9')
                        return -EINVAL;
                /* Saturates, so that any number of digits is safe. */
                if (value <= UINT32_MAX)
                        value = value * 10 + (uint64_t) (*p - '0');
        }

        if (value < min || value > max)
                return -ERANGE;

        *ret = (uint32_t) value;
        return 0;
}
