/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a node says of one of its listeners */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/address.h"
#include "core/line.h"
#include "core/node-name.h"

typedef enum Proto {
        PROTO_TCP,
        PROTO_TLS,
        _PROTO_MAX,
        _PROTO_INVALID = -1,
} Proto;

typedef struct VersionRange {
        uint8_t low, high; /* 1 to 255; 0: unknown */
} VersionRange;

/*
 * An endpoint, the same from a REGISTER request and from an advert's TXT record. A plain value:
 * copied freely, compared by its fields. Whoever fills it from outside goes through endpoint_set()
 * and node_name_is_valid().
 */
typedef struct Endpoint {
        char node[NODE_NAME_SIZE];
        Proto proto;
        Family family;
        uint16_t port; /* 1 to 65535 */
        bool hidden;
        char cluster[LIMIT_CLUSTER + 1]; /* "": none */
        char otp[LIMIT_OTP + 1];         /* "": unknown */
        VersionRange dist;               /* of the distribution protocol */
} Endpoint;

/* Long enough for a value that has to be put together, as "255-255", NUL included. */
#define ENDPOINT_VALUE_SIZE 16

enum {
        _ENDPOINT_E_SUCCESS,

        ENDPOINT_E_UNKNOWN_KEY,
        ENDPOINT_E_INVALID_VALUE,
};

/* "tcp" or "tls". */
const char *proto_to_string(Proto proto);
Proto proto_from_string(const char *text);

/* An attribute, the same in REGISTER, NODE and EVENT lines, in TXT records and in JSON. */
typedef struct EndpointAttribute {
        const char *key;
        const char *json;     /* its key in JSON */
        bool json_flag;       /* in JSON it is a boolean: whether it has another than its default */
        bool required;        /* always told, also its default */
        const char *expected; /* for people who gave an invalid value */
        size_t offset;        /* of its field, or the first one of them, in Endpoint */
        size_t size;          /* of that field */

        /* Sets the field. Returns 0, or ENDPOINT_E_INVALID_VALUE with the field untouched. */
        int (*parse)(void *field, size_t size, const char *value);

        /* The value as text, which may be in buffer; NULL for the default of an optional one. */
        const char *(*format)(const void *field, char buffer[static ENDPOINT_VALUE_SIZE]);
} EndpointAttribute;

/* The table of all attributes, in the order in which they are written: the only place that lists
 * them. */
extern const EndpointAttribute endpoint_attributes[];
extern const size_t endpoint_n_attributes;

/*
 * Sets the attribute key from its text. Returns 0, ENDPOINT_E_UNKNOWN_KEY if an endpoint has no
 * such attribute, or ENDPOINT_E_INVALID_VALUE; the endpoint is then unchanged.
 */
int endpoint_set(Endpoint *endpoint, const char *key, const char *value);

/* What to tell people who gave an attribute, a known one, an invalid value. */
const char *endpoint_expected(const char *key);

/* The value of an attribute, as EndpointAttribute.format says. */
const char *endpoint_get(const Endpoint *endpoint, const EndpointAttribute *attribute,
                         char buffer[static ENDPOINT_VALUE_SIZE]);

/* Appends an attribute of an endpoint to a line, unless it is an optional one with its default. */
void endpoint_write(const Endpoint *endpoint, const EndpointAttribute *attribute,
                    LineWriter *writer);

/* Orders by identity: node, then protocol, then family. Negative, 0 or positive. */
int endpoint_compare_identity(const Endpoint *a, const Endpoint *b);

/* Whether other hosts can reach an endpoint of this host that listens on this address only; NULL:
 * on all. Only then is it announced. */
bool endpoint_is_announceable(const Endpoint *endpoint, const Address *bound);

/* Whether all fields are the same. */
bool endpoint_equal(const Endpoint *a, const Endpoint *b);
