/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether this host has got other addresses
 *
 * A connection over an address that is gone hangs without a sign, for as long as net_ticktime in an
 * Erlang node. So nodes have to check their connections. Complete sets are compared:
 * what avahi-daemon lists to a new client is no change, and what has changed between two clients is
 * one.
 */

#include <avahi-common/error.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/limits.h"
#include "daemon/avahi/avahi-error.h"
#include "daemon/avahi/avahi-timer.h"
#include "daemon/avahi/own-addresses.h"
#include "daemon/avahi/readdressing.h"

/* The records of one change come one by one. */
#define SETTLE_USEC (USEC_PER_SEC / 2)

struct Readdressing {
        const AvahiSink *sink;
        AvahiClient *client; /* NULL: stopped, or failed */
        OwnAddresses *own;
        AvahiTimer *timer;
        bool armed;

        bool known; /* whether there has been a complete set: */
        Address addresses[LIMIT_OWN_ADDRESSES];
        size_t n_addresses;
};

static bool contains(const Address *addresses, size_t n, const Address *address) {
        for (size_t i = 0; i < n; i++)
                if (address_equal(&addresses[i], address))
                        return true;
        return false;
}

/* Takes a complete set. Returns whether it is another one than before. */
static bool take(Readdressing *readdressing, const Address *addresses, size_t n) {
        bool changed = readdressing->known && n != readdressing->n_addresses;

        for (size_t i = 0; i < n && readdressing->known && !changed; i++)
                changed = !contains(readdressing->addresses, readdressing->n_addresses,
                                    &addresses[i]);
        memcpy(readdressing->addresses, addresses, n * sizeof(*addresses));
        readdressing->n_addresses = n;
        readdressing->known = true;
        return changed;
}

static void on_settled(void *userdata) {
        Readdressing *readdressing = userdata;
        const AvahiSink *sink = readdressing->sink;
        Address addresses[LIMIT_OWN_ADDRESSES];

        readdressing->armed = false;
        /* If the list is not complete yet, the event that completes it leads here again. */
        for (Family family = 0; family < _FAMILY_MAX; family++)
                if (!own_addresses_are_known(readdressing->own, family))
                        return;
        if (take(readdressing, addresses, own_addresses_list(readdressing->own, addresses)))
                sink->post(sink->userdata, &(LanMessage){ .type = LAN_READDRESSED });
}

static void fail(Readdressing *readdressing, int error) {
        const AvahiSink *sink = readdressing->sink;

        readdressing->client = NULL;
        sink->fail(sink->userdata, "asking for addresses", error);
}

/* The first change begins the wait, so that a flapping address is reported, too. */
static void on_own_addresses(void *userdata, int error) {
        Readdressing *readdressing = userdata;

        if (!readdressing->client)
                return;
        if (error != 0) {
                fail(readdressing, error);
                return;
        }
        if (!readdressing->armed)
                avahi_timer_set(readdressing->timer, avahi_timer_now() + SETTLE_USEC);
        readdressing->armed = true;
}

int readdressing_new(Readdressing **ret, const AvahiSink *sink) {
        _cleanup_(readdressing_freep) Readdressing *readdressing = calloc(1, sizeof(*readdressing));
        int r;

        if (!readdressing)
                return -ENOMEM;
        readdressing->sink = sink;
        r = own_addresses_new(&readdressing->own, on_own_addresses, readdressing);
        if (r == 0)
                r = avahi_timer_new(&readdressing->timer, sink->poll, on_settled, readdressing);
        if (r == 0)
                *ret = TAKE_PTR(readdressing);
        return r;
}

Readdressing *readdressing_free(Readdressing *readdressing) {
        if (!readdressing)
                return NULL;

        avahi_timer_free(readdressing->timer);
        own_addresses_free(readdressing->own);
        free(readdressing);
        return NULL;
}

void readdressing_start(Readdressing *readdressing, AvahiClient *client) {
        int r = 0;

        readdressing->client = client;
        for (Family family = 0; family < _FAMILY_MAX && r == 0; family++)
                r = own_addresses_watch(readdressing->own, client, family);
        /* Any other error is a lack of room: then changes go unreported. */
        if (avahi_error_is_lost(r))
                fail(readdressing, r);
}

static void disarm(Readdressing *readdressing) {
        avahi_timer_disarm(readdressing->timer);
        readdressing->armed = false;
}

void readdressing_stop(Readdressing *readdressing) {
        int r;

        if (!readdressing->client)
                return;
        disarm(readdressing);
        r = own_addresses_stop(readdressing->own);
        readdressing->client = NULL;
        if (avahi_error_is_lost(r))
                fail(readdressing, r);
}

void readdressing_abandon(Readdressing *readdressing) {
        readdressing->client = NULL;
}

void readdressing_forget(Readdressing *readdressing) {
        disarm(readdressing);
        readdressing->client = NULL;
        own_addresses_forget(readdressing->own);
}
