/* SPDX-License-Identifier: Apache-2.0 */
/* Some of the nodes on the LAN, whose ports are tried */

#include <string.h>

#include "ctl/doctor/port-sample.h"

static size_t count_host(const PortSample *sample, const char *host) {
        size_t n = 0;

        for (size_t i = 0; i < sample->n; i++)
                n += strcmp(sample->infos[i].host, host) == 0;
        return n;
}

void port_sample_add(PortSample *sample, const NodeInfo *info) {
        if (info->source != SOURCE_LAN || info->stale || info->n_addresses == 0)
                return;
        /* A node may have several listeners; they come one after the other. */
        for (size_t i = 0; i < sample->n; i++)
                if (strcmp(sample->infos[i].endpoint.node, info->endpoint.node) == 0)
                        return;
        if (sample->n < PORT_SAMPLE_MAX) {
                sample->infos[sample->n++] = *info;
                return;
        }
        if (count_host(sample, info->host) > 0)
                return;
        /* A new host takes the place of a host's second node. */
        for (size_t i = sample->n; i-- > 0;)
                if (count_host(sample, sample->infos[i].host) > 1) {
                        sample->infos[i] = *info;
                        return;
                }
}
