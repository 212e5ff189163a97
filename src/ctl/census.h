/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Nodes counted by kind, from a LIST */

#include <stdbool.h>
#include <stddef.h>

#include "core/node-info.h"

/* Interfaces that are told; a host has fewer. */
#define CENSUS_INTERFACES 16

/* Counts nodes, not endpoints. Embedded by value. */
typedef struct Census {
        size_t nodes;
        size_t local;
        size_t hidden;
        size_t tls;      /* that have a listener for TLS */
        size_t clusters; /* nodes in a cluster */
        size_t endpoints;
        char interfaces[CENSUS_INTERFACES][LIMIT_INTERFACE + 1]; /* on which adverts are heard */
        size_t n_interfaces;

        /* of the node whose endpoints come just now */
        char last[NODE_NAME_SIZE];
        bool last_tls;
} Census;

#define CENSUS_NULL                                                                                \
        { .nodes = 0 }

/* Counts an endpoint. They come in the order of LIST: those of a node one after the other. */
void census_add(Census *census, const NodeInfo *info);
