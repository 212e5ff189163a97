/* SPDX-License-Identifier: Apache-2.0 */
/* The timers of the Avahi thread, in a time of their own */

#include <glib.h>

#include "daemon/avahi/avahi-timer.h"
#include "fake/fake-timer.h"

struct AvahiTimer {
        uint64_t usec; /* 0: not armed */
        AvahiTimerElapsed elapsed;
        void *userdata;
};

static GPtrArray *timers;
static uint64_t now;

void fake_timer_reset(void) {
        g_assert_true(!timers);
        now = USEC_PER_SEC;
}

/* The next timer to elapse until then, or NULL. */
static AvahiTimer *next_timer(uint64_t until) {
        AvahiTimer *next = NULL;

        for (guint i = 0; timers && i < timers->len; i++) {
                AvahiTimer *timer = timers->pdata[i];

                if (timer->usec > 0 && timer->usec <= until && (!next || timer->usec < next->usec))
                        next = timer;
        }
        return next;
}

void fake_timer_pass(unsigned msec) {
        uint64_t until = now + msec * UINT64_C(1000);

        for (AvahiTimer *timer; (timer = next_timer(until));) {
                now = MAX(now, timer->usec);
                timer->usec = 0;
                timer->elapsed(timer->userdata);
        }
        now = until;
}

int avahi_timer_new(AvahiTimer **ret, const AvahiPoll *poll, AvahiTimerElapsed elapsed,
                    void *userdata) {
        AvahiTimer *timer = g_new0(AvahiTimer, 1);

        (void) poll;
        *timer = (AvahiTimer){ .elapsed = elapsed, .userdata = userdata };
        if (!timers)
                timers = g_ptr_array_new();
        g_ptr_array_add(timers, timer);
        *ret = timer;
        return 0;
}

AvahiTimer *avahi_timer_free(AvahiTimer *timer) {
        if (!timer)
                return NULL;

        g_assert_true(g_ptr_array_remove(timers, timer));
        if (timers->len == 0)
                g_clear_pointer(&timers, g_ptr_array_unref);
        g_free(timer);
        return NULL;
}

void avahi_timer_set(AvahiTimer *timer, uint64_t usec) {
        timer->usec = usec;
}

void avahi_timer_disarm(AvahiTimer *timer) {
        timer->usec = 0;
}

uint64_t avahi_timer_now(void) {
        /* Time goes by between any two calls. */
        return now++;
}
