/* SPDX-License-Identifier: Apache-2.0 */
/* epmd-mdns list: a table of all nodes */

#include <errno.h>
#include <stdio.h>

#include "ctl/commands.h"
#include "ctl/json.h"
#include "ctl/node-fields.h"
#include "ctl/table.h"

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
                        r = table ? fields_table_add(table, node_fields, n_node_fields, &reply.info)
                                  : json_object_array_add(array, node_fields_json(&reply.info));
        }
        return r;
}

static int list_json(Client *client, const Options *options) {
        _cleanup_(json_putp) struct json_object *array = json_object_new_array();
        int r = fill(client, &options->filter, NULL, array);

        return r < 0 ? r : json_print(TAKE_PTR(array));
}

int command_list(Client *client, const Options *options) {
        const TableStyle style = { !options->no_legend, options->colour, options->width };
        _cleanup_(table_freep) Table *table = NULL;
        int r = -ENOMEM;

        if (options->json)
                return list_json(client, options);

        table = fields_table(node_fields, n_node_fields);
        if (table)
                r = fill(client, &options->filter, table, NULL);
        if (r == -ENOMEM)
                fprintf(stderr, "epmd-mdns: out of memory\n");
        if (r >= 0)
                table_print(table, &style);
        return r;
}
