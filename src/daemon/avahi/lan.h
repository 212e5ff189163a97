/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The LAN's side of the directory */

#include <stdint.h>
#include <systemd/sd-event.h>

#include "core/directory.h"
#include "daemon/config.h"

/* Writes what Avahi sees into the directory, and has Avahi announce what is registered there. Lives
 * in the main thread. */
typedef struct Lan Lan;

/* Callbacks for what is not in the directory. A plain value. */
typedef struct LanHandler {
        void (*changed)(void *userdata);     /* the state of Avahi, or the number of adverts */
        void (*readdressed)(void *userdata); /* this host has other addresses than before */
        void *userdata;
} LanHandler;

/* event and directory must outlive it, and nothing may be registered yet. */
int lan_new(Lan **ret, sd_event *event, Directory *directory, const Config *config,
            const LanHandler *handler);

/* Waits for avahi-daemon as long as it takes, if lan_stop() has not been called and has come to its
 * end. */
Lan *lan_free(Lan *lan);
DEFINE_CLEANUP(Lan, lan_free);

/* Withdraws all adverts with a goodbye. When that is done, the event loop is left with code 0. */
void lan_stop(Lan *lan);

/* Whether lan_stop() has come to its end. */
bool lan_is_stopped(const Lan *lan);

/* "running", "connecting", "registering", "failed" or "hung". */
const char *lan_state(const Lan *lan);

/* Own adverts that Avahi has accepted. */
size_t lan_adverts(const Lan *lan);
