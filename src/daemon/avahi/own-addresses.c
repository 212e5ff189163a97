/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which interface an address of this host is on
 *
 * avahi-daemon knows the interfaces, and tells of them in what it announces: an A or AAAA record of
 * the host's name for each address, on the interface that has it. So these records are browsed, and
 * nothing else has to be looked at. Only its own count, which Avahi marks as local: on another link
 * somebody may have the same address, or claim our name.
 *
 * (A resolver of the address would not do. It sticks to what it found first, also when the address
 * moves to another interface, and to what another host says of it.)
 */

#include <avahi-client/lookup.h>
#include <avahi-common/error.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/limits.h"
#include "daemon/avahi/avahi-error.h"
#include "daemon/avahi/own-addresses.h"

typedef struct Place {
        Address address;
        AvahiIfIndex interface;
} Place;

struct OwnAddresses {
        OwnAddressesChanged changed;
        void *userdata;
        AvahiClient *client;
        AvahiRecordBrowser *browsers[_FAMILY_MAX]; /* NULL: not watched */
        bool known[_FAMILY_MAX];
        Place places[LIMIT_OWN_ADDRESSES];
        size_t n_places;
};

static Place *find_place(OwnAddresses *own, const Address *address, AvahiIfIndex interface) {
        for (size_t i = 0; i < own->n_places; i++)
                if (own->places[i].interface == interface &&
                    address_equal(&own->places[i].address, address))
                        return &own->places[i];
        return NULL;
}

static void add_place(OwnAddresses *own, const Address *address, AvahiIfIndex interface) {
        if (own->n_places < LIMIT_OWN_ADDRESSES && !find_place(own, address, interface))
                own->places[own->n_places++] = (Place){ *address, interface };
}

static void remove_place(OwnAddresses *own, const Address *address, AvahiIfIndex interface) {
        Place *place = find_place(own, address, interface);

        if (!place)
                return;
        /* The others keep their order. */
        memmove(place, place + 1,
                (size_t) (own->places + --own->n_places - place) * sizeof(*place));
}

static bool convert_record(uint16_t type, const void *data, size_t size, Address *ret) {
        Address address = { .family = type == AVAHI_DNS_TYPE_A ? FAMILY_INET : FAMILY_INET6 };
        size_t expected = address.family == FAMILY_INET ? sizeof(address.in) : sizeof(address.in6);

        if (size != expected)
                return false;
        /* Both begin at the same place, the union. */
        memcpy(&address.in6, data, size);
        *ret = address;
        return true;
}

static void on_record(AvahiRecordBrowser *browser, AvahiIfIndex interface, AvahiProtocol protocol,
                      AvahiBrowserEvent event, const char *name, uint16_t clazz, uint16_t type,
                      const void *data, size_t size, AvahiLookupResultFlags flags, void *userdata) {
        OwnAddresses *own = userdata;
        Address address;

        (void) protocol, (void) name, (void) clazz;

        switch (event) {
        case AVAHI_BROWSER_NEW:
                if (!(flags & AVAHI_LOOKUP_RESULT_LOCAL) ||
                    !convert_record(type, data, size, &address))
                        return;
                add_place(own, &address, interface);
                break;
        case AVAHI_BROWSER_REMOVE:
                if (!convert_record(type, data, size, &address))
                        return;
                remove_place(own, &address, interface);
                break;
        case AVAHI_BROWSER_ALL_FOR_NOW:
                own->known[browser == own->browsers[FAMILY_INET] ? FAMILY_INET : FAMILY_INET6] =
                        true;
                break;
        case AVAHI_BROWSER_CACHE_EXHAUSTED:
                return;
        case AVAHI_BROWSER_FAILURE:
                own->changed(own->userdata, avahi_client_errno(own->client));
                return;
        }
        own->changed(own->userdata, 0);
}

int own_addresses_new(OwnAddresses **ret, OwnAddressesChanged changed, void *userdata) {
        OwnAddresses *own = calloc(1, sizeof(*own));

        if (!own)
                return -ENOMEM;
        own->changed = changed;
        own->userdata = userdata;
        *ret = own;
        return 0;
}

OwnAddresses *own_addresses_free(OwnAddresses *own) {
        free(own);
        return NULL;
}

int own_addresses_watch(OwnAddresses *own, AvahiClient *client, Family family) {
        bool four = family == FAMILY_INET;
        const char *host;

        if (own->browsers[family])
                return 0;
        own->client = client;
        host = avahi_client_get_host_name_fqdn(client);
        if (!host)
                return avahi_client_errno(client);
        own->browsers[family] = avahi_record_browser_new(
                client, AVAHI_IF_UNSPEC, four ? AVAHI_PROTO_INET : AVAHI_PROTO_INET6, host,
                AVAHI_DNS_CLASS_IN, four ? AVAHI_DNS_TYPE_A : AVAHI_DNS_TYPE_AAAA, 0, on_record,
                own);
        return own->browsers[family] ? 0 : avahi_client_errno(client);
}

bool own_addresses_find(const OwnAddresses *own, const Address *address, AvahiIfIndex *ret) {
        /* The newest place counts: an address that moves is announced in the new place, while the
         * goodbye to the old one takes a second, or gets lost. */
        for (size_t i = own->n_places; i-- > 0;)
                if (address_equal(&own->places[i].address, address)) {
                        *ret = own->places[i].interface;
                        return true;
                }
        return false;
}

size_t own_addresses_list(const OwnAddresses *own, Address *ret) {
        size_t n = 0;

        for (size_t i = 0; i < own->n_places; i++) {
                const Address *address = &own->places[i].address;
                size_t known = 0;

                if (address_is_link_local6(address))
                        continue;
                while (known < n && !address_equal(&ret[known], address))
                        known++;
                ret[known] = *address;
                n += known == n;
        }
        return n;
}

bool own_addresses_are_known(const OwnAddresses *own, Family family) {
        return own->known[family];
}

int own_addresses_stop(OwnAddresses *own) {
        int r = 0;

        for (Family family = 0; family < _FAMILY_MAX && !avahi_error_is_lost(r); family++)
                if (own->browsers[family])
                        r = avahi_record_browser_free(own->browsers[family]);
        own_addresses_forget(own);
        return avahi_error_is_lost(r) ? r : 0;
}

void own_addresses_forget(OwnAddresses *own) {
        own->client = NULL;
        memset(own->browsers, 0, sizeof(own->browsers));
        memset(own->known, 0, sizeof(own->known));
        own->n_places = 0;
}
