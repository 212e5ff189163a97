/* SPDX-License-Identifier: Apache-2.0 */
/* Which nodes are up, from events */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/node-set.h"

void node_set_done(NodeSet *set) {
        free(set->endpoints);
        *set = (NodeSet) NODE_SET_NULL;
}

/* The position of the first endpoint whose identity is not before that of key. */
static size_t lower_bound(const NodeSet *set, const Endpoint *key) {
        size_t low = 0, high = set->n_endpoints;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (endpoint_compare_identity(&set->endpoints[middle], key) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

static bool is_node(const NodeSet *set, size_t at, const char *node) {
        return at < set->n_endpoints && strcmp(set->endpoints[at].node, node) == 0;
}

/* Whether an endpoint beside this position, which is none of its own, belongs to the node. */
static bool has_neighbour(const NodeSet *set, size_t at, const char *node) {
        return is_node(set, at, node) || (at > 0 && is_node(set, at - 1, node));
}

int node_set_add(NodeSet *set, const Endpoint *endpoint) {
        size_t at = lower_bound(set, endpoint);

        if (at < set->n_endpoints && endpoint_compare_identity(&set->endpoints[at], endpoint) == 0)
                return 0;
        if (set->n_endpoints == set->n_allocated) {
                size_t n = set->n_allocated ? 2 * set->n_allocated : 16;
                Endpoint *grown = reallocarray(set->endpoints, n, sizeof(*grown));

                if (!grown)
                        return -ENOMEM;
                set->endpoints = grown;
                set->n_allocated = n;
        }
        set->n_nodes += !has_neighbour(set, at, endpoint->node);
        memmove(&set->endpoints[at + 1], &set->endpoints[at],
                (set->n_endpoints - at) * sizeof(*set->endpoints));
        set->endpoints[at] = *endpoint;
        set->n_endpoints++;
        return 0;
}

void node_set_remove(NodeSet *set, const Endpoint *endpoint) {
        size_t at = lower_bound(set, endpoint);

        if (at == set->n_endpoints || endpoint_compare_identity(&set->endpoints[at], endpoint) != 0)
                return;
        set->n_endpoints--;
        memmove(&set->endpoints[at], &set->endpoints[at + 1],
                (set->n_endpoints - at) * sizeof(*set->endpoints));
        set->n_nodes -= !has_neighbour(set, at, endpoint->node);
}
