/* SPDX-License-Identifier: Apache-2.0 */
/* epmd-mdns wait: until so many nodes are up */

#include <stdio.h>
#include <stdlib.h>

#include "ctl/commands.h"
#include "ctl/node-set.h"

static int take(NodeSet *set, const Reply *event, const Filter *filter) {
        const NodeInfo *info = &event->info;

        /* A change may be one of the attributes that were asked for. */
        if (event->event != EVENT_DOWN && filter_selects(filter, info))
                return node_set_add(set, &info->endpoint);
        node_set_remove(set, &info->endpoint);
        return 0;
}

static int wait_for(Client *client, const Options *options, NodeSet *set) {
        bool complete = false;
        Reply reply;
        int r = 0;

        while (!complete || set->n_nodes < options->count) {
                r = client_receive(client, &reply);
                if (r != 0)
                        break;
                if (reply.kind != REPLY_EVENT)
                        continue;
                /* The snapshot comes at once, however short the time is. */
                if (reply.event == EVENT_SYNC) {
                        if (complete)
                                continue;
                        complete = true;
                        if (options->timeout_msec != UINT32_MAX)
                                client_set_deadline(client, options->timeout_msec);
                        else
                                client_be_patient(client);
                        continue;
                }
                if (!event_kind_has_info(reply.event))
                        continue;
                r = take(set, &reply, &options->filter);
                if (r < 0) {
                        fprintf(stderr, "epmd-mdns: out of memory\n");
                        break;
                }
        }
        return r;
}

int command_wait(Client *client, const Options *options) {
        Request request = { .verb = VERB_SUBSCRIBE };
        _cleanup_(node_set_done) NodeSet set = NODE_SET_NULL;
        int r = client_send(client, &request);

        if (r >= 0)
                r = wait_for(client, options, &set);
        if (r == CLIENT_E_LATE) {
                fprintf(stderr, "epmd-mdns: timed out: %zu of %u node%s up\n", set.n_nodes,
                        (unsigned) options->count, options->count == 1 ? " is" : "s are");
                return EXIT_NO;
        }
        return r;
}
