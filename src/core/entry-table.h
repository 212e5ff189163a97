/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A sorted array of entries */

#include <stdbool.h>
#include <stddef.h>

#include "core/entry.h"

/* Owns its entries, at most LIMIT_ENTRIES, in the order of endpoint_compare_identity(). Embedded by
 * value. */
typedef struct EntryTable {
        Entry **entries;
        size_t n_entries;
        size_t n_allocated;
} EntryTable;

#define ENTRY_TABLE_NULL                                                                           \
        { .entries = NULL }

enum {
        _ENTRY_TABLE_E_SUCCESS,

        ENTRY_TABLE_E_LIMIT,
};

void entry_table_done(EntryTable *table);

/* The position of the first entry whose identity is not before key, n_entries if there is none. */
size_t entry_table_lower_bound(const EntryTable *table, const Endpoint *key);

/* The position of the first entry whose identity is behind key. */
size_t entry_table_upper_bound(const EntryTable *table, const Endpoint *key);

/* The position where the entries of a node begin, if it has any. */
size_t entry_table_lower_bound_node(const EntryTable *table, const char *node);

/* Whether there is an entry of this node at this position. */
bool entry_table_is_node(const EntryTable *table, size_t at, const char *node);

/*
 * Finds the entry of an endpoint, or makes an empty one. When the table is full, stale entries make
 * room. Returns 0, ENTRY_TABLE_E_LIMIT or -ENOMEM.
 */
int entry_table_get(EntryTable *table, const Endpoint *endpoint, Entry **ret);

/* Frees an entry that is in the table. */
void entry_table_remove(EntryTable *table, Entry *entry);

/* How many hosts the nodes that are up run on; 0 without memory. */
size_t entry_table_count_hosts(const EntryTable *table);
