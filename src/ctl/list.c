/* SPDX-License-Identifier: Apache-2.0 */
/* epmd-mdns list: a table of all nodes */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "ctl/commands.h"
#include "ctl/text.h"

static const char *where(const NodeInfo *info) {
        if (info->conflict)
                return info->source == SOURCE_LOCAL ? "local, CONFLICT" : "LAN, CONFLICT";
        return info->source == SOURCE_LOCAL ? "local" : "LAN";
}

static int add_row(Table *table, const NodeInfo *info) {
        char address[ADDRESS_TEXT_SIZE], port[8], age[TEXT_AGE_SIZE];
        const char *cells[TABLE_COLUMNS] = {
                info->endpoint.node,
                address_format(&info->addresses[0], address),
                port,
                proto_to_string(info->endpoint.proto),
                info->endpoint.cluster,
                info->host,
                text_age(info->age_sec, age),
                where(info),
        };

        snprintf(port, sizeof(port), "%" PRIu16, info->endpoint.port);
        return table_add(table, cells);
}

static int fill(Client *client, Table *table) {
        Request request = { .verb = VERB_LIST, .source = _SOURCE_INVALID };
        Reply reply;
        int r = client_send(client, &request);

        while (r >= 0) {
                r = client_receive(client, &reply);
                if (r < 0 || reply.kind == REPLY_OK)
                        break;
                if (reply.kind == REPLY_NODE)
                        r = add_row(table, &reply.info);
        }
        return r;
}

int command_list(Client *client) {
        static const char *const headers[TABLE_COLUMNS] = {
                "NODE", "ADDRESS", "PORT", "PROTO", "CLUSTER", "HOST", "AGE", "WHERE",
        };
        Table *table = table_new(headers, TABLE_COLUMNS);
        int r = -ENOMEM;

        if (table)
                r = fill(client, table);
        if (r == -ENOMEM)
                fprintf(stderr, "epmd-mdns: out of memory\n");
        if (r >= 0)
                table_print(table);
        table_free(table);
        return r;
}
