/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The clock of the main loop */

#include <stdint.h>
#include <systemd/sd-event.h>
#include <time.h>

#define USEC_PER_SEC UINT64_C(1000000)
#define USEC_PER_MSEC UINT64_C(1000)

/* CLOCK_MONOTONIC in µs, as of now: for how long something takes. */
static inline uint64_t clock_read(void) {
        struct timespec now;

        (void) clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t) now.tv_sec * USEC_PER_SEC + (uint64_t) now.tv_nsec / 1000;
}

/* CLOCK_BOOTTIME in µs, as of this turn of the loop: what is 60 s old before a suspend is older
 * after it. */
static inline uint64_t clock_now(sd_event *event) {
        uint64_t now = 0;

        (void) sd_event_now(event, CLOCK_BOOTTIME, &now);
        return now;
}
