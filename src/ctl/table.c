/* SPDX-License-Identifier: Apache-2.0 */
/* Tables for people, which scripts may read too */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/table.h"
#include "ctl/text.h"

/* No column is cut below this; every header fits. */
#define WIDTH_MIN 8

struct Table {
        size_t n_columns;
        size_t widths[TABLE_COLUMNS];
        char **cells; /* row after row, the headers first */
        size_t n_rows;
};

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
        char **grown = table->cells;

        /* Twice the room whenever the number of rows is a power of two: it is full then. */
        if ((table->n_rows & (table->n_rows - 1)) == 0) {
                size_t room = table->n_rows > 0 ? 2 * table->n_rows : 1;

                grown = reallocarray(table->cells, room * table->n_columns, sizeof(*grown));
                if (!grown)
                        return -ENOMEM;
                table->cells = grown;
        }

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

void table_fit(size_t widths[], size_t n, size_t total) {
        for (;;) {
                size_t sum = 2 * (n - 1) + widths[n - 1], widest = 0;

                for (size_t i = 0; i + 1 < n; i++) {
                        sum += widths[i];
                        if (widths[i] > widths[widest])
                                widest = i;
                }
                /* The last column has what must not be overlooked, such as CONFLICT. */
                if (widths[widest] <= WIDTH_MIN)
                        widest = n - 1;
                if (sum <= total || widths[widest] <= WIDTH_MIN)
                        return;
                widths[widest]--;
        }
}

static void print_cell(const char *cell, size_t width, bool last) {
        size_t length = text_width(cell);

        if (length > width)
                printf("%.*s…", (int) text_offset(cell, width - 1), cell);
        else
                printf("%s%*s", cell, last ? 0 : (int) (width - length), "");
        printf("%s", last ? "\n" : "  ");
}

void table_print(const Table *table, const TableStyle *style) {
        size_t widths[TABLE_COLUMNS];

        memcpy(widths, table->widths, sizeof(widths));
        if (style->width > 0)
                table_fit(widths, table->n_columns, style->width);

        for (size_t row = style->legend ? 0 : 1; row < table->n_rows; row++) {
                bool bold = row == 0 && style->colour;

                printf("%s", bold ? TEXT_BOLD : "");
                for (size_t i = 0; i < table->n_columns; i++)
                        print_cell(table->cells[row * table->n_columns + i], widths[i],
                                   i == table->n_columns - 1);
                printf("%s", bold ? TEXT_PLAIN : "");
        }
}
