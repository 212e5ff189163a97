/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether there is an avahi-daemon, and answers
 *
 * avahi_client_new() calls avahi-daemon, and such a call has the bus start it if it does not run
 * (D-Bus activation). Whoever tries again and again undoes "systemctl stop avahi-daemon". So a
 * client is made only if the bus says that there is an avahi-daemon; a question to the bus itself
 * starts nothing. The bus also tells when that changes, so that nothing has to be polled. All of it
 * is asynchronous: a bus that hangs leaves the answer as it was.
 *
 * An avahi-daemon that hangs reports nothing any more, which looks like a LAN on which nothing
 * happens. So it is asked for its state now and then.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include "daemon/avahi/avahi-presence.h"
#include "daemon/clock.h"
#include "daemon/timer.h"
#include "util/log.h"

#define NAME "org.freedesktop.Avahi"

#define SERVER_PATH "/"
#define SERVER "org.freedesktop.Avahi.Server"

#define BUS "org.freedesktop.DBus"
#define BUS_PATH "/org/freedesktop/DBus"
#define LOCAL "org.freedesktop.DBus.Local"
#define LOCAL_PATH "/org/freedesktop/DBus/Local"

/* How long to wait for a bus that is not there, or was lost. A try costs microseconds. */
#define RETRY_USEC (500 * USEC_PER_MSEC)

struct AvahiPresence {
        sd_event *event;
        sd_bus *bus;
        sd_event_source *retry;
        sd_event_source *ask;  /* runs while it is there and no question is open */
        sd_bus_slot *question; /* NULL: none is open */
        uint64_t ask_usec;
        bool there;
        bool hangs;
        bool failure_logged; /* one line until it works again */
        AvahiPresenceChanged changed;
        void *userdata;
};

/* --- Whether it answers --- */

static void set_hangs(AvahiPresence *presence, bool hangs) {
        if (presence->hangs == hangs)
                return;
        presence->hangs = hangs;
        presence->changed(presence->userdata);
}

static void arm_ask(AvahiPresence *presence, uint64_t delay_usec) {
        timer_arm(presence->ask, delay_usec);
}

static int on_answer(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        AvahiPresence *presence = userdata;
        bool late = sd_bus_message_get_errno(message) == ETIMEDOUT, hung = presence->hangs;

        (void) error;

        presence->question = sd_bus_slot_unref(presence->question);
        /* A question that waits as long as it takes follows at once. */
        arm_ask(presence, late && !hung ? 0 : presence->ask_usec);
        if (late && !hung)
                log_warning("avahi-daemon hangs: the LAN is not seen until it answers. Try "
                            "\"systemctl restart avahi-daemon\"");
        if (!late && hung)
                log_notice("avahi-daemon answers again");
        set_hangs(presence, late);
        return 0;
}

/* Once it hangs one question stays open, so that its answer is noticed at once, and they don't pile
 * up. */
static int ask(AvahiPresence *presence) {
        sd_bus_message *call = NULL;
        int r;

        r = sd_bus_message_new_method_call(presence->bus, &call, NAME, SERVER_PATH, SERVER,
                                           "GetState");
        if (r >= 0)
                r = sd_bus_message_set_auto_start(call, false);
        if (r >= 0)
                r = sd_bus_call_async(presence->bus, &presence->question, call, on_answer, presence,
                                      presence->hangs ? UINT64_MAX : presence->ask_usec);
        sd_bus_message_unref(call);
        return r;
}

static int on_ask(sd_event_source *source, uint64_t usec, void *userdata) {
        AvahiPresence *presence = userdata;

        (void) source, (void) usec;

        /* Without memory nothing is known: it is asked later. */
        if (ask(presence) < 0)
                arm_ask(presence, presence->ask_usec);
        return 0;
}

/* A new owner of its name, or none: what was asked before no longer counts. */
static void begin_asking(AvahiPresence *presence, bool there) {
        presence->question = sd_bus_slot_unref(presence->question);
        timer_disarm(presence->ask);
        if (there)
                arm_ask(presence, presence->ask_usec);
}

/* --- Whether it is there --- */

static void set_there(AvahiPresence *presence, bool there) {
        bool changed = presence->there != there;

        begin_asking(presence, there);
        presence->there = there;
        set_hangs(presence, false);
        if (changed)
                presence->changed(presence->userdata);
}

/* A bus can't be closed within its own callbacks, so that is left to the next try. */
static void lose_bus(AvahiPresence *presence, int error) {
        if (!presence->failure_logged)
                log_warning("can't ask the system bus for avahi-daemon (%s): the LAN is not seen "
                            "until that works",
                            strerror(-error));
        presence->failure_logged = true;
        set_there(presence, false);
        timer_arm(presence->retry, RETRY_USEC);
}

static int on_disconnected(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        (void) message, (void) error;
        lose_bus(userdata, -ECONNRESET);
        return 0;
}

static int on_has_owner(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        AvahiPresence *presence = userdata;
        int there = 0, r = -sd_bus_message_get_errno(message);

        (void) error;

        if (r == 0)
                r = sd_bus_message_read(message, "b", &there);
        if (r < 0) {
                lose_bus(presence, r);
                return 0;
        }
        presence->failure_logged = false;
        set_there(presence, there);
        return 0;
}

static int on_owner_changed(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        const char *owner;

        (void) error;

        if (sd_bus_message_read(message, "sss", NULL, NULL, &owner) >= 0)
                set_there(userdata, *owner);
        return 0;
}

static int connect_bus(AvahiPresence *presence) {
        int r;

        r = sd_bus_open_system(&presence->bus);
        if (r >= 0)
                r = sd_bus_attach_event(presence->bus, presence->event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                r = sd_bus_match_signal_async(presence->bus, NULL, LOCAL, LOCAL_PATH, LOCAL,
                                              "Disconnected", on_disconnected, NULL, presence);
        /* First listen and then ask, so that no change is missed between the two. */
        if (r >= 0)
                r = sd_bus_add_match_async(presence->bus, NULL,
                                           "type='signal',sender='" BUS "',path='" BUS_PATH
                                           "',interface='" BUS
                                           "',member='NameOwnerChanged',arg0='" NAME "'",
                                           on_owner_changed, NULL, presence);
        if (r >= 0)
                r = sd_bus_call_method_async(presence->bus, NULL, BUS, BUS_PATH, BUS,
                                             "NameHasOwner", on_has_owner, presence, "s", NAME);
        return r;
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata) {
        AvahiPresence *presence = userdata;
        int r;

        (void) source, (void) usec;

        presence->bus = sd_bus_close_unref(presence->bus);
        r = connect_bus(presence);
        if (r < 0)
                lose_bus(presence, r);
        return 0;
}

int avahi_presence_new(AvahiPresence **ret, sd_event *event, uint64_t ask_usec,
                       AvahiPresenceChanged changed, void *userdata) {
        _cleanup_(avahi_presence_freep) AvahiPresence *presence = calloc(1, sizeof(*presence));
        int r;

        if (!presence)
                return -ENOMEM;
        presence->event = sd_event_ref(event);
        presence->ask_usec = ask_usec;
        presence->changed = changed;
        presence->userdata = userdata;

        r = timer_new(&presence->ask, event, CLOCK_MONOTONIC, 0, on_ask, "avahi-ask", presence);
        if (r >= 0)
                r = timer_new(&presence->retry, event, CLOCK_MONOTONIC, 0, on_retry, "bus-retry",
                              presence);
        if (r < 0)
                return r;
        /* The first try is at once. */
        timer_arm(presence->retry, 0);
        *ret = TAKE_PTR(presence);
        return 0;
}

AvahiPresence *avahi_presence_free(AvahiPresence *presence) {
        if (!presence)
                return NULL;

        sd_event_source_disable_unref(presence->retry);
        sd_event_source_disable_unref(presence->ask);
        sd_bus_slot_unref(presence->question);
        /* Not flushed: nothing that was asked is of interest any more, and that could wait. */
        sd_bus_close_unref(presence->bus);
        sd_event_unref(presence->event);
        free(presence);
        return NULL;
}

bool avahi_presence_hangs(const AvahiPresence *presence) {
        return presence->hangs;
}

bool avahi_presence_is_there(const AvahiPresence *presence) {
        return presence->there;
}
