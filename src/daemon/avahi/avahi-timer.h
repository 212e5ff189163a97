/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A one-shot timer in the Avahi thread */

#include <avahi-common/watch.h>
#include <stdint.h>

#include "util/macro.h"

#define USEC_PER_SEC UINT64_C(1000000)

typedef struct AvahiTimer AvahiTimer;

typedef void (*AvahiTimerElapsed)(void *userdata);

/* Not armed yet. poll must outlive it. Returns 0 or negative errno. */
int avahi_timer_new(AvahiTimer **ret, const AvahiPoll *poll, AvahiTimerElapsed elapsed,
                    void *userdata);
AvahiTimer *avahi_timer_free(AvahiTimer *timer);
DEFINE_CLEANUP(AvahiTimer, avahi_timer_free);

/* Elapses once at this time, in microseconds of the clock of avahi_timer_now(), instead of when it
 * was set to before; at once if that is past. */
void avahi_timer_set(AvahiTimer *timer, uint64_t usec);

/* Does not elapse. */
void avahi_timer_disarm(AvahiTimer *timer);

/* The time, in microseconds of a clock that never goes back. */
uint64_t avahi_timer_now(void);
