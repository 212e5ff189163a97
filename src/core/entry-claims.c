/* SPDX-License-Identifier: Apache-2.0 */
/* Which of several adverts of one endpoint holds */

#include <string.h>
#include <strings.h>

#include "core/entry.h"

#define USEC_PER_SEC UINT64_C(1000000)

/*
 * What a host announced earlier than this, before we hear of its goodbye, it announced before it
 * said so: the record lives on for 1 s (RFC 6762 section 10.1), and we hear of its end a little
 * later. The same tells apart adverts that came one after the other from those that were listed in
 * one go, in any order.
 */
#define GOODBYE_USEC (2 * USEC_PER_SEC)

/*
 * A node that restarts within a second says goodbye and is announced anew. When the old records
 * end, the new ones arrive at about the same time, over both IP versions: what is heard over one of
 * them may be all that has come so far.
 */
#define GRACE_USEC (USEC_PER_SEC / 20)

/* The advert of a node that has moved, and those of a host that has another name now, are gone by
 * then. */
#define LASTING_USEC (3 * USEC_PER_SEC)

static EntrySighting *find_sighting(const Entry *entry, const SightingId *id) {
        for (size_t i = 0; i < entry->n_sightings; i++)
                if (sighting_id_equal(&entry->sightings[i].sighting.id, id))
                        return &entry->sightings[i];
        return NULL;
}

static bool is_instance(const EntrySighting *sighting, const SightingId *id) {
        return sighting->sighting.id.source == id->source &&
               strcmp(sighting->sighting.id.instance, id->instance) == 0;
}

static bool is_claim(const EntrySighting *sighting, const EntrySighting *other) {
        return sighting->sighting.id.source == other->sighting.id.source &&
               host_name_equal(sighting->sighting.host, other->sighting.host);
}

void entry_claims_join(const Entry *entry, EntrySighting *sighting) {
        for (size_t i = 0; i < entry->n_sightings; i++)
                if (&entry->sightings[i] != sighting && is_claim(&entry->sightings[i], sighting)) {
                        sighting->claimed_usec = entry->sightings[i].claimed_usec;
                        return;
                }
}

/*
 * A host has one advert of an endpoint at a time. Older ones are what it could say no goodbye to,
 * because avahi-daemon was killed: they would keep the node up until they expire. A younger one is
 * that of a node that has restarted, however late we hear of the goodbye.
 */
static bool is_left_behind(const EntrySighting *other, const EntrySighting *said,
                           uint64_t now_usec) {
        return is_claim(other, said) && other->first_usec <= said->first_usec + GOODBYE_USEC &&
               other->first_usec + GOODBYE_USEC < now_usec;
}

void entry_claims_doubt(Entry *entry, const SightingId *goodbye, uint64_t now_usec,
                        uint64_t until_usec) {
        const EntrySighting *said = find_sighting(entry, goodbye);

        for (size_t i = 0; said && i < entry->n_sightings; i++) {
                EntrySighting *other = &entry->sightings[i];

                if (other == said)
                        continue;
                /* On one link its host says goodbye over both IP versions, by two packets: either
                 * may be lost. On another link it may be the link that has gone. */
                if (is_instance(other, goodbye) ? other->sighting.id.interface == goodbye->interface : is_left_behind(other, said, now_usec)) {
                        uint64_t from_usec =
                                now_usec + (is_instance(other, goodbye) ? GRACE_USEC : 0);

                        if (!entry_claims_is_hidden(other, now_usec))
                                other->hidden_from_usec = from_usec;
                        other->hidden_until_usec = until_usec;
                }
        }
}

void entry_claims_confirm(Entry *entry, const SightingId *id) {
        for (size_t i = 0; i < entry->n_sightings; i++)
                if (is_instance(&entry->sightings[i], id))
                        entry->sightings[i].hidden_from_usec =
                                entry->sightings[i].hidden_until_usec = 0;
}

bool entry_claims_is_hidden(const EntrySighting *sighting, uint64_t now_usec) {
        return sighting->hidden_from_usec <= now_usec && now_usec < sighting->hidden_until_usec;
}

/* Sightings of one claim began together, so that this orders claims. */
static int compare_claims(const EntrySighting *a, const EntrySighting *b) {
        int rank_a = (int) source_info(a->sighting.id.source)->rank,
            rank_b = (int) source_info(b->sighting.id.source)->rank;

        if (rank_a != rank_b)
                return rank_a - rank_b;
        if (host_name_equal(a->sighting.host, b->sighting.host))
                return 0;
        if (a->claimed_usec != b->claimed_usec)
                return a->claimed_usec < b->claimed_usec ? -1 : 1;
        /* Both were listed at once: at least all who list them so agree. */
        return strcasecmp(a->sighting.host, b->sighting.host);
}

bool entry_claims_is_before(const EntrySighting *a, const EntrySighting *b) {
        int r = compare_claims(a, b);

        return r != 0 ? r < 0 : a->first_usec > b->first_usec;
}

static bool has_lasted(uint64_t since_usec, uint64_t now_usec) {
        return since_usec + LASTING_USEC <= now_usec;
}

bool entry_claims_conflict(const EntrySighting *sighting, const char *host, uint64_t since_usec,
                           uint64_t now_usec) {
        return !host_name_equal(sighting->sighting.host, host) &&
               !entry_claims_is_hidden(sighting, now_usec) && has_lasted(since_usec, now_usec) &&
               has_lasted(sighting->claimed_usec, now_usec);
}

/* The earlier of two times, of which the first counts only if it is yet to come. */
static uint64_t earlier(uint64_t usec, uint64_t other_usec, uint64_t now_usec) {
        return usec > now_usec && usec < other_usec ? usec : other_usec;
}

uint64_t entry_claims_due(const Entry *entry, uint64_t now_usec) {
        uint64_t due = UINT64_MAX;

        for (size_t i = 0; i < entry->n_sightings; i++) {
                const EntrySighting *sighting = &entry->sightings[i];

                if (sighting->hidden_from_usec < sighting->hidden_until_usec)
                        due = earlier(sighting->hidden_from_usec, due, now_usec);
                due = earlier(sighting->hidden_until_usec, due, now_usec);
                if (entry->registration.owner || entry->n_sightings > 1)
                        due = earlier(sighting->claimed_usec + LASTING_USEC, due, now_usec);
        }
        if (entry->registration.owner && entry->n_sightings > 0)
                due = earlier(entry->registration.since_usec + LASTING_USEC, due, now_usec);
        return due;
}
