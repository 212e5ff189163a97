/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The daemon as a whole */

#include <stdbool.h>

#include "daemon/config.h"
#include "daemon/listener.h"
#include "util/macro.h"

typedef struct Manager Manager;

/*
 * listener: the control socket, which the manager owns, also when this fails. SIGTERM and SIGINT
 * must be blocked. Returns 0 or negative errno.
 */
int manager_new(Manager **ret, int listener, const Config *config);
Manager *manager_free(Manager *manager);
DEFINE_CLEANUP(Manager, manager_free);

/* The socket in the file system that goes as soon as nobody is served any more: on SIGTERM, not
 * only at the end of the process. By default there is none. */
void manager_own_socket_file(Manager *manager, const SocketFile *file);

/* Runs until SIGTERM or SIGINT. Returns 0, or negative errno. */
int manager_run(Manager *manager);

/*
 * Whether avahi-daemon did not let go in time. The thread that waits for it can't be ended, and
 * manager_free() would wait as well: the process has to be left with _exit().
 */
bool manager_is_hung(const Manager *manager);
