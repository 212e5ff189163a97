/* SPDX-License-Identifier: Apache-2.0 */
/* Which nodes are wanted */

#include <string.h>

#include "core/filter.h"

static bool is_any(const char *text) {
        return !text || !*text;
}

bool filter_selects(const Filter *filter, const NodeInfo *info) {
        return (is_any(filter->cluster) || strcmp(filter->cluster, info->endpoint.cluster) == 0) &&
               (is_any(filter->host) ||
                host_name_equal(filter->host, node_name_host(info->endpoint.node)) ||
                host_name_equal(filter->host, info->host)) &&
               (filter->source == _SOURCE_INVALID || filter->source == info->source);
}
