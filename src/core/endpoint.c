/* SPDX-License-Identifier: Apache-2.0 */
/* What a node says of one of its listeners */

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/endpoint.h"
#include "util/macro.h"
#include "util/parse.h"

static const char *const proto_names[_PROTO_MAX] = {
        [PROTO_TCP] = "tcp",
        [PROTO_TLS] = "tls",
};

const char *proto_to_string(Proto proto) {
        assert(proto >= 0 && proto < _PROTO_MAX);
        return proto_names[proto];
}

Proto proto_from_string(const char *text) {
        for (Proto proto = 0; proto < _PROTO_MAX; proto++)
                if (strcmp(proto_names[proto], text) == 0)
                        return proto;
        return _PROTO_INVALID;
}

/* --- Kinds of value --- */

static int parse_proto(void *field, size_t size, const char *value) {
        Proto proto = proto_from_string(value);

        (void) size;
        if (proto == _PROTO_INVALID)
                return ENDPOINT_E_INVALID_VALUE;
        *(Proto *) field = proto;
        return 0;
}

static const char *format_proto(const void *field, char buffer[static ENDPOINT_VALUE_SIZE]) {
        (void) buffer;
        return proto_to_string(*(const Proto *) field);
}

static int parse_family(void *field, size_t size, const char *value) {
        Family family = family_from_string(value);

        (void) size;
        if (family == _FAMILY_INVALID)
                return ENDPOINT_E_INVALID_VALUE;
        *(Family *) field = family;
        return 0;
}

static const char *format_family(const void *field, char buffer[static ENDPOINT_VALUE_SIZE]) {
        (void) buffer;
        return family_to_string(*(const Family *) field);
}

static int parse_type(void *field, size_t size, const char *value) {
        bool hidden = strcmp(value, "hidden") == 0;

        (void) size;
        if (!hidden && strcmp(value, "visible") != 0)
                return ENDPOINT_E_INVALID_VALUE;
        *(bool *) field = hidden;
        return 0;
}

static const char *format_type(const void *field, char buffer[static ENDPOINT_VALUE_SIZE]) {
        (void) buffer;
        return *(const bool *) field ? "hidden" : NULL;
}

/* A label: as many of A-Z a-z 0-9 . _ - as the field holds, one at least. */
static int parse_label(void *field, size_t size, const char *value) {
        size_t length =
                strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

        if (length == 0 || length >= size || value[length] != '\0')
                return ENDPOINT_E_INVALID_VALUE;
        memcpy(field, value, length + 1);
        return 0;
}

static const char *format_label(const void *field, char buffer[static ENDPOINT_VALUE_SIZE]) {
        const char *label = field;

        (void) buffer;
        return *label ? label : NULL;
}

/* "LOW-HIGH", of versions from 1 to 255. */
static int parse_range(void *field, size_t size, const char *value) {
        char text[sizeof("255-255")];
        uint32_t low, high;
        VersionRange *range = field;
        char *dash;

        (void) size;
        if (strlen(value) >= sizeof(text))
                return ENDPOINT_E_INVALID_VALUE;
        strcpy(text, value);

        dash = strchr(text, '-');
        if (!dash)
                return ENDPOINT_E_INVALID_VALUE;
        *dash = '\0';

        if (parse_u32(text, 1, UINT8_MAX, &low) < 0 ||
            parse_u32(dash + 1, low, UINT8_MAX, &high) < 0)
                return ENDPOINT_E_INVALID_VALUE;

        range->low = (uint8_t) low;
        range->high = (uint8_t) high;
        return 0;
}

static const char *format_range(const void *field, char buffer[static ENDPOINT_VALUE_SIZE]) {
        const VersionRange *range = field;

        if (range->high == 0)
                return NULL;
        snprintf(buffer, ENDPOINT_VALUE_SIZE, "%u-%u", range->low, range->high);
        return buffer;
}

/* --- The table --- */

#define FIELD(_field)                                                                              \
        .offset = offsetof(Endpoint, _field), .size = sizeof(((Endpoint *) NULL)->_field)

const EndpointAttribute endpoint_attributes[] = {
        { "family", "family", false, true, "family= must be inet or inet6", FIELD(family),
          parse_family, format_family },
        { "proto", "proto", false, true, "proto= must be tcp or tls", FIELD(proto), parse_proto,
          format_proto },
        { "type", "hidden", true, false, "type= must be visible or hidden", FIELD(hidden),
          parse_type, format_type },
        { "cluster", "cluster", false, false, "cluster= must be 1 to 63 of A-Z a-z 0-9 . _ -",
          FIELD(cluster), parse_label, format_label },
        { "otp", "otp", false, false, "otp= must be 1 to 16 of A-Z a-z 0-9 . _ -", FIELD(otp),
          parse_label, format_label },
        { "dist", "dist", false, false, "dist= must be LOW-HIGH, each from 1 to 255", FIELD(dist),
          parse_range, format_range },
};

const size_t endpoint_n_attributes = ELEMENTSOF(endpoint_attributes);

int endpoint_set(Endpoint *endpoint, const char *key, const char *value) {
        for (size_t i = 0; i < endpoint_n_attributes; i++) {
                const EndpointAttribute *attribute = &endpoint_attributes[i];

                if (strcmp(attribute->key, key) == 0)
                        return attribute->parse((char *) endpoint + attribute->offset,
                                                attribute->size, value);
        }
        return ENDPOINT_E_UNKNOWN_KEY;
}

const char *endpoint_expected(const char *key) {
        for (size_t i = 0; i < endpoint_n_attributes; i++)
                if (strcmp(endpoint_attributes[i].key, key) == 0)
                        return endpoint_attributes[i].expected;
        return "invalid value";
}

const char *endpoint_get(const Endpoint *endpoint, const EndpointAttribute *attribute,
                         char buffer[static ENDPOINT_VALUE_SIZE]) {
        return attribute->format((const char *) endpoint + attribute->offset, buffer);
}

void endpoint_write(const Endpoint *endpoint, const EndpointAttribute *attribute,
                    LineWriter *writer) {
        char buffer[ENDPOINT_VALUE_SIZE];
        const char *value = endpoint_get(endpoint, attribute, buffer);

        if (value)
                line_writer_attribute(writer, attribute->key, value);
}

int endpoint_compare_identity(const Endpoint *a, const Endpoint *b) {
        int r = strcmp(a->node, b->node);

        if (r == 0)
                r = (int) a->proto - (int) b->proto;
        if (r == 0)
                r = (int) a->family - (int) b->family;
        return r;
}

/* Whether an attribute has the same value in both: each value has one text. */
static bool is_same(const EndpointAttribute *attribute, const Endpoint *a, const Endpoint *b) {
        char buffer_a[ENDPOINT_VALUE_SIZE], buffer_b[ENDPOINT_VALUE_SIZE];
        const char *text_a = endpoint_get(a, attribute, buffer_a),
                   *text_b = endpoint_get(b, attribute, buffer_b);

        return text_a && text_b ? strcmp(text_a, text_b) == 0 : text_a == text_b;
}

bool endpoint_is_announceable(const Endpoint *endpoint, const Address *bound) {
        return !(bound && address_is_loopback(bound)) && !node_name_is_loopback(endpoint->node);
}

bool endpoint_equal(const Endpoint *a, const Endpoint *b) {
        if (endpoint_compare_identity(a, b) != 0 || a->port != b->port)
                return false;
        for (size_t i = 0; i < endpoint_n_attributes; i++)
                if (!is_same(&endpoint_attributes[i], a, b))
                        return false;
        return true;
}
