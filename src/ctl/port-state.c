/* SPDX-License-Identifier: Apache-2.0 */
/* What was found at the port of a node's distribution */

#include <stdio.h>

#include "ctl/port-state.h"

static const struct {
        const char *name;
        const char *shown;
        bool good;
        const char *advice;
} states[] = {
        [PORT_UNTRIED] = { NULL, NULL, true, NULL },
        [PORT_OPEN] = { "open", "open", true, NULL },
        [PORT_SILENT] = { "silent", "silent (connected, no answer in 1 s)", true,
                          "The node may hang, or be very busy: look at its host." },
        [PORT_REFUSED] = { "refused", "refused", false,
                           "Nobody listens there, or a firewall rejects it. Does the node run, in "
                           "the network of its host? In a container its port must be published "
                           "(docs/containers.md)." },
        [PORT_FILTERED] = { "filtered", "filtered (no answer in 1 s)", false,
                            "A firewall drops connections, or the host is gone. On the node's host "
                            "let nodes listen in a range of ports, -kernel inet_dist_listen_min "
                            "41000 inet_dist_listen_max 41009, and allow TCP to it: \"ufw allow "
                            "41000:41009/tcp\", or \"firewall-cmd --add-port=41000-41009/tcp\"." },
        [PORT_UNREACHABLE] = { "unreachable", "unreachable (no route)", false,
                               "This host has no route there, or a firewall rejects it: \"ip route "
                               "get ADDRESS\"." },
        [PORT_OTHER_NODE] = { "not-this-node", "not this node", false,
                              "Another node has the port at that address. Is the address that of "
                              "the node's host? If it runs in a container, its port must be "
                              "published there under the same number (docs/containers.md)." },
        [PORT_FOREIGN] = { "not-erlang", "not an Erlang node", false,
                           "Another program has the port at that address, or a proxy without the "
                           "node behind it. If the node runs in a container, see "
                           "docs/containers.md." },
};

const char *port_state_to_string(PortState state) {
        return states[state].name;
}

bool port_state_is_good(PortState state) {
        return states[state].good;
}

const char *port_state_show(PortState state, const char *answered,
                            char buffer[static PORT_STATE_SIZE]) {
        if (state != PORT_OTHER_NODE || !*answered)
                return states[state].shown;
        snprintf(buffer, PORT_STATE_SIZE, "%s: %s", states[state].shown, answered);
        return buffer;
}

const char *port_state_advice(PortState state) {
        return states[state].advice;
}
