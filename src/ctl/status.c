/* SPDX-License-Identifier: Apache-2.0 */
/* epmd-mdns status: how the daemon is */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/commands.h"
#include "ctl/json.h"
#include "ctl/status-fields.h"
#include "ctl/text.h"

/* Prints a value, which may be anything, harmless to terminals. */
static void print_value(const char *value) {
        char *safe = text_safe(value);

        printf("%s", safe ? safe : "?");
        free(safe);
}

static void print_status(const Status *status) {
        const char *version = line_get(status->line, "version"), *last = "";
        char age[TEXT_AGE_SIZE];

        printf("epmd-mdnsd ");
        print_value(version ? version : "unknown");
        printf(", up %s\n", text_age(status_number(status, "uptime"), age));
        for (size_t i = 0; i < n_status_fields; i++) {
                const Field *field = &status_fields[i];
                char buffer[FIELD_SIZE];
                const char *text = field->label ? field_show(field, status, buffer) : "";

                if (!*text)
                        continue;
                if (strcmp(last, field->label) == 0)
                        printf("%s", field->joint);
                else
                        printf("\n%s:%*s", field->label, 11 - (int) strlen(field->label), "");
                print_value(text);
                last = field->label;
        }
        printf("\n");
}

static int print_json(const Status *status) {
        struct json_object *object = json_object_new_object();

        fields_add_json(object, status_fields, n_status_fields, status);
        return json_print(object);
}

static int take_census(Client *client, Census *census) {
        Request request = { .verb = VERB_LIST, .filter = FILTER_ALL };
        Reply reply;
        int r = client_send(client, &request);

        while (r >= 0) {
                r = client_receive(client, &reply);
                if (r < 0 || reply.kind == REPLY_OK)
                        break;
                if (reply.kind == REPLY_NODE)
                        census_add(census, &reply.info);
        }
        return r;
}

int command_status(Client *client, const Options *options) {
        Request request = { .verb = VERB_STATUS };
        Census census = CENSUS_NULL;
        Status status;
        Reply reply;
        /* First the list: what client_line() says is then the status. */
        int r = take_census(client, &census);

        if (r >= 0)
                r = client_send(client, &request);
        if (r >= 0)
                r = client_receive(client, &reply);
        if (r < 0)
                return r;
        status = (Status){ client_line(client), &census };
        if (options->json)
                return print_json(&status);
        print_status(&status);
        return 0;
}
