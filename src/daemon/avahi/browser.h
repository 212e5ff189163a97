/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Watches the adverts on the LAN */

#include <avahi-client/client.h>

#include "daemon/avahi/avahi-sink.h"

/* Lives in the Avahi thread. It posts LAN_SEEN, LAN_GONE, LAN_IGNORED, and
 * once for each client LAN_LISTED. */
typedef struct Browser Browser;

/* sink must outlive the browser. */
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
