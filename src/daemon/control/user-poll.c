/* SPDX-License-Identifier: Apache-2.0 */
/* All sockets of one user, as one source of the event loop */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "daemon/control/user-poll.h"
#include "util/fd.h"

struct UserPoll {
        int fd; /* the source's */
        sd_event_source *source;
};

static int on_ready(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        struct epoll_event event;
        const PollItem *item;

        (void) source, (void) revents, (void) userdata;

        /* One at a time. The kernel puts a socket that stays ready behind all others that are. */
        if (epoll_wait(fd, &event, 1, 0) == 1) {
                item = event.data.ptr;
                item->ready(item->userdata, event.events);
        }
        return 0;
}

int user_poll_new(UserPoll **ret, sd_event *event) {
        _cleanup_(user_poll_freep) UserPoll *poll = NULL;
        _cleanup_close_ int fd = epoll_create1(EPOLL_CLOEXEC);
        int r;

        if (fd < 0)
                return -errno;
        poll = calloc(1, sizeof(*poll));
        if (!poll)
                return -ENOMEM;
        r = sd_event_add_io(event, &poll->source, fd, EPOLLIN, on_ready, poll);
        if (r < 0)
                return r;
        (void) sd_event_source_set_io_fd_own(poll->source, true);
        poll->fd = TAKE_FD(fd);
        (void) sd_event_source_set_description(poll->source, "control-user");
        *ret = TAKE_PTR(poll);
        return 0;
}

UserPoll *user_poll_free(UserPoll *poll) {
        if (!poll)
                return NULL;

        poll->source = sd_event_source_disable_unref(poll->source);
        free(poll);
        return NULL;
}

static int control(UserPoll *poll, int operation, int fd, uint32_t events, PollItem *item) {
        struct epoll_event event = { .events = events, .data.ptr = item };

        return epoll_ctl(poll->fd, operation, fd, &event) < 0 ? -errno : 0;
}

int user_poll_add(UserPoll *poll, int fd, uint32_t events, PollItem *item) {
        return control(poll, EPOLL_CTL_ADD, fd, events, item);
}

int user_poll_modify(UserPoll *poll, int fd, uint32_t events, PollItem *item) {
        return control(poll, EPOLL_CTL_MOD, fd, events, item);
}

void user_poll_remove(UserPoll *poll, int fd) {
        (void) control(poll, EPOLL_CTL_DEL, fd, 0, NULL);
}
