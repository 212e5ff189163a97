/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of epmd-mdns: the table, which help and completion are made from as well */

#include <stdio.h>
#include <string.h>

#include "ctl/commands.h"
#include "ctl/suggest.h"
#include "util/macro.h"

const Command commands[] = {
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
          { OPTION_LISTENER | OPTION_PROBE | OPTION_JSON, "NODE" },
          "which address and port a node would connect to, and why",
          "Tells which address a node of this host would connect to, which ones it would not, and\n"
          "what answers there.\n"
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
          { OPTION_PROBE | OPTION_JSON, NULL },
          "what is wrong on this host, and what to do",
          "Looks at the daemon, at avahi-daemon, at the network and at Erlang's settings, and "
          "asks\n"
          "on each link, by mDNS, for the nodes that are announced. Tries the ports of some "
          "nodes.\n"
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

const size_t n_commands = ELEMENTSOF(commands);

const Command *command_known(const char *name) {
        for (size_t i = 0; i < n_commands; i++)
                if (strcmp(name, commands[i].name) == 0)
                        return &commands[i];
        return NULL;
}

int command_usage_error(const char *what, const char *word, const char *near) {
        fprintf(stderr, "epmd-mdns: %s", what);
        if (word)
                fprintf(stderr, " \"%s\"", word);
        if (near)
                fprintf(stderr, "; did you mean \"%s\"?", near);
        fprintf(stderr, "\nTry \"epmd-mdns --help\".\n");
        return EXIT_USAGE;
}

const Command *command_find(const char *name) {
        const Command *command = command_known(name);
        const char *names[ELEMENTSOF(commands)];

        if (command)
                return command;
        for (size_t i = 0; i < n_commands; i++)
                names[i] = commands[i].name;
        (void) command_usage_error("unknown command", name, suggest(name, names, n_commands));
        return NULL;
}
