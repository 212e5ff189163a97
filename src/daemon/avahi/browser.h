/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Watches the adverts on the LAN */

#include <avahi-client/client.h>
#include <stdbool.h>

#include "daemon/avahi/avahi-sink.h"

/* Lives in the Avahi thread. It posts LAN_SEEN, LAN_GONE, LAN_IGNORED, and once for each client
 * LAN_LISTED. */
typedef struct Browser Browser;

/* sink must outlive the browser. Returns 0 or negative errno. */
int browser_new(Browser **ret, const AvahiSink *sink);

/* The client must be gone. */
Browser *browser_free(Browser *browser);
DEFINE_CLEANUP(Browser, browser_free);

/* Begins to browse through a client that is connected. Does nothing if it does already. */
void browser_start(Browser *browser, AvahiClient *client);

/* Makes no further call, and posts nothing more, until browser_forget(). */
void browser_abandon(Browser *browser);

/* Forgets everything after the client has been freed, which has freed the objects in it. Nothing is
 * posted: LAN_LOST says it all. */
void browser_forget(Browser *browser);

/* Gives up a resolver, so that there is room in Avahi for another object. Its instance waits for
 * room; a sighting that has been posted stays. Returns whether there was a resolver. */
bool browser_make_room(Browser *browser);

/* Resolves instances that wait, as many as there is room for. To be called when room has been made;
 * now and then it is tried without. */
void browser_use_room(Browser *browser);
