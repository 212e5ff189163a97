/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Whether this host has got other addresses */

#include <avahi-client/client.h>

#include "daemon/avahi/avahi-sink.h"
#include "util/macro.h"

/* Posts LAN_READDRESSED whenever the addresses are others than before. Lives in the Avahi thread.
 */
typedef struct Readdressing Readdressing;

/* sink must outlive it. Returns 0 or negative errno. */
int readdressing_new(Readdressing **ret, const AvahiSink *sink);
/* Must be stopped or forgotten. */
Readdressing *readdressing_free(Readdressing *readdressing);
DEFINE_CLEANUP(Readdressing, readdressing_free);

/* Watches from now on, if it does not yet. The client must be in state AVAHI_CLIENT_S_RUNNING. */
void readdressing_start(Readdressing *readdressing, AvahiClient *client);

/* Ends the watch until the next start. The addresses that were known last still count. */
void readdressing_stop(Readdressing *readdressing);

/* The client has failed: it is not used any more, and is about to go. */
void readdressing_abandon(Readdressing *readdressing);

/* The client is gone. */
void readdressing_forget(Readdressing *readdressing);
