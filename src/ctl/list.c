/* SPDX-License-Identifier: Apache-2.0 */
/* epmd-mdns list: a table of all nodes */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "ctl/commands.h"
#include "ctl/json.h"
#include "ctl/table.h"
#include "ctl/text.h"

/* A source's label and ", CONFLICT". */
#define WHERE_SIZE 32

/* Returns text, which is overwritten, or the source's own label. */
static const char *where(const NodeInfo *info, char text[static WHERE_SIZE]) {
        if (info->conflict) {
                snprintf(text, WHERE_SIZE, "%s, CONFLICT", source_info(info->source)->label);
                return text;
        }
        return source_info(info->source)->label;
}

static int add_row(Table *table, const NodeInfo *info) {
        char address[ADDRESS_TEXT_SIZE], port[8], age[TEXT_AGE_SIZE], text[WHERE_SIZE];
        const char *cells[TABLE_COLUMNS] = {
                info->endpoint.node,
                address_format(&info->addresses[0], address),
                port,
                proto_to_string(info->endpoint.proto),
                info->endpoint.cluster,
                info->host,
                text_age(info->age_sec, age),
                where(info, text),
        };

        snprintf(port, sizeof(port), "%" PRIu16, info->endpoint.port);
        return table_add(table, cells);
}

/* Adds what is listed to the table, or, without one, to the array. */
static int fill(Client *client, const Filter *filter, Table *table, struct json_object *array) {
        Request request = { .verb = VERB_LIST, .filter = *filter };
        Reply reply;
        int r;

        r = client_send(client, &request);
        while (r >= 0) {
                r = client_receive(client, &reply);
                if (r < 0 || reply.kind == REPLY_OK)
                        break;
                if (reply.kind == REPLY_NODE)
                        r = table ? add_row(table, &reply.info)
                                  : json_object_array_add(array, json_node(&reply.info));
        }
        return r;
}

static int list_json(Client *client, const Options *options) {
        _cleanup_(json_putp) struct json_object *array = json_object_new_array();
        int r = fill(client, &options->filter, NULL, array);

        return r < 0 ? r : json_print(TAKE_PTR(array));
}

int command_list(Client *client, const Options *options) {
        static const char *const headers[TABLE_COLUMNS] = {
                "NODE", "ADDRESS", "PORT", "PROTO", "CLUSTER", "HOST", "AGE", "WHERE",
        };
        const TableStyle style = { !options->no_legend, options->colour, options->width };
        _cleanup_(table_freep) Table *table = NULL;
        int r = -ENOMEM;

        if (options->json)
                return list_json(client, options);

        table = table_new(headers, TABLE_COLUMNS);
        if (table)
                r = fill(client, &options->filter, table, NULL);
        if (r == -ENOMEM)
                fprintf(stderr, "epmd-mdns: out of memory\n");
        if (r >= 0)
                table_print(table, &style);
        return r;
}
