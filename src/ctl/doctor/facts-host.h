/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the doctor knows of the machine around this host */

#include <stdbool.h>

#include "ctl/container.h"

typedef enum Wsl {
        WSL_NONE,
        WSL_FIRST,    /* WSL 1, where Windows plays Linux */
        WSL_PLAIN,    /* WSL 2, behind NAT unless it is told otherwise */
        WSL_MIRRORED, /* WSL 2 with the interfaces of Windows */
} Wsl;

typedef struct FactsHost {
        ContainerFacts container;
        Wsl wsl;
} FactsHost;

/* By the text of /proc/sys/kernel/osrelease, in which Microsoft's kernels have its name. With
 * mirrored interfaces there is a second loopback interface, loopback0. */
Wsl wsl_judge(const char *osrelease, bool has_loopback0);

/* Looks at the machine. socket: where a daemon has just been reached; NULL: nowhere. */
void facts_host_gather(FactsHost *ret, const char *socket);
