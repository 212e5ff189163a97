/* SPDX-License-Identifier: Apache-2.0 */
/* Durations that people write */

#include <errno.h>
#include <string.h>

#include "ctl/duration.h"
#include "util/macro.h"
#include "util/parse.h"

#define MSEC_MAX 86400000U

int duration_parse(const char *text, uint32_t *ret_msec) {
        static const struct {
                const char *name;
                uint32_t msec;
        } units[] = { { "ms", 1 }, { "s", 1000 }, { "", 1000 }, { "m", 60000 }, { "h", 3600000 } };
        size_t digits = strspn(text, "0123456789");
        char number[16];
        uint32_t value;

        if (digits >= sizeof(number))
                return -EINVAL;
        memcpy(number, text, digits);
        number[digits] = '\0';

        for (size_t i = 0; i < ELEMENTSOF(units); i++)
                if (strcmp(text + digits, units[i].name) == 0) {
                        if (parse_u32(number, 0, MSEC_MAX / units[i].msec, &value) < 0)
                                return -EINVAL;
                        *ret_msec = value * units[i].msec;
                        return 0;
                }
        return -EINVAL;
}
