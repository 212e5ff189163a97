/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which interface an address of this host is on */

#include <avahi-client/client.h>
#include <avahi-common/address.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/address.h"
#include "util/macro.h"

/* Lives in the Avahi thread. */
typedef struct OwnAddresses OwnAddresses;

/* Called when an address has come to an interface or has left one, when all of a family are known
 * that can be known now, and with an AVAHI_ERR_* if avahi-daemon does not tell any more. */
typedef void (*OwnAddressesChanged)(void *userdata, int error);

int own_addresses_new(OwnAddresses **ret, OwnAddressesChanged changed, void *userdata);
/* Must be stopped or forgotten. */
OwnAddresses *own_addresses_free(OwnAddresses *own);
DEFINE_CLEANUP(OwnAddresses, own_addresses_free);

/* Watches the addresses of a family from now on, if it does not yet. The client must be in state
 * AVAHI_CLIENT_S_RUNNING. Returns 0 or AVAHI_ERR_*. */
int own_addresses_watch(OwnAddresses *own, AvahiClient *client, Family family);

/* Finds the interface that an address is on, or has last come to. Returns whether it is on any that
 * avahi-daemon uses. */
bool own_addresses_find(const OwnAddresses *own, const Address *address, AvahiIfIndex *ret);

/* Lists the addresses, each once, but for those that OTP can't use: link-local ones of IPv6. There
 * must be room for LIMIT_OWN_ADDRESSES. Returns how many there are. */
size_t own_addresses_list(const OwnAddresses *own, Address *ret);

/* Whether what is not found is not there: avahi-daemon had time enough to tell. */
bool own_addresses_are_known(const OwnAddresses *own, Family family);

/* Forgets all, and what is watched. Returns 0, or the AVAHI_ERR_* after which the client is of no
 * more use. */
int own_addresses_stop(OwnAddresses *own);

/* The same after the client has gone or failed. */
void own_addresses_forget(OwnAddresses *own);
