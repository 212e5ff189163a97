/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Whether there is an avahi-daemon, and answers */

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "util/macro.h"

/* Asks the system bus and listens to it, and asks avahi-daemon now and then. Never waits, and never
 * has the bus start avahi-daemon. Lives in the main thread. */
typedef struct AvahiPresence AvahiPresence;

/* Called when the answer of avahi_presence_is_there() or avahi_presence_hangs() has changed. It may
 * not free the object. */
typedef void (*AvahiPresenceChanged)(void *userdata);

/* A bus that is not there, or goes, is tried again. ask_usec: how long after an answer avahi-daemon
 * is asked again, and how long it has to answer. Returns 0 or negative errno. */
int avahi_presence_new(AvahiPresence **ret, sd_event *event, uint64_t ask_usec,
                       AvahiPresenceChanged changed, void *userdata);
AvahiPresence *avahi_presence_free(AvahiPresence *presence);
DEFINE_CLEANUP(AvahiPresence, avahi_presence_free);

/* False also while that is unknown. */
bool avahi_presence_is_there(const AvahiPresence *presence);

/* It is there, and was asked in vain. False as soon as it answers or goes. */
bool avahi_presence_hangs(const AvahiPresence *presence);
