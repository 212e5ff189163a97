/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A one-shot timer in the Avahi thread
 *
 * AvahiPoll has timers of its own, but they follow the wall clock: when that is set back by an hour
 * they come an hour late. A timerfd follows the monotonic clock, and is one more descriptor to
 * watch.
 */

#include <errno.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "daemon/avahi/avahi-timer.h"
#include "util/fd.h"

#define NSEC_PER_USEC 1000

struct AvahiTimer {
        int fd;
        const AvahiPoll *poll;
        AvahiWatch *watch;
        AvahiTimerElapsed elapsed;
        void *userdata;
};

static void on_timer(AvahiWatch *watch, int fd, AvahiWatchEvent events, void *userdata) {
        AvahiTimer *timer = userdata;
        uint64_t n;

        (void) watch, (void) events;

        /* Nothing to read: it was set anew since poll() returned. */
        if (read(fd, &n, sizeof(n)) == (ssize_t) sizeof(n))
                timer->elapsed(timer->userdata);
}

int avahi_timer_new(AvahiTimer **ret, const AvahiPoll *poll, AvahiTimerElapsed elapsed,
                    void *userdata) {
        _cleanup_(avahi_timer_freep) AvahiTimer *timer = NULL;
        _cleanup_close_ int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

        if (fd < 0)
                return -errno;
        timer = calloc(1, sizeof(*timer));
        if (!timer)
                return -ENOMEM;
        timer->fd = TAKE_FD(fd);
        timer->poll = poll;
        timer->elapsed = elapsed;
        timer->userdata = userdata;
        timer->watch = poll->watch_new(poll, timer->fd, AVAHI_WATCH_IN, on_timer, timer);
        if (!timer->watch)
                return -ENOMEM;
        *ret = TAKE_PTR(timer);
        return 0;
}

AvahiTimer *avahi_timer_free(AvahiTimer *timer) {
        if (!timer)
                return NULL;

        if (timer->watch)
                timer->poll->watch_free(timer->watch);
        timer->fd = fd_close(timer->fd);
        free(timer);
        return NULL;
}

void avahi_timer_set(AvahiTimer *timer, uint64_t usec) {
        struct itimerspec when = {
                .it_value = { .tv_sec = (time_t) (usec / USEC_PER_SEC),
                              .tv_nsec = (long) (usec % USEC_PER_SEC) * NSEC_PER_USEC },
        };

        /* It can't fail: the descriptor and the time are valid. */
        (void) timerfd_settime(timer->fd, TFD_TIMER_ABSTIME, &when, NULL);
}

void avahi_timer_disarm(AvahiTimer *timer) {
        /* That is what zero means. */
        avahi_timer_set(timer, 0);
}

uint64_t avahi_timer_now(void) {
        struct timespec now;

        (void) clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t) now.tv_sec * USEC_PER_SEC + (uint64_t) now.tv_nsec / NSEC_PER_USEC;
}
