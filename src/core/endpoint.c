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

static int set_proto(Endpoint *endpoint, const char *value) {
        Proto proto = proto_from_string(value);

        if (proto == _PROTO_INVALID)
                return ENDPOINT_E_INVALID_VALUE;
        endpoint->proto = proto;
        return 0;
}

static int set_family(Endpoint *endpoint, const char *value) {
        Family family = family_from_string(value);

        if (family == _FAMILY_INVALID)
                return ENDPOINT_E_INVALID_VALUE;
        endpoint->family = family;
        return 0;
}

static int set_type(Endpoint *endpoint, const char *value) {
        if (strcmp(value, "hidden") == 0)
                endpoint->hidden = true;
        else if (strcmp(value, "visible") == 0)
                endpoint->hidden = false;
        else
                return ENDPOINT_E_INVALID_VALUE;
        return 0;
}

/* A label: 1 to max of A-Z a-z 0-9 . _ - */
static int set_label(char *field, size_t max, const char *value) {
        size_t length =
                strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

        if (length == 0 || length > max || value[length] != '\0')
                return ENDPOINT_E_INVALID_VALUE;
        memcpy(field, value, length + 1);
        return 0;
}

static int set_cluster(Endpoint *endpoint, const char *value) {
        return set_label(endpoint->cluster, LIMIT_CLUSTER, value);
}

static int set_otp(Endpoint *endpoint, const char *value) {
        return set_label(endpoint->otp, LIMIT_OTP, value);
}

static int set_dist(Endpoint *endpoint, const char *value) {
        char text[ENDPOINT_DIST_SIZE];
        uint32_t low, high;
        char *dash;

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

        endpoint->dist_low = (uint8_t) low;
        endpoint->dist_high = (uint8_t) high;
        return 0;
}

int endpoint_set(Endpoint *endpoint, const char *key, const char *value) {
        static const struct {
                const char *key;
                int (*set)(Endpoint *endpoint, const char *value);
        } attributes[] = {
                { "proto", set_proto },     { "family", set_family }, { "type", set_type },
                { "cluster", set_cluster }, { "otp", set_otp },       { "dist", set_dist },
        };

        for (size_t i = 0; i < ELEMENTSOF(attributes); i++)
                if (strcmp(attributes[i].key, key) == 0)
                        return attributes[i].set(endpoint, value);
        return ENDPOINT_E_UNKNOWN_KEY;
}

const char *endpoint_format_dist(const Endpoint *endpoint, char buffer[static ENDPOINT_DIST_SIZE]) {
        snprintf(buffer, ENDPOINT_DIST_SIZE, "%u-%u", endpoint->dist_low, endpoint->dist_high);
        return buffer;
}

int endpoint_compare_identity(const Endpoint *a, const Endpoint *b) {
        int r = strcmp(a->node, b->node);

        if (r == 0)
                r = (int) a->proto - (int) b->proto;
        if (r == 0)
                r = (int) a->family - (int) b->family;
        return r;
}

bool endpoint_equal(const Endpoint *a, const Endpoint *b) {
        return endpoint_compare_identity(a, b) == 0 && a->port == b->port &&
               a->hidden == b->hidden && strcmp(a->cluster, b->cluster) == 0 &&
               strcmp(a->otp, b->otp) == 0 && a->dist_low == b->dist_low &&
               a->dist_high == b->dist_high;
}
