/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Announces the nodes of this host */

#include <avahi-client/client.h>
#include <stdint.h>

#include "daemon/avahi/avahi-sink.h"
#include "daemon/config.h"

/* Lives in the Avahi thread. It remembers what is to be announced, also while there is no client.
 */
typedef struct Publisher Publisher;

/* sink must outlive the publisher. */
int publisher_new(Publisher **ret, const AvahiSink *sink, const Config *config);
/* The client must be gone, or the publisher stopped. */
Publisher *publisher_free(Publisher *publisher);
DEFINE_CLEANUP(Publisher, publisher_free);

/*
 * Announces an endpoint from now on; if one of its identity is announced with other properties,
 * that is withdrawn. bound: the only address of the endpoint, announced while it is on an interface
 * that avahi-daemon uses; NULL: all addresses of the host. Returns 0 or -ENOMEM.
 */
int publisher_publish(Publisher *publisher, const Endpoint *endpoint, const Address *bound);

/* Withdraws the endpoint with this identity, if it is announced. */
void publisher_withdraw(Publisher *publisher, const Endpoint *endpoint);

/* Begins to announce through a client, which is in state AVAHI_CLIENT_S_RUNNING, everything that is
 * remembered. */
void publisher_start(Publisher *publisher, AvahiClient *client);

/* Withdraws everything, and remembers it for the next start. */
void publisher_stop(Publisher *publisher);

/* Makes no further call until publisher_forget(). */
void publisher_abandon(Publisher *publisher);

/* The same as publisher_stop() after the client has been freed, which has withdrawn everything. */
void publisher_forget(Publisher *publisher);
