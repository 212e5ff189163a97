/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Where an endpoint is announced that is bound to one address: where the address is */

#include "daemon/avahi/advert-list.h"
#include "daemon/avahi/own-addresses.h"
#include "daemon/avahi/publisher-log.h"

enum {
        _ADVERT_PLACE_E_SUCCESS,

        ADVERT_PLACE_E_ABSENT, /* it is on no interface; that may change */
};

/* Finds the interface for an advert; AVAHI_IF_UNSPEC if it is not bound. An absent address is
 * logged once until it is there. Returns 0, ADVERT_PLACE_E_ABSENT or AVAHI_ERR_*. */
int advert_place_find(Advert *advert, OwnAddresses *own, AvahiClient *client, PublisherLog *log,
                      AvahiIfIndex *ret);

/* Whether it is announced where its address is not, or not any more. */
bool advert_place_is_wrong(const AdvertGroup *group, const OwnAddresses *own);
