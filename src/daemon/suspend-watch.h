/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Whether the machine was suspended */

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "util/macro.h"

/* CLOCK_BOOTTIME goes on while the machine is suspended, CLOCK_MONOTONIC does not. */
typedef struct SuspendClocks {
        bool known; /* whether they have been compared before: */
        int64_t ahead_usec;
} SuspendClocks;

/* Compares the two, read in this order, in µs. Returns whether the machine was suspended since the
 * last comparison, for so long that others may have noticed. */
bool suspend_clocks_compare(SuspendClocks *clocks, uint64_t boottime_usec, uint64_t monotonic_usec);

typedef struct SuspendWatch SuspendWatch;

/* Calls resumed within seconds after the machine was suspended, at once after a long time. Returns
 * 0 or negative errno. */
int suspend_watch_new(SuspendWatch **ret, sd_event *event, void (*resumed)(void *userdata),
                      void *userdata);
SuspendWatch *suspend_watch_free(SuspendWatch *watch);
DEFINE_CLEANUP(SuspendWatch, suspend_watch_free);
