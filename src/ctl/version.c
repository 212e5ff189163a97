/* SPDX-License-Identifier: Apache-2.0 */
/* epmd-mdns version: of the command, and of the daemon */

#include <stdio.h>
#include <stdlib.h>

#include "ctl/commands.h"
#include "ctl/text.h"
#include "util/socket-path.h"

int command_version(Client *client, const Options *options) {
        Request request = { .verb = VERB_STATUS };
        _cleanup_(client_freep) Client *own = NULL;
        const char *version = NULL;
        Reply reply;

        (void) client;
        printf("epmd-mdns %s\n", PACKAGE_VERSION);
        if (client_new(&own, socket_path(options->socket), true) == 0 &&
            client_send(own, &request) == 0 && client_receive(own, &reply) == 0)
                version = line_get(client_line(own), "version");
        if (version) {
                char *safe = text_safe(version);

                printf("epmd-mdnsd %s\n", safe ? safe : "?");
                free(safe);
        } else
                printf("epmd-mdnsd can't be reached\n");
        return 0;
}
