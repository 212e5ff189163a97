/* SPDX-License-Identifier: Apache-2.0 */
/* Registrations in the directory */

#include <assert.h>
#include <string.h>

#include "core/directory-state.h"

uint64_t directory_holder(const Directory *directory, const char *node) {
        for (size_t i = entry_table_lower_bound_node(&directory->table, node);
             entry_table_is_node(&directory->table, i, node); i++)
                if (directory->table.entries[i]->registration.owner)
                        return directory->table.entries[i]->registration.owner;
        return 0;
}

int directory_register(Directory *directory, uint64_t owner, const Endpoint *endpoint,
                       const Address *address, uint64_t now_usec) {
        uint64_t holder = directory_holder(directory, endpoint->node);
        uint64_t since;
        Entry *entry;
        int r;

        assert(owner != 0);
        if (holder != 0 && holder != owner)
                return DIRECTORY_E_DUPLICATE;

        r = entry_table_get(&directory->table, endpoint, &entry);
        if (r != 0)
                return r == ENTRY_TABLE_E_LIMIT ? DIRECTORY_E_LIMIT : r;

        since = entry->registration.owner ? entry->registration.since_usec : now_usec;
        entry->registered = *endpoint;
        entry->registration = (Registration){ .owner = owner, .since_usec = since };
        if (address) {
                entry->registration.bound = true;
                entry->registration.address = *address;
        }
        directory_refresh(directory, entry, REASON_UNREGISTERED, now_usec);
        return 0;
}

size_t directory_unregister(Directory *directory, uint64_t owner, const char *node,
                            uint64_t now_usec) {
        size_t n = 0;

        for (size_t i = entry_table_lower_bound_node(&directory->table, node);
             entry_table_is_node(&directory->table, i, node);) {
                Entry *entry = directory->table.entries[i];

                if (entry->registration.owner == owner) {
                        entry->registration = (Registration){};
                        n++;
                        directory_refresh(directory, entry, REASON_UNREGISTERED, now_usec);
                }
                /* directory_refresh() may have removed the entry; the next one then stands in its
                 * place. */
                if (i < directory->table.n_entries && directory->table.entries[i] == entry)
                        i++;
        }
        return n;
}

void directory_set_host(Directory *directory, const char *host, uint64_t now_usec) {
        if (line_encoded_length(host) > LIMIT_HOST)
                host = "";
        if (strcmp(directory->host, host) == 0)
                return;
        strcpy(directory->host, host);

        for (size_t i = 0; i < directory->table.n_entries; i++)
                if (directory->table.entries[i]->registration.owner)
                        directory_refresh(directory, directory->table.entries[i], REASON_REGISTERED,
                                          now_usec);
}

const char *directory_host(const Directory *directory) {
        return directory->host;
}
