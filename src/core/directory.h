/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* All nodes that are known */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/node-info.h"
#include "core/sighting.h"

/*
 * The directory is the hub of the daemon: adapters write what they learn into it and observe what
 * follows. It does no I/O and has no clock: now is an argument everywhere, in microseconds of a
 * clock that never goes back.
 */
typedef struct Directory Directory;

enum {
        _DIRECTORY_E_SUCCESS,

        DIRECTORY_E_DUPLICATE, /* the node is registered by another owner */
        DIRECTORY_E_LIMIT,
};

/* Why adverts were ignored. */
typedef enum Ignored {
        IGNORED_NAME,
        IGNORED_LOCAL, /* its name means the host itself */
        IGNORED_TXT,
        IGNORED_PORT,
        IGNORED_ADDRESS,
        IGNORED_LIMIT,
        _IGNORED_MAX,
} Ignored;

typedef struct DirectoryEvent {
        EventKind kind; /* EVENT_UP, EVENT_CHANGED or EVENT_DOWN */
        Reason reason;
        const NodeInfo *info; /* valid during the call */
        bool advertise;       /* a registration that is to be seen on the LAN */
        bool was_advertised;  /* the same before the event */
        bool registered;      /* it is registered, on whatever address */
        bool was_registered;  /* the same before the event */
        const Address *bound; /* the only address of a registration; NULL: all */
} DirectoryEvent;

/* Is told of a change after it has happened. It may read the directory, but not change it. */
typedef void (*DirectoryObserver)(void *userdata, const DirectoryEvent *event);

/* Is told that directory_expire() is due earlier than it was. */
typedef void (*DirectoryAlarm)(void *userdata, uint64_t due_usec);

typedef struct DirectoryStats {
        size_t nodes;        /* names that are up */
        size_t hosts;        /* that these nodes run on */
        size_t local;        /* names registered here */
        size_t announceable; /* endpoints registered here that are to be seen on the LAN */
        size_t stale;        /* endpoints */
        size_t unheard;      /* endpoints that SOURCE_PEER alone has */
        size_t sightings;    /* of other sources */
        size_t conflicts;    /* names */
        uint64_t ignored[_IGNORED_MAX];
} DirectoryStats;

int directory_new(Directory **ret);
Directory *directory_free(Directory *directory);
DEFINE_CLEANUP(Directory, directory_free);

/* Adds an observer, at most LIMIT_OBSERVERS. There is no way to remove one: observers live as long
 * as the directory. */
void directory_observe(Directory *directory, DirectoryObserver observer, void *userdata);

/* Sets the one that calls directory_expire(), before any fact is known. */
void directory_set_alarm(Directory *directory, DirectoryAlarm alarm, void *userdata);

/* Sets the TTL of adverts: what nobody announces has gone after it. */
void directory_set_ttl(Directory *directory, uint64_t ttl_usec);

/* --- Local registrations --- */

/*
 * Registers an endpoint for owner, any number but 0. address is what the node is bound to, NULL for
 * all addresses. Registering what is registered already changes nothing; other attributes replace
 * the old ones. Returns 0, DIRECTORY_E_DUPLICATE if another owner holds the node, in any endpoint,
 * DIRECTORY_E_LIMIT, or -ENOMEM.
 */
int directory_register(Directory *directory, uint64_t owner, const Endpoint *endpoint,
                       const Address *address, uint64_t now_usec);

/* The owner that has registered a node, 0 if nobody has. */
uint64_t directory_holder(const Directory *directory, const char *node);

/* Withdraws all endpoints of node that owner has registered. Returns how many there were. */
size_t directory_unregister(Directory *directory, uint64_t owner, const char *node,
                            uint64_t now_usec);

/* Sets the mDNS name of this host, "" (or one that is longer than LIMIT_HOST) for unknown, which
 * registrations are shown with. */
void directory_set_host(Directory *directory, const char *host, uint64_t now_usec);
const char *directory_host(const Directory *directory);

/* --- Sightings --- */

/*
 * Takes a sighting, new or changed. Returns 0, DIRECTORY_E_LIMIT (counted as ignored), or -ENOMEM.
 *
 * Those of SOURCE_PEER only fill gaps: they are dropped as soon as the endpoint is heard or
 * registered here, and with its goodbye. The event tells: from then on it comes from another
 * source, or is down.
 */
int directory_add_sighting(Directory *directory, const Sighting *sighting, uint64_t now_usec);

/*
 * Removes a sighting, if it is known. reason: REASON_GOODBYE, REASON_EXPIRED, or, of SOURCE_PEER,
 * REASON_DISCONNECTED. What a goodbye seems to end as well is hidden, and shown again when it is
 * added again, or after one TTL: the source would have removed it by then.
 */
void directory_remove_sighting(Directory *directory, const SightingId *id, Reason reason,
                               uint64_t now_usec);

/* Removes all sightings of a source that has ended: whatever it reports next begins from nothing.
 */
void directory_remove_source(Directory *directory, Source source, uint64_t now_usec);

/*
 * For a source that lists anew what it sees: marks all its sightings, and removes those that still
 * bear a mark of until_usec or earlier, as REASON_LOST. Adding a sighting again takes its mark
 * away; marking it again leaves the first mark. directory_sweep_source() returns when the first
 * mark was set that is left, or UINT64_MAX.
 */
void directory_mark_source(Directory *directory, Source source, uint64_t now_usec);
uint64_t directory_sweep_source(Directory *directory, Source source, uint64_t until_usec,
                                uint64_t now_usec);

/* Counts adverts that were ignored. */
void directory_count_ignored(Directory *directory, Ignored why, uint64_t n);

/* --- Time --- */

/* Tells what time alone has changed: what has been stale long enough is forgotten, what was hidden
 * is shown, conflicts have lasted. Returns when to call it again, in µs of the same clock, or
 * UINT64_MAX. */
uint64_t directory_expire(Directory *directory, uint64_t now_usec);

/* --- Reading --- */

/*
 * Finds the first entry, up or stale, whose identity comes after *after, in the order of
 * endpoint_compare_identity(); NULL: the first of all. Sets *ret and returns true, or returns false
 * at the end. A walk may be interrupted and go on later, whatever has changed since.
 */
bool directory_next(const Directory *directory, const Endpoint *after, uint64_t now_usec,
                    NodeInfo *ret);

/* As directory_next(), among the endpoints of one node. */
bool directory_next_of_node(const Directory *directory, const char *node, const Endpoint *after,
                            uint64_t now_usec, NodeInfo *ret);

void directory_get_stats(const Directory *directory, DirectoryStats *ret);
