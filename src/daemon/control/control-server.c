/* SPDX-License-Identifier: Apache-2.0 */
/* Serves the directory on the control socket */

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "daemon/control/acceptor.h"
#include "daemon/control/control-server.h"
#include "daemon/control/session.h"
#include "daemon/control/user-poll.h"
#include "util/fd.h"

/* Descriptors that are not connections: stdio, epoll, signals, timers, Avahi's, a few users'. */
#define DESCRIPTORS_RESERVED 64

/* A user who has connections. */
typedef struct ControlUser {
        uid_t uid;
        UserPoll *poll;
        size_t n_sessions;
} ControlUser;

struct ControlServer {
        ControlServices services;
        Acceptor *acceptor;
        sd_event_source *burial;
        Session **sessions;
        size_t n_sessions;
        ControlUser *users;
        size_t n_users;
};

static void on_directory_event(void *userdata, const DirectoryEvent *event) {
        ControlServer *server = userdata;

        for (size_t i = 0; i < server->n_sessions; i++)
                session_handle_event(server->sessions[i], event->kind, event->reason, event->info);
}

void control_server_report(ControlServer *server, Reason reason) {
        for (size_t i = 0; i < server->n_sessions; i++)
                session_handle_event(server->sessions[i], EVENT_NETWORK, reason, NULL);
}

/* --- Users --- */

/* Returns the user, a new one if need be (the quota bounds how many there are), or NULL: out of
 * memory or descriptors. */
static ControlUser *get_user(ControlServer *server, uid_t uid) {
        ControlUser *grown;
        UserPoll *poll;

        for (size_t i = 0; i < server->n_users; i++)
                if (server->users[i].uid == uid)
                        return &server->users[i];

        grown = reallocarray(server->users, server->n_users + 1, sizeof(*grown));
        if (!grown)
                return NULL;
        server->users = grown;
        if (user_poll_new(&poll, server->services.event) < 0)
                return NULL;
        grown[server->n_users] = (ControlUser){ .uid = uid, .poll = poll };
        return &grown[server->n_users++];
}

static void put_user(ControlServer *server, uid_t uid) {
        for (size_t i = 0; i < server->n_users; i++)
                if (server->users[i].uid == uid && server->users[i].n_sessions == 0) {
                        user_poll_free(server->users[i].poll);
                        server->users[i] = server->users[--server->n_users];
                        return;
                }
}

/* --- Sessions --- */

static void end_session(ControlServer *server, Session *session) {
        uid_t uid = session_uid(session);

        session_free(session);
        quota_give(server->services.quota, QUOTA_CONNECTIONS, uid);
        get_user(server, uid)->n_sessions--;
        put_user(server, uid);
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
                end_session(server, session);
        }
        return 0;
}

static void on_session_dead(void *userdata) {
        ControlServer *server = userdata;

        (void) sd_event_source_set_enabled(server->burial, SD_EVENT_ONESHOT);
}

static void write_status(void *userdata, LineWriter *writer) {
        ControlServer *server = userdata;

        server->services.write_status(server->services.userdata, writer);
}

static int add_session(ControlServer *server, ControlUser *user, int fd) {
        SessionContext context = {
                .event = server->services.event,
                .directory = server->services.directory,
                .registry = server->services.registry,
                .reports = server->services.reports,
                .pairs = server->services.pairs,
                .refusals = server->services.refusals,
                .poll = user->poll,
                .write_status = write_status,
                .dead = on_session_dead,
                .userdata = server,
        };
        _cleanup_close_ int owned = fd;
        Session **grown;
        int r;

        grown = reallocarray(server->sessions, server->n_sessions + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        server->sessions = grown;
        r = session_new(&grown[server->n_sessions], &context, TAKE_FD(owned), user->uid);
        if (r < 0)
                return r;
        server->n_sessions++;
        user->n_sessions++;
        return 0;
}

static int on_accepted(void *userdata, int fd, uid_t uid) {
        ControlServer *server = userdata;
        ControlUser *user = get_user(server, uid);
        int r;

        if (!user) {
                (void) fd_close(fd);
                return -ENOMEM;
        }
        r = add_session(server, user, fd);
        put_user(server, uid);
        return r;
}

/* --- The server --- */

/* The number of connections is bounded by the descriptors, so that accept() does not fail, and wake
 * us, for ever. */
static void bound_connections(Quota *quota) {
        size_t wanted = quota->max[QUOTA_CONNECTIONS] + quota->reserve[QUOTA_CONNECTIONS] +
                        quota->max_users + DESCRIPTORS_RESERVED;
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
                return;
        quota->max_users = LIMIT_USERS_FEW;
        quota->reserve[QUOTA_CONNECTIONS] = 0;
        quota->max[QUOTA_CONNECTIONS] = limit.rlim_cur > 2 * DESCRIPTORS_RESERVED
                                                ? limit.rlim_cur - DESCRIPTORS_RESERVED
                                                : DESCRIPTORS_RESERVED;
}

int control_server_new(ControlServer **ret, const ControlServices *services, int fd) {
        _cleanup_(control_server_freep) ControlServer *server = NULL;
        _cleanup_close_ int listener = fd;
        int r;

        server = calloc(1, sizeof(*server));
        if (!server)
                return -ENOMEM;
        server->services = *services;
        sd_event_ref(services->event);
        bound_connections(services->quota);

        r = sd_event_add_defer(services->event, &server->burial, on_burial, server);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(server->burial, "control-burial");
        (void) sd_event_source_set_enabled(server->burial, SD_EVENT_OFF);

        r = acceptor_new(&server->acceptor, services->event, TAKE_FD(listener), services->quota,
                         services->refusals, on_accepted, server);
        if (r < 0)
                return r;

        directory_observe(services->directory, on_directory_event, server);
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
                end_session(server, server->sessions[--server->n_sessions]);
        free(server->sessions);
        free(server->users);
        sd_event_unref(server->services.event);
        free(server);
        return NULL;
}

void control_server_stop(ControlServer *server) {
        server->acceptor = acceptor_free(server->acceptor);
}

void control_server_count(const ControlServer *server, Stats *stats) {
        uint64_t subscribers = 0;

        for (size_t i = 0; i < server->n_sessions; i++)
                subscribers += session_is_subscribed(server->sessions[i]);
        stats->values[STAT_CONNECTIONS] = server->n_sessions;
        stats->values[STAT_SUBSCRIBERS] = subscribers;
}
