/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The node that a connection holds */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/request.h"
#include "daemon/control/control-server.h"

/* At most one node, with an endpoint for each protocol and family. Embedded by value. */
typedef struct Lease {
        ControlServer *server;
        uint64_t owner; /* who it is in the directory */
        uid_t uid;
        char node[NODE_NAME_SIZE]; /* "": none */
        bool registered[_PROTO_MAX][_FAMILY_MAX];
        uint32_t creation; /* of the node, while there is one */
} Lease;

#define LEASE_INIT(_server, _owner, _uid)                                                          \
        { .server = (_server), .owner = (_owner), .uid = (_uid) }

/*
 * Registers the endpoint of a REGISTER request. Returns 0, or the positive ProtocolError to answer
 * with; *ret_text is then what to tell people.
 */
int lease_register(Lease *lease, const Request *request, uint64_t now_usec, const char **ret_text);

/* Withdraws the node, if there is one. */
void lease_release(Lease *lease, uint64_t now_usec);
