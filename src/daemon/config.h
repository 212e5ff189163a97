/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How the daemon was told to be */

#include <stdint.h>

/* A plain value, which never changes while the daemon runs. */
typedef struct Config {
        const char *socket; /* path of the control socket; not owned */
        uint32_t ttl_sec;   /* of the adverts' PTR records, LIMIT_TTL_MIN to LIMIT_TTL_MAX */
} Config;

#define CONFIG_DEFAULT_TTL_SEC 30
#define CONFIG_DEFAULT                                                                             \
        { .ttl_sec = CONFIG_DEFAULT_TTL_SEC }
