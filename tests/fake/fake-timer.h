/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The timers of the Avahi thread, in a time of their own, for tests that include this */

#include <stdint.h>

/* Each test begins with this. No timer may be left. */
void fake_timer_reset(void);

/* Lets time go by, with the timers that elapse in it, in their order. */
void fake_timer_pass(unsigned msec);
