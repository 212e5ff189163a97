/* SPDX-License-Identifier: Apache-2.0 */
/* IP addresses */

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "core/address.h"
#include "util/macro.h"

static const char *const family_names[_FAMILY_MAX] = {
        [FAMILY_INET] = "inet",
        [FAMILY_INET6] = "inet6",
};

const char *family_to_string(Family family) {
        assert(family >= 0 && family < _FAMILY_MAX);
        return family_names[family];
}

Family family_from_string(const char *text) {
        for (Family family = 0; family < _FAMILY_MAX; family++)
                if (strcmp(family_names[family], text) == 0)
                        return family;
        return _FAMILY_INVALID;
}

int address_parse(const char *text, Address *ret) {
        Address address = {};

        if (inet_pton(AF_INET, text, &address.in) == 1)
                address.family = FAMILY_INET;
        else if (inet_pton(AF_INET6, text, &address.in6) == 1)
                address.family = FAMILY_INET6;
        else
                return -EINVAL;

        *ret = address;
        return 0;
}

const char *address_format(const Address *address, char buffer[static ADDRESS_TEXT_SIZE]) {
        const char *text;

        if (address->family == FAMILY_INET)
                text = inet_ntop(AF_INET, &address->in, buffer, ADDRESS_TEXT_SIZE);
        else
                text = inet_ntop(AF_INET6, &address->in6, buffer, ADDRESS_TEXT_SIZE);
        assert(text);
        return text;
}

Address address_loopback(Family family) {
        Address address = { .family = family };

        if (family == FAMILY_INET)
                address.in.s_addr = htonl(INADDR_LOOPBACK);
        else
                address.in6 = in6addr_loopback;
        return address;
}

bool address_equal(const Address *a, const Address *b) {
        if (a->family != b->family)
                return false;
        if (a->family == FAMILY_INET)
                return a->in.s_addr == b->in.s_addr;
        return IN6_ARE_ADDR_EQUAL(&a->in6, &b->in6);
}

bool address_is_loopback(const Address *address) {
        if (address->family == FAMILY_INET)
                return (ntohl(address->in.s_addr) >> 24) == IN_LOOPBACKNET;
        if (IN6_IS_ADDR_V4MAPPED(&address->in6))
                return address->in6.s6_addr[12] == IN_LOOPBACKNET;
        return IN6_IS_ADDR_LOOPBACK(&address->in6);
}

bool address_is_link_local6(const Address *address) {
        return address->family == FAMILY_INET6 && IN6_IS_ADDR_LINKLOCAL(&address->in6);
}

bool address_is_any(const Address *address) {
        if (address->family == FAMILY_INET)
                return address->in.s_addr == htonl(INADDR_ANY);
        return IN6_IS_ADDR_UNSPECIFIED(&address->in6);
}
