/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Where the control socket is */

#include <stdlib.h>

#define SOCKET_PATH_DEFAULT "/run/epmd-mdns/control"

/* The path that an option gave, else that of the environment, else the default. option: NULL if
 * there was none. */
static inline const char *socket_path(const char *option) {
        const char *environment = getenv("EPMD_MDNS_SOCKET");

        if (option)
                return option;
        return environment && *environment ? environment : SOCKET_PATH_DEFAULT;
}
