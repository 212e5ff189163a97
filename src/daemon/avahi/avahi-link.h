/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The connection to avahi-daemon */

#include <avahi-common/watch.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/avahi/message-queue.h"
#include "daemon/config.h"

/* A client of avahi-daemon that is made, fails and is made anew, with what is seen and announced
 * through it. Lives in the Avahi thread. */
typedef struct AvahiLink AvahiLink;

/* poll: the loop of the thread. What it reports goes to the outbox. All three must outlive it.
 * Returns 0 or negative errno. */
int avahi_link_new(AvahiLink **ret, const AvahiPoll *poll, MessageQueue *inbox,
                   MessageQueue *outbox, const Config *config);
AvahiLink *avahi_link_free(AvahiLink *link);
DEFINE_CLEANUP(AvahiLink, avahi_link_free);

/* Does what the messages in the inbox say, and is to be called whenever that is readable. Returns
 * false after LAN_STOP: nothing more will be done. */
bool avahi_link_handle_messages(AvahiLink *link);
