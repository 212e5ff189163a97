/* SPDX-License-Identifier: Apache-2.0 */
/* When to try again what avahi-daemon has refused */

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "daemon/avahi/retry-timer.h"

struct RetryTimer {
        AvahiTimer *timer;
        uint64_t delay_sec; /* the next one */
        bool armed;
        AvahiTimerElapsed elapsed;
        void *userdata;
};

static void on_elapsed(void *userdata) {
        RetryTimer *timer = userdata;

        timer->armed = false;
        timer->elapsed(timer->userdata);
}

int retry_timer_new(RetryTimer **ret, const AvahiPoll *poll, AvahiTimerElapsed elapsed,
                    void *userdata) {
        _cleanup_(retry_timer_freep) RetryTimer *timer = calloc(1, sizeof(*timer));
        int r;

        if (!timer)
                return -ENOMEM;
        timer->delay_sec = RETRY_TIMER_MIN_SEC;
        timer->elapsed = elapsed;
        timer->userdata = userdata;
        r = avahi_timer_new(&timer->timer, poll, on_elapsed, timer);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(timer);
        return 0;
}

RetryTimer *retry_timer_free(RetryTimer *timer) {
        if (!timer)
                return NULL;

        avahi_timer_free(timer->timer);
        free(timer);
        return NULL;
}

void retry_timer_arm(RetryTimer *timer) {
        if (timer->armed)
                return;
        timer->armed = true;
        avahi_timer_set(timer->timer, avahi_timer_now() + timer->delay_sec * USEC_PER_SEC);
        timer->delay_sec *= 2;
        if (timer->delay_sec > RETRY_TIMER_MAX_SEC)
                timer->delay_sec = RETRY_TIMER_MAX_SEC;
}

void retry_timer_reset(RetryTimer *timer) {
        if (timer->armed)
                avahi_timer_disarm(timer->timer);
        timer->armed = false;
        timer->delay_sec = RETRY_TIMER_MIN_SEC;
}
