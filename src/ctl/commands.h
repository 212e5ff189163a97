/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The commands of epmd-mdns, one in each file. They return 0 or negative errno, and have told
 * people what was wrong. */

#include "ctl/client.h"

/* A table of all nodes. */
int command_list(Client *client);

/* The nodes of this host, as "epmd -names" shows them. */
int command_names(Client *client);

/* Events as they come, without end. */
int command_monitor(Client *client);

/* How the daemon is. */
int command_status(Client *client);
