/* SPDX-License-Identifier: Apache-2.0 */
/* epmd-mdns names: the nodes of a host, as "epmd -names" shows them */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/commands.h"
#include "util/parse.h"

/* The port that epmd would speak of: that of its environment variable, else its own. */
static uint32_t epmd_port(void) {
        const char *text = getenv("ERL_EPMD_PORT");
        uint32_t port = 4369;

        if (text)
                (void) parse_u32(text, 1, UINT16_MAX, &port);
        return port;
}

int command_names(Client *client, const Options *options) {
        const char *host = options->argument;
        Request request = { .verb = VERB_LIST,
                            .filter.host = host,
                            .filter.source = host ? _SOURCE_INVALID : SOURCE_LOCAL };
        char last[NODE_NAME_SIZE] = "";
        Reply reply;
        int r = client_send(client, &request);

        if (r >= 0)
                r = client_receive(client, &reply);
        if (r < 0)
                return r;

        /* Word for word what epmd prints, so that scripts that read it go on working. */
        printf("epmd: up and running on port %" PRIu32 " with data:\n", epmd_port());
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
