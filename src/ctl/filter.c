/* SPDX-License-Identifier: Apache-2.0 */
/* Which nodes are wanted: --cluster, --host, --local, --lan */

#include <string.h>

#include "ctl/filter.h"

void filter_set_request(const Filter *filter, Request *request) {
        request->cluster = filter->cluster;
        request->host = filter->host;
        request->source = filter->source;
}

bool filter_selects(const Filter *filter, const NodeInfo *info) {
        return (!filter->cluster || strcmp(filter->cluster, info->endpoint.cluster) == 0) &&
               (!filter->host ||
                host_name_equal(filter->host, node_name_host(info->endpoint.node)) ||
                host_name_equal(filter->host, info->host)) &&
               (filter->source == _SOURCE_INVALID || filter->source == info->source);
}
