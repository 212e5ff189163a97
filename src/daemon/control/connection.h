/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A socket with bounded lines in and bounded lines out */

#include <stdbool.h>
#include <stddef.h>

#include "core/input-buffer.h"
#include "core/line.h"
#include "daemon/control/user-poll.h"

typedef struct Connection Connection;

typedef struct ConnectionHandler {
        /* There may be lines to take, or room to write. Says with connection_set_reading() and
         * connection_set_turn() what comes next. */
        void (*process)(void *userdata);

        /* The connection is of no more use. Called once, possibly from within a call of the
         * handler's own: nothing may be freed here. */
        void (*dead)(void *userdata);

        void *userdata;
} ConnectionHandler;

/* fd: a connected stream socket, which the connection owns, also when this fails. poll: its user's,
 * which must outlive the connection. */
int connection_new(Connection **ret, UserPoll *poll, int fd, const ConnectionHandler *handler);
Connection *connection_free(Connection *connection);
DEFINE_CLEANUP(Connection, connection_free);

/* As input_buffer_take_line(); nothing is left to take after connection_close(). */
int connection_take_line(Connection *connection, char **ret, size_t *ret_length);

/* Queues a line, which this ends. A peer that has LIMIT_OUTPUT bytes waiting is cut off. */
void connection_send(Connection *connection, LineWriter *writer);

/* Queues a line behind a reply that is still being written: it goes after connection_release(). The
 * same limit holds. */
void connection_hold(Connection *connection, LineWriter *writer);
void connection_release(Connection *connection);

/* Whether little enough waits to be sent for more to be written (LIMIT_OUTPUT_PORTION). */
bool connection_has_room(const Connection *connection);

/* Whether bytes are wanted. Default: yes. */
void connection_set_reading(Connection *connection, bool reading);

/* Whether process() is to be called again as soon as the peer can be written to. */
void connection_set_turn(Connection *connection, bool turn);

/* Whether the peer sends nothing more. What it has sent may still wait to be taken. */
bool connection_is_at_end(const Connection *connection);

/* Whether the peer has gone, even if that has not been read yet. */
bool connection_is_hung_up(const Connection *connection);

/* Takes no more lines, and is dead when everything is sent. */
void connection_close(Connection *connection);

/* Is dead now. */
void connection_kill(Connection *connection);
bool connection_is_dead(const Connection *connection);

/* Whether it is dead because the peer had too much to read. */
bool connection_is_cut_off(const Connection *connection);
