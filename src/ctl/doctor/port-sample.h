/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Some of the nodes on the LAN, whose ports are tried: of as many hosts as possible, for firewalls
 * belong to hosts */

#include "core/node-info.h"

/* Enough to find a host that is closed, few enough to disturb nobody. */
#define PORT_SAMPLE_MAX 8

typedef struct PortSample {
        NodeInfo infos[PORT_SAMPLE_MAX];
        size_t n;
} PortSample;

#define PORT_SAMPLE_NULL                                                                           \
        { .n = 0 }

/* Considers an endpoint, one after the other of a listing. */
void port_sample_add(PortSample *sample, const NodeInfo *info);
