/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the machine was suspended */

#include <errno.h>
#include <stdlib.h>

#include "daemon/clock.h"
#include "daemon/suspend-watch.h"
#include "daemon/timer.h"

/* Shorter suspensions break no connection. */
#define SUSPENDED_USEC INT64_C(2000000)

/* The timer follows the clock that goes on, so that it elapses on resume if it was due meanwhile.
 */
#define PERIOD_USEC (5 * USEC_PER_SEC)
#define ACCURACY_USEC (1 * USEC_PER_SEC)

struct SuspendWatch {
        sd_event_source *timer;
        SuspendClocks clocks;
        void (*resumed)(void *userdata);
        void *userdata;
};

bool suspend_clocks_compare(SuspendClocks *clocks, uint64_t boottime_usec,
                            uint64_t monotonic_usec) {
        int64_t ahead_usec = (int64_t) (boottime_usec - monotonic_usec);
        bool resumed = clocks->known && ahead_usec > clocks->ahead_usec + SUSPENDED_USEC;

        /* It never shrinks. It seems to if the process is interrupted between the two readings. */
        if (!clocks->known || ahead_usec > clocks->ahead_usec)
                *clocks = (SuspendClocks){ true, ahead_usec };
        return resumed;
}

static uint64_t read_boottime(void) {
        struct timespec now;

        (void) clock_gettime(CLOCK_BOOTTIME, &now);
        return (uint64_t) now.tv_sec * USEC_PER_SEC + (uint64_t) now.tv_nsec / 1000;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        SuspendWatch *watch = userdata;

        (void) source, (void) usec;
        timer_arm(watch->timer, PERIOD_USEC);
        if (suspend_clocks_compare(&watch->clocks, read_boottime(), clock_read()))
                watch->resumed(watch->userdata);
        return 0;
}

int suspend_watch_new(SuspendWatch **ret, sd_event *event, void (*resumed)(void *userdata),
                      void *userdata) {
        _cleanup_(suspend_watch_freep) SuspendWatch *watch = calloc(1, sizeof(*watch));
        int r;

        if (!watch)
                return -ENOMEM;
        watch->resumed = resumed;
        watch->userdata = userdata;
        r = timer_new(&watch->timer, event, CLOCK_BOOTTIME, ACCURACY_USEC, on_timer, "suspend",
                      watch);
        if (r < 0)
                return r;
        timer_arm(watch->timer, 0);
        *ret = TAKE_PTR(watch);
        return 0;
}

SuspendWatch *suspend_watch_free(SuspendWatch *watch) {
        if (!watch)
                return NULL;

        sd_event_source_disable_unref(watch->timer);
        free(watch);
        return NULL;
}
