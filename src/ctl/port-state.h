/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What was found at the port of a node's distribution */

#include <stdbool.h>

#include "core/node-name.h"

typedef enum PortState {
        PORT_UNTRIED, /* nobody can connect there */
        PORT_OPEN,
        PORT_SILENT, /* the connection is taken, and nobody answers */
        PORT_REFUSED,
        PORT_FILTERED,
        PORT_UNREACHABLE, /* there is no route */
        PORT_OTHER_NODE,
        PORT_FOREIGN, /* no Erlang node */
        _PORT_STATE_MAX,
} PortState;

/* The state as programs read it: "open", "not-this-node", …; NULL if it was not tried. */
const char *port_state_to_string(PortState state);

/* Whether a node could connect, as far as can be told. */
bool port_state_is_good(PortState state);

/* Long enough for every state, with a name in it, NUL included. */
#define PORT_STATE_SIZE (NODE_NAME_SIZE + 32)

/*
 * The state as people read it: "filtered (no answer in 1 s)", "not this node: carol@h2"; NULL if it
 * was not tried. answered: the name that a PORT_OTHER_NODE has told, or "". The text may be in
 * buffer.
 */
const char *port_state_show(PortState state, const char *answered,
                            char buffer[static PORT_STATE_SIZE]);

/* What to do about it; NULL if there is nothing to do. */
const char *port_state_advice(PortState state);
