/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All nodes that are known
 *
 * A sorted array of entries, one for each endpoint. Every change of a fact ends in
 * directory_refresh(), which computes what is to be told of the entry, compares it with what was
 * told last, and tells the observers the difference. So an event is never forgotten and never told
 * twice, however facts come and go.
 */

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/directory-state.h"

#define USEC_PER_SEC UINT64_C(1000000)

int directory_new(Directory **ret) {
        Directory *directory = calloc(1, sizeof(*directory));

        if (!directory)
                return -ENOMEM;
        directory->due_usec = UINT64_MAX;
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

void directory_set_alarm(Directory *directory, DirectoryAlarm alarm, void *userdata) {
        directory->alarm = alarm;
        directory->alarm_userdata = userdata;
}

void directory_set_ttl(Directory *directory, uint64_t ttl_usec) {
        directory->ttl_usec = ttl_usec;
}

static void notify(Directory *directory, Entry *entry, EventKind kind, Reason reason,
                   uint64_t now_usec) {
        NodeInfo info = entry_told(entry, now_usec);
        DirectoryEvent event = {
                .kind = kind,
                .reason = reason,
                .info = &info,
                .advertise = entry_is_advertised(entry),
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
        if (source_info(entry->info.source)->lingers) {
                entry->state = ENTRY_STALE;
                entry->stale_until_usec = now_usec + LIMIT_STALE_SEC * USEC_PER_SEC;
        } else
                /* The node itself has ended its registration, or its peer the connection. */
                entry->state = ENTRY_HIDDEN;
        notify(directory, entry, EVENT_DOWN, reason, now_usec);
}

/* Whether the told endpoint is now another one. One that is heard again is the same. */
static bool is_replaced(const NodeInfo *old, const NodeInfo *new) {
        return (old->source == SOURCE_LOCAL) != (new->source == SOURCE_LOCAL) ||
               (new->source != SOURCE_LOCAL &&
                (old->endpoint.port != new->endpoint.port || strcmp(old->host, new->host) != 0));
}

/* Why an endpoint is up that comes from a source. */
static Reason reason_up(Source source) {
        return source == SOURCE_LOCAL ? REASON_REGISTERED
               : source == SOURCE_LAN ? REASON_SEEN
                                      : REASON_CONNECTED;
}

/* Tells the difference to what was told last. */
static void tell_change(Directory *directory, Entry *entry, Reason why_down, uint64_t now_usec) {
        NodeInfo info;

        /* Before it is computed: a report that anybody could have made is no conflict either. */
        if (entry_is_heard(entry, now_usec))
                directory->n_sightings -= entry_sweep_source(entry, SOURCE_PEER, ENTRY_UNMARKED);

        if (!entry_compute(entry, directory->host, now_usec, &info)) {
                if (entry->state == ENTRY_UP)
                        take_down(directory, entry, why_down, now_usec);
                return;
        }

        if (entry->state != ENTRY_UP) {
                entry->state = ENTRY_UP;
                entry->up_usec = now_usec;
                entry->info = info;
                notify(directory, entry, EVENT_UP, reason_up(info.source), now_usec);
        } else if (!node_info_equal(&entry->info, &info) ||
                   entry->advertised != entry_is_advertised(entry)) {
                bool replaced = is_replaced(&entry->info, &info);

                if (replaced)
                        entry->up_usec = now_usec;
                entry->info = info;
                notify(directory, entry, EVENT_CHANGED,
                       replaced ? REASON_REPLACED : reason_up(info.source), now_usec);
        }
}

void directory_refresh(Directory *directory, Entry *entry, Reason why_down, uint64_t now_usec) {
        tell_change(directory, entry, why_down, now_usec);
        if (entry->state == ENTRY_HIDDEN && entry->n_sightings == 0) {
                entry_table_remove(&directory->table, entry);
                return;
        }

        entry->due_usec = entry_claims_due(entry, now_usec);
        if (entry->state == ENTRY_STALE && entry->stale_until_usec < entry->due_usec)
                entry->due_usec = entry->stale_until_usec;
        if (entry->due_usec < directory->due_usec) {
                directory->due_usec = entry->due_usec;
                if (directory->alarm)
                        directory->alarm(directory->alarm_userdata, entry->due_usec);
        }
}

/* Time alone changes an entry. If it goes down by that, what has been put in doubt by a goodbye is
 * hidden now. */
static void expire_entry(Directory *directory, Entry *entry, uint64_t now_usec) {
        /* Sightings without an address of use may still be there, and get one later. */
        if (entry->state == ENTRY_STALE && entry->stale_until_usec <= now_usec)
                entry->state = ENTRY_HIDDEN;
        directory_refresh(directory, entry, REASON_GOODBYE, now_usec);
}

uint64_t directory_expire(Directory *directory, uint64_t now_usec) {
        uint64_t due = UINT64_MAX;

        for (size_t i = 0; i < directory->table.n_entries;) {
                Entry *entry = directory->table.entries[i];

                if (entry->due_usec <= now_usec)
                        expire_entry(directory, entry, now_usec);
                /* It may have gone, and the next one stand in its place. */
                if (i >= directory->table.n_entries || directory->table.entries[i] != entry)
                        continue;
                if (entry->due_usec < due)
                        due = entry->due_usec;
                i++;
        }
        directory->due_usec = due;
        return due;
}
