/* SPDX-License-Identifier: Apache-2.0 */
/* All sockets of one user, as one source of the event loop */

#include <glib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "daemon/control/user-poll.h"
#include "unit/util-event.h"
#include "util/fd.h"

typedef struct Socket {
        PollItem item;
        int fds[2];
        unsigned n; /* how often it was its turn */
        uint32_t revents;
} Socket;

/* It stays ready: what is sent is never read. */
static void on_ready(void *userdata, uint32_t revents) {
        Socket *socket = userdata;

        socket->n++;
        socket->revents = revents;
}

static void open_socket(Socket *socket, UserPoll *poll) {
        *socket = (Socket){ .item = { on_ready, socket } };
        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, socket->fds), ==, 0);
        g_assert_cmpint(user_poll_add(poll, socket->fds[0], EPOLLIN, &socket->item), ==, 0);
}

static void close_socket(Socket *socket, UserPoll *poll) {
        user_poll_remove(poll, socket->fds[0]);
        (void) fd_close(socket->fds[0]);
        (void) fd_close(socket->fds[1]);
}

static void say(Socket *socket) {
        g_assert_cmpint(send(socket->fds[1], "x", 1, 0), ==, 1);
}

static void run_turns(sd_event *event, unsigned n) {
        for (unsigned i = 0; i < n; i++)
                g_assert_cmpint(sd_event_run(event, 0), >, 0);
}

/* A user with a hundred busy sockets has every other turn, and each of them one in a hundred of
 * these. */
static void test_fair(void) {
        enum { GREEDY = 100, ROUNDS = 3 };
        sd_event *event = event_new();
        Socket greedy[GREEDY], honest;
        UserPoll *first, *second;

        g_assert_cmpint(user_poll_new(&first, event), ==, 0);
        g_assert_cmpint(user_poll_new(&second, event), ==, 0);
        for (int i = 0; i < GREEDY; i++) {
                open_socket(&greedy[i], first);
                say(&greedy[i]);
        }
        run_turns(event, GREEDY);
        open_socket(&honest, second);
        say(&honest);
        run_turns(event, 3);
        g_assert_cmpuint(honest.n, >=, 1);

        run_turns(event, 2 * GREEDY * ROUNDS);
        g_assert_cmpuint(honest.n, >=, GREEDY * ROUNDS);
        for (int i = 0; i < GREEDY; i++) {
                g_assert_cmpuint(greedy[i].n, >=, ROUNDS);
                g_assert_cmpuint(greedy[i].n, <=, ROUNDS + 2);
                close_socket(&greedy[i], first);
        }
        close_socket(&honest, second);
        user_poll_free(first);
        user_poll_free(second);
        sd_event_unref(event);
}

/* What is waited for may change, and may be nothing; an end is always told. */
static void test_modify(void) {
        sd_event *event = event_new();
        UserPoll *poll;
        Socket s;

        g_assert_cmpint(user_poll_new(&poll, event), ==, 0);
        open_socket(&s, poll);
        g_assert_cmpint(user_poll_modify(poll, s.fds[0], 0, &s.item), ==, 0);
        say(&s);
        g_assert_cmpint(sd_event_run(event, 0), ==, 0);
        g_assert_cmpint(user_poll_modify(poll, s.fds[0], EPOLLIN, &s.item), ==, 0);
        run_turns(event, 1);
        g_assert_cmpuint(s.revents, ==, EPOLLIN);
        g_assert_cmpint(user_poll_modify(poll, s.fds[0], 0, &s.item), ==, 0);
        s.fds[1] = fd_close(s.fds[1]);
        run_turns(event, 1);
        g_assert_cmpuint(s.revents, ==, EPOLLHUP);
        g_assert_cmpuint(s.n, ==, 2);

        user_poll_remove(poll, s.fds[0]);
        g_assert_cmpint(sd_event_run(event, 0), ==, 0);
        (void) fd_close(s.fds[0]);
        user_poll_free(poll);
        sd_event_unref(event);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/user-poll/fair", test_fair);
        g_test_add_func("/user-poll/modify", test_modify);

        return g_test_run();
}
