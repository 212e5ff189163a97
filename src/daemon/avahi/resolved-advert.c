/* SPDX-License-Identifier: Apache-2.0 */
/* What a resolver has found → a sighting */

#include <string.h>

#include "core/advert.h"
#include "core/line.h"
#include "daemon/avahi/resolved-advert.h"
#include "util/macro.h"

/* Copies a name from the network if it is short enough to be told on. */
static void copy_name(char *field, size_t limit, const char *name) {
        if (line_encoded_length(name) <= limit)
                strcpy(field, name);
}

static void copy_host(char field[static LIMIT_HOST + 1], const char *label, const char *target) {
        size_t length;

        copy_name(field, LIMIT_HOST, advert_host(label, target));
        length = strlen(field);
        if (length > 0 && field[length - 1] == '.')
                field[length - 1] = '\0';
}

static Address convert_address(const AvahiAddress *address) {
        Address converted = {};

        if (address->proto == AVAHI_PROTO_INET) {
                converted.family = FAMILY_INET;
                converted.in.s_addr = address->data.ipv4.address;
        } else {
                converted.family = FAMILY_INET6;
                memcpy(&converted.in6, address->data.ipv6.address, sizeof(converted.in6));
        }
        return converted;
}

/* The strings in the order of the record, of which the first with a key counts: libavahi-client
 * hands them out so, though what it prints is reversed. */
static size_t collect_txt(AvahiStringList *txt, TxtString *strings, size_t max) {
        size_t n = 0;

        for (AvahiStringList *l = txt; l && n < max; l = avahi_string_list_get_next(l))
                strings[n++] =
                        (TxtString){ avahi_string_list_get_text(l), avahi_string_list_get_size(l) };
        return n;
}

bool resolved_advert_parse(const ResolvedAdvert *advert, const SightingId *id, Sighting *ret,
                           Ignored *ret_why) {
        static const Ignored reasons[] = {
                [ADVERT_E_NAME] = IGNORED_NAME,
                [ADVERT_E_LOOPBACK] = IGNORED_LOCAL,
                [ADVERT_E_TXT] = IGNORED_TXT,
                [ADVERT_E_PORT] = IGNORED_PORT,
        };
        Sighting sighting = { .id = *id };
        TxtString strings[LIMIT_TXT / 2];
        int r;

        r = advert_parse(&sighting.endpoint, id->instance, advert->port, strings,
                         collect_txt(advert->txt, strings, ELEMENTSOF(strings)));
        if (r != 0) {
                *ret_why = reasons[r];
                return false;
        }
        sighting.address = convert_address(advert->address);
        /* An own address: the other host has our name, and Avahi took the name's address from us.
         * It gives one of the two another name soon, or finds the other address. */
        if (advert->own_address || address_is_link_local6(&sighting.address) ||
            address_is_any(&sighting.address)) {
                *ret_why = IGNORED_ADDRESS;
                return false;
        }
        copy_host(sighting.host, id->instance, advert->host);
        copy_name(sighting.interface_name, LIMIT_INTERFACE, advert->interface_name);
        *ret = sighting;
        return true;
}
