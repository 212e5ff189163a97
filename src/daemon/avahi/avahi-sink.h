/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Where the browser and the publisher report to */

#include <avahi-common/watch.h>
#include <stdbool.h>

#include "daemon/avahi/lan-message.h"

/* Given by whoever owns the Avahi client. */
typedef struct AvahiSink {
        /* Passes on a copy of message. */
        void (*post)(void *userdata, const LanMessage *message);

        /* The connection to avahi-daemon is of no more use: the owner will stop its users and free
         * the client, though not within this call. error: AVAHI_ERR_*. */
        void (*fail)(void *userdata, const char *what, int error);

        /* avahi-daemon allows a client so many objects. An advert of this host comes before those
         * of others: one of their lookups is given up for it. Returns whether there was one. */
        bool (*make_room)(void *userdata);

        /* An advert of this host has gone: there may be room for a lookup. */
        void (*room_made)(void *userdata);

        const AvahiPoll *poll; /* the loop of the Avahi thread */
        void *userdata;
} AvahiSink;
