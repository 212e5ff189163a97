/* SPDX-License-Identifier: Apache-2.0 */
/* epmd-mdns: what this host knows of the Erlang nodes on the LAN */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/commands.h"
#include "ctl/suggest.h"
#include "ctl/text.h"
#include "util/socket-path.h"

static int command_help(Client *client, const Options *options);

static const Command commands[] = {
        { "list",
          { OPTION_FILTER | OPTION_JSON | OPTION_LEGEND, NULL },
          "all nodes, as a table",
          "Lists the nodes of this host and of the LAN, one line for each listener.",
          command_list,
          false },
        { "names",
          { 0, "[HOST]" },
          "the nodes of this host, or of another, as \"epmd -names\" shows them",
          "Prints, word for word, what \"epmd -names\" would print on the host.",
          command_names,
          false },
        { "resolve",
          { OPTION_LISTENER | OPTION_JSON, "NODE" },
          "which address and port a node would connect to, and why",
          "Tells which address a node of this host would connect to, and which ones it would not.\n"
          "Exit status 3: nobody of that name can be connected to.",
          command_resolve,
          false },
        { "monitor",
          { OPTION_FILTER | OPTION_JSON, NULL },
          "nodes that come, change and go, as it happens",
          "Shows what is up, and then every change, until Ctrl-C.",
          command_monitor,
          false },
        { "status",
          { OPTION_JSON, NULL },
          "how the daemon is, and what it counts",
          "Tells how epmd-mdnsd is, what it knows, and what it ignored.",
          command_status,
          false },
        { "doctor",
          { OPTION_JSON, NULL },
          "what is wrong on this host, and what to do",
          "Looks at the daemon, at avahi-daemon, at the network and at Erlang's settings, and "
          "asks\n"
          "on each link, by mDNS, for the nodes that are announced.\n"
          "Exit status 0: all is well, 1: something fails, 3: there are warnings.",
          command_doctor,
          true },
        { "wait",
          { OPTION_FILTER | OPTION_WAIT, NULL },
          "until so many nodes are up, for scripts",
          "Waits until at least N of the nodes that are asked for are up.\n"
          "Exit status 3: the time was over before.",
          command_wait,
          false },
        { "version",
          { 0, NULL },
          "the versions of this command and of the daemon",
          "Tells the versions of this command and of the epmd-mdnsd that it reaches.",
          command_version,
          true },
        { "help",
          { 0, "[COMMAND]" },
          "this text, or that of a command",
          "Explains a command, as its --help does.",
          command_help,
          true },
};

static void help(void) {
        printf("Usage: epmd-mdns [--socket=PATH] COMMAND [OPTION]...\n"
               "\n"
               "Shows what this host knows of the Erlang nodes on the LAN.\n"
               "\n");
        for (size_t i = 0; i < ELEMENTSOF(commands); i++)
                printf("  %-9s  %s\n", commands[i].name, commands[i].help);
        printf("\n"
               "  --socket=PATH  where epmd-mdnsd serves (default: $EPMD_MDNS_SOCKET, or\n"
               "                 " SOCKET_PATH_DEFAULT ")\n"
               "  --help         show this text, or that of a command\n"
               "  --version      show the version\n"
               "\n"
               "Exit status: 0 done, 1 epmd-mdnsd can't be reached or refuses, 2 wrong usage,\n"
               "3 the answer is no. See epmd-mdns(1).\n");
}

static void help_command(const Command *command) {
        const OptionsForm *form = &command->form;

        printf("Usage: epmd-mdns %s [OPTION]...%s%s\n\n%s\n\n", command->name,
               form->argument ? " " : "", form->argument ? form->argument : "", command->details);
        options_help(form->options);
}

static int usage_error(const char *what, const char *word, const char *near) {
        fprintf(stderr, "epmd-mdns: %s", what);
        if (word)
                fprintf(stderr, " \"%s\"", word);
        if (near)
                fprintf(stderr, "; did you mean \"%s\"?", near);
        fprintf(stderr, "\nTry \"epmd-mdns --help\".\n");
        return EXIT_USAGE;
}

/* Returns NULL, and tells people, if there is no such command. */
static const Command *find_command(const char *name) {
        const char *names[ELEMENTSOF(commands)];

        for (size_t i = 0; i < ELEMENTSOF(commands); i++) {
                names[i] = commands[i].name;
                if (strcmp(name, names[i]) == 0)
                        return &commands[i];
        }
        (void) usage_error("unknown command", name, suggest(name, names, ELEMENTSOF(commands)));
        return NULL;
}

static int command_help(Client *client, const Options *options) {
        const Command *command;

        (void) client;
        if (!options->argument) {
                help();
                return 0;
        }
        command = find_command(options->argument);
        if (!command)
                return EXIT_USAGE;
        help_command(command);
        return 0;
}

/* What is opened later must not take the place of a standard stream that the caller has closed: it
 * would get what is printed. Opened for the wrong direction, a stream fails as a closed one does.
 */
static bool fill_standard_streams(void) {
        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
                if (fcntl(fd, F_GETFD) < 0 &&
                    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
                        return false;
        return true;
}

/* The exit status: what was printed must have arrived. */
static int finish(int status) {
        int r = text_flush();

        if (r < 0) {
                fprintf(stderr, "epmd-mdns: can't write: %s\n", strerror(-r));
                return EXIT_FAILURE;
        }
        return status;
}

static int run(const Command *command, const Options *options) {
        _cleanup_(client_freep) Client *client = NULL;
        int r = 0;

        if (!command->alone)
                r = client_new(&client, socket_path(options->socket), false);
        if (r >= 0)
                r = command->run(client, options);
        return r < 0 ? EXIT_FAILURE : finish(r);
}

int main(int argc, char *argv[]) {
        static const OptionsForm program = { OPTION_PROGRAM, NULL };
        Options options = OPTIONS_NULL;
        const Command *command;
        int at;

        if (!fill_standard_streams())
                return EXIT_FAILURE;

        at = options_parse(&options, &program, true, argc, argv);
        if (at < 0)
                return EXIT_USAGE;
        if (options.help) {
                help();
                return finish(EXIT_SUCCESS);
        }
        if (options.version) {
                printf("epmd-mdns %s\n", PACKAGE_VERSION);
                return finish(EXIT_SUCCESS);
        }
        if (at == argc)
                return usage_error("a command is missing", NULL, NULL);

        command = find_command(argv[at]);
        if (!command || options_parse(&options, &command->form, false, argc - at, argv + at) < 0)
                return EXIT_USAGE;
        if (options.help) {
                help_command(command);
                return finish(EXIT_SUCCESS);
        }
        options_look(&options);
        return run(command, &options);
}
