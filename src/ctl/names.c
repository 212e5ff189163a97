/* SPDX-License-Identifier: Apache-2.0 */
/* epmd-mdns names: the nodes of this host, as "epmd -names" shows them */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ctl/commands.h"

int command_names(Client *client) {
        Request request = { .verb = VERB_LIST, .source = SOURCE_LOCAL };
        char last[NODE_NAME_SIZE] = "";
        Reply reply;
        int r = client_send(client, &request);

        if (r >= 0)
                r = client_receive(client, &reply);
        if (r < 0)
                return r;

        /* Word for word what epmd prints, so that scripts that read it go on working. */
        printf("epmd: up and running on port 4369 with data:\n");
        for (; r >= 0 && reply.kind != REPLY_OK; r = client_receive(client, &reply)) {
                const char *node = reply.info.endpoint.node;

                /* epmd knows one port for each name; here a node may have several endpoints. */
                if (reply.kind != REPLY_NODE || strcmp(node, last) == 0)
                        continue;
                printf("name %.*s at port %" PRIu16 "\n", (int) strcspn(node, "@"), node,
                       reply.info.endpoint.port);
                strcpy(last, node);
        }
        return r;
}
