/* SPDX-License-Identifier: Apache-2.0 */
/* A client of the control socket, which waits for its answers */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "core/input-buffer.h"
#include "ctl/client.h"
#include "util/fd.h"

#define TIMEOUT_SEC 5

struct Client {
        int fd;
        InputBuffer input;
        Line line;
};

static int explain_connect(const char *path, int r) {
        fprintf(stderr, "epmd-mdns: can't reach epmd-mdnsd at %s: %s\n", path, strerror(-r));
        if (r == -ENOENT || r == -ECONNREFUSED)
                fprintf(stderr, "Is it running? Start it with \"systemctl start epmd-mdnsd\", or "
                                "as root with "
                                "\"epmd-mdnsd\".\n");
        return r;
}

static int open_socket(const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        const struct timeval timeout = { .tv_sec = TIMEOUT_SEC };
        _cleanup_close_ int fd = -1;

        if (strlen(path) >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        strcpy(address.sun_path, path);

        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0 ||
            setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0 ||
            connect(fd, (const struct sockaddr *) &address, sizeof(address)) < 0)
                return -errno;
        return TAKE_FD(fd);
}

int client_new(Client **ret, const char *path) {
        Client *client;
        int fd = open_socket(path);

        if (fd < 0)
                return explain_connect(path, fd);
        client = calloc(1, sizeof(*client));
        if (!client) {
                (void) fd_close(fd);
                return -ENOMEM;
        }
        client->fd = fd;
        *ret = client;
        return 0;
}

Client *client_free(Client *client) {
        if (!client)
                return NULL;

        (void) fd_close(client->fd);
        free(client);
        return NULL;
}

static int explain(const char *what, int r) {
        fprintf(stderr, "epmd-mdns: %s: %s\n", what, strerror(-r));
        return r;
}

int client_send(Client *client, const Request *request) {
        LineWriter writer = LINE_WRITER_NULL;
        int length;

        request_write(request, &writer);
        length = line_writer_end(&writer);
        if (length < 0)
                return explain("the request is too long", length);
        /* A line is far smaller than the socket's buffer, so that it goes as a whole. */
        if (send(client->fd, writer.text, (size_t) length, MSG_NOSIGNAL) != length)
                return explain("epmd-mdnsd does not take the request", errno ? -errno : -EIO);
        return 0;
}

static int receive_more(Client *client) {
        char *room;
        size_t size = input_buffer_reserve(&client->input, &room);
        ssize_t n = recv(client->fd, room, size, 0);

        if (n == 0)
                return explain("epmd-mdnsd closed the connection", -ECONNRESET);
        if (n < 0 && errno == EAGAIN)
                return explain("epmd-mdnsd does not answer", -ETIMEDOUT);
        if (n < 0)
                return errno == EINTR ? 0 : explain("can't read from epmd-mdnsd", -errno);
        input_buffer_commit(&client->input, (size_t) n);
        return 0;
}

int client_receive(Client *client, Reply *ret) {
        size_t length;
        char *text;
        int r;

        while ((r = input_buffer_take_line(&client->input, &text, &length)) ==
               INPUT_BUFFER_E_PENDING) {
                r = receive_more(client);
                if (r < 0)
                        return r;
        }

        if (r != 0 || line_parse(&client->line, text, length) != 0 ||
            reply_parse(ret, &client->line) != 0)
                return explain("epmd-mdnsd sent what it should not; are its version and this one "
                               "the same?",
                               -EPROTO);
        if (ret->kind == REPLY_ERROR) {
                fprintf(stderr, "epmd-mdns: epmd-mdnsd answers %s: %s\n", ret->error, ret->text);
                return -EREMOTEIO;
        }
        if (ret->kind == REPLY_OK)
                /* HELLO alone has a reply with words that are no attributes, and it is not sent
                 * here. */
                (void) line_split_attributes(&client->line, 1);
        return 0;
}

void client_be_patient(Client *client) {
        const struct timeval never = {};

        (void) setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &never, sizeof(never));
}

const Line *client_line(const Client *client) {
        return &client->line;
}
