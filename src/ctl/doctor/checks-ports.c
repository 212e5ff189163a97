/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of "epmd-mdns doctor": the ports of other nodes */

#include <inttypes.h>
#include <stdio.h>

#include "ctl/doctor/checks.h"

/* Nodes that are told of by name; more are counted. */
#define SHOWN_MAX 3

static void append(char *list, size_t size, const PortProbe *probe) {
        char address[ADDRESS_TEXT_SIZE], state[PORT_STATE_SIZE], text[2 * NODE_NAME_SIZE + 128];

        snprintf(text, sizeof(text), "%s at %s port %" PRIu16 " is %s", probe->node,
                 address_format(&probe->address, address), probe->port,
                 port_state_show(probe->state, probe->answered, state));
        list_append(list, size, text);
}

Finding check_ports(const Facts *facts) {
        const PortProbe *first = NULL;
        char list[512] = "", more[32] = "";
        size_t n_bad = 0, n_tried = 0;

        if (!facts->ports.tried)
                return (Finding){};
        for (size_t i = 0; i < facts->ports.n; i++) {
                const PortProbe *probe = &facts->ports.probes[i];

                n_tried += probe->state != PORT_UNTRIED;
                if (!port_state_advice(probe->state))
                        continue;
                if (n_bad++ < SHOWN_MAX)
                        append(list, sizeof(list), probe);
                /* The advice is for the worst: a port that no node can connect to. */
                if (!first ||
                    (port_state_is_good(first->state) && !port_state_is_good(probe->state)))
                        first = probe;
        }
        if (n_bad > SHOWN_MAX)
                snprintf(more, sizeof(more), ", and %zu more", n_bad - SHOWN_MAX);
        if (first)
                return finding_make(VERDICT_WARN, port_state_advice(first->state), "%s%s", list,
                                    more);
        if (n_tried == 0)
                return finding_make(VERDICT_OK, NULL,
                                    "no node of another host is up, so no port "
                                    "was tried");
        return finding_make(VERDICT_OK, NULL,
                            n_tried == 1
                                    ? "%zu node of another host was tried, and takes connections"
                                    : "%zu nodes of other hosts were tried, and take connections",
                            n_tried);
}
