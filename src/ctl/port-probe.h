/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Tries the port of a node's distribution
 *
 * Connects as a node would. Over TCP it then asks for the name of who answers, over TLS it does no
 * more: the node would log a handshake that fails. Neither leaves a line in a node's log.
 */

#include "core/endpoint.h"
#include "ctl/port-state.h"

/* Plenty on a LAN, and short enough for whoever waits for the command. */
#define PORT_PROBE_MSEC 1000

/* A plain value. */
typedef struct PortProbe {
        const char *node; /* who is expected there */
        Address address;
        uint16_t port;
        Proto proto;

        PortState state;
        char answered[NODE_NAME_SIZE]; /* PORT_OTHER_NODE: who is; "": no name that a node may have
                                        */
} PortProbe;

/* More are not tried. */
#define PORT_PROBES_MAX 16

/* Tries n of them side by side, and sets their states. Takes no longer than PORT_PROBE_MSEC. */
void port_probe(PortProbe probes[], size_t n);
