/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the bus says of avahi-daemon, without a bus */

#include <stdbool.h>

/* Linked in the place of daemon/avahi/avahi-presence.c wherever fake-avahi.c is, which begins with
 * this: avahi-daemon is there. */
void fake_presence_reset(void);

/* avahi-daemon comes or goes. In the thread of the tested code. */
void fake_presence_set(bool there);

/* It is asked in vain, or answers again. */
void fake_presence_set_hangs(bool hangs);
