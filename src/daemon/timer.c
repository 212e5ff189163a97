/* SPDX-License-Identifier: Apache-2.0 */
/* One-shot timers of the event loop */

#include "daemon/timer.h"

int timer_new(sd_event_source **ret, sd_event *event, clockid_t clock, uint64_t accuracy_usec,
              sd_event_time_handler_t handler, const char *description, void *userdata) {
        int r = sd_event_add_time(event, ret, clock, 0, accuracy_usec, handler, userdata);

        if (r < 0)
                return r;
        (void) sd_event_source_set_description(*ret, description);
        return sd_event_source_set_enabled(*ret, SD_EVENT_OFF);
}

void timer_arm(sd_event_source *timer, uint64_t delay_usec) {
        (void) sd_event_source_set_time_relative(timer, delay_usec);
        (void) sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

void timer_arm_at(sd_event_source *timer, uint64_t usec) {
        (void) sd_event_source_set_time(timer, usec);
        (void) sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

void timer_disarm(sd_event_source *timer) {
        (void) sd_event_source_set_enabled(timer, SD_EVENT_OFF);
}

bool timer_is_armed(sd_event_source *timer) {
        int enabled = SD_EVENT_OFF;

        (void) sd_event_source_get_enabled(timer, &enabled);
        return enabled != SD_EVENT_OFF;
}
