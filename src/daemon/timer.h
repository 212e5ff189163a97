/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One-shot timers of the event loop */

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>
#include <time.h>

/* Makes a timer that is not armed. accuracy_usec: how late it may be, 0 for sd-event's default of
 * 250 ms. description: for logs; not copied. Returns 0 or negative errno. */
int timer_new(sd_event_source **ret, sd_event *event, clockid_t clock, uint64_t accuracy_usec,
              sd_event_time_handler_t handler, const char *description, void *userdata);

/* Arms it anew, whether it is armed or not: from now on, and at a time of its clock. In µs. */
void timer_arm(sd_event_source *timer, uint64_t delay_usec);
void timer_arm_at(sd_event_source *timer, uint64_t usec);

void timer_disarm(sd_event_source *timer);
bool timer_is_armed(sd_event_source *timer);
