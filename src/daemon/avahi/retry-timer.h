/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* When to try again what avahi-daemon has refused */

#include "daemon/avahi/avahi-timer.h"

#define RETRY_TIMER_MIN_SEC 1
#define RETRY_TIMER_MAX_SEC 60

typedef struct RetryTimer RetryTimer;

/* poll must outlive it. Returns 0 or negative errno. */
int retry_timer_new(RetryTimer **ret, const AvahiPoll *poll, AvahiTimerElapsed elapsed,
                    void *userdata);
RetryTimer *retry_timer_free(RetryTimer *timer);
DEFINE_CLEANUP(RetryTimer, retry_timer_free);

/* Elapses once: after RETRY_TIMER_MIN_SEC, and each further time after twice as long, up to
 * RETRY_TIMER_MAX_SEC. Does nothing if it is armed already. */
void retry_timer_arm(RetryTimer *timer);

/* Does not elapse, and begins with the shortest delay again. */
void retry_timer_reset(RetryTimer *timer);
