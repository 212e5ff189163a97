/* SPDX-License-Identifier: Apache-2.0 */
/* Text for people */

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/text.h"

struct Table {
        size_t n_columns;
        size_t widths[TABLE_COLUMNS];
        char **cells; /* row after row, the headers first */
        size_t n_rows;
};

/* Bytes of the valid UTF-8 character at text that is no control character, or 0 (RFC 3629 section
 * 4; overlong forms that matter here start with C0, C1 and E0 80, F0 80). */
static size_t character_length(const unsigned char *text) {
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
        return length;
}

char *text_safe(const char *text) {
        char *safe = malloc(4 * strlen(text) + 1), *out = safe;

        if (!safe)
                return NULL;
        while (*text) {
                size_t length = character_length((const unsigned char *) text);

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

/* Columns on a terminal: characters, none of which is wide in names that OTP or DNS allow. */
static size_t text_width(const char *text) {
        size_t width = 0;

        for (; *text; text++)
                width += ((unsigned char) *text & 0xC0) != 0x80;
        return width;
}

Table *table_new(const char *const headers[], size_t n) {
        Table *table = calloc(1, sizeof(*table));

        if (!table)
                return NULL;
        table->n_columns = n;
        if (table_add(table, headers) < 0)
                return table_free(table);
        return table;
}

Table *table_free(Table *table) {
        if (!table)
                return NULL;

        for (size_t i = 0; i < table->n_rows * table->n_columns; i++)
                free(table->cells[i]);
        free(table->cells);
        free(table);
        return NULL;
}

int table_add(Table *table, const char *const cells[]) {
        size_t at = table->n_rows * table->n_columns;
        char **grown = reallocarray(table->cells, at + table->n_columns, sizeof(*grown));

        if (!grown)
                return -ENOMEM;
        table->cells = grown;

        for (size_t i = 0; i < table->n_columns; i++) {
                char *cell = text_safe(*cells[i] ? cells[i] : "-");

                if (!cell) {
                        while (i-- > 0)
                                free(grown[at + i]);
                        return -ENOMEM;
                }
                grown[at + i] = cell;
                if (text_width(cell) > table->widths[i])
                        table->widths[i] = text_width(cell);
        }
        table->n_rows++;
        return 0;
}

void table_print(const Table *table) {
        for (size_t row = 0; row < table->n_rows; row++)
                for (size_t i = 0; i < table->n_columns; i++) {
                        const char *cell = table->cells[row * table->n_columns + i];
                        bool last = i == table->n_columns - 1;

                        printf("%s%*s%s", cell,
                               last ? 0 : (int) (table->widths[i] - text_width(cell)), "",
                               last ? "\n" : "  ");
                }
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
