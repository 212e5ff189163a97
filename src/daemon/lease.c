/* SPDX-License-Identifier: Apache-2.0 */
/* The node that a connection holds */

#include <string.h>

#include "daemon/lease.h"

/* Registers, and takes the name over from a holder that is gone: its end may not have been read
 * yet (a node that restarts quickly). */
static int try_register(Lease *lease, const Request *request, uint64_t now_usec) {
        Directory *directory = control_server_directory(lease->server);
        const Address *address = request->bound ? &request->address : NULL;
        uint64_t holder;
        int r;

        r = directory_register(directory, lease->owner, &request->endpoint, address, now_usec,
                               &holder);
        if (r == DIRECTORY_E_DUPLICATE && control_server_release_dead(lease->server, holder))
                r = directory_register(directory, lease->owner, &request->endpoint, address,
                                       now_usec, &holder);
        return r;
}

int lease_register(Lease *lease, const Request *request, uint64_t now_usec, const char **ret_text) {
        const Endpoint *endpoint = &request->endpoint;
        bool *registered = &lease->registered[endpoint->proto][endpoint->family];
        int r;

        if (*lease->node && strcmp(lease->node, endpoint->node) != 0) {
                *ret_text = "this connection holds another node already, use a new one";
                return PROTOCOL_E_OTHER_NODE;
        }
        if (!*registered && control_server_take_registration(lease->server, lease->uid) != 0) {
                *ret_text = "too many nodes are registered";
                return PROTOCOL_E_LIMIT;
        }

        r = try_register(lease, request, now_usec);
        if (r != 0 && !*registered)
                control_server_give_registration(lease->server, lease->uid);
        if (r == DIRECTORY_E_DUPLICATE) {
                *ret_text = "another node of this host holds the name";
                return PROTOCOL_E_DUPLICATE_NAME;
        }
        if (r != 0) {
                *ret_text = "too many nodes are known";
                return PROTOCOL_E_LIMIT;
        }

        *registered = true;
        if (!*lease->node) {
                strcpy(lease->node, endpoint->node);
                lease->creation = control_server_creation(lease->server);
        }
        return 0;
}

void lease_release(Lease *lease, uint64_t now_usec) {
        size_t n;

        if (!*lease->node)
                return;
        n = directory_unregister(control_server_directory(lease->server), lease->owner, lease->node,
                                 now_usec);
        while (n-- > 0)
                control_server_give_registration(lease->server, lease->uid);
        memset(lease->registered, 0, sizeof(lease->registered));
        lease->node[0] = '\0';
}
