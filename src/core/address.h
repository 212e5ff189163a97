/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* IP addresses */

#include <netinet/in.h>
#include <stdbool.h>

typedef enum Family {
        FAMILY_INET,
        FAMILY_INET6,
        _FAMILY_MAX,
        _FAMILY_INVALID = -1,
} Family;

typedef struct Address {
        Family family;
        union {
                struct in_addr in;
                struct in6_addr in6;
        };
} Address;

/* Long enough for any address in text form, NUL included. */
#define ADDRESS_TEXT_SIZE INET6_ADDRSTRLEN

/* "inet" or "inet6", OTP's names. */
const char *family_to_string(Family family);
Family family_from_string(const char *text);

/* Parses an address literal without zone. Returns 0, or -EINVAL with *ret untouched. */
int address_parse(const char *text, Address *ret);

/* Writes the text form. Returns buffer. */
const char *address_format(const Address *address, char buffer[static ADDRESS_TEXT_SIZE]);

/* The loopback address of a family: 127.0.0.1 or ::1. */
Address address_loopback(Family family);

bool address_equal(const Address *a, const Address *b);

/* 127.0.0.0/8, also mapped into IPv6, and ::1. */
bool address_is_loopback(const Address *address);

/* fe80::/10 only. OTP can't connect to it: its distribution never passes a scope
 * (inet6_tcp:connect/3). */
bool address_is_link_local6(const Address *address);

/* 0.0.0.0 and ::, which stand for all addresses of a host. */
bool address_is_any(const Address *address);
