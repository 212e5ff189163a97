/* SPDX-License-Identifier: Apache-2.0 */
/* The advert of our service type, so that browsers of types show it (RFC 6763 section 9) */

#include <avahi-common/defs.h>
#include <avahi-common/error.h>

#include "core/advert.h"
#include "daemon/avahi/avahi-error.h"
#include "daemon/avahi/service-type.h"

/* RFC 6762 section 10. */
#define TTL_SEC 4500

static void on_state(AvahiEntryGroup *group, AvahiEntryGroupState state, void *userdata) {
        (void) group, (void) state, (void) userdata;
}

int service_type_announce(AvahiClient *client, AvahiEntryGroup **ret) {
        uint8_t ptr[ADVERT_NAME_MAX];
        size_t length = advert_encode_name(NULL, ADVERT_TYPE "." ADVERT_DOMAIN, ptr);
        AvahiEntryGroup *group = avahi_entry_group_new(client, on_state, NULL);
        int r, freed = 0;

        if (!group)
                return avahi_client_errno(client);
        r = avahi_entry_group_add_record(group, AVAHI_IF_UNSPEC, AVAHI_PROTO_UNSPEC, 0,
                                         "_services._dns-sd._udp." ADVERT_DOMAIN,
                                         AVAHI_DNS_CLASS_IN, AVAHI_DNS_TYPE_PTR, TTL_SEC, ptr,
                                         length);
        if (r == 0)
                r = avahi_entry_group_commit(group);
        if (r == 0)
                *ret = group;
        else if (!avahi_error_is_lost(r))
                freed = avahi_entry_group_free(group);
        return avahi_error_is_lost(freed) ? freed : r;
}
