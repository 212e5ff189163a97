/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was seen on the LAN before the connection to avahi-daemon failed
 *
 * A call that failed says nothing about the nodes of the LAN. So what was seen stays, marked, until
 * the next client has seen it again or has come to the end of its list. Each mark has its time, and
 * is not renewed when that client fails as well: what nobody confirms goes in the end.
 */

#include <errno.h>
#include <stdlib.h>

#include "daemon/avahi/sweeper.h"
#include "daemon/clock.h"
#include "daemon/timer.h"

struct Sweeper {
        sd_event *event;
        Directory *directory;
        sd_event_source *timer;
        SweeperTimes times;
        bool there;
        bool listed; /* whatever is still marked when the timer runs out is gone */
};

static void arm(Sweeper *sweeper, uint64_t usec) {
        timer_arm_at(sweeper->timer, usec);
}

/* Removes what has been marked long enough, and comes again for the rest. */
static void sweep(Sweeper *sweeper) {
        uint64_t now = clock_now(sweeper->event), first,
                 keep = sweeper->listed  ? 0
                        : sweeper->there ? sweeper->times.keep
                                         : sweeper->times.gone;

        sweeper->listed = false;
        first = directory_sweep_source(sweeper->directory, SOURCE_LAN, now > keep ? now - keep : 0,
                                       now);
        if (first != UINT64_MAX)
                arm(sweeper, first + keep);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        (void) source, (void) usec;
        sweep(userdata);
        return 0;
}

int sweeper_new(Sweeper **ret, sd_event *event, Directory *directory, SweeperTimes times) {
        _cleanup_(sweeper_freep) Sweeper *sweeper = calloc(1, sizeof(*sweeper));
        int r;

        if (!sweeper)
                return -ENOMEM;
        sweeper->event = sd_event_ref(event);
        sweeper->directory = directory;
        sweeper->times = times;
        r = timer_new(&sweeper->timer, event, CLOCK_BOOTTIME, 0, on_timer, "sweeper", sweeper);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(sweeper);
        return 0;
}

Sweeper *sweeper_free(Sweeper *sweeper) {
        if (!sweeper)
                return NULL;

        sd_event_source_disable_unref(sweeper->timer);
        sd_event_unref(sweeper->event);
        free(sweeper);
        return NULL;
}

void sweeper_begin(Sweeper *sweeper) {
        sweeper->listed = false;
        directory_mark_source(sweeper->directory, SOURCE_LAN, clock_now(sweeper->event));
        sweep(sweeper);
}

void sweeper_finish(Sweeper *sweeper) {
        sweeper->listed = true;
        arm(sweeper, clock_now(sweeper->event) + sweeper->times.settle);
}

void sweeper_set_there(Sweeper *sweeper, bool there) {
        if (sweeper->there == there)
                return;
        sweeper->there = there;
        if (!sweeper->listed)
                sweep(sweeper);
}
