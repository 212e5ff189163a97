/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What tells a container from a host */

#include "ctl/container.h"

/* Looks at the machine. socket: where a daemon has just been reached; NULL: nowhere. */
void container_gather(ContainerFacts *ret, const char *socket);
