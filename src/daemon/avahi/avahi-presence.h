/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Whether there is an avahi-daemon */

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "util/macro.h"

/* Asks the system bus and listens to it. Never waits, and never has the bus start avahi-daemon.
 * Lives in the main thread. */
typedef struct AvahiPresence AvahiPresence;

/* Called when the answer of avahi_presence_is_there() has changed. It may not free the object. */
typedef void (*AvahiPresenceChanged)(void *userdata);

/* A bus that is not there, or goes, is tried again. Returns 0 or negative errno. */
int avahi_presence_new(AvahiPresence **ret, sd_event *event, AvahiPresenceChanged changed,
                       void *userdata);
AvahiPresence *avahi_presence_free(AvahiPresence *presence);
DEFINE_CLEANUP(AvahiPresence, avahi_presence_free);

/* False also while that is unknown. */
bool avahi_presence_is_there(const AvahiPresence *presence);
