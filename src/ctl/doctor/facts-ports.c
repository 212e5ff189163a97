/* SPDX-License-Identifier: Apache-2.0 */
/* What the doctor knows of the ports of other nodes */

#include "core/choice.h"
#include "ctl/client.h"
#include "ctl/doctor/facts-ports.h"

static bool take_sample(PortSample *sample, const char *socket) {
        Request request = { .verb = VERB_LIST, .filter = FILTER_ALL };
        _cleanup_(client_freep) Client *client = NULL;
        Reply reply;
        int r;

        request.filter.source = SOURCE_LAN;
        r = client_new(&client, socket, true);
        if (r == 0)
                r = client_send(client, &request);
        while (r == 0) {
                r = client_receive(client, &reply);
                if (r == 0 && reply.kind == REPLY_OK)
                        return true;
                if (r == 0 && reply.kind == REPLY_NODE)
                        port_sample_add(sample, &reply.info);
        }
        return false;
}

/* The address that a node of its own kind would connect to. */
static Address choose(const NodeInfo *info) {
        Choice choices[LIMIT_ADDRESSES];

        (void) choice_make(choices, info, 1, info->endpoint.proto, info->endpoint.family);
        return choices[0].address;
}

void facts_ports_gather(FactsPorts *ret, const char *socket) {
        *ret = (FactsPorts){ .sample = PORT_SAMPLE_NULL };
        ret->tried = take_sample(&ret->sample, socket);
        for (size_t i = 0; i < ret->sample.n; i++)
                ret->probes[i] = (PortProbe){
                        .node = ret->sample.infos[i].endpoint.node,
                        .address = choose(&ret->sample.infos[i]),
                        .port = ret->sample.infos[i].endpoint.port,
                        .proto = ret->sample.infos[i].endpoint.proto,
                };
        port_probe(ret->probes, ret->sample.n);
}
