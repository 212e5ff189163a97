/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The advert of an endpoint: label, TXT, PTR and SRV data (docs/advert.md) */

#include <stddef.h>
#include <stdint.h>

#include "core/endpoint.h"

#define ADVERT_TYPE "_erlang-dist._tcp"
#define ADVERT_DOMAIN "local"

/* Bytes of an instance's <id>: 12 hexadecimal digits. */
#define ADVERT_ID_LENGTH 12

#define ADVERT_LABEL_SIZE (LIMIT_LABEL + 1)

/* Bytes of a domain name in wire form, at most (RFC 1035 section 2.3.4). */
#define ADVERT_NAME_MAX 255
#define ADVERT_SRV_MAX (6 + ADVERT_NAME_MAX)

enum {
        _ADVERT_E_SUCCESS,

        ADVERT_E_NAME,     /* no valid node name */
        ADVERT_E_LOOPBACK, /* a name that means the host itself (node_name_is_loopback()) */
        ADVERT_E_TXT,      /* an invalid value of a known key */
        ADVERT_E_PORT,     /* port 0 */
};

/* One string of a received TXT record: any bytes, not terminated. */
typedef struct TxtString {
        const uint8_t *data;
        size_t length;
} TxtString;

/* Writes the instance label "NODE ID": id is 48 random bits, a long name is cut at a character's
 * boundary. */
void advert_format_label(const char *node, uint64_t id, char ret[static ADVERT_LABEL_SIZE]);

/* The <id> of an instance label, a pointer into it, or NULL: labels of others have none. */
const char *advert_label_id(const char *label);

/*
 * The mDNS host name behind a SRV record's target, a pointer into it. It is the target itself,
 * unless the advert has an address of its own: that has the host's name with the advert's <id> in
 * front.
 */
const char *advert_host(const char *label, const char *target);

/* Writes the TXT record's data, in wire form, and returns its length. */
size_t advert_encode_txt(const Endpoint *endpoint, uint8_t ret[static LIMIT_TXT]);

/*
 * Writes a domain name in wire form (RFC 1035 section 3.1): first label, which may hold any bytes
 * and may be NULL, then the labels of name, separated by dots and free of escapes. Returns the
 * length, or 0 if a label or the whole is too long or empty.
 */
size_t advert_encode_name(const char *label, const char *name, uint8_t ret[static ADVERT_NAME_MAX]);

/* Writes the SRV record's data (RFC 2782): priority and weight 0. Returns the length, or 0 if host
 * is no domain name. */
size_t advert_encode_srv(uint16_t port, const char *host, uint8_t ret[static ADVERT_SRV_MAX]);

/*
 * Understands an advert from its label, its port and its TXT strings, all of which come from the
 * network. The first string with a key counts. Returns 0, or a positive ADVERT_E_* that says why it
 * must be ignored; *ret is then untouched.
 */
int advert_parse(Endpoint *ret, const char *label, uint16_t port, const TxtString *strings,
                 size_t n_strings);
