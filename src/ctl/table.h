/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Tables for people, which scripts may read too */

#include <stdbool.h>
#include <stddef.h>

#include "util/macro.h"

/* Columns of a table, at most. */
#define TABLE_COLUMNS 8

typedef struct Table Table;

typedef struct TableStyle {
        bool legend;  /* print the headers */
        bool colour;  /* … in bold */
        size_t width; /* of the terminal: wider columns are cut, with "…"; 0: nothing is cut */
} TableStyle;

/* headers: n of them, at most TABLE_COLUMNS. Returns NULL without memory. */
Table *table_new(const char *const headers[], size_t n);
Table *table_free(Table *table);
DEFINE_CLEANUP(Table, table_free);

/* Adds a row of n cells, which are copied, made safe by text_safe(); "" is shown as "-". Returns 0
 * or -ENOMEM. */
int table_add(Table *table, const char *const cells[]);

/* Writes the table to stdout, columns as wide as they need to be. */
void table_print(const Table *table, const TableStyle *style);

/*
 * Makes the widest columns narrower, until n of them with two spaces between them take no more than
 * total columns of the terminal, or none is wider than its header could be. The last one gives way
 * after all others.
 */
void table_fit(size_t widths[], size_t n, size_t total);
