/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All nodes that are known
 *
 * A sorted array of entries, one for each endpoint. Every change of a fact ends in refresh(), which
 * computes what is to be told of the entry, compares it with what was told last, and tells the
 * observers the difference. So an event is never forgotten and never told twice, however facts come
 * and go.
 */

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/directory.h"
#include "core/entry-table.h"

#define USEC_PER_SEC UINT64_C(1000000)

/*
 * What a host announced earlier than this, before we hear of its goodbye, it announced before it
 * said so: the record lives on for 1 s (RFC 6762 section 10.1), and we hear of its end a little
 * later. A new advert of a node that restarts quickly is younger.
 */
#define GOODBYE_USEC (2 * USEC_PER_SEC)

struct Directory {
        EntryTable table;
        size_t n_sightings;
        uint64_t ignored[_IGNORED_MAX];
        char host[LIMIT_HOST + 1];

        struct {
                DirectoryObserver observer;
                void *userdata;
        } observers[LIMIT_OBSERVERS];
        size_t n_observers;
};

int directory_new(Directory **ret) {
        Directory *directory = calloc(1, sizeof(*directory));

        if (!directory)
                return -ENOMEM;
        *ret = directory;
        return 0;
}

Directory *directory_free(Directory *directory) {
        if (!directory)
                return NULL;

        entry_table_done(&directory->table);
        free(directory);
        return NULL;
}

void directory_observe(Directory *directory, DirectoryObserver observer, void *userdata) {
        assert(directory->n_observers < LIMIT_OBSERVERS);
        directory->observers[directory->n_observers].observer = observer;
        directory->observers[directory->n_observers++].userdata = userdata;
}

static NodeInfo entry_info(const Entry *entry, uint64_t now_usec) {
        NodeInfo info = entry->info;
        uint64_t age = (now_usec - entry->up_usec) / USEC_PER_SEC;

        info.age_sec = age < UINT32_MAX ? (uint32_t) age : UINT32_MAX;
        info.stale = entry->state == ENTRY_STALE;
        return info;
}

/* A node that listens on a loopback address can't be reached from the LAN. */
static bool is_advertised(const Entry *entry) {
        return entry->registration.owner &&
               !(entry->registration.bound && address_is_loopback(&entry->registration.address));
}

static void notify(Directory *directory, Entry *entry, EventKind kind, Reason reason,
                   uint64_t now_usec) {
        NodeInfo info = entry_info(entry, now_usec);
        DirectoryEvent event = {
                .kind = kind,
                .reason = reason,
                .info = &info,
                .advertise = is_advertised(entry),
                .was_advertised = entry->advertised,
                .registered = entry->registration.owner != 0,
                .was_registered = entry->was_registered,
                .bound = entry->registration.bound ? &entry->registration.address : NULL,
        };

        info.stale = false;
        entry->advertised = event.advertise;
        entry->was_registered = event.registered;
        for (size_t i = 0; i < directory->n_observers; i++)
                directory->observers[i].observer(directory->observers[i].userdata, &event);
}

/* Nothing is left to tell. */
static void take_down(Directory *directory, Entry *entry, Reason reason, uint64_t now_usec) {
        if (entry->info.source != SOURCE_LOCAL) {
                entry->state = ENTRY_STALE;
                entry->stale_until_usec = now_usec + LIMIT_STALE_SEC * USEC_PER_SEC;
        } else
                /* Whoever ended the registration was the node itself. */
                entry->state = ENTRY_HIDDEN;
        notify(directory, entry, EVENT_DOWN, reason, now_usec);
}

/* Whether the told endpoint now comes from somewhere else. */
static bool is_replaced(const NodeInfo *old, const NodeInfo *new) {
        return old->source != new->source ||
               (new->source != SOURCE_LOCAL &&
                (old->endpoint.port != new->endpoint.port || strcmp(old->host, new->host) != 0));
}

/* Tells the observers what has become of an entry; why, if it is down. The entry may be gone
 * afterwards. */
static void refresh(Directory *directory, Entry *entry, Reason why_down, uint64_t now_usec) {
        NodeInfo info;

        if (!entry_compute(entry, directory->host, &info)) {
                if (entry->state == ENTRY_UP)
                        take_down(directory, entry, why_down, now_usec);
                if (entry->state == ENTRY_HIDDEN && entry->n_sightings == 0)
                        entry_table_remove(&directory->table, entry);
                return;
        }

        if (entry->state != ENTRY_UP) {
                entry->state = ENTRY_UP;
                entry->up_usec = now_usec;
                entry->info = info;
                notify(directory, entry, EVENT_UP,
                       info.source == SOURCE_LOCAL ? REASON_REGISTERED : REASON_SEEN, now_usec);
        } else if (!node_info_equal(&entry->info, &info) ||
                   entry->advertised != is_advertised(entry)) {
                bool replaced = is_replaced(&entry->info, &info);

                if (replaced)
                        entry->up_usec = now_usec;
                entry->info = info;
                notify(directory, entry, EVENT_CHANGED,
                       replaced                      ? REASON_REPLACED
                       : info.source == SOURCE_LOCAL ? REASON_REGISTERED
                                                     : REASON_SEEN,
                       now_usec);
        }
}

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
        Entry *entry;
        int r;

        assert(owner != 0);
        if (holder != 0 && holder != owner)
                return DIRECTORY_E_DUPLICATE;

        r = entry_table_get(&directory->table, endpoint, &entry);
        if (r != 0)
                return r == ENTRY_TABLE_E_LIMIT ? DIRECTORY_E_LIMIT : r;

        entry->registered = *endpoint;
        entry->registration = (Registration){ .owner = owner };
        if (address) {
                entry->registration.bound = true;
                entry->registration.address = *address;
        }
        refresh(directory, entry, REASON_UNREGISTERED, now_usec);
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
                        refresh(directory, entry, REASON_UNREGISTERED, now_usec);
                }
                /* refresh() may have removed the entry; the next one then stands in its place. */
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
                        refresh(directory, directory->table.entries[i], REASON_REGISTERED,
                                now_usec);
}

const char *directory_host(const Directory *directory) {
        return directory->host;
}

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
        refresh(directory, entry, reason, now_usec);
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
        refresh(directory, entry, REASON_GOODBYE, now_usec);
        return r < 0 ? r : 0;
}

void directory_remove_sighting(Directory *directory, const SightingId *id, Reason reason,
                               uint64_t now_usec) {
        size_t at;
        Entry *entry = find_sighting(directory, id, &at);

        if (!entry)
                return;
        /* A host has one advert of an endpoint at a time. Others of its own are what it could say
         * no goodbye to: avahi-daemon was killed, and they would keep the node up. */
        if (reason == REASON_GOODBYE && now_usec > GOODBYE_USEC)
                directory->n_sightings -=
                        entry_remove_left_behind(entry, id, now_usec - GOODBYE_USEC);
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
                        refresh(directory, entry, REASON_LOST, now_usec);
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

uint64_t directory_expire(Directory *directory, uint64_t now_usec) {
        uint64_t next = UINT64_MAX;

        for (size_t i = directory->table.n_entries; i-- > 0;) {
                Entry *entry = directory->table.entries[i];

                if (entry->state != ENTRY_STALE)
                        continue;
                if (entry->stale_until_usec > now_usec) {
                        if (entry->stale_until_usec < next)
                                next = entry->stale_until_usec;
                        continue;
                }
                /* Sightings without an address of use may still be there, and get one later. */
                entry->state = ENTRY_HIDDEN;
                if (entry->n_sightings == 0)
                        entry_table_remove(&directory->table, entry);
        }
        return next;
}

/* The first entry from position at on that is up or stale. */
static bool next_shown(const Directory *directory, size_t at, uint64_t now_usec, NodeInfo *ret) {
        for (; at < directory->table.n_entries; at++)
                if (directory->table.entries[at]->state != ENTRY_HIDDEN) {
                        *ret = entry_info(directory->table.entries[at], now_usec);
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
                stats.announceable += is_advertised(entry);
                if (entry->state != ENTRY_UP)
                        continue;
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
        memcpy(stats.ignored, directory->ignored, sizeof(stats.ignored));
        *ret = stats;
}
