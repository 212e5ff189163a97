/* SPDX-License-Identifier: Apache-2.0 */
/* Tries the port of a node's distribution */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "ctl/handshake.h"
#include "ctl/port-probe.h"
#include "util/fd.h"

/* How often a node is asked that is answering somebody else of the same name: another such command
 * on this host, or on one that is called so. */
#define TRIES_MAX 64

/* One probe, until it has ended. */
typedef struct Attempt {
        PortProbe *probe;
        int fd; /* -1: it has ended */
        unsigned tries;
        bool connected;
        size_t length;
        uint8_t answer[HANDSHAKE_ANSWER_MAX];
} Attempt;

static int64_t now_msec(void) {
        struct timespec now;

        (void) clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void end(Attempt *attempt, PortState state) {
        attempt->probe->state = state;
        attempt->fd = fd_close(attempt->fd);
}

static void fail(Attempt *attempt, int error) {
        switch (error) {
        case ECONNREFUSED:
        case ECONNRESET:
                end(attempt, PORT_REFUSED);
                break;
        /* A firewall of this host answers so, for what leaves. */
        case EACCES:
        case EPERM:
        case ETIMEDOUT:
                end(attempt, PORT_FILTERED);
                break;
        default:
                end(attempt, PORT_UNREACHABLE);
        }
}

static socklen_t make_address(const PortProbe *probe, struct sockaddr_storage *ret) {
        const struct sockaddr_in in = {
                .sin_family = AF_INET,
                .sin_port = htons(probe->port),
                .sin_addr = probe->address.in,
        };
        const struct sockaddr_in6 in6 = {
                .sin6_family = AF_INET6,
                .sin6_port = htons(probe->port),
                .sin6_addr = probe->address.in6,
        };

        *ret = (struct sockaddr_storage){};
        if (probe->address.family == FAMILY_INET)
                memcpy(ret, &in, sizeof(in));
        else
                memcpy(ret, &in6, sizeof(in6));
        return probe->address.family == FAMILY_INET ? sizeof(in) : sizeof(in6);
}

/* Begins, or begins anew. What can't be tried, for want of sockets, stays untried. */
static void begin(Attempt *attempt) {
        struct sockaddr_storage address;
        socklen_t size = make_address(attempt->probe, &address);

        attempt->fd = fd_close(attempt->fd);
        attempt->connected = false;
        attempt->length = 0;
        attempt->tries++;
        attempt->probe->state = PORT_UNTRIED;
        *attempt->probe->answered = '\0';
        /* OTP can't connect to it either. */
        if (address_is_link_local6(&attempt->probe->address))
                return;
        attempt->fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (attempt->fd < 0)
                return;
        if (connect(attempt->fd, (const struct sockaddr *) &address, size) < 0 &&
            errno != EINPROGRESS)
                fail(attempt, errno);
}

static void take_connection(Attempt *attempt) {
        uint8_t message[HANDSHAKE_SEND_MAX];
        socklen_t size = sizeof(int);
        char host[65] = "";
        ssize_t length;
        int error = 0;

        if (getsockopt(attempt->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
                error = errno;
        if (error != 0) {
                fail(attempt, error);
                return;
        }
        attempt->connected = true;
        if (attempt->probe->proto != PROTO_TCP) {
                end(attempt, PORT_OPEN);
                return;
        }
        (void) gethostname(host, sizeof(host) - 1);
        length = (ssize_t) handshake_send_name(message, host);
        if (send(attempt->fd, message, (size_t) length, MSG_NOSIGNAL) != length)
                end(attempt, PORT_FOREIGN);
}

/* An answer that is too long for its room is none of Erlang's: the parser has said so before. */
static void take_answer(Attempt *attempt) {
        PortProbe *probe = attempt->probe;
        ssize_t n = recv(attempt->fd, attempt->answer + attempt->length,
                         sizeof(attempt->answer) - attempt->length, 0);

        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return;
        if (n <= 0) {
                end(attempt, PORT_FOREIGN);
                return;
        }
        attempt->length += (size_t) n;
        switch (handshake_parse(attempt->answer, attempt->length, probe->answered)) {
        case HANDSHAKE_UNFINISHED:
                break;
        case HANDSHAKE_NAMED:
                end(attempt,
                    strcmp(probe->answered, probe->node) == 0 ? PORT_OPEN : PORT_OTHER_NODE);
                break;
        case HANDSHAKE_BUSY:
                if (attempt->tries < TRIES_MAX) {
                        begin(attempt);
                        break;
                }
                /* fall through */
        case HANDSHAKE_UNNAMED:
                end(attempt, PORT_OPEN);
                break;
        case HANDSHAKE_FOREIGN:
        default:
                end(attempt, PORT_FOREIGN);
        }
}

/* Returns how many have not ended, for poll(). */
static size_t prepare(const Attempt attempts[], size_t n, struct pollfd fds[]) {
        size_t n_open = 0;

        for (size_t i = 0; i < n; i++) {
                fds[i] = (struct pollfd){ attempts[i].fd, attempts[i].connected ? POLLIN : POLLOUT,
                                          0 };
                n_open += attempts[i].fd >= 0;
        }
        return n_open;
}

void port_probe(PortProbe probes[], size_t n) {
        /* The millisecond that has begun does not count. */
        int64_t deadline = now_msec() + 1 + PORT_PROBE_MSEC, left;
        Attempt attempts[PORT_PROBES_MAX];
        struct pollfd fds[PORT_PROBES_MAX];

        if (n > PORT_PROBES_MAX)
                n = PORT_PROBES_MAX;
        for (size_t i = 0; i < n; i++) {
                attempts[i] = (Attempt){ .probe = &probes[i], .fd = -1 };
                begin(&attempts[i]);
        }
        while (prepare(attempts, n, fds) > 0 && (left = deadline - now_msec()) > 0) {
                if (poll(fds, n, (int) left) <= 0)
                        continue;
                for (size_t i = 0; i < n; i++)
                        if (fds[i].revents && attempts[i].connected)
                                take_answer(&attempts[i]);
                        else if (fds[i].revents)
                                take_connection(&attempts[i]);
        }
        for (size_t i = 0; i < n; i++)
                if (attempts[i].fd >= 0)
                        end(&attempts[i], attempts[i].connected ? PORT_SILENT : PORT_FILTERED);
}
