/* SPDX-License-Identifier: Apache-2.0 */
/* The node that a connection holds */

#include <string.h>

#include "daemon/control/lease.h"

/* Whether another connection holds the node. One that is gone loses it here and now: its end may
 * not have been read yet (a node that restarts quickly). */
static bool is_held_by_another(const Lease *lease, const char *node) {
        uint64_t holder = directory_holder(control_server_directory(lease->server), node);

        return holder != 0 && holder != lease->owner &&
               !control_server_release_dead(lease->server, holder);
}

int lease_register(Lease *lease, const Request *request, uint64_t now_usec, const char **ret_text) {
        const Endpoint *endpoint = &request->endpoint;
        bool *registered = &lease->registered[endpoint->proto][endpoint->family];
        int r;

        if (*lease->node && strcmp(lease->node, endpoint->node) != 0) {
                *ret_text = "this connection holds another node already, use a new one";
                return PROTOCOL_E_OTHER_NODE;
        }
        if (is_held_by_another(lease, endpoint->node)) {
                *ret_text = "another node of this host holds the name";
                return PROTOCOL_E_DUPLICATE_NAME;
        }
        if (!*registered && control_server_take_registration(lease->server, lease->uid) != 0) {
                *ret_text = "too many nodes are registered";
                return PROTOCOL_E_LIMIT;
        }

        r = directory_register(control_server_directory(lease->server), lease->owner, endpoint,
                               request->bound ? &request->address : NULL, now_usec);
        if (r != 0) {
                if (!*registered)
                        control_server_give_registration(lease->server, lease->uid);
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
