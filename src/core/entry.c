/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that the directory knows of one endpoint, and what follows from it
 *
 * Facts come in as a registration and as sightings. What is told of the endpoint is computed anew
 * from them after each change: there is no state that could disagree with them.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/entry.h"
#include "core/line.h"

#define USEC_PER_SEC UINT64_C(1000000)

Entry *entry_free(Entry *entry) {
        if (!entry)
                return NULL;

        free(entry->sightings);
        free(entry);
        return NULL;
}

static EntrySighting *find_sighting(const Entry *entry, const SightingId *id) {
        for (size_t i = 0; i < entry->n_sightings; i++)
                if (sighting_id_equal(&entry->sightings[i].sighting.id, id))
                        return &entry->sightings[i];
        return NULL;
}

int entry_add_sighting(Entry *entry, const Sighting *sighting, uint64_t now_usec) {
        EntrySighting *known = find_sighting(entry, &sighting->id), *grown;
        EntrySighting new = { .sighting = *sighting,
                              .first_usec = now_usec,
                              .claimed_usec = now_usec,
                              .marked_usec = ENTRY_UNMARKED };

        entry_claims_confirm(entry, &sighting->id);
        if (known) {
                /* A host that only has another name now keeps its claim. */
                new.first_usec = known->first_usec;
                new.claimed_usec = known->claimed_usec;
                *known = new;
                entry_claims_join(entry, known);
                return 0;
        }

        /* One advert heard on several interfaces is as old as its first sighting. */
        for (size_t i = 0; i < entry->n_sightings; i++)
                if (entry->sightings[i].sighting.id.source == sighting->id.source &&
                    strcmp(entry->sightings[i].sighting.id.instance, sighting->id.instance) == 0)
                        new.first_usec = entry->sightings[i].first_usec;

        grown = reallocarray(entry->sightings, entry->n_sightings + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        entry->sightings = grown;
        entry->sightings[entry->n_sightings++] = new;
        entry_claims_join(entry, &entry->sightings[entry->n_sightings - 1]);
        return 1;
}

bool entry_remove_sighting(Entry *entry, const SightingId *id) {
        EntrySighting *sighting = find_sighting(entry, id);
        size_t behind;

        if (!sighting)
                return false;
        behind = (size_t) (entry->sightings + entry->n_sightings - (sighting + 1));
        memmove(sighting, sighting + 1, behind * sizeof(*sighting));
        entry->n_sightings--;
        return true;
}

void entry_mark_source(Entry *entry, Source source, uint64_t now_usec) {
        for (size_t i = 0; i < entry->n_sightings; i++)
                if (entry->sightings[i].sighting.id.source == source &&
                    entry->sightings[i].marked_usec == ENTRY_UNMARKED)
                        entry->sightings[i].marked_usec = now_usec;
}

uint64_t entry_first_mark(const Entry *entry, Source source) {
        uint64_t first = ENTRY_UNMARKED;

        for (size_t i = 0; i < entry->n_sightings; i++)
                if (entry->sightings[i].sighting.id.source == source &&
                    entry->sightings[i].marked_usec < first)
                        first = entry->sightings[i].marked_usec;
        return first;
}

size_t entry_sweep_source(Entry *entry, Source source, uint64_t until_usec) {
        size_t n = 0, before = entry->n_sightings;

        for (size_t i = 0; i < before; i++)
                if (entry->sightings[i].sighting.id.source != source ||
                    entry->sightings[i].marked_usec > until_usec)
                        entry->sightings[n++] = entry->sightings[i];
        entry->n_sightings = n;
        return before - n;
}

/*
 * Whether an address can serve an endpoint. A listener on "::" takes IPv4 too, so that an IPv4
 * address is of use to an endpoint of family inet6; not the other way round.
 */
static bool is_usable(const EntrySighting *seen, uint64_t now_usec) {
        const Sighting *sighting = &seen->sighting;

        return !entry_claims_is_hidden(seen, now_usec) &&
               (sighting->endpoint.family == FAMILY_INET6 ||
                sighting->address.family == FAMILY_INET);
}

/* Of several rivals the one that comes first by name is told, whatever order they came in. */
static void add_rival(NodeInfo *info, const char *host) {
        info->conflict = true;
        if (*host && line_encoded_length(info->endpoint.node) <= LIMIT_RIVAL_NODE &&
            (!*info->rival || strcmp(host, info->rival) < 0))
                strcpy(info->rival, host);
}

static void compute_registered(const Entry *entry, const char *host, uint64_t now_usec,
                               NodeInfo *info) {
        info->endpoint = entry->registered;
        info->source = SOURCE_LOCAL;
        info->addresses[0] = entry->registration.bound ? entry->registration.address
                                                       : address_loopback(entry->registered.family);
        info->n_addresses = 1;
        strcpy(info->host, host);

        /* Another host that claims the node. An advert of this very host is an old one of ours on
         * its way out. */
        for (size_t i = 0; i < entry->n_sightings; i++)
                if (entry_claims_conflict(&entry->sightings[i], host,
                                          entry->registration.since_usec, now_usec))
                        add_rival(info, entry->sightings[i].sighting.host);
}

static void add_address(NodeInfo *info, const Address *address) {
        for (size_t i = 0; i < info->n_addresses; i++)
                if (address_equal(&info->addresses[i], address))
                        return;
        if (info->n_addresses < LIMIT_ADDRESSES)
                info->addresses[info->n_addresses++] = *address;
}

/* Appends the interface's name to a list "eth0,wlan0" of at most LIMIT_INTERFACES names. */
static void add_interface(NodeInfo *info, const char *name) {
        size_t used = strlen(info->interfaces), n = used > 0, length = strlen(name);

        if (length == 0)
                return;
        for (const char *p = info->interfaces; *p; n += *p++ == ',')
                if ((p == info->interfaces || p[-1] == ',') && strncmp(p, name, length) == 0 &&
                    (p[length] == ',' || p[length] == '\0'))
                        return;
        if (n >= LIMIT_INTERFACES)
                return;

        if (used > 0)
                info->interfaces[used++] = ',';
        strcpy(info->interfaces + used, name);
}

static void compute_seen(const Entry *entry, const EntrySighting *holds, uint64_t now_usec,
                         NodeInfo *info) {
        const Sighting *best = &holds->sighting;
        Family own = best->endpoint.family;

        info->endpoint = best->endpoint;
        info->source = best->id.source;
        strcpy(info->host, best->host);

        /* The addresses of the endpoint's own family first: OTP takes the first that it can use. */
        for (int pass = 0; pass < 2; pass++)
                for (size_t i = 0; i < entry->n_sightings; i++) {
                        const Sighting *sighting = &entry->sightings[i].sighting;

                        if (sighting->id.source == best->id.source &&
                            strcmp(sighting->id.instance, best->id.instance) == 0 &&
                            is_usable(&entry->sightings[i], now_usec) &&
                            (sighting->address.family == own) == (pass == 0)) {
                                add_address(info, &sighting->address);
                                add_interface(info, sighting->interface_name);
                        }
                }

        for (size_t i = 0; i < entry->n_sightings; i++)
                if (is_usable(&entry->sightings[i], now_usec) &&
                    entry_claims_conflict(&entry->sightings[i], best->host, holds->claimed_usec,
                                          now_usec))
                        add_rival(info, entry->sightings[i].sighting.host);
}

bool entry_is_heard(const Entry *entry, uint64_t now_usec) {
        if (entry->registration.owner)
                return true;
        for (size_t i = 0; i < entry->n_sightings; i++)
                if (entry->sightings[i].sighting.id.source != SOURCE_PEER &&
                    is_usable(&entry->sightings[i], now_usec))
                        return true;
        return false;
}

bool entry_compute(const Entry *entry, const char *host, uint64_t now_usec, NodeInfo *ret) {
        const EntrySighting *best = NULL;
        NodeInfo info = {};

        if (entry->registration.owner) {
                compute_registered(entry, host, now_usec, &info);
                *ret = info;
                return true;
        }

        for (size_t i = 0; i < entry->n_sightings; i++)
                if (is_usable(&entry->sightings[i], now_usec) &&
                    (!best || entry_claims_is_before(&entry->sightings[i], best)))
                        best = &entry->sightings[i];
        if (!best)
                return false;

        compute_seen(entry, best, now_usec, &info);
        *ret = info;
        return true;
}

NodeInfo entry_told(const Entry *entry, uint64_t now_usec) {
        NodeInfo info = entry->info;
        uint64_t age = (now_usec - entry->up_usec) / USEC_PER_SEC;

        info.age_sec = age < UINT32_MAX ? (uint32_t) age : UINT32_MAX;
        info.stale = entry->state == ENTRY_STALE;
        return info;
}

bool entry_is_advertised(const Entry *entry) {
        const Registration *registration = &entry->registration;

        return registration->owner &&
               endpoint_is_announceable(&entry->registered,
                                        registration->bound ? &registration->address : NULL);
}
