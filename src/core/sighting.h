/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* An advert as it was seen on one interface over one IP version */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/endpoint.h"
#include "core/source.h"

/* What tells sightings apart. An advert of one instance name is seen once for each interface and IP
 * version (of the mDNS packets, not of the endpoint). What one source reports, another can't
 * withdraw. */
typedef struct SightingId {
        Source source;                  /* who reports it: never SOURCE_LOCAL */
        char instance[LIMIT_LABEL + 1]; /* the instance label, as received */
        int interface;                  /* index, > 0 */
        Family transport;
} SightingId;

/* A plain value, copied freely. */
typedef struct Sighting {
        SightingId id;
        Endpoint endpoint;
        Address address;
        char host[LIMIT_HOST + 1];                /* mDNS host name; "": none that can be shown */
        char interface_name[LIMIT_INTERFACE + 1]; /* "": unknown */
} Sighting;

static inline bool sighting_id_equal(const SightingId *a, const SightingId *b) {
        return a->source == b->source && a->interface == b->interface &&
               a->transport == b->transport && strcmp(a->instance, b->instance) == 0;
}
