/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which nodes are wanted: what a LIST and the command's options ask for */

#include <stdbool.h>

#include "core/node-info.h"

typedef struct Filter {
        const char *cluster; /* NULL or "": any */
        const char *host; /* NULL or "": any; the host part of the node's name, or the mDNS name */
        Source source;    /* _SOURCE_INVALID: any */
} Filter;

#define FILTER_ALL                                                                                 \
        { .source = _SOURCE_INVALID }

/* Whether an endpoint is wanted. tests/choice-examples.txt holds this and epmd_mdns_choice in the
 * OTP application together. */
bool filter_selects(const Filter *filter, const NodeInfo *info);
