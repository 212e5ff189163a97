/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Text for people */

#include <stddef.h>
#include <stdint.h>

/* Columns of a table, at most. */
#define TABLE_COLUMNS 8

typedef struct Table Table;

/* headers: n of them, at most TABLE_COLUMNS. Returns NULL without memory. */
Table *table_new(const char *const headers[], size_t n);
Table *table_free(Table *table);

/* Adds a row of n cells, which are copied, made safe by text_safe(); "" is shown as "-". Returns 0
 * or -ENOMEM. */
int table_add(Table *table, const char *const cells[]);

/* Writes the table to stdout, columns as wide as they need to be. */
void table_print(const Table *table);

/*
 * Copies text without what could harm a terminal: control characters and what is not UTF-8 become
 * "\xHH". Returns a new string, or NULL without memory.
 */
char *text_safe(const char *text);

/* Long enough for any age, NUL included. */
#define TEXT_AGE_SIZE 16

/* Writes an age as "42s", "7m", "3h" or "12d". Returns buffer. */
const char *text_age(uint64_t sec, char buffer[static TEXT_AGE_SIZE]);
