/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One advert, and its records in Avahi */

#include <avahi-client/client.h>
#include <avahi-common/address.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/endpoint.h"
#include "util/macro.h"

/* Lives in the Avahi thread. What it says never changes: a change is another one. */
typedef struct AdvertGroup AdvertGroup;

/* Called from Avahi when the answer of advert_group_is_established() or advert_group_has_failed()
 * has changed. The group must not be withdrawn or freed within the call. */
typedef void (*AdvertGroupChanged)(void *userdata);

/* bound: the only address of the endpoint; NULL: it has all addresses of the host. Returns 0 or
 * -ENOMEM. */
int advert_group_new(AdvertGroup **ret, const Endpoint *endpoint, const Address *bound,
                     AdvertGroupChanged changed, void *userdata);
/* It must be withdrawn. After advert_group_forget() the client must be gone, or be freed before it
 * calls back. */
AdvertGroup *advert_group_free(AdvertGroup *group);
DEFINE_CLEANUP(AdvertGroup, advert_group_free);

const Endpoint *advert_group_endpoint(const AdvertGroup *group);
const Address *advert_group_bound(const AdvertGroup *group);

/*
 * Announces it, which it must not be yet, under a new instance name. ttl_sec: of the PTR record.
 * interface: where the bound address is; else it does not count. The client must be in state
 * AVAHI_CLIENT_S_RUNNING. Returns 0 or AVAHI_ERR_*: it is then not announced.
 */
int advert_group_announce(AdvertGroup *group, AvahiClient *client, AvahiIfIndex interface,
                          uint32_t ttl_sec);

/* Says goodbye, if it is announced. Returns 0 or AVAHI_ERR_*. */
int advert_group_withdraw(AdvertGroup *group);

/* It is not announced any more: the client has gone, or is of no more use and goes. */
void advert_group_forget(AdvertGroup *group);

bool advert_group_is_announced(const AdvertGroup *group);
bool advert_group_is_established(const AdvertGroup *group); /* Avahi has accepted it */

/* It is announced in vain: Avahi gave up. It may be withdrawn and announced anew. */
bool advert_group_has_failed(const AdvertGroup *group);

AvahiIfIndex advert_group_interface(const AdvertGroup *group);
