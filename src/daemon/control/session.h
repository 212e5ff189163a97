/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One connection on the control socket */

#include <stdbool.h>

#include "core/directory.h"
#include "daemon/control/control-server.h"

/* fd: the connected socket, which the session owns, also when this fails. id: any number but 0,
 * never used again. */
int session_new(Session **ret, ControlServer *server, int fd, uid_t uid, uint64_t id);

/* Ends the registration and closes the connection. */
Session *session_free(Session *session);
DEFINE_CLEANUP(Session, session_free);

uint64_t session_id(const Session *session);
uid_t session_uid(const Session *session);
bool session_is_subscribed(const Session *session);

/* Whether it waits to be freed: see control_server_bury(). */
bool session_is_dead(const Session *session);

/* Whether the peer has closed the connection, even if that has not been read yet. */
bool session_is_hung_up(const Session *session);

/* Withdraws the node, and no more: the connection stays. */
void session_unregister(Session *session);

/* Tells of a change in the directory. */
void session_handle_event(Session *session, const DirectoryEvent *event);
