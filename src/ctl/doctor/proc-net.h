/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Tables of sockets: /proc/net/tcp, tcp6 (proc(5)) */

#include <stdbool.h>
#include <stdint.h>

#include "core/address.h"

typedef enum Listener {
        LISTENER_NONE,
        LISTENER_LOOPBACK, /* reached from this host only */
        LISTENER_ADDRESS,  /* bound to one address that others reach */
        LISTENER_ALL,      /* 0.0.0.0 or :: */
} Listener;

/* Who listens on a TCP port, by the text of a table: the one that most can reach. */
Listener proc_net_listener(const char *table, uint16_t port);
