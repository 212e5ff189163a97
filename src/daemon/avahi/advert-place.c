/* SPDX-License-Identifier: Apache-2.0 */
/* Where an endpoint is announced that is bound to one address: where the address is */

#include "daemon/avahi/advert-place.h"

int advert_place_find(Advert *advert, OwnAddresses *own, AvahiClient *client, PublisherLog *log,
                      AvahiIfIndex *ret) {
        const Address *bound = advert_group_bound(advert->group);
        int r;

        *ret = AVAHI_IF_UNSPEC;
        if (!bound)
                return 0;
        r = own_addresses_watch(own, client, bound->family);
        if (r < 0)
                return r;
        if (own_addresses_find(own, bound, ret)) {
                advert->absence_logged = false;
                return 0;
        }
        if (own_addresses_are_known(own, bound->family) && !advert->absence_logged) {
                advert->absence_logged = true;
                publisher_log_absence(log, advert_group_endpoint(advert->group), bound);
        }
        return ADVERT_PLACE_E_ABSENT;
}

bool advert_place_is_wrong(const AdvertGroup *group, const OwnAddresses *own) {
        const Address *bound = advert_group_bound(group);
        AvahiIfIndex interface;

        return bound && advert_group_is_announced(group) &&
               (!own_addresses_find(own, bound, &interface) ||
                interface != advert_group_interface(group));
}
