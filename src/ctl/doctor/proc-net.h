/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Tables of sockets: /proc/net/tcp, tcp6, udp, udp6 (proc(5)) */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/address.h"

typedef enum Listener {
        LISTENER_NONE,
        LISTENER_LOOPBACK, /* reached from this host only */
        LISTENER_ADDRESS,  /* bound to one address that others reach */
        LISTENER_ALL,      /* 0.0.0.0 or :: */
} Listener;

/* Who listens on a TCP port, by the text of a table: the one that most can reach. */
Listener proc_net_listener(const char *table, uint16_t port);

/* A socket for UDP. */
typedef struct UdpSocket {
        unsigned long inode; /* by which /proc/PID/fd names it */
        uid_t user;
} UdpSocket;

/* Those that are bound to a port, by the text of a table: at most max of them. Returns how many. */
size_t proc_net_udp(const char *table, uint16_t port, UdpSocket ret[], size_t max);
