/* SPDX-License-Identifier: Apache-2.0 */
/* Completion of the command line, for the shells */

#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "ctl/complete.h"
#include "ctl/text.h"
#include "util/macro.h"
#include "util/socket-path.h"

/* Who has pressed Tab waits no longer. */
#define PATIENCE_USEC 500000

/* --- What is to be completed --- */

/* The option of a word, which may have its value behind it: "--host", "--host=h2". */
static const Option *find_option(const char *word) {
        size_t length = strcspn(word, "=");

        for (size_t i = 0; strncmp(word, "--", 2) == 0 && i < options_n_known; i++)
                if (strlen(options_known[i].name) == length - 2 &&
                    strncmp(options_known[i].name, word + 2, length - 2) == 0)
                        return &options_known[i];
        return NULL;
}

static void take_value(Completion *completion, const Option *option, const char *value) {
        if (strcmp(option->name, "socket") == 0)
                completion->socket = value;
}

static void complete_argument(Completion *completion, size_t n_arguments) {
        const Command *command = completion->command;

        if (!command)
                completion->kind = COMPLETION_COMMAND;
        else if (command->form.argument && n_arguments == 0)
                completion->kind = command->form.argument;
        else
                completion->kind = COMPLETION_OPTION;
}

Completion completion_of(size_t n, char *const words[]) {
        Completion completion = { .typed = words[n - 1] };
        const Option *pending = NULL; /* whose value is the next word */
        size_t n_arguments = 0;

        for (size_t i = 0; i + 1 < n; i++) {
                const char *word = words[i], *equals = strchr(word, '=');

                if (pending) {
                        take_value(&completion, pending, word);
                        pending = NULL;
                } else if (*word == '-') {
                        const Option *option = find_option(word);

                        if (option && option->value && equals)
                                take_value(&completion, option, equals + 1);
                        else if (option && option->value)
                                pending = option;
                } else if (completion.command)
                        n_arguments++;
                else if (!(completion.command = command_known(word)))
                        return completion;
        }

        if (!pending && *completion.typed == '-' && strchr(completion.typed, '=')) {
                pending = find_option(completion.typed);
                completion.prefix = strcspn(completion.typed, "=") + 1;
                completion.typed += completion.prefix;
                if (!pending)
                        return completion;
        }
        if (pending)
                completion.kind = pending->value;
        else if (*completion.typed == '-')
                completion.kind = COMPLETION_OPTION;
        else
                complete_argument(&completion, n_arguments);
        return completion;
}

/* --- What it may become --- */

/* Prints a candidate, if it goes on from what has been typed. end: "=" for one that goes on. */
static void offer(const Completion *completion, const char *candidate, const char *end,
                  const char *help) {
        const char *word = completion->typed - completion->prefix;

        if (strncmp(candidate, completion->typed, strlen(completion->typed)) == 0)
                printf("%.*s%s%s%s%s\n", (int) completion->prefix, word, candidate, end,
                       *help ? "\t" : "", help);
}

static void offer_commands(const Completion *completion) {
        for (size_t i = 0; i < n_commands; i++)
                offer(completion, commands[i].name, "", commands[i].help);
}

static void offer_options(const Completion *completion) {
        unsigned options = completion->command ? completion->command->form.options : OPTION_PROGRAM;

        for (size_t i = 0; i < options_n_known; i++) {
                const Option *option = &options_known[i];
                char name[32];

                snprintf(name, sizeof(name), "--%s", option->name);
                if (option_is_allowed(option, options))
                        offer(completion, name, option->value ? "=" : "", option->help);
        }
}

static void offer_protos(const Completion *completion) {
        for (Proto proto = 0; proto < _PROTO_MAX; proto++)
                offer(completion, proto_to_string(proto), "", "");
}

static void offer_families(const Completion *completion) {
        for (Family family = 0; family < _FAMILY_MAX; family++)
                offer(completion, family_to_string(family), "", "");
}

/* Not those with control characters, which no line could hold. */
static void offer_files(const Completion *completion) {
        char *pattern = malloc(2 * strlen(completion->typed) + 2), *out = pattern;
        glob_t found = {};

        if (!pattern)
                return;
        for (const char *p = completion->typed; *p; p++) {
                if (strchr("*?[\\", *p))
                        *out++ = '\\';
                *out++ = *p;
        }
        strcpy(out, "*");
        if (glob(pattern, GLOB_MARK, NULL, &found) == 0)
                for (size_t i = 0; i < found.gl_pathc; i++) {
                        char *safe = text_safe(found.gl_pathv[i]);

                        if (safe && strcmp(safe, found.gl_pathv[i]) == 0)
                                offer(completion, safe, "", "");
                        free(safe);
                }
        globfree(&found);
        free(pattern);
}

/* --- What the daemon knows --- */

static const char *get_node(const NodeInfo *info) {
        return info->endpoint.node;
}

static const char *get_host(const NodeInfo *info) {
        return node_name_host(info->endpoint.node);
}

static const char *get_cluster(const NodeInfo *info) {
        return info->endpoint.cluster;
}

static int compare(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

/* Offers what the nodes have there, each once, in order, "" never. */
static void offer_known(const Completion *completion, const char *(*get)(const NodeInfo *info)) {
        static char *names[LIMIT_ENTRIES];
        Request request = { .verb = VERB_LIST, .filter = FILTER_ALL };
        _cleanup_(client_freep) Client *client = NULL;
        size_t n = 0;
        Reply reply;

        if (client_new(&client, socket_path(completion->socket), true) < 0 ||
            client_send(client, &request) < 0)
                return;
        while (n < LIMIT_ENTRIES && client_receive(client, &reply) == 0 && reply.kind == REPLY_NODE)
                if ((names[n] = strdup(get(&reply.info))))
                        n++;
        qsort(names, n, sizeof(names[0]), compare);
        for (size_t i = 0; i < n; i++)
                if (*names[i] && (i == 0 || strcmp(names[i - 1], names[i]) != 0))
                        offer(completion, names[i], "", "");
        while (n > 0)
                free(names[--n]);
}

static void offer_nodes(const Completion *completion) {
        offer_known(completion, get_node);
}

static void offer_hosts(const Completion *completion) {
        offer_known(completion, get_host);
}

static void offer_clusters(const Completion *completion) {
        offer_known(completion, get_cluster);
}

/* Gives up: what has not been written yet never is. */
static void on_alarm(int number) {
        (void) number;
        _exit(EXIT_SUCCESS);
}

int complete(size_t n, char *const words[]) {
        static const struct {
                const char *kind;
                void (*offer)(const Completion *completion);
        } kinds[] = {
                { COMPLETION_COMMAND, offer_commands },
                { "[COMMAND]", offer_commands },
                { COMPLETION_OPTION, offer_options },
                { "PROTO", offer_protos },
                { "FAMILY", offer_families },
                { "PATH", offer_files },
                { "NODE", offer_nodes },
                { "HOST", offer_hosts },
                { "[HOST]", offer_hosts },
                { "LABEL", offer_clusters },
        };
        const struct itimerval patience = { .it_value.tv_usec = PATIENCE_USEC };
        Completion completion;

        if (n == 0)
                return 0;
        (void) signal(SIGALRM, on_alarm);
        (void) setitimer(ITIMER_REAL, &patience, NULL);
        completion = completion_of(n, words);
        for (size_t i = 0; completion.kind && i < ELEMENTSOF(kinds); i++)
                if (strcmp(kinds[i].kind, completion.kind) == 0)
                        kinds[i].offer(&completion);
        return 0;
}
