/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How soon an endpoint may be announced again */

#include <stdint.h>

#include "core/endpoint.h"
#include "util/macro.h"

/* Pure: now is an argument, in microseconds of a clock that never goes back. */
typedef struct AnnouncePace AnnouncePace;

/* Returns 0 or -ENOMEM. */
int announce_pace_new(AnnouncePace **ret);
AnnouncePace *announce_pace_free(AnnouncePace *pace);
DEFINE_CLEANUP(AnnouncePace, announce_pace_free);

/* Returns when an endpoint with this identity may be announced: LIMIT_ANNOUNCE_SEC after it was
 * last, or now. */
uint64_t announce_pace_next(const AnnouncePace *pace, const Endpoint *endpoint, uint64_t now);

/* Remembers that it has been announced. */
void announce_pace_note(AnnouncePace *pace, const Endpoint *endpoint, uint64_t now);
