/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the directory */

#include <string.h>

#include "core/directory-state.h"

/* The first entry from position at on that is up or stale. */
static bool next_shown(const Directory *directory, size_t at, uint64_t now_usec, NodeInfo *ret) {
        for (; at < directory->table.n_entries; at++)
                if (directory->table.entries[at]->state != ENTRY_HIDDEN) {
                        *ret = entry_told(directory->table.entries[at], now_usec);
                        return true;
                }
        return false;
}

bool directory_next(const Directory *directory, const Endpoint *after, uint64_t now_usec,
                    NodeInfo *ret) {
        return next_shown(directory, after ? entry_table_upper_bound(&directory->table, after) : 0,
                          now_usec, ret);
}

bool directory_next_of_node(const Directory *directory, const char *node, const Endpoint *after,
                            uint64_t now_usec, NodeInfo *ret) {
        size_t at = after ? entry_table_upper_bound(&directory->table, after)
                          : entry_table_lower_bound_node(&directory->table, node);

        return next_shown(directory, at, now_usec, ret) && strcmp(ret->endpoint.node, node) == 0;
}

void directory_get_stats(const Directory *directory, DirectoryStats *ret) {
        const char *node = "", *local = "", *conflict = "";
        DirectoryStats stats = { .sightings = directory->n_sightings,
                                 .hosts = entry_table_count_hosts(&directory->table) };

        /* The endpoints of one node stand together. */
        for (size_t i = 0; i < directory->table.n_entries; i++) {
                const Entry *entry = directory->table.entries[i];
                const char *name = entry->info.endpoint.node;

                stats.stale += entry->state == ENTRY_STALE;
                stats.announceable += entry_is_advertised(entry);
                if (entry->state != ENTRY_UP)
                        continue;
                stats.unheard += entry->info.source == SOURCE_PEER;
                if (strcmp(node, name) != 0)
                        stats.nodes++;
                node = name;
                if (entry->info.source == SOURCE_LOCAL && strcmp(local, name) != 0) {
                        stats.local++;
                        local = name;
                }
                if (entry->info.conflict && strcmp(conflict, name) != 0) {
                        stats.conflicts++;
                        conflict = name;
                }
        }
        /* Each of them has one sighting. */
        stats.sightings -= stats.unheard;
        memcpy(stats.ignored, directory->ignored, sizeof(stats.ignored));
        *ret = stats;
}
