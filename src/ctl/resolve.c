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
#include "ctl/container-gather.h"
#include "ctl/json.h"
#include "ctl/resolve-fields.h"
#include "ctl/suggest.h"
#include "ctl/text.h"
#include "util/socket-path.h"

/* A node has an endpoint for each protocol and family. */
#define ENDPOINTS_MAX (_PROTO_MAX * _FAMILY_MAX)

_Static_assert(ENDPOINTS_MAX *LIMIT_ADDRESSES <= PORT_PROBES_MAX, "all are tried at once");

typedef struct Answer {
        const char *node;
        NodeInfo infos[ENDPOINTS_MAX];
        size_t n_infos;
        Choice choices[ENDPOINTS_MAX * LIMIT_ADDRESSES];
        PortProbe probes[ENDPOINTS_MAX * LIMIT_ADDRESSES]; /* of the choices */
        size_t n_choices;
        uint64_t took_usec;
        ContainerKind container; /* what this host is */
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
        int r;

        /* Who means this host means no node of another. */
        if (node_name_is_loopback(node))
                request.filter.source = SOURCE_LOCAL;
        r = client_send(client, &request);
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

static void explain_loopback(FILE *file, const char *node) {
        char *safe = text_safe(node_name_host(node));

        fprintf(file,
                "%s means this host only: such a node is not announced, nor looked for on the "
                "LAN.\n",
                safe ? safe : "This name");
        free(safe);
}

static void explain_absence(Client *client, const char *node) {
        char *similar = find_similar(client, node), *safe = text_safe(node);
        bool loopback = node_name_is_loopback(node);

        fprintf(stderr, "epmd-mdns: no node %s is %s", safe ? safe : "of that name",
                loopback ? "registered on this host" : "known here");
        if (similar) {
                free(safe);
                safe = text_safe(similar);
                fprintf(stderr, "; did you mean %s?", safe ? safe : "another");
        }
        fprintf(stderr, "\n");
        if (loopback)
                explain_loopback(stderr, node);
        fprintf(stderr, "A node with epmd_mdns would now ask %s.\n",
                loopback ? "this host's epmd" : "DNS and epmd");
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

/* What would be connected to, if anything. */
static bool has_choice(const Answer *answer) {
        return answer->n_choices > 0 && answer->choices[0].verdict == CHOICE_TAKEN;
}

/* What is amiss, and what to do about it. */
static void print_advice(const Answer *answer) {
        const PortProbe *probe = &answer->probes[0];
        const char *advice = has_choice(answer) ? port_state_advice(probe->state) : NULL;

        if (advice)
                printf("\nPort %" PRIu16 " is %s. %s\n", probe->port,
                       port_state_show(probe->state, "", (char[PORT_STATE_SIZE]){ 0 }), advice);
        if (answer->container == CONTAINER_OUTSIDE || answer->container == CONTAINER_NAT)
                printf("\nNote: %s. %s\n", container_text(answer->container), container_advice);
}

static int print_text(const Answer *answer, const Options *options) {
        /* Nothing is cut: addresses and reasons are all that there is to see. */
        const TableStyle style = { true, options->colour, 0 };
        _cleanup_(table_freep) Table *table = fields_table(resolve_fields, n_resolve_fields);

        for (size_t i = 0; table && i < answer->n_choices; i++) {
                const Candidate candidate = { &answer->choices[i], &answer->probes[i] };

                if (fields_table_add(table, resolve_fields, n_resolve_fields, &candidate) < 0)
                        table = table_free(table);
        }
        if (!table) {
                fprintf(stderr, "epmd-mdns: out of memory\n");
                return -ENOMEM;
        }
        print_headline(answer, options);
        table_print(table, &style);
        if (node_name_is_loopback(answer->node)) {
                printf("\n");
                explain_loopback(stdout, answer->node);
        }
        print_advice(answer);
        return 0;
}

static struct json_object *json_choice(const Answer *answer, size_t i) {
        const Candidate candidate = { &answer->choices[i], &answer->probes[i] };
        struct json_object *object = json_object_new_object();

        fields_add_json(object, resolve_fields, n_resolve_fields, &candidate);
        return object;
}

static int print_json(const Answer *answer) {
        struct json_object *object = json_object_new_object(), *choices = json_object_new_array();

        for (size_t i = 0; i < answer->n_choices; i++)
                json_object_array_add(choices, json_choice(answer, i));

        json_object_object_add(object, "node", json_text(answer->node));
        json_object_object_add(object, "chosen",
                               has_choice(answer) ? json_choice(answer, 0) : NULL);
        json_object_object_add(object, "choices", choices);
        json_object_object_add(object, "microseconds",
                               json_object_new_int64((int64_t) answer->took_usec));
        json_object_object_add(object, "behind_nat",
                               json_object_new_boolean(answer->container == CONTAINER_OUTSIDE ||
                                                       answer->container == CONTAINER_NAT));
        return json_print(object);
}

/* --- */

static void judge(Answer *answer, const Options *options) {
        ContainerFacts facts;

        answer->n_choices = choice_make(answer->choices, answer->infos, answer->n_infos,
                                        options->proto, options->family);
        for (size_t i = 0; i < answer->n_choices; i++)
                answer->probes[i] = (PortProbe){
                        .node = answer->node,
                        .address = answer->choices[i].address,
                        .port = answer->choices[i].info->endpoint.port,
                        .proto = answer->choices[i].info->endpoint.proto,
                };
        if (!options->no_probe)
                port_probe(answer->probes, answer->n_choices);
        container_gather(&facts, socket_path(options->socket));
        answer->container = container_judge(&facts);
}

static int print(Client *client, const Answer *answer, const Options *options) {
        if (options->json)
                return print_json(answer);
        if (answer->n_infos > 0)
                return print_text(answer, options);
        explain_absence(client, answer->node);
        return 0;
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
                judge(answer, options);
                r = print(client, answer, options);
        }
        if (r >= 0 && !has_choice(answer))
                r = EXIT_NO;
        free(answer);
        return r;
}
