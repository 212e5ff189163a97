/* SPDX-License-Identifier: Apache-2.0 */
/* A client of the control socket, which waits for its answers */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "core/input-buffer.h"
#include "ctl/client.h"
#include "ctl/text.h"
#include "util/fd.h"

/* How long an answer may keep us waiting, all its lines together: a daemon that tells a line now
 * and then is no better than one that hangs. */
#define TIMEOUT_MSEC 5000

/* How often something is asked: twice would do for one restart, and packages may restart a service
 * and its socket. */
#define ASKED_MAX 4

/* Lines of an answer: more than there are endpoints, with room for what a later version tells. */
#define LINES_MAX (4 * LIMIT_ENTRIES)

struct Client {
        const char *path;
        int fd;
        bool quiet;
        bool patient;
        bool watches_output;
        unsigned n_asked;      /* how often the last request has been sent, see ask_again() */
        bool answered;         /* there has been an answer to it, or a part of one */
        int64_t deadline_msec; /* of CLOCK_MONOTONIC; 0: none */
        int64_t left_msec;     /* of TIMEOUT_MSEC, for the answer to the last request */
        size_t n_lines;        /* of that answer */
        LineWriter request;
        InputBuffer input;
        Line line;
};

static int64_t now_msec(void) {
        struct timespec now;

        (void) clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int explain(const Client *client, const char *what, int r) {
        if (!client->quiet)
                fprintf(stderr, "epmd-mdns: %s: %s\n", what, strerror(-r));
        return r;
}

static int explain_connect(const Client *client, const char *path, int r) {
        if (client->quiet)
                return r;
        fprintf(stderr, "epmd-mdns: can't reach epmd-mdnsd at %s: %s\n", path, strerror(-r));
        if (r == -ENOENT || r == -ECONNREFUSED)
                fprintf(stderr, "Is it running? Start it with \"systemctl start epmd-mdns\", or "
                                "as root with \"epmd-mdnsd\".\n");
        else
                fprintf(stderr, "\"epmd-mdns doctor\" may know why.\n");
        return r;
}

static int open_socket(const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        const struct timeval timeout = { .tv_sec = TIMEOUT_MSEC / 1000 };
        _cleanup_close_ int fd = -1;
        int r;

        if (strlen(path) >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        strcpy(address.sun_path, path);

        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0)
                return -errno;
        do
                r = connect(fd, (const struct sockaddr *) &address, sizeof(address));
        while (r < 0 && errno == EINTR);
        /* It waits while the queue of a daemon that hangs is full. */
        if (r < 0)
                return errno == EAGAIN ? -ETIMEDOUT : -errno;
        return TAKE_FD(fd);
}

int client_new(Client **ret, const char *path, bool quiet) {
        _cleanup_(client_freep) Client *client = calloc(1, sizeof(*client));

        if (!client) {
                if (!quiet)
                        fprintf(stderr, "epmd-mdns: out of memory\n");
                return -ENOMEM;
        }
        client->path = path;
        client->quiet = quiet;
        client->fd = open_socket(path);
        if (client->fd < 0)
                return explain_connect(client, path, client->fd);
        *ret = TAKE_PTR(client);
        return 0;
}

Client *client_free(Client *client) {
        if (!client)
                return NULL;

        (void) fd_close(client->fd);
        free(client);
        return NULL;
}

static int transmit(Client *client) {
        size_t length = client->request.length;
        ssize_t n;

        /* A line is far smaller than the socket's buffer, so that it goes as a whole. */
        do
                n = send(client->fd, client->request.text, length, MSG_NOSIGNAL);
        while (n < 0 && errno == EINTR);
        /* Who closes a connection may have said why: what is received tells. */
        if (n == (ssize_t) length || (n < 0 && (errno == EPIPE || errno == ECONNRESET)))
                return 0;
        return n < 0 ? -errno : -EIO;
}

int client_send(Client *client, const Request *request) {
        int r;

        client->request = (LineWriter) LINE_WRITER_NULL;
        request_write(request, &client->request);
        r = line_writer_end(&client->request);
        if (r < 0)
                return explain(client, "the request is too long", r);
        client->left_msec = TIMEOUT_MSEC;
        client->n_lines = 0;
        client->n_asked = 1;
        client->answered = false;
        r = transmit(client);
        return r < 0 ? explain(client, "epmd-mdnsd does not take the request", r) : 0;
}

/* A daemon that restarts closes connections that it has just taken, while its socket, if that is
 * systemd's, waits for the next daemon. What has not been answered at all is asked again: no
 * request of this program changes anything. */
static bool ask_again(Client *client) {
        int fd;

        if (client->n_asked == ASKED_MAX || client->answered)
                return false;
        client->n_asked++;
        fd = open_socket(client->path);
        if (fd < 0)
                return false;
        (void) fd_close(client->fd);
        client->fd = fd;
        return transmit(client) >= 0;
}

/* Milliseconds to wait, negative for as long as it takes. */
static int timeout(const Client *client) {
        int64_t left =
                client->deadline_msec ? client->deadline_msec - now_msec() : client->left_msec;

        if (client->patient)
                return -1;
        return left > 0 ? (int) left : 0;
}

/* Waits until there is something to read. Returns 0, a CLIENT_E_* or negative errno. */
static int wait_input(Client *client) {
        struct pollfd fds[] = {
                { .fd = client->fd, .events = POLLIN },
                /* A pipe that nobody reads any more is an error, which is reported unasked. */
                { .fd = client->watches_output ? STDOUT_FILENO : -1 },
        };
        int64_t start = now_msec();
        int n;

        /* Events that never end must not go on behind the deadline. */
        if (client->deadline_msec && start > client->deadline_msec)
                return CLIENT_E_LATE;
        do
                n = poll(fds, ELEMENTSOF(fds), timeout(client));
        while (n < 0 && errno == EINTR);
        client->left_msec -= now_msec() - start;

        if (n < 0)
                return explain(client, "can't wait for epmd-mdnsd", -errno);
        if (n == 0 && client->deadline_msec)
                return CLIENT_E_LATE;
        if (n == 0)
                return explain(client, "epmd-mdnsd does not answer", -ETIMEDOUT);
        return fds[1].revents & (POLLERR | POLLHUP | POLLNVAL) ? CLIENT_E_UNREAD : 0;
}

static int receive_more(Client *client) {
        char *room;
        size_t size = input_buffer_reserve(&client->input, &room);
        ssize_t n;
        int r = wait_input(client);

        if (r != 0)
                return r;
        n = recv(client->fd, room, size, 0);
        if (n == 0 || (n < 0 && errno == ECONNRESET))
                return ask_again(client)
                               ? 0
                               : explain(client, "epmd-mdnsd closed the connection", -ECONNRESET);
        if (n < 0)
                return errno == EINTR ? 0 : explain(client, "can't read from epmd-mdnsd", -errno);
        client->answered = true;
        input_buffer_commit(&client->input, (size_t) n);
        return 0;
}

int client_receive_any(Client *client, Reply *ret) {
        size_t length;
        char *text;
        int r;

        while ((r = input_buffer_take_line(&client->input, &text, &length)) ==
               INPUT_BUFFER_E_PENDING) {
                r = receive_more(client);
                if (r != 0)
                        return r;
        }

        client->n_lines += !client->patient && !client->deadline_msec;
        if (r != 0 || client->n_lines > LINES_MAX || line_parse(&client->line, text, length) != 0 ||
            reply_parse(ret, &client->line) != 0)
                return explain(client,
                               "epmd-mdnsd sent what it should not; are its version and this one "
                               "the same?",
                               -EPROTO);
        if (ret->kind == REPLY_OK)
                /* HELLO alone has a reply with words that are no attributes, and it is not sent
                 * here. */
                (void) line_split_attributes(&client->line, 1);
        return 0;
}

int client_receive(Client *client, Reply *ret) {
        int r = client_receive_any(client, ret);

        if (r != 0 || ret->kind != REPLY_ERROR)
                return r;
        return client_refused(client, ret);
}

int client_refused(const Client *client, const Reply *error) {
        char *token = text_safe(error->error), *text = text_safe(error->text);

        if (!client->quiet)
                fprintf(stderr, "epmd-mdns: epmd-mdnsd answers %s: %s\n", token ? token : "?",
                        text ? text : "?");
        free(token);
        free(text);
        return -EREMOTEIO;
}

void client_be_patient(Client *client) {
        client->patient = true;
}

void client_watch_output(Client *client) {
        client->watches_output = true;
}

void client_set_deadline(Client *client, uint32_t msec) {
        client->deadline_msec = now_msec() + msec;
}

const Line *client_line(const Client *client) {
        return &client->line;
}
