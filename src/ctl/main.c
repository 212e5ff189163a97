/* SPDX-License-Identifier: Apache-2.0 */
/* epmd-mdns: what this host knows of the Erlang nodes on the LAN */

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/commands.h"
#include "util/socket-path.h"

/* Exit status of a wrong command line. */
#define EXIT_USAGE 2

static const struct {
        const char *name;
        int (*run)(Client *client);
        const char *help;
} commands[] = {
        { "list", command_list, "all nodes, as a table" },
        { "names", command_names, "the nodes of this host, as \"epmd -names\" shows them" },
        { "monitor", command_monitor, "nodes that come, change and go, as it happens" },
        { "status", command_status, "how the daemon is, and what it counts" },
};

static const char *arg_socket = NULL;

static void help(void) {
        printf("Usage: epmd-mdns [OPTION]... COMMAND\n"
               "\n"
               "Shows what this host knows of the Erlang nodes on the LAN.\n"
               "\n");
        for (size_t i = 0; i < ELEMENTSOF(commands); i++)
                printf("  %-9s  %s\n", commands[i].name, commands[i].help);
        printf("\n"
               "  --socket=PATH  where epmd-mdnsd serves (default: $EPMD_MDNS_SOCKET, or\n"
               "                 " SOCKET_PATH_DEFAULT ")\n"
               "  --help         show this text\n"
               "  --version      show the version\n"
               "\n"
               "Exit status: 0 done, 1 epmd-mdnsd can't be reached or refuses, 2 wrong usage.\n"
               "See epmd-mdns(1).\n");
}

static int usage_error(const char *what, const char *word) {
        fprintf(stderr, "epmd-mdns: %s", what);
        if (word)
                fprintf(stderr, " \"%s\"", word);
        fprintf(stderr, "\nTry \"epmd-mdns --help\".\n");
        return EXIT_USAGE;
}

static int run(int (*command)(Client *client)) {
        _cleanup_(client_freep) Client *client = NULL;
        int r = client_new(&client, socket_path(arg_socket));

        if (r >= 0)
                r = command(client);
        if (r >= 0 && fflush(stdout) != 0) {
                fprintf(stderr, "epmd-mdns: can't write: %s\n", strerror(errno));
                r = -EIO;
        }
        return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char *argv[]) {
        enum { ARG_SOCKET = 0x100, ARG_HELP, ARG_VERSION };
        static const struct option options[] = {
                { "socket", required_argument, NULL, ARG_SOCKET },
                { "help", no_argument, NULL, ARG_HELP },
                { "version", no_argument, NULL, ARG_VERSION },
                {},
        };
        int c;

        while ((c = getopt_long(argc, argv, "h", options, NULL)) >= 0)
                switch (c) {
                case ARG_SOCKET:
                        arg_socket = optarg;
                        break;
                case 'h':
                case ARG_HELP:
                        help();
                        return EXIT_SUCCESS;
                case ARG_VERSION:
                        printf("epmd-mdns %s\n", PACKAGE_VERSION);
                        return EXIT_SUCCESS;
                default:
                        fprintf(stderr, "Try \"epmd-mdns --help\".\n");
                        return EXIT_USAGE;
                }

        if (optind == argc)
                return usage_error("a command is missing", NULL);
        if (optind + 1 < argc)
                return usage_error("unexpected argument", argv[optind + 1]);
        for (size_t i = 0; i < ELEMENTSOF(commands); i++)
                if (strcmp(commands[i].name, argv[optind]) == 0)
                        return run(commands[i].run);
        return usage_error("unknown command", argv[optind]);
}
