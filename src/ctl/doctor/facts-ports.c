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

/* Where a node of its own kind would connect to. Returns false if none could. */
static bool choose(PortProbe *probe, const NodeInfo *info) {
        Choice choices[LIMIT_ADDRESSES];

        (void) choice_make(choices, info, 1, info->endpoint.proto, info->endpoint.family);
        *probe = (PortProbe){
                .node = info->endpoint.node,
                .address = choices[0].address,
                .port = info->endpoint.port,
                .proto = info->endpoint.proto,
        };
        return choices[0].verdict == CHOICE_TAKEN;
}

void facts_ports_gather(FactsPorts *ret, const char *socket) {
        *ret = (FactsPorts){ .n = 0 };
        ret->tried = take_sample(&ret->sample, socket);
        for (size_t i = 0; i < ret->sample.n; i++)
                ret->n += choose(&ret->probes[ret->n], &ret->sample.infos[i]);
        port_probe(ret->probes, ret->n);
}
