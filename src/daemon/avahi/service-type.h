/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The advert of our service type, so that browsers of types show it (RFC 6763 section 9) */

#include <avahi-client/client.h>
#include <avahi-client/publish.h>

/* Announces the type. Returns 0 or AVAHI_ERR_*; *ret is then untouched. */
int service_type_announce(AvahiClient *client, AvahiEntryGroup **ret);
