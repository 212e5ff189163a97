/* SPDX-License-Identifier: Apache-2.0 */
/* What "epmd-mdns doctor" knows of the daemon and of avahi-daemon */

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "ctl/client.h"
#include "ctl/doctor/facts.h"
#include "util/fd.h"

/* A text protocol for name lookups, which answers HELP. Compiled in, the same everywhere. */
#define AVAHI_SOCKET "/run/avahi-daemon/socket"
#define AVAHI_TIMEOUT_MSEC 1000

/* How long avahi-daemon may take to claim its name: RFC 6762 section 8.1 wants 0.75 s. */
#define SETTLE_ROUNDS 10
#define SETTLE_MSEC 200

/* How often all is asked again because that began in the meantime. */
#define GATHER_ROUNDS 3

bool facts_read_file(const char *path, char *buffer, size_t size) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
        size_t length = 0;
        ssize_t n = 0;

        if (fd < 0)
                return false;
        while (length < size - 1 && (n = read(fd, buffer + length, size - 1 - length)) > 0)
                length += (size_t) n;
        buffer[length] = '\0';
        return n >= 0;
}

/* --- The daemon --- */

static uint64_t number(const Line *line, const char *key) {
        const char *value = line_get(line, key);

        return value ? strtoull(value, NULL, 10) : 0;
}

static void take_status(Facts *facts, const Line *line) {
        const char *avahi = line_get(line, "avahi"), *host = line_get(line, "host");

        facts->answers = true;
        facts->n_conflict_nodes = 0;
        snprintf(facts->avahi, sizeof(facts->avahi), "%s", avahi ? avahi : "");
        snprintf(facts->host, sizeof(facts->host), "%s", host ? host : "");
        facts->local = number(line, "local");
        facts->adverts = number(line, "adverts");
        facts->sightings = number(line, "sightings");
        facts->conflicts = number(line, "conflicts");
}

static void take_conflicts(Facts *facts, Client *client) {
        Request request = { .verb = VERB_LIST, .source = _SOURCE_INVALID };
        Reply reply;
        int r = client_send(client, &request);

        while (r == 0) {
                size_t n = facts->n_conflict_nodes;

                r = client_receive(client, &reply);
                if (r != 0 || reply.kind != REPLY_NODE)
                        return;
                if (!reply.info.conflict)
                        continue;
                /* A node may have several listeners; they come one after the other. */
                if (n > 0 && strcmp(facts->conflict_nodes[n - 1], reply.info.endpoint.node) == 0) {
                        facts->conflict_local[n - 1] |= reply.info.source == SOURCE_LOCAL;
                        continue;
                }
                if (n == FACTS_CONFLICTS)
                        return;
                strcpy(facts->conflict_nodes[n], reply.info.endpoint.node);
                facts->conflict_local[n] = reply.info.source == SOURCE_LOCAL;
                facts->n_conflict_nodes++;
        }
}

void facts_gather_daemon(Facts *facts) {
        Request request = { .verb = VERB_STATUS };
        _cleanup_(client_freep) Client *client = NULL;
        struct stat status;
        char *path;
        Reply reply;

        if (stat(facts->socket, &status) == 0) {
                facts->socket_exists = true;
                facts->socket_mode = status.st_mode & 07777;
        }
        path = strdup(facts->socket);
        if (path && stat(dirname(path), &status) == 0)
                facts->directory_mode = status.st_mode & 07777;
        free(path);

        facts->answers = false;
        facts->connect_error = client_new(&client, facts->socket, true);
        if (facts->connect_error < 0)
                return;
        facts->answer_error = client_send(client, &request);
        if (facts->answer_error != 0)
                return;
        facts->answer_error = client_receive(client, &reply);
        if (facts->answer_error == -EREMOTEIO)
                snprintf(facts->refusal, sizeof(facts->refusal), "%.32s: %.80s", reply.error,
                         reply.text);
        if (facts->answer_error != 0)
                return;
        take_status(facts, client_line(client));
        take_conflicts(facts, client);
}

/* --- avahi-daemon --- */

static AvahiAnswer ask_avahi(void) {
        const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = AVAHI_SOCKET };
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        struct pollfd pollfd = { .fd = fd, .events = POLLIN };

        if (fd < 0)
                return AVAHI_UNKNOWN;
        if (connect(fd, (const struct sockaddr *) &address, sizeof(address)) < 0) {
                if (errno == EAGAIN)
                        return AVAHI_SILENT; /* so many wait already */
                return errno == ENOENT || errno == ECONNREFUSED ? AVAHI_ABSENT : AVAHI_UNKNOWN;
        }
        if (send(fd, "HELP\n", 5, MSG_NOSIGNAL) != 5)
                return AVAHI_UNKNOWN;
        return poll(&pollfd, 1, AVAHI_TIMEOUT_MSEC) > 0 ? AVAHI_ANSWERS : AVAHI_SILENT;
}

void facts_gather_avahi(Facts *facts) {
        char *text = malloc(AVAHI_CONF_MAX);

        facts->avahi_answer = ask_avahi();
        facts->conf = (AvahiConf) AVAHI_CONF_DEFAULT;
        if (text && facts_read_file(AVAHI_CONF_PATH, text, AVAHI_CONF_MAX)) {
                facts->conf_known = true;
                avahi_conf_parse(&facts->conf, text);
        }
        free(text);
}

bool facts_uses_link(const Facts *facts, const Link *link) {
        return link->multicast && (!link->point_to_point || facts->conf.allow_point_to_point) &&
               avahi_conf_allows(&facts->conf, link->name);
}

static bool is_registering(const Facts *facts) {
        return facts->answers && strcmp(facts->avahi, "registering") == 0;
}

/* avahi-daemon claims its name anew whenever an address comes or goes, which takes a second: that
 * is no fault, and meanwhile it answers nobody. */
static void wait_settled(Facts *facts) {
        facts_gather_daemon(facts);
        for (int i = 0; i < SETTLE_ROUNDS && is_registering(facts); i++) {
                (void) poll(NULL, 0, SETTLE_MSEC);
                facts_gather_daemon(facts);
        }
}

void facts_gather(Facts *ret, const char *socket) {
        *ret = (Facts){ .socket = socket };
        facts_gather_avahi(ret);
        for (int i = 0; i < GATHER_ROUNDS; i++) {
                wait_settled(ret);
                facts_gather_links(ret);
                /* Again: it has had the same time as the question to hear of others. */
                if (ret->answers)
                        facts_gather_daemon(ret);
                if (!is_registering(ret))
                        break;
        }
        facts_gather_erlang(ret);
}
