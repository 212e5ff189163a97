/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes connections from a listening socket, and tells greedy users from others
 *
 * The kernel's backlog knows no users: someone who connects in a loop fills it, and then the
 * connect() of others fails or waits. So it is emptied as fast as possible, and whoever connects
 * too often is refused before anything is made for the connection.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "core/user-counts.h"
#include "daemon/clock.h"
#include "daemon/control/acceptor.h"
#include "daemon/timer.h"
#include "util/fd.h"
#include "util/log.h"

/* How long nobody is taken after something ran out, descriptors for one: the backlog wakes the loop
 * until it is empty. */
#define PAUSE_USEC (100 * USEC_PER_MSEC)

struct Acceptor {
        sd_event *event;
        sd_event_source *listener;
        sd_event_source *pause;
        Quota *quota;
        Refusals *refusals;
        UserCounts connects;
        AcceptorTake take;
        void *userdata;
        bool failure_logged; /* one line until it works again */
};

/* The socket is new, so that this fits into its buffer; and if not, closing says enough. */
static void refuse(Acceptor *acceptor, int fd, uid_t uid, Refusal why) {
        char text[128];
        int length = snprintf(text, sizeof(text), "ERR limit %s\n", refusal_text(why));

        (void) !send(fd, text, (size_t) length, MSG_DONTWAIT | MSG_NOSIGNAL);
        refusals_add(acceptor->refusals, why, uid, clock_now(acceptor->event));
}

static bool connects_too_often(Acceptor *acceptor, uid_t uid) {
        return !quota_is_privileged(acceptor->quota, uid) &&
               user_counts_add(&acceptor->connects, uid, clock_now(acceptor->event)) >
                       LIMIT_CONNECTS_PER_UID;
}

/* Returns 0, also if the peer was refused, or negative errno if something has run out. */
static int take(Acceptor *acceptor, int connection) {
        _cleanup_close_ int fd = connection;
        struct ucred peer = {};
        socklen_t length = sizeof(peer);
        int r;

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0)
                return -errno;
        if (connects_too_often(acceptor, peer.uid)) {
                refuse(acceptor, fd, peer.uid, REFUSAL_CONNECTS);
                return 0;
        }
        r = quota_take(acceptor->quota, QUOTA_CONNECTIONS, peer.uid);
        if (r > 0) {
                refuse(acceptor, fd, peer.uid,
                       r == QUOTA_E_USER ? REFUSAL_CONNECTIONS_USER : REFUSAL_CONNECTIONS_ALL);
                return 0;
        }
        if (r < 0)
                return r;
        r = acceptor->take(acceptor->userdata, TAKE_FD(fd), peer.uid);
        if (r < 0)
                quota_give(acceptor->quota, QUOTA_CONNECTIONS, peer.uid);
        return r;
}

static int accept_one(Acceptor *acceptor, int listener) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        return fd < 0 ? -errno : take(acceptor, fd);
}

static int on_listener(sd_event_source *source, int listener, uint32_t revents, void *userdata) {
        Acceptor *acceptor = userdata;
        int r = 0;

        (void) source, (void) revents;

        for (unsigned i = 0; i < LIMIT_TURN_ACCEPTS && r == 0; i++) {
                r = accept_one(acceptor, listener);
                if (r == -EINTR || r == -ECONNABORTED)
                        r = 0;
        }
        if (r == 0 || r == -EAGAIN) {
                acceptor->failure_logged = false;
                return 0;
        }

        if (!acceptor->failure_logged)
                log_warning("can't take a connection: %s", strerror(-r));
        acceptor->failure_logged = true;
        (void) sd_event_source_set_enabled(acceptor->listener, SD_EVENT_OFF);
        timer_arm(acceptor->pause, PAUSE_USEC);
        return 0;
}

static int on_pause_over(sd_event_source *source, uint64_t usec, void *userdata) {
        Acceptor *acceptor = userdata;

        (void) source, (void) usec;
        (void) sd_event_source_set_enabled(acceptor->listener, SD_EVENT_ON);
        return 0;
}

int acceptor_new(Acceptor **ret, sd_event *event, int fd, Quota *quota, Refusals *refusals,
                 AcceptorTake take_connection, void *userdata) {
        _cleanup_(acceptor_freep) Acceptor *acceptor = NULL;
        _cleanup_close_ int listener = fd;
        int r;

        /* One that systemd has passed may block. */
        if (fcntl(listener, F_SETFL, O_NONBLOCK) < 0)
                return -errno;
        acceptor = calloc(1, sizeof(*acceptor));
        if (!acceptor)
                return -ENOMEM;
        acceptor->event = sd_event_ref(event);
        acceptor->quota = quota;
        acceptor->refusals = refusals;
        acceptor->connects = (UserCounts) USER_COUNTS_INIT(USEC_PER_SEC);
        acceptor->take = take_connection;
        acceptor->userdata = userdata;

        r = sd_event_add_io(event, &acceptor->listener, listener, EPOLLIN, on_listener, acceptor);
        if (r < 0)
                return r;
        (void) sd_event_source_set_io_fd_own(acceptor->listener, true);
        listener = -1; /* the source's now */
        (void) sd_event_source_set_description(acceptor->listener, "acceptor");

        r = timer_new(&acceptor->pause, event, CLOCK_MONOTONIC, 0, on_pause_over, "acceptor-pause",
                      acceptor);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(acceptor);
        return 0;
}

Acceptor *acceptor_free(Acceptor *acceptor) {
        if (!acceptor)
                return NULL;

        acceptor->pause = sd_event_source_disable_unref(acceptor->pause);
        acceptor->listener = sd_event_source_disable_unref(acceptor->listener);
        sd_event_unref(acceptor->event);
        free(acceptor);
        return NULL;
}
