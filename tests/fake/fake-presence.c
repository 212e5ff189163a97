/* SPDX-License-Identifier: Apache-2.0 */
/* What the bus says of avahi-daemon, without a bus */

#include <glib.h>

#include "daemon/avahi/avahi-presence.h"
#include "fake/fake-presence.h"

struct AvahiPresence {
        AvahiPresenceChanged changed;
        void *userdata;
};

static AvahiPresence *presence; /* the only one */
static bool is_there, hangs;

void fake_presence_reset(void) {
        g_assert_null(presence);
        is_there = true;
        hangs = false;
}

void fake_presence_set(bool there) {
        if (is_there == there)
                return;
        is_there = there;
        if (presence)
                presence->changed(presence->userdata);
}

void fake_presence_set_hangs(bool it_hangs) {
        hangs = it_hangs;
        if (presence)
                presence->changed(presence->userdata);
}

int avahi_presence_new(AvahiPresence **ret, sd_event *event, uint64_t ask_usec,
                       AvahiPresenceChanged changed, void *userdata) {
        (void) event, (void) ask_usec;
        g_assert_null(presence);
        presence = g_new0(AvahiPresence, 1);
        *presence = (AvahiPresence){ changed, userdata };
        *ret = presence;
        return 0;
}

AvahiPresence *avahi_presence_free(AvahiPresence *object) {
        if (!object)
                return NULL;
        g_assert_true(object == presence);
        presence = NULL;
        g_free(object);
        return NULL;
}

bool avahi_presence_hangs(const AvahiPresence *object) {
        g_assert_true(object == presence);
        return hangs;
}

bool avahi_presence_is_there(const AvahiPresence *object) {
        g_assert_true(object == presence);
        return is_there;
}
