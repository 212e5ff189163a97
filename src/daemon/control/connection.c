/* SPDX-License-Identifier: Apache-2.0 */
/* A socket with bounded lines in and bounded lines out */

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "core/output-buffer.h"
#include "daemon/control/connection.h"
#include "util/fd.h"

struct Connection {
        int fd;
        UserPoll *poll;
        PollItem item;
        uint32_t events; /* what is asked for */
        bool in_turn;    /* the end of the turn asks for all that is wanted by then */
        ConnectionHandler handler;
        InputBuffer input;
        OutputBuffer output;
        OutputBuffer held;
        bool reading;
        bool turn;
        bool at_end;
        bool closing;
        bool dead;
        bool cut_off;
};

static size_t output_length(const Connection *connection) {
        const char *data;

        return output_buffer_peek(&connection->output, &data);
}

void connection_kill(Connection *connection) {
        if (connection->dead)
                return;
        connection->dead = true;
        /* The socket stays open until the connection is freed: it must not wake the loop. */
        user_poll_remove(connection->poll, connection->fd);
        connection->handler.dead(connection->handler.userdata);
}

/* Asks to be woken for what there is to do. */
static void update_events(Connection *connection) {
        uint32_t events = 0;

        if (connection->dead || connection->in_turn)
                return;
        if (connection->reading && !connection->at_end && !connection->closing)
                events |= EPOLLIN;
        if (connection->turn || output_length(connection) > 0)
                events |= EPOLLOUT;
        if (events == connection->events)
                return;
        connection->events = events;
        if (user_poll_modify(connection->poll, connection->fd, events, &connection->item) < 0)
                connection_kill(connection);
}

static void receive(Connection *connection) {
        char *room;
        size_t size = input_buffer_reserve(&connection->input, &room);
        ssize_t n;

        if (size == 0)
                return;
        n = recv(connection->fd, room, size, MSG_DONTWAIT);
        if (n > 0)
                input_buffer_commit(&connection->input, (size_t) n);
        else if (n == 0)
                connection->at_end = true;
        else if (errno != EAGAIN && errno != EINTR)
                connection_kill(connection);
}

static void transmit(Connection *connection) {
        const char *data;
        size_t length;

        while ((length = output_buffer_peek(&connection->output, &data)) > 0) {
                ssize_t n = send(connection->fd, data, length, MSG_DONTWAIT | MSG_NOSIGNAL);

                if (n > 0) {
                        output_buffer_consume(&connection->output, (size_t) n);
                        continue;
                }
                if (errno != EAGAIN && errno != EINTR)
                        connection_kill(connection);
                return;
        }
        if (connection->closing)
                connection_kill(connection);
}

static void on_ready(void *userdata, uint32_t revents) {
        Connection *connection = userdata;

        connection->in_turn = true;
        /* One read for each turn: a peer that sends without pause leaves time for the others. */
        if (revents & EPOLLIN)
                receive(connection);
        else if (revents & (EPOLLHUP | EPOLLERR))
                connection_kill(connection);

        if (!connection->dead && !connection->closing) {
                connection->turn = false;
                connection->handler.process(connection->handler.userdata);
        }
        if (!connection->dead)
                transmit(connection);
        connection->in_turn = false;
        update_events(connection);
}

int connection_new(Connection **ret, UserPoll *poll, int fd, const ConnectionHandler *handler) {
        _cleanup_(connection_freep) Connection *connection = NULL;
        _cleanup_close_ int owned = fd;
        int r;

        connection = calloc(1, sizeof(*connection));
        if (!connection)
                return -ENOMEM;
        connection->fd = TAKE_FD(owned);
        connection->poll = poll;
        connection->item = (PollItem){ on_ready, connection };
        connection->handler = *handler;
        connection->reading = true;

        connection->events = EPOLLIN;
        r = user_poll_add(poll, connection->fd, connection->events, &connection->item);
        if (r < 0) {
                connection->dead = true;
                return r;
        }

        *ret = TAKE_PTR(connection);
        return 0;
}

Connection *connection_free(Connection *connection) {
        if (!connection)
                return NULL;

        if (!connection->dead)
                user_poll_remove(connection->poll, connection->fd);
        connection->fd = fd_close(connection->fd);
        output_buffer_done(&connection->output);
        output_buffer_done(&connection->held);
        free(connection);
        return NULL;
}

int connection_take_line(Connection *connection, char **ret, size_t *ret_length) {
        /* What stands behind a line that ended the connection has no meaning any more. */
        if (connection->closing || connection->dead)
                return INPUT_BUFFER_E_PENDING;
        return input_buffer_take_line(&connection->input, ret, ret_length);
}

/* Appends to what is to be sent. Returns as output_buffer_append(). */
static int append_output(Connection *connection, const char *data, size_t length) {
        int r = output_buffer_append(&connection->output, data, length);

        if (r != OUTPUT_BUFFER_E_FULL)
                return r;
        /* Much may happen in one turn of the loop, without the peer being slow: all nodes of the
         * LAN are lost at once. The socket may still have room. */
        transmit(connection);
        return connection->dead ? 0 : output_buffer_append(&connection->output, data, length);
}

static void cut_off(Connection *connection) {
        connection->cut_off = true;
        connection_kill(connection);
}

void connection_send(Connection *connection, LineWriter *writer) {
        int length = line_writer_end(writer);

        if (connection->dead)
                return;
        /* Every line that can be told fits: limits.h says so, and a test proves it. */
        if (length < 0 || append_output(connection, writer->text, (size_t) length) != 0)
                cut_off(connection);
        update_events(connection);
}

void connection_hold(Connection *connection, LineWriter *writer) {
        int length = line_writer_end(writer);

        if (connection->dead)
                return;
        if (length < 0 ||
            output_buffer_append(&connection->held, writer->text, (size_t) length) != 0)
                cut_off(connection);
}

void connection_release(Connection *connection) {
        const char *data;
        size_t length = output_buffer_peek(&connection->held, &data);

        if (length == 0 || connection->dead)
                return;
        if (append_output(connection, data, length) != 0)
                cut_off(connection);
        output_buffer_done(&connection->held);
        update_events(connection);
}

bool connection_has_room(const Connection *connection) {
        return output_length(connection) < LIMIT_OUTPUT_PORTION;
}

void connection_set_reading(Connection *connection, bool reading) {
        connection->reading = reading;
        update_events(connection);
}

void connection_set_turn(Connection *connection, bool turn) {
        connection->turn = turn;
        update_events(connection);
}

bool connection_is_at_end(const Connection *connection) {
        return connection->at_end;
}

bool connection_is_hung_up(const Connection *connection) {
        struct pollfd p = { .fd = connection->fd, .events = POLLRDHUP };

        return connection->dead || connection->at_end ||
               (poll(&p, 1, 0) > 0 && p.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

void connection_close(Connection *connection) {
        connection->closing = true;
        /* Nothing may be left to send, and then nobody else would wake us. */
        connection_set_turn(connection, true);
}

bool connection_is_dead(const Connection *connection) {
        return connection->dead;
}

bool connection_is_cut_off(const Connection *connection) {
        return connection->cut_off;
}
