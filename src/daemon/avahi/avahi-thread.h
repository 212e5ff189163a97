/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The thread that talks to avahi-daemon */

#include <stdbool.h>
#include <stdint.h>

#include "daemon/avahi/lan-message.h"
#include "daemon/config.h"
#include "util/macro.h"

typedef struct AvahiThread AvahiThread;

/* Starts the thread. It does nothing before LAN_CONNECT. Returns 0 or negative errno. */
int avahi_thread_new(AvahiThread **ret, const Config *config);

/* Ends the thread and waits for it: only after LAN_STOPPED has come is that at once. */
AvahiThread *avahi_thread_free(AvahiThread *thread);
DEFINE_CLEANUP(AvahiThread, avahi_thread_free);

/* Sends a message that needs no more than its type. Never blocks, as all of these. Returns 0 or
 * -ENOMEM. */
int avahi_thread_send(AvahiThread *thread, LanMessageType type);

/*
 * Sends LAN_PUBLISH and LAN_WITHDRAW. bound: the only address of the endpoint, NULL: all of the
 * host. first: no endpoint of this identity has been published, or it has been withdrawn. While the
 * thread waits for avahi-daemon its inbox fills, but never with more than what is published now,
 * and what was published when the wait began.
 */
int avahi_thread_publish(AvahiThread *thread, const Endpoint *endpoint, const Address *bound,
                         bool first);
int avahi_thread_withdraw(AvahiThread *thread, const Endpoint *endpoint);

/* Readable when avahi_thread_receive() may have something. The thread's own, not to be closed. */
int avahi_thread_fd(const AvahiThread *thread);

/* To be called before avahi_thread_receive(), each time the fd was readable. */
void avahi_thread_acknowledge(AvahiThread *thread);

/* Leaves the remaining messages for a later turn: the fd is readable again. */
void avahi_thread_defer(AvahiThread *thread);

/* Takes the next message from the thread, to be freed with free(), or NULL. */
LanMessage *avahi_thread_receive(AvahiThread *thread);
