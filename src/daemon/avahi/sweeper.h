/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What was seen on the LAN before the connection to avahi-daemon failed */

#include <systemd/sd-event.h>

#include "core/directory.h"

/* How long sightings are kept in µs, counted from the failure. */
typedef struct SweeperTimes {
        uint64_t keep;   /* while a new client lists what it sees */
        uint64_t gone;   /* while there is no avahi-daemon */
        uint64_t settle; /* after the new client has listed all, counted from then */
} SweeperTimes;

/* Keeps the sightings of the LAN in the directory while a new client lists what it sees, and then
 * removes those that it did not find. Lives in the main thread. */
typedef struct Sweeper Sweeper;

/* event and directory must outlive it. Returns 0 or negative errno. */
int sweeper_new(Sweeper **ret, sd_event *event, Directory *directory, SweeperTimes times);
Sweeper *sweeper_free(Sweeper *sweeper);
DEFINE_CLEANUP(Sweeper, sweeper_free);

/* The client has failed: nothing confirms any more what it saw. */
void sweeper_begin(Sweeper *sweeper);

/* The new client has listed all that it sees. */
void sweeper_finish(Sweeper *sweeper);

/* Whether there is an avahi-daemon that a new client could ask. At first there is none. */
void sweeper_set_there(Sweeper *sweeper, bool there);
