/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the doctor knows of the machine around this host */

#include <stdbool.h>

#include "ctl/container.h"

typedef enum Wsl {
        WSL_NONE,
        WSL_NAT,      /* behind Windows */
        WSL_MIRRORED, /* with the interfaces of Windows */
} Wsl;

typedef struct FactsHost {
        ContainerFacts container;
        Wsl wsl;
} FactsHost;

/* What /proc/sys/kernel/osrelease and an interface tell: Microsoft's kernels are named so, and with
 * mirrored interfaces there is a second loopback. */
Wsl wsl_judge(const char *osrelease, bool has_loopback0);

/* Looks at the machine. socket: where a daemon has just been reached; NULL: nowhere. */
void facts_host_gather(FactsHost *ret, const char *socket);
