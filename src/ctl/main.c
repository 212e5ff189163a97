/* SPDX-License-Identifier: Apache-2.0 */
/* epmd-mdns: what this host knows of the Erlang nodes on the LAN */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/commands.h"
#include "ctl/complete.h"
#include "ctl/help.h"
#include "ctl/text.h"
#include "util/socket-path.h"

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
                help_program();
                return finish(EXIT_SUCCESS);
        }
        if (options.version) {
                printf("epmd-mdns %s\n", PACKAGE_VERSION);
                return finish(EXIT_SUCCESS);
        }
        if (at == argc)
                return command_usage_error("a command is missing", NULL, NULL);
        if (strcmp(argv[at], COMPLETE) == 0)
                return finish(complete((size_t) (argc - at - 1), argv + at + 1));

        command = command_find(argv[at]);
        if (!command || options_parse(&options, &command->form, false, argc - at, argv + at) < 0)
                return EXIT_USAGE;
        if (options.help) {
                help_command(command);
                return finish(EXIT_SUCCESS);
        }
        options_look(&options);
        return run(command, &options);
}
