/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which nodes are up, from events */

#include <stdbool.h>
#include <stddef.h>

#include "core/endpoint.h"

/* Knows each endpoint that is up, and counts nodes. Embedded by value. */
typedef struct NodeSet {
        Endpoint *endpoints; /* in the order of endpoint_compare_identity() */
        size_t n_endpoints;
        size_t n_allocated;
        size_t n_nodes;
} NodeSet;

#define NODE_SET_NULL                                                                              \
        { .endpoints = NULL }

void node_set_done(NodeSet *set);

/* Takes up an endpoint, or forgets it. Both may be said again. Return 0 or -ENOMEM. */
int node_set_add(NodeSet *set, const Endpoint *endpoint);
void node_set_remove(NodeSet *set, const Endpoint *endpoint);
