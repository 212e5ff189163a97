/* SPDX-License-Identifier: Apache-2.0 */
/* epmd-mdns resolve: which address a node would connect to, and why */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/choice.h"
#include "ctl/commands.h"
#include "ctl/field.h"
#include "ctl/json.h"
#include "ctl/suggest.h"
#include "ctl/text.h"

/* A node has an endpoint for each protocol and family. */
#define ENDPOINTS_MAX (_PROTO_MAX * _FAMILY_MAX)

typedef struct Answer {
        const char *node;
        NodeInfo infos[ENDPOINTS_MAX];
        size_t n_infos;
        Choice choices[ENDPOINTS_MAX * LIMIT_ADDRESSES];
        size_t n_choices;
        uint64_t took_usec;
} Answer;

static uint64_t now_usec(void) {
        struct timespec now;

        (void) clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t) now.tv_sec * 1000000 + (uint64_t) now.tv_nsec / 1000;
}

static int lookup(Client *client, Answer *answer) {
        Request request = { .verb = VERB_LOOKUP,
                            .family = _FAMILY_INVALID,
                            .proto = _PROTO_INVALID };
        uint64_t start = now_usec();
        Reply reply;
        int r;

        strcpy(request.endpoint.node, answer->node);
        r = client_send(client, &request);
        while (r >= 0) {
                r = client_receive_any(client, &reply);
                if (r < 0 || reply.kind == REPLY_OK || reply.kind == REPLY_ERROR)
                        break;
                if (reply.kind == REPLY_NODE && answer->n_infos < ENDPOINTS_MAX)
                        answer->infos[answer->n_infos++] = reply.info;
        }
        answer->took_usec = now_usec() - start;
        if (r >= 0 && reply.kind == REPLY_ERROR && strcmp(reply.error, "not-found") != 0)
                return client_refused(client, &reply);
        return r;
}

/* Something with a similar name, which may be what was meant; NULL if there is nothing. */
static char *find_similar(Client *client, const char *node) {
        Request request = { .verb = VERB_LIST, .filter = FILTER_ALL };
        char *best = NULL;
        Reply reply;
        int r = client_send(client, &request);

        while (r >= 0) {
                const char *candidates[2];
                size_t n = 0;

                r = client_receive(client, &reply);
                if (r < 0 || reply.kind != REPLY_NODE)
                        break;
                if (best)
                        candidates[n++] = best;
                candidates[n++] = reply.info.endpoint.node;
                if (suggest(node, candidates, n) == reply.info.endpoint.node) {
                        free(best);
                        best = strdup(reply.info.endpoint.node);
                }
        }
        return best;
}

static void explain_absence(Client *client, const char *node) {
        char *similar = find_similar(client, node), *safe = text_safe(node);

        fprintf(stderr, "epmd-mdns: no node %s is known here", safe ? safe : "of that name");
        if (similar) {
                free(safe);
                safe = text_safe(similar);
                fprintf(stderr, "; did you mean %s?", safe ? safe : "another");
        }
        fprintf(stderr, "\nA node with epmd_mdns would now ask DNS and epmd.\n");
        free(safe);
        free(similar);
}

static void print_headline(const Answer *answer, const Options *options) {
        const Choice *first = &answer->choices[0];
        char address[ADDRESS_TEXT_SIZE], *host = text_safe(first->info->host);

        if (first->verdict == CHOICE_TAKEN)
                printf("%s%s port %" PRIu16 "%s, %s", options->colour ? TEXT_BOLD : "",
                       address_format(&first->address, address), first->info->endpoint.port,
                       options->colour ? TEXT_PLAIN : "", source_info(first->info->source)->where);
        else
                printf("No address that a node could connect to by %s over %s",
                       proto_to_string(options->proto), family_to_string(options->family));
        if (host && *host && first->verdict == CHOICE_TAKEN && first->info->source != SOURCE_LOCAL)
                printf(" from %s", host);
        printf("; found in %" PRIu64 ".%02" PRIu64 " ms\n\n", answer->took_usec / 1000,
               answer->took_usec % 1000 / 10);
        free(host);
}

/* --- The fields of a choice --- */

static const char *show_used(const void *object, const Field *field, char *buffer) {
        const Choice *choice = object;

        (void) field, (void) buffer;
        return choice->verdict == CHOICE_TAKEN ? "yes" : "no";
}

static const char *get_address(const void *object, const Field *field, char *buffer) {
        const Choice *choice = object;

        (void) field;
        return address_format(&choice->address, buffer);
}

static const char *get_port(const void *object, const Field *field, char *buffer) {
        const Choice *choice = object;

        (void) field;
        snprintf(buffer, FIELD_SIZE, "%" PRIu16, choice->info->endpoint.port);
        return buffer;
}

static const char *get_proto(const void *object, const Field *field, char *buffer) {
        const Choice *choice = object;

        (void) field, (void) buffer;
        return proto_to_string(choice->info->endpoint.proto);
}

static const char *get_family(const void *object, const Field *field, char *buffer) {
        const Choice *choice = object;

        (void) field, (void) buffer;
        return family_to_string(choice->info->endpoint.family);
}

static const char *get_chosen(const void *object, const Field *field, char *buffer) {
        const Choice *choice = object;

        (void) field, (void) buffer;
        return choice->verdict == CHOICE_TAKEN ? "1" : NULL;
}

static const char *get_reason(const void *object, const Field *field, char *buffer) {
        const Choice *choice = object;

        (void) field, (void) buffer;
        return choice_reason(choice);
}

static const Field choice_fields[] = {
        { NULL, NULL, "USED", .show = show_used },
        { "addr", "address", "ADDRESS", FIELD_TEXT, .get = get_address },
        { "port", "port", "PORT", FIELD_NUMBER, .get = get_port },
        { "proto", "proto", "PROTO", FIELD_TEXT, .get = get_proto },
        { "family", "family", "FAMILY", FIELD_TEXT, .get = get_family },
        { NULL, "chosen", NULL, FIELD_FLAG, .get = get_chosen },
        { NULL, "why", "WHY", FIELD_TEXT, .get = get_reason },
};

static int print_text(const Answer *answer, const Options *options) {
        /* Nothing is cut: addresses and reasons are all that there is to see. */
        const TableStyle style = { true, options->colour, 0 };
        _cleanup_(table_freep) Table *table =
                fields_table(choice_fields, ELEMENTSOF(choice_fields));

        for (size_t i = 0; table && i < answer->n_choices; i++)
                if (fields_table_add(table, choice_fields, ELEMENTSOF(choice_fields),
                                     &answer->choices[i]) < 0)
                        table = table_free(table);
        if (!table) {
                fprintf(stderr, "epmd-mdns: out of memory\n");
                return -ENOMEM;
        }
        print_headline(answer, options);
        table_print(table, &style);
        return 0;
}

static struct json_object *json_choice(const Choice *choice) {
        struct json_object *object = json_object_new_object();

        fields_add_json(object, choice_fields, ELEMENTSOF(choice_fields), choice);
        return object;
}

static int print_json(const Answer *answer) {
        struct json_object *object = json_object_new_object(), *choices = json_object_new_array(),
                           *chosen = NULL;

        for (size_t i = 0; i < answer->n_choices; i++)
                json_object_array_add(choices, json_choice(&answer->choices[i]));
        if (answer->n_choices > 0 && answer->choices[0].verdict == CHOICE_TAKEN)
                chosen = json_choice(&answer->choices[0]);

        json_object_object_add(object, "node", json_text(answer->node));
        json_object_object_add(object, "chosen", chosen);
        json_object_object_add(object, "choices", choices);
        json_object_object_add(object, "microseconds",
                               json_object_new_int64((int64_t) answer->took_usec));
        return json_print(object);
}

int command_resolve(Client *client, const Options *options) {
        Answer *answer;
        int r;

        if (!node_name_is_valid(options->argument)) {
                char *safe = text_safe(options->argument);

                fprintf(stderr,
                        "epmd-mdns: \"%s\" is no name of a node: it has to be NAME@HOST, as "
                        "bob@h2\n",
                        safe ? safe : "this");
                free(safe);
                return EXIT_USAGE;
        }
        answer = calloc(1, sizeof(*answer));
        if (!answer) {
                fprintf(stderr, "epmd-mdns: out of memory\n");
                return -ENOMEM;
        }
        answer->node = options->argument;
        r = lookup(client, answer);
        if (r >= 0) {
                answer->n_choices = choice_make(answer->choices, answer->infos, answer->n_infos,
                                                options->proto, options->family);
                if (options->json)
                        r = print_json(answer);
                else if (answer->n_infos > 0)
                        r = print_text(answer, options);
                else
                        explain_absence(client, answer->node);
        }
        if (r >= 0 && (answer->n_choices == 0 || answer->choices[0].verdict != CHOICE_TAKEN))
                r = EXIT_NO;
        free(answer);
        return r;
}
