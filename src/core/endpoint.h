/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a node says of one of its listeners */

#include <stdbool.h>
#include <stdint.h>

#include "core/address.h"
#include "core/node-name.h"

typedef enum Proto {
        PROTO_TCP,
        PROTO_TLS,
        _PROTO_MAX,
        _PROTO_INVALID = -1,
} Proto;

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
        uint8_t dist_low, dist_high;     /* 0: unknown */
} Endpoint;

/* Long enough for "255-255", NUL included. */
#define ENDPOINT_DIST_SIZE 8

enum {
        _ENDPOINT_E_SUCCESS,

        ENDPOINT_E_UNKNOWN_KEY,
        ENDPOINT_E_INVALID_VALUE,
};

/* "tcp" or "tls". */
const char *proto_to_string(Proto proto);
Proto proto_from_string(const char *text);

/*
 * Sets the attribute key (proto, family, type, cluster, otp, dist) from its text. Returns 0,
 * ENDPOINT_E_UNKNOWN_KEY if an endpoint has no such attribute, or ENDPOINT_E_INVALID_VALUE; the
 * endpoint is then unchanged.
 */
int endpoint_set(Endpoint *endpoint, const char *key, const char *value);

/* Writes "LOW-HIGH". Returns buffer. */
const char *endpoint_format_dist(const Endpoint *endpoint, char buffer[static ENDPOINT_DIST_SIZE]);

/* Orders by identity: node, then protocol, then family. Negative, 0 or positive. */
int endpoint_compare_identity(const Endpoint *a, const Endpoint *b);

/* Whether all fields are the same. */
bool endpoint_equal(const Endpoint *a, const Endpoint *b);
