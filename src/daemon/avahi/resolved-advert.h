/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a resolver has found → a sighting */

#include <avahi-common/address.h>
#include <avahi-common/strlst.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/directory.h"
#include "core/sighting.h"

/* What a resolver's callback is told, most of which comes from the network. */
typedef struct ResolvedAdvert {
        const char *host;
        const AvahiAddress *address;
        uint16_t port;
        AvahiStringList *txt;
        const char *interface_name; /* "": not known */
        bool own_address;           /* the address is this host's, and the advert is not */
} ResolvedAdvert;

/* Understands the advert of the instance with this id. Returns whether that is a sighting; if not,
 * *ret_why says why it must be ignored. */
bool resolved_advert_parse(const ResolvedAdvert *advert, const SightingId *id, Sighting *ret,
                           Ignored *ret_why);
