/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the doctor knows of the ports of other nodes */

#include "ctl/doctor/port-sample.h"
#include "ctl/port-probe.h"

typedef struct FactsPorts {
        bool tried;                        /* nodes were looked for */
        PortSample sample;                 /* … and found */
        PortProbe probes[PORT_SAMPLE_MAX]; /* of those that can be connected to */
        size_t n;
} FactsPorts;

/* Asks the daemon at this socket for nodes on the LAN, and tries the ports of some. Takes up to a
 * second. */
void facts_ports_gather(FactsPorts *ret, const char *socket);
