/* SPDX-License-Identifier: Apache-2.0 */
/* epmd-mdns help: the texts of --help */

#include <stdio.h>

#include "ctl/commands.h"
#include "ctl/help.h"
#include "util/socket-path.h"

void help_program(void) {
        printf("Usage: epmd-mdns [--socket=PATH] COMMAND [OPTION]...\n"
               "\n"
               "Shows what this host knows of the Erlang nodes on the LAN.\n"
               "\n");
        for (size_t i = 0; i < n_commands; i++)
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

void help_command(const Command *command) {
        const OptionsForm *form = &command->form;

        printf("Usage: epmd-mdns %s [OPTION]...%s%s\n\n%s\n\n", command->name,
               form->argument ? " " : "", form->argument ? form->argument : "", command->details);
        options_help(form->options);
}

int command_help(Client *client, const Options *options) {
        const Command *command;

        (void) client;
        if (!options->argument) {
                help_program();
                return 0;
        }
        command = command_find(options->argument);
        if (!command)
                return EXIT_USAGE;
        help_command(command);
        return 0;
}
