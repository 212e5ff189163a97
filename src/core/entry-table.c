/* SPDX-License-Identifier: Apache-2.0 */
/* A sorted array of entries */

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/entry-table.h"

void entry_table_done(EntryTable *table) {
        for (size_t i = 0; i < table->n_entries; i++)
                entry_free(table->entries[i]);
        free(table->entries);
        *table = (EntryTable) ENTRY_TABLE_NULL;
}

size_t entry_table_lower_bound(const EntryTable *table, const Endpoint *key) {
        size_t low = 0, high = table->n_entries;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (endpoint_compare_identity(&table->entries[middle]->info.endpoint, key) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

static bool is_at(const EntryTable *table, size_t at, const Endpoint *key) {
        return at < table->n_entries &&
               endpoint_compare_identity(&table->entries[at]->info.endpoint, key) == 0;
}

size_t entry_table_upper_bound(const EntryTable *table, const Endpoint *key) {
        size_t at = entry_table_lower_bound(table, key);

        return is_at(table, at, key) ? at + 1 : at;
}

size_t entry_table_lower_bound_node(const EntryTable *table, const char *node) {
        Endpoint key = {}; /* the lowest protocol and family */

        strcpy(key.node, node);
        return entry_table_lower_bound(table, &key);
}

bool entry_table_is_node(const EntryTable *table, size_t at, const char *node) {
        return at < table->n_entries && strcmp(table->entries[at]->info.endpoint.node, node) == 0;
}

static void remove_at(EntryTable *table, size_t at) {
        entry_free(table->entries[at]);
        table->n_entries--;
        memmove(table->entries + at, table->entries + at + 1,
                (table->n_entries - at) * sizeof(*table->entries));
}

/* Makes room by forgetting what is stale: the living come first. */
static void drop_stale(EntryTable *table) {
        for (size_t i = table->n_entries; i-- > 0;)
                if (table->entries[i]->state == ENTRY_STALE && table->entries[i]->n_sightings == 0)
                        remove_at(table, i);
}

static int reserve(EntryTable *table) {
        size_t n = table->n_allocated ? table->n_allocated * 2 : 16;
        Entry **grown;

        if (table->n_entries < table->n_allocated)
                return 0;
        grown = reallocarray(table->entries, n, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        table->entries = grown;
        table->n_allocated = n;
        return 0;
}

int entry_table_get(EntryTable *table, const Endpoint *endpoint, Entry **ret) {
        size_t at = entry_table_lower_bound(table, endpoint);
        Entry *entry;
        int r;

        if (is_at(table, at, endpoint)) {
                *ret = table->entries[at];
                return 0;
        }

        if (table->n_entries >= LIMIT_ENTRIES) {
                drop_stale(table);
                if (table->n_entries >= LIMIT_ENTRIES)
                        return ENTRY_TABLE_E_LIMIT;
                at = entry_table_lower_bound(table, endpoint);
        }

        r = reserve(table);
        if (r < 0)
                return r;
        entry = calloc(1, sizeof(*entry));
        if (!entry)
                return -ENOMEM;
        entry->info.endpoint = *endpoint;

        memmove(table->entries + at + 1, table->entries + at,
                (table->n_entries - at) * sizeof(*table->entries));
        table->entries[at] = entry;
        table->n_entries++;
        *ret = entry;
        return 0;
}

void entry_table_remove(EntryTable *table, Entry *entry) {
        size_t at = entry_table_lower_bound(table, &entry->info.endpoint);

        assert(at < table->n_entries && table->entries[at] == entry);
        remove_at(table, at);
}

/* The host that an endpoint runs on: its mDNS name, or what its node calls itself. */
static const char *info_host(const NodeInfo *info) {
        return *info->host ? info->host : node_name_host(info->endpoint.node);
}

static int compare_hosts(const void *a, const void *b) {
        return strcasecmp(*(const char *const *) a, *(const char *const *) b);
}

size_t entry_table_count_hosts(const EntryTable *table) {
        const char **hosts = calloc(table->n_entries + 1, sizeof(*hosts));
        size_t n = 0, distinct = 0;

        if (!hosts)
                return 0;

        for (size_t i = 0; i < table->n_entries; i++)
                if (table->entries[i]->state == ENTRY_UP)
                        hosts[n++] = info_host(&table->entries[i]->info);
        qsort(hosts, n, sizeof(*hosts), compare_hosts);
        for (size_t i = 0; i < n; i++)
                distinct += i == 0 || strcasecmp(hosts[i - 1], hosts[i]) != 0;

        free(hosts);
        return distinct;
}
