/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A walk through the directory that may be interrupted */

#include <stdbool.h>

#include "core/directory.h"

/* Embedded by value. It remembers where it is by name, so that the directory may change between two
 * steps. */
typedef struct Walk {
        bool active;
        bool begun;
        Endpoint last; /* begun: the endpoint that it has come to */
} Walk;

#define WALK_NULL                                                                                  \
        { .active = false }
#define WALK_START                                                                                 \
        { .active = true }

/* Steps to the next endpoint that is up, sets *ret and returns true; or ends the walk and returns
 * false. */
bool walk_next(Walk *walk, const Directory *directory, uint64_t now_usec, NodeInfo *ret);

/* Whether the walk will still come to an endpoint, and find it as it is then. */
bool walk_is_ahead(const Walk *walk, const Endpoint *endpoint);
