/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How soon an endpoint may be announced again
 *
 * Whoever changes an endpoint in a loop, or registers it and drops it, would make each change a
 * packet to all hosts. So what was announced of late is remembered, also when it has been withdrawn
 * meanwhile, in a ring: if that is full the oldest is forgotten.
 */

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "core/limits.h"
#include "daemon/avahi/announce-pace.h"

#define INTERVAL_USEC (LIMIT_ANNOUNCE_SEC * UINT64_C(1000000))

struct AnnouncePace {
        struct {
                Endpoint endpoint;
                uint64_t usec;
        } ring[LIMIT_ANNOUNCED];
        size_t n; /* noted so far, those forgotten included */
};

int announce_pace_new(AnnouncePace **ret) {
        AnnouncePace *pace = calloc(1, sizeof(*pace));

        if (!pace)
                return -ENOMEM;
        *ret = pace;
        return 0;
}

AnnouncePace *announce_pace_free(AnnouncePace *pace) {
        free(pace);
        return NULL;
}

uint64_t announce_pace_next(const AnnouncePace *pace, const Endpoint *endpoint, uint64_t now) {
        /* The newest come first. */
        for (size_t i = pace->n; i > 0 && i + LIMIT_ANNOUNCED > pace->n; i--) {
                size_t at = (i - 1) % LIMIT_ANNOUNCED;
                uint64_t next = pace->ring[at].usec + INTERVAL_USEC;

                if (next <= now)
                        break;
                if (endpoint_compare_identity(&pace->ring[at].endpoint, endpoint) == 0)
                        return next;
        }
        return now;
}

void announce_pace_note(AnnouncePace *pace, const Endpoint *endpoint, uint64_t now) {
        size_t at = pace->n++ % LIMIT_ANNOUNCED;

        pace->ring[at].endpoint = *endpoint;
        pace->ring[at].usec = now;
}
