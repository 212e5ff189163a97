/* SPDX-License-Identifier: Apache-2.0 */
/* Serves the directory on the control socket */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "core/quota.h"
#include "daemon/clock.h"
#include "daemon/control/control-server.h"
#include "daemon/control/session.h"
#include "util/fd.h"
#include "util/log.h"

/* Connections taken in a second. The rest waits in the backlog: a flood, or a lack of descriptors,
 * leaves time for all others. */
#define ACCEPT_PER_SEC 2000

/* Descriptors that are not connections: stdio, epoll, signals, timers, Avahi's. */
#define DESCRIPTORS_RESERVED 64

/* Lower creations have a meaning of their own in old releases of OTP. */
#define CREATION_MIN 4

struct ControlServer {
        sd_event *event;
        Directory *directory;
        ControlStatus status;
        void *userdata;
        sd_event_source *listener;
        sd_event_source *burial;
        Session **sessions;
        size_t n_sessions;
        uint64_t last_id;
        uint32_t creation;
        Quota quota;
        uint64_t started_usec;
};

static void on_directory_event(void *userdata, const DirectoryEvent *event) {
        ControlServer *server = userdata;

        for (size_t i = 0; i < server->n_sessions; i++)
                session_handle_event(server->sessions[i], event);
}

static int on_burial(sd_event_source *source, void *userdata) {
        ControlServer *server = userdata;

        (void) source;

        /* Freeing one ends its registration, which may be too much for the queue of another: that
         * one's turn comes then. */
        for (size_t i = 0; i < server->n_sessions; i++) {
                Session *session = server->sessions[i];

                if (!session_is_dead(session))
                        continue;
                server->sessions[i--] = server->sessions[--server->n_sessions];
                quota_give(&server->quota, QUOTA_CONNECTIONS, session_uid(session));
                session_free(session);
        }
        return 0;
}

static int add_session(ControlServer *server, int fd, uid_t uid) {
        Session **grown, *session;
        int r;

        grown = reallocarray(server->sessions, server->n_sessions + 1, sizeof(*grown));
        if (!grown) {
                (void) fd_close(fd);
                return -ENOMEM;
        }
        server->sessions = grown;
        r = session_new(&session, server, fd, uid, ++server->last_id);
        if (r < 0)
                return r;
        server->sessions[server->n_sessions++] = session;
        return 0;
}

static void refuse(int fd, int reason) {
        static const char user[] = "ERR limit this user has too many connections\n";
        static const char all[] = "ERR limit there are too many connections\n";

        /* The socket is new, so that this fits into its buffer; and if not, closing says enough. */
        if (reason == QUOTA_E_USER)
                (void) !send(fd, user, strlen(user), MSG_DONTWAIT | MSG_NOSIGNAL);
        else
                (void) !send(fd, all, strlen(all), MSG_DONTWAIT | MSG_NOSIGNAL);
}

static int on_listener(sd_event_source *source, int listener, uint32_t revents, void *userdata) {
        ControlServer *server = userdata;
        _cleanup_close_ int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        struct ucred peer = {};
        socklen_t length = sizeof(peer);
        int r;

        (void) source, (void) revents;

        if (fd < 0) {
                if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
                        log_warning("can't take a connection: %s", strerror(errno));
                return 0;
        }
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0) {
                log_warning("can't tell who connects: %s", strerror(errno));
                return 0;
        }

        r = quota_take(&server->quota, QUOTA_CONNECTIONS, peer.uid);
        if (r != 0) {
                refuse(fd, r);
                return 0;
        }
        r = add_session(server, TAKE_FD(fd), peer.uid);
        if (r < 0) {
                log_warning("can't take a connection: %s", strerror(-r));
                quota_give(&server->quota, QUOTA_CONNECTIONS, peer.uid);
        }
        return 0;
}

/* The number of connections is bounded by the descriptors, so that accept() does not fail, and wake
 * us, for ever. */
static size_t max_connections(void) {
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0 ||
            limit.rlim_cur >= LIMIT_CONNECTIONS + DESCRIPTORS_RESERVED)
                return LIMIT_CONNECTIONS;
        return limit.rlim_cur > 2 * DESCRIPTORS_RESERVED ? limit.rlim_cur - DESCRIPTORS_RESERVED
                                                         : DESCRIPTORS_RESERVED;
}

int control_server_new(ControlServer **ret, sd_event *event, Directory *directory, int fd,
                       ControlStatus status, void *userdata) {
        _cleanup_(control_server_freep) ControlServer *server = NULL;
        _cleanup_close_ int listener = fd;
        int r;

        server = calloc(1, sizeof(*server));
        if (!server)
                return -ENOMEM;
        server->event = sd_event_ref(event);
        server->directory = directory;
        server->status = status;
        server->userdata = userdata;
        server->quota = (Quota) QUOTA_INIT;
        server->quota.max[QUOTA_CONNECTIONS] = max_connections();
        server->started_usec = clock_now(event);
        if (getrandom(&server->creation, sizeof(server->creation), 0) < 0)
                return -errno;

        r = sd_event_add_defer(event, &server->burial, on_burial, server);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(server->burial, "control-burial");
        (void) sd_event_source_set_enabled(server->burial, SD_EVENT_OFF);

        r = sd_event_add_io(event, &server->listener, listener, EPOLLIN, on_listener, server);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(server->listener, "control-listener");
        (void) sd_event_source_set_io_fd_own(server->listener, true);
        listener = -1; /* the source's now */
        (void) sd_event_source_set_ratelimit(server->listener, USEC_PER_SEC, ACCEPT_PER_SEC);

        directory_observe(directory, on_directory_event, server);
        *ret = TAKE_PTR(server);
        return 0;
}

ControlServer *control_server_free(ControlServer *server) {
        if (!server)
                return NULL;

        control_server_stop(server);
        server->burial = sd_event_source_disable_unref(server->burial);
        /* The sessions that are left hear of the end of the others. */
        while (server->n_sessions > 0)
                session_free(server->sessions[--server->n_sessions]);
        free(server->sessions);
        quota_done(&server->quota);
        sd_event_unref(server->event);
        free(server);
        return NULL;
}

void control_server_stop(ControlServer *server) {
        server->listener = sd_event_source_disable_unref(server->listener);
}

sd_event *control_server_event(ControlServer *server) {
        return server->event;
}

Directory *control_server_directory(ControlServer *server) {
        return server->directory;
}

uint32_t control_server_creation(ControlServer *server) {
        if (++server->creation < CREATION_MIN)
                server->creation = CREATION_MIN;
        return server->creation;
}

int control_server_take_registration(ControlServer *server, uid_t uid) {
        return quota_take(&server->quota, QUOTA_REGISTRATIONS, uid);
}

void control_server_give_registration(ControlServer *server, uid_t uid) {
        quota_give(&server->quota, QUOTA_REGISTRATIONS, uid);
}

bool control_server_release_dead(ControlServer *server, uint64_t id) {
        for (size_t i = 0; i < server->n_sessions; i++) {
                Session *session = server->sessions[i];

                if (session_id(session) == id && session_is_hung_up(session)) {
                        session_unregister(session);
                        return true;
                }
        }
        return false;
}

void control_server_bury(ControlServer *server) {
        (void) sd_event_source_set_enabled(server->burial, SD_EVENT_ONESHOT);
}

void control_server_write_status(ControlServer *server, LineWriter *writer) {
        size_t subscribers = 0;

        for (size_t i = 0; i < server->n_sessions; i++)
                subscribers += session_is_subscribed(server->sessions[i]);

        server->status(server->userdata, writer);
        line_writer_attribute_u64(writer, "uptime",
                                  (clock_now(server->event) - server->started_usec) / USEC_PER_SEC);
        line_writer_attribute_u64(writer, "registrations", server->quota.held[QUOTA_REGISTRATIONS]);
        line_writer_attribute_u64(writer, "limit-registrations",
                                  server->quota.max[QUOTA_REGISTRATIONS]);
        line_writer_attribute_u64(writer, "limit-connections",
                                  server->quota.max[QUOTA_CONNECTIONS]);
        line_writer_attribute_u64(writer, "limit-endpoints", LIMIT_ENTRIES);
        line_writer_attribute_u64(writer, "limit-sightings", LIMIT_SIGHTINGS);
        line_writer_attribute_u64(writer, "connections", server->n_sessions);
        line_writer_attribute_u64(writer, "subscribers", subscribers);
}
