/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Where the browser and the publisher report to */

#include "daemon/avahi/lan-message.h"

/* Given by whoever owns the Avahi client. */
typedef struct AvahiSink {
        /* Passes on a copy of message. */
        void (*post)(void *userdata, const LanMessage *message);

        /* The connection to avahi-daemon is of no more use: the owner will stop its users and free
         * the client, though not within this call. error: AVAHI_ERR_*. */
        void (*fail)(void *userdata, const char *what, int error);

        void *userdata;
} AvahiSink;
