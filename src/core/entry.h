/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* All that the directory knows of one endpoint, and what follows from it */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/node-info.h"
#include "core/sighting.h"

typedef enum EntryState {
        ENTRY_HIDDEN, /* nothing that anybody could connect to */
        ENTRY_UP,
        ENTRY_STALE, /* gone from the LAN, still answered */
} EntryState;

typedef struct Registration {
        uint64_t owner; /* 0: not registered */
        bool bound;     /* listens on this address only */
        Address address;
        uint64_t since_usec;
} Registration;

#define ENTRY_UNMARKED UINT64_MAX

typedef struct EntrySighting {
        Sighting sighting;
        uint64_t first_usec;   /* when this instance was first seen */
        uint64_t claimed_usec; /* since when its host claims the endpoint */
        uint64_t marked_usec; /* since when it waits to be confirmed; ENTRY_UNMARKED: it does not */
        /* In doubt from then and until then; 0: it is not. */
        uint64_t hidden_from_usec, hidden_until_usec;
} EntrySighting;

typedef struct Entry {
        NodeInfo info; /* what is told; its endpoint's identity is the key */
        EntryState state;
        bool advertised;           /* what was told last: to be seen on the LAN */
        bool was_registered;       /* what was told last: registered */
        uint64_t up_usec;          /* when it came up */
        uint64_t stale_until_usec; /* ENTRY_STALE: when it is forgotten */
        uint64_t due_usec;         /* when time alone may change what is told */

        Registration registration;
        Endpoint registered;      /* the endpoint as registered */
        EntrySighting *sightings; /* in the order of arrival */
        size_t n_sightings;
} Entry;

Entry *entry_free(Entry *entry);
DEFINE_CLEANUP(Entry, entry_free);

/* Adds a sighting, or replaces the one with the same id, which takes its mark away. No sighting of
 * this instance is in doubt any more. Returns 1 if it is new, 0 if it replaced one, or -ENOMEM. */
int entry_add_sighting(Entry *entry, const Sighting *sighting, uint64_t now_usec);

/* Removes a sighting. Returns whether there was one with this id. */
bool entry_remove_sighting(Entry *entry, const SightingId *id);

/* Marks the sightings of a source that are not marked yet. */
void entry_mark_source(Entry *entry, Source source, uint64_t now_usec);

/* When the first mark was set of those that the sightings of a source bear, ENTRY_UNMARKED if they
 * bear none. */
uint64_t entry_first_mark(const Entry *entry, Source source);

/* Removes the sightings of a source that were marked until a time; with ENTRY_UNMARKED all of them.
 * Returns how many those were. */
size_t entry_sweep_source(Entry *entry, Source source, uint64_t until_usec);

/* Whether it is registered, or a source other than SOURCE_PEER has an address of use for it. */
bool entry_is_heard(const Entry *entry, uint64_t now_usec);

/*
 * Works out what is to be told of the entry: the registration before all others, then the advert
 * that holds of those with an address that OTP can use. host is this host's mDNS name, for
 * registrations. Returns whether there is anything to tell; *ret is set only then.
 */
bool entry_compute(const Entry *entry, const char *host, uint64_t now_usec, NodeInfo *ret);

/* What is told of the entry now. */
NodeInfo entry_told(const Entry *entry, uint64_t now_usec);

/* Whether it is registered and to be seen on the LAN. */
bool entry_is_advertised(const Entry *entry);

/* --- Claims: which of several adverts holds (entry-claims.c) --- */

/*
 * Of hosts that claim one endpoint the elder holds, of one host its newest advert: that of a node
 * that has restarted. A conflict is told when both claims have lasted: while a host is renamed or a
 * node moves, the old advert and the new one overlap.
 */

/* A sighting of an entry that is new, or has another host now, joins the claim of its host, if
 * there is one. */
void entry_claims_join(const Entry *entry, EntrySighting *sighting);

/*
 * Hides what a goodbye seems to end as well, until until_usec: the same instance on the same
 * interface over the other IP version, and other instances of that host that are not younger.
 */
void entry_claims_doubt(Entry *entry, const SightingId *goodbye, uint64_t now_usec,
                        uint64_t until_usec);

/* No sighting of this instance is in doubt any more. */
void entry_claims_confirm(Entry *entry, const SightingId *id);

bool entry_claims_is_hidden(const EntrySighting *sighting, uint64_t now_usec);

/* Whether of two adverts, neither of them hidden, the first one holds. */
bool entry_claims_is_before(const EntrySighting *a, const EntrySighting *b);

/* Whether a sighting is in conflict with a claim of this host that began at since_usec. */
bool entry_claims_conflict(const EntrySighting *sighting, const char *host, uint64_t since_usec,
                           uint64_t now_usec);

/* When time alone may next change what holds, or is a conflict; UINT64_MAX: never. */
uint64_t entry_claims_due(const Entry *entry, uint64_t now_usec);
