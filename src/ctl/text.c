/* SPDX-License-Identifier: Apache-2.0 */
/* Text for people */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/text.h"

/* RFC 3629 section 4; overlong forms that matter here start with C0, C1 and E0 80, F0 80. */
size_t text_character_length(const char *string) {
        const unsigned char *text = (const unsigned char *) string;
        size_t length;

        if (*text >= 0x20 && *text < 0x7F)
                return 1;
        if (*text < 0xC2 || *text > 0xF4)
                return 0;
        length = *text < 0xE0 ? 2 : *text < 0xF0 ? 3 : 4;
        for (size_t i = 1; i < length; i++)
                if ((text[i] & 0xC0) != 0x80)
                        return 0;
        /* C2 80 to C2 9F are control characters as well. */
        if ((text[0] == 0xC2 && text[1] < 0xA0) || (text[0] == 0xE0 && text[1] < 0xA0) ||
            (text[0] == 0xF0 && text[1] < 0x90))
                return 0;
        /* Surrogates, and what is behind the last character. */
        if ((text[0] == 0xED && text[1] >= 0xA0) || (text[0] == 0xF4 && text[1] >= 0x90))
                return 0;
        return length;
}

char *text_safe(const char *text) {
        char *safe = malloc(4 * strlen(text) + 1), *out = safe;

        if (!safe)
                return NULL;
        while (*text) {
                size_t length = text_character_length(text);

                if (length > 0) {
                        memcpy(out, text, length);
                        out += length;
                        text += length;
                } else
                        out += sprintf(out, "\\x%02X", (unsigned char) *text++);
        }
        *out = '\0';
        return safe;
}

/* Characters, none of which is wide in names that OTP or DNS allow. */
size_t text_width(const char *text) {
        size_t width = 0;

        for (; *text; text++)
                width += ((unsigned char) *text & 0xC0) != 0x80;
        return width;
}

size_t text_offset(const char *text, size_t n) {
        const char *p = text;

        while (*p && (n > 0 || ((unsigned char) *p & 0xC0) == 0x80)) {
                n -= ((unsigned char) *p & 0xC0) != 0x80;
                p++;
        }
        return (size_t) (p - text);
}

/* What could not be written earlier is forgotten by the stream, but for its mark. */
int text_flush(void) {
        if (fflush(stdout) != 0)
                return -errno;
        return ferror(stdout) ? -EIO : 0;
}

const char *text_age(uint64_t sec, char buffer[static TEXT_AGE_SIZE]) {
        static const struct {
                uint64_t sec;
                char unit;
        } units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' } };

        snprintf(buffer, TEXT_AGE_SIZE, "%" PRIu64 "s", sec % 1000000000);
        for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
                if (sec >= units[i].sec) {
                        snprintf(buffer, TEXT_AGE_SIZE, "%" PRIu64 "%c",
                                 sec / units[i].sec % 1000000000, units[i].unit);
                        break;
                }
        return buffer;
}
