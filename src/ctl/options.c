/* SPDX-License-Identifier: Apache-2.0 */
/* The command line, behind the command */

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ctl/duration.h"
#include "ctl/options.h"
#include "ctl/suggest.h"
#include "util/parse.h"
#include "util/socket-path.h"

/* More than the daemon can know. */
#define COUNT_MAX 1000000

static bool set_socket(Options *options, const char *value) {
        options->socket = value;
        return *value;
}

static bool set_help(Options *options, const char *value) {
        (void) value;
        options->help = true;
        return true;
}

static bool set_version(Options *options, const char *value) {
        (void) value;
        options->version = true;
        return true;
}

static bool set_json(Options *options, const char *value) {
        (void) value;
        options->json = true;
        return true;
}

static bool set_no_legend(Options *options, const char *value) {
        (void) value;
        options->no_legend = true;
        return true;
}

static bool set_no_probe(Options *options, const char *value) {
        (void) value;
        options->no_probe = true;
        return true;
}

static bool set_cluster(Options *options, const char *value) {
        Endpoint endpoint = {};

        options->filter.cluster = value;
        /* No node has a label that is none: there would be nothing to wait for. */
        return *value && endpoint_set(&endpoint, "cluster", value) == 0;
}

static bool set_host(Options *options, const char *value) {
        options->filter.host = value;
        return *value;
}

/* The last of --local and --lan counts, as with all options that are given twice. */
static bool set_local(Options *options, const char *value) {
        (void) value;
        options->filter.source = SOURCE_LOCAL;
        return true;
}

static bool set_lan(Options *options, const char *value) {
        (void) value;
        options->filter.source = SOURCE_LAN;
        return true;
}

static bool set_proto(Options *options, const char *value) {
        options->proto = proto_from_string(value);
        return options->proto != _PROTO_INVALID;
}

static bool set_family(Options *options, const char *value) {
        options->family = family_from_string(value);
        return options->family != _FAMILY_INVALID;
}

static bool set_count(Options *options, const char *value) {
        return parse_u32(value, 0, COUNT_MAX, &options->count) == 0;
}

static bool set_timeout(Options *options, const char *value) {
        return duration_parse(value, &options->timeout_msec) == 0;
}

const Option options_known[] = {
        { "cluster", "LABEL", OPTION_FILTER, set_cluster, "only nodes of this cluster" },
        { "host", "HOST", OPTION_FILTER, set_host, "only nodes of this host" },
        { "local", NULL, OPTION_FILTER, set_local, "only nodes that are registered on this host" },
        { "lan", NULL, OPTION_FILTER, set_lan, "only nodes that are heard on the LAN" },
        { "count", "N", OPTION_WAIT, set_count, "until so many nodes are up (default: 1)" },
        { "timeout", "TIME", OPTION_WAIT, set_timeout,
          "not longer than this: 10s, 500ms, 2m (default: for ever)" },
        { "proto", "PROTO", OPTION_LISTENER, set_proto,
          "the distribution that connects: tcp (default) or tls" },
        { "family", "FAMILY", OPTION_LISTENER, set_family,
          "what it connects over: inet (default) or inet6" },
        { "no-probe", NULL, OPTION_PROBE, set_no_probe, "don't try the ports of nodes" },
        { "json", NULL, OPTION_JSON, set_json, "JSON, as docs/json.md says" },
        { "no-legend", NULL, OPTION_LEGEND, set_no_legend, "no headers" },
        { "socket", "PATH", 0, set_socket, "where epmd-mdnsd serves" },
        { "help", NULL, 0, set_help, "show this text" },
        { "version", NULL, OPTION_PROGRAM, set_version, "show the version" },
};

#define N_KNOWN ELEMENTSOF(options_known)

const size_t options_n_known = N_KNOWN;

bool option_is_allowed(const Option *option, unsigned options) {
        return option->option == 0 || option->option & options;
}

static int complain(const char *who, const char *what, const char *word, const char *near) {
        fprintf(stderr, "epmd-mdns: %s", what);
        if (word)
                fprintf(stderr, " \"%s\"", word);
        if (near)
                fprintf(stderr, "; did you mean \"--%s\"?", near);
        fprintf(stderr, "\nTry \"epmd-mdns %s%s--help\".\n", who, *who ? " " : "");
        return -EINVAL;
}

static int complain_unknown(const char *who, const char *word, unsigned options) {
        const char *names[N_KNOWN], *near = NULL;
        char name[64] = "";
        size_t n = 0;

        for (size_t i = 0; i < N_KNOWN; i++)
                if (option_is_allowed(&options_known[i], options))
                        names[n++] = options_known[i].name;
        if (strncmp(word, "--", 2) == 0) {
                snprintf(name, sizeof(name), "%.*s", (int) strcspn(word + 2, "="), word + 2);
                near = suggest(name, names, n);
        }
        return complain(who, "unknown option", word, near);
}

static int complain_value(const char *who, const char *name, const char *value) {
        char what[64];

        snprintf(what, sizeof(what), "--%s can't be", name);
        return complain(who, what, value, NULL);
}

/* Takes the words that are no options. */
static int take_argument(Options *options, const OptionsForm *form, const char *who, int argc,
                         char *argv[]) {
        if (optind < argc && form->argument)
                options->argument = argv[optind++];
        if (optind < argc)
                return complain(who, "unexpected argument", argv[optind], NULL);
        if (form->argument && *form->argument != '[' && !options->argument && !options->help)
                return complain(who, "missing argument", form->argument, NULL);
        return optind;
}

int options_parse(Options *options, const OptionsForm *form, bool is_program, int argc,
                  char *argv[]) {
        const char *who = is_program ? "" : argv[0];
        struct option table[N_KNOWN + 1] = {};
        size_t n = 0;
        int c;

        for (size_t i = 0; i < N_KNOWN; i++)
                if (option_is_allowed(&options_known[i], form->options))
                        table[n++] = (struct option){ options_known[i].name,
                                                      options_known[i].value != NULL, NULL,
                                                      0x100 + (int) i };

        opterr = 0;
        optind = 0; /* begins anew: getopt(3), NOTES */
        while ((c = getopt_long(argc, argv, is_program ? "+:h" : ":h", table, NULL)) >= 0) {
                size_t i = (size_t) (c - 0x100);

                if (c == ':')
                        return complain(who, "a value is missing for", argv[optind - 1], NULL);
                if (c == '?' && optopt >= 0x100)
                        return complain(who, "no value is wanted by", argv[optind - 1], NULL);
                if (c == '?' && optopt)
                        return complain_unknown(who, (char[]){ '-', (char) optopt, '\0' },
                                                form->options);
                if (c == '?')
                        return complain_unknown(who, argv[optind - 1], form->options);
                if (c == 'h')
                        options->help = true;
                else if (!options_known[i].set(options, optarg))
                        return complain_value(who, options_known[i].name, optarg);
        }
        return is_program ? optind : take_argument(options, form, who, argc, argv);
}

void options_look(Options *options) {
        const char *no_colour = getenv("NO_COLOR"), *terminal = getenv("TERM");
        struct winsize size;

        if (!isatty(STDOUT_FILENO))
                return;
        options->colour = !(no_colour && *no_colour) && terminal && strcmp(terminal, "dumb") != 0;
        if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
                options->width = size.ws_col;
}

void options_help(unsigned options) {
        for (size_t i = 0; i < N_KNOWN; i++)
                if (option_is_allowed(&options_known[i], options)) {
                        char name[32];

                        snprintf(name, sizeof(name), "--%s%s%s", options_known[i].name,
                                 options_known[i].value ? "=" : "",
                                 options_known[i].value ? options_known[i].value : "");
                        printf("  %-17s  %s\n", name, options_known[i].help);
                }
        printf("\nThe socket is, without --socket, $EPMD_MDNS_SOCKET, or " SOCKET_PATH_DEFAULT
               ".\n");
}
