/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What is told of one endpoint: NODE lines and EVENT lines (docs/protocol.md section 4) */

#include <stdbool.h>
#include <stdint.h>

#include "core/endpoint.h"
#include "core/line.h"
#include "core/source.h"

typedef enum EventKind {
        EVENT_UP,
        EVENT_CHANGED,
        EVENT_DOWN,
        EVENT_SYNC,
        EVENT_NETWORK, /* about this host, not about an endpoint */
        _EVENT_MAX,
        _EVENT_INVALID = -1,
} EventKind;

typedef enum Reason {
        REASON_PRESENT,
        REASON_REGISTERED,
        REASON_SEEN,
        REASON_CONNECTED,
        REASON_REPLACED,
        REASON_UNREGISTERED,
        REASON_GOODBYE,
        REASON_EXPIRED,
        REASON_LOST,
        REASON_DISCONNECTED,
        REASON_READDRESSED, /* EVENT_NETWORK: this host has other addresses */
        REASON_RESUMED,     /* EVENT_NETWORK: this host was suspended */
        _REASON_MAX,
        _REASON_INVALID = -1,
} Reason;

/* A plain value, copied freely. */
typedef struct NodeInfo {
        Endpoint endpoint;
        Address addresses[LIMIT_ADDRESSES]; /* the best one first */
        size_t n_addresses;
        Source source;
        char host[LIMIT_HOST + 1]; /* "": unknown */
        char interfaces[LIMIT_INTERFACES *
                        (LIMIT_INTERFACE + 1)]; /* "eth0,wlan0"; "": none or unknown */
        uint32_t age_sec;
        bool conflict;
        char rival[LIMIT_HOST + 1]; /* the host of another claim; "": none, or unknown */
        bool stale;
} NodeInfo;

/* Whether it is about an endpoint. */
bool event_kind_has_info(EventKind kind);

const char *event_kind_to_string(EventKind kind);
EventKind event_kind_from_string(const char *text);
const char *reason_to_string(Reason reason);
Reason reason_from_string(const char *text);

/* Appends the node's name and its attributes to a line that has its verb. */
void node_info_write(const NodeInfo *info, LineWriter *writer);

/*
 * Takes a line whose words from position first on are a node's name and its attributes, splits
 * these attributes, and sets *ret. Unknown attributes are ignored. Returns 0 or LINE_E_MALFORMED.
 */
int node_info_parse(NodeInfo *ret, Line *line, size_t first);

/* Whether the two tell the same, age apart. */
bool node_info_equal(const NodeInfo *a, const NodeInfo *b);

/*
 * Leaves only the addresses of the given family (_FAMILY_INVALID: leaves all). Returns whether any
 * are left.
 */
bool node_info_restrict(NodeInfo *info, Family family);
