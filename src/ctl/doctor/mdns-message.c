/* SPDX-License-Identifier: Apache-2.0 */
/* One question by mDNS, and who answers it */

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/advert.h"
#include "ctl/doctor/mdns-message.h"

#define HEADER 12
#define FLAG_RESPONSE 0x8000
#define TYPE_PTR 12
#define CLASS_IN 1
#define POINTER 0xC0

/* Bytes of "f.f.….ip6.arpa", NUL included. */
#define REVERSE_MAX 80

/* Compressed names point back, and never more often than there are labels. */
#define HOPS_MAX 128

static size_t put_u16(uint8_t *data, unsigned value) {
        data[0] = (uint8_t) (value >> 8);
        data[1] = (uint8_t) value;
        return 2;
}

static unsigned get_u16(const uint8_t *data) {
        return (unsigned) data[0] << 8 | data[1];
}

static size_t put_question(uint8_t *data, const char *name) {
        size_t n = advert_encode_name(NULL, name, data);

        n += put_u16(data + n, TYPE_PTR);
        return n + put_u16(data + n, CLASS_IN);
}

/* The name under which DNS has the host's (RFC 1035 section 3.5, RFC 3596 section 2.5). */
static void make_reverse_name(char ret[static REVERSE_MAX], const Address *address) {
        uint32_t ip = ntohl(address->in.s_addr);
        size_t n = 0;

        if (address->family == FAMILY_INET) {
                snprintf(ret, REVERSE_MAX, "%u.%u.%u.%u.in-addr.arpa", ip & 255, ip >> 8 & 255,
                         ip >> 16 & 255, ip >> 24);
                return;
        }
        for (size_t i = sizeof(address->in6.s6_addr); i-- > 0;) {
                unsigned byte = address->in6.s6_addr[i];

                n += (size_t) snprintf(ret + n, REVERSE_MAX - n, "%x.%x.", byte & 15, byte >> 4);
        }
        snprintf(ret + n, REVERSE_MAX - n, "ip6.arpa");
}

size_t mdns_message_query(uint8_t ret[static MDNS_QUERY_MAX], uint16_t id, const Address *address) {
        size_t n = HEADER;
        char name[REVERSE_MAX];

        make_reverse_name(name, address);
        memset(ret, 0, HEADER);
        (void) put_u16(ret, id);
        (void) put_u16(ret + 4, 2); /* questions */
        n += put_question(ret + n, ADVERT_TYPE "." ADVERT_DOMAIN);
        n += put_question(ret + n, name);
        return n;
}

/* Steps over a name at *at. Returns false if it does not end within the packet. */
static bool skip_name(const uint8_t *data, size_t length, size_t *at) {
        while (*at < length && data[*at] != 0 && data[*at] < POINTER)
                *at += 1 + (size_t) data[*at];
        if (*at >= length)
                return false;
        *at += data[*at] >= POINTER ? 2 : 1;
        return *at <= length;
}

/* Compares the name at position at with a dotted one, whatever the case. */
static bool name_equals(const uint8_t *data, size_t length, size_t at, const char *name) {
        for (int hops = 0; hops < HOPS_MAX && at < length; hops++) {
                size_t n = data[at];

                if (n == 0)
                        return *name == '\0';
                if (n >= POINTER) {
                        if (at + 1 >= length)
                                return false;
                        at = get_u16(data + at) & 0x3FFF;
                        continue;
                }
                /* A label may have a NUL, at which a comparison would stop. */
                if (at + 1 + n > length || n > strlen(name) ||
                    strncasecmp((const char *) data + at + 1, name, n) != 0 ||
                    (name[n] != '.' && name[n] != '\0'))
                        return false;
                name += n + (name[n] == '.');
                at += 1 + n;
        }
        return false;
}

/* Takes the record at *at. Returns false if it does not end within the packet. */
static bool take_record(const uint8_t *data, size_t length, size_t *at, unsigned *n_adverts) {
        size_t name = *at, fields;

        if (!skip_name(data, length, at) || length - *at < 10)
                return false;
        fields = *at;
        *at += 10 + get_u16(data + fields + 8);
        if (*at > length)
                return false;
        *n_adverts += get_u16(data + fields) == TYPE_PTR &&
                      name_equals(data, length, name, ADVERT_TYPE "." ADVERT_DOMAIN);
        return true;
}

MdnsAnswer mdns_message_parse(const uint8_t *data, size_t length, uint16_t id) {
        MdnsAnswer answer = {};
        size_t at = HEADER;

        if (length < HEADER || get_u16(data) != id || !(get_u16(data + 2) & FLAG_RESPONSE))
                return answer;
        for (unsigned i = get_u16(data + 4); i > 0; i--) {
                if (!skip_name(data, length, &at) || length - at < 4)
                        return answer;
                at += 4;
        }
        answer.valid = true;
        for (unsigned i = get_u16(data + 6); i > 0; i--)
                if (!take_record(data, length, &at, &answer.n_adverts))
                        break;
        return answer;
}
