/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Which nodes are wanted: --cluster, --host, --local, --lan */

#include <stdbool.h>

#include "core/node-info.h"
#include "core/request.h"

typedef struct Filter {
        const char *cluster; /* NULL: any */
        const char *host;    /* NULL: any */
        Source source;       /* _SOURCE_INVALID: any */
} Filter;

#define FILTER_ALL                                                                                 \
        { .source = _SOURCE_INVALID }

/* Has the daemon filter: sets what a LIST asks for. */
void filter_set_request(const Filter *filter, Request *request);

/* The same for events, which the daemon does not filter. */
bool filter_selects(const Filter *filter, const NodeInfo *info);
