/* SPDX-License-Identifier: Apache-2.0 */
/* Sightings in the directory: adverts that come, change and go */

#include "core/directory-state.h"

/* Finds the entry that has a sighting. Linear: sightings go seldom, and the whole takes
 * microseconds. */
static Entry *find_sighting(const Directory *directory, const SightingId *id, size_t *ret_at) {
        for (size_t i = 0; i < directory->table.n_entries; i++) {
                const Entry *entry = directory->table.entries[i];

                for (size_t j = 0; j < entry->n_sightings; j++)
                        if (sighting_id_equal(&entry->sightings[j].sighting.id, id)) {
                                *ret_at = i;
                                return directory->table.entries[i];
                        }
        }
        return NULL;
}

static void remove_sighting(Directory *directory, Entry *entry, const SightingId *id, Reason reason,
                            uint64_t now_usec) {
        (void) entry_remove_sighting(entry, id);
        directory->n_sightings--;
        directory_refresh(directory, entry, reason, now_usec);
}

int directory_add_sighting(Directory *directory, const Sighting *sighting, uint64_t now_usec) {
        Entry *entry, *old;
        size_t at;
        int r;

        /* An advert of others may change its mind about who it is. */
        old = find_sighting(directory, &sighting->id, &at);
        if (old && endpoint_compare_identity(&old->info.endpoint, &sighting->endpoint) != 0) {
                remove_sighting(directory, old, &sighting->id, REASON_GOODBYE, now_usec);
                old = NULL;
        }

        if (!old && directory->n_sightings >= LIMIT_SIGHTINGS)
                r = ENTRY_TABLE_E_LIMIT;
        else
                r = entry_table_get(&directory->table, &sighting->endpoint, &entry);
        if (r == ENTRY_TABLE_E_LIMIT) {
                directory_count_ignored(directory, IGNORED_LIMIT, 1);
                return DIRECTORY_E_LIMIT;
        }
        if (r < 0)
                return r;

        r = entry_add_sighting(entry, sighting, now_usec);
        if (r > 0)
                directory->n_sightings++;
        /* If it is down now, its host has taken away the address that was of use. */
        directory_refresh(directory, entry, REASON_GOODBYE, now_usec);
        return r < 0 ? r : 0;
}

void directory_remove_sighting(Directory *directory, const SightingId *id, Reason reason,
                               uint64_t now_usec) {
        size_t at;
        Entry *entry = find_sighting(directory, id, &at);

        if (!entry)
                return;
        if (reason == REASON_GOODBYE)
                entry_claims_doubt(entry, id, now_usec, now_usec + directory->ttl_usec);
        /* Its host knows better than whoever is connected to it. */
        if (reason == REASON_GOODBYE && id->source != SOURCE_PEER)
                directory->n_sightings -= entry_sweep_source(entry, SOURCE_PEER, ENTRY_UNMARKED);
        remove_sighting(directory, entry, id, reason, now_usec);
}

void directory_mark_source(Directory *directory, Source source, uint64_t now_usec) {
        for (size_t i = 0; i < directory->table.n_entries; i++)
                entry_mark_source(directory->table.entries[i], source, now_usec);
}

uint64_t directory_sweep_source(Directory *directory, Source source, uint64_t until_usec,
                                uint64_t now_usec) {
        uint64_t next = UINT64_MAX;

        for (size_t i = 0; i < directory->table.n_entries;) {
                Entry *entry = directory->table.entries[i];
                size_t n = entry_sweep_source(entry, source, until_usec);
                uint64_t first = entry_first_mark(entry, source);

                if (first < next)
                        next = first;

                if (n > 0) {
                        directory->n_sightings -= n;
                        directory_refresh(directory, entry, REASON_LOST, now_usec);
                }
                if (i < directory->table.n_entries && directory->table.entries[i] == entry)
                        i++;
        }
        return next;
}

void directory_remove_source(Directory *directory, Source source, uint64_t now_usec) {
        (void) directory_sweep_source(directory, source, ENTRY_UNMARKED, now_usec);
}

void directory_count_ignored(Directory *directory, Ignored why, uint64_t n) {
        directory->ignored[why] += n;
}
