/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Announces the nodes of this host
 *
 * What is to be announced is remembered, and announced whenever that is possible: while there is an
 * avahi-daemon, and while the address of a node that is bound to one is on an interface that it
 * uses. What avahi-daemon refuses or gives up is tried again: when an advert goes, and on a timer.
 *
 * The first advert of an endpoint and its withdrawal reach the LAN at once, a change not more often
 * than once in LIMIT_ANNOUNCE_SEC: the newest then. Until then what was announced before stays, so
 * that others see a change, and no end. (That does not bound somebody who registers ever new
 * names. Avahi's own speed does: what has ended before its turn comes is not announced.)
 */

#include <avahi-client/publish.h>
#include <avahi-common/error.h>
#include <errno.h>
#include <stdlib.h>

#include "daemon/avahi/advert-list.h"
#include "daemon/avahi/advert-place.h"
#include "daemon/avahi/announce-pace.h"
#include "daemon/avahi/avahi-error.h"
#include "daemon/avahi/own-addresses.h"
#include "daemon/avahi/publisher-log.h"
#include "daemon/avahi/publisher.h"
#include "daemon/avahi/retry-timer.h"
#include "daemon/avahi/service-type.h"

struct Publisher {
        const AvahiSink *sink;
        Config config;
        AvahiClient *client;   /* NULL: stopped, or failed */
        AvahiEntryGroup *type; /* the enumeration of our service type */
        OwnAddresses *own;
        AdvertList list;
        AnnouncePace *pace;
        AvahiTimer *held;  /* for the advert whose time comes first */
        RetryTimer *retry; /* for those that Avahi did not take */
        PublisherLog *log;
};

static void post_count(Publisher *publisher) {
        size_t n = advert_list_count_established(&publisher->list);

        publisher->sink->post(publisher->sink->userdata,
                              &(LanMessage){ .type = LAN_ADVERTS, .adverts = n });
}

static void on_advert_changed(void *userdata) {
        Publisher *publisher = userdata;

        if (advert_list_has_failed(&publisher->list))
                retry_timer_arm(publisher->retry);
        post_count(publisher);
}

/* Sorts an error: is it the connection to avahi-daemon, or only what was asked for? endpoint: what
 * is not announced; NULL: the service type. */
static void handle_error(Publisher *publisher, const Endpoint *endpoint, int error) {
        if (avahi_error_is_lost(error)) {
                publisher->client = NULL;
                publisher->sink->fail(publisher->sink->userdata, "announcing a node", error);
                return;
        }
        retry_timer_arm(publisher->retry);
        publisher_log_refusal(publisher->log, endpoint, error);
}

static void check_lost(Publisher *publisher, int error) {
        if (avahi_error_is_lost(error))
                handle_error(publisher, NULL, error);
}

/* Announces the type, once. */
static void announce_type(Publisher *publisher) {
        int r;

        if (publisher->type || !publisher->client)
                return;
        r = service_type_announce(publisher->client, &publisher->type);
        if (r < 0)
                handle_error(publisher, NULL, r);
}

static void withdraw(Publisher *publisher, AdvertGroup *group) {
        bool established = advert_group_is_established(group);

        /* Without a client it failed: the group goes with it, before any callback. */
        if (publisher->client)
                check_lost(publisher, advert_group_withdraw(group));
        else
                advert_group_forget(group);
        if (established)
                post_count(publisher);
}

static void drop_previous(Publisher *publisher, Advert *advert) {
        if (!advert->previous)
                return;
        withdraw(publisher, advert->previous);
        advert->previous = advert_group_free(advert->previous);
}

static void withdraw_advert(Publisher *publisher, Advert *advert) {
        drop_previous(publisher, advert);
        withdraw(publisher, advert->group);
}

/* Makes the calls that announce an advert, if its address is here. Returns 0 or AVAHI_ERR_*. */
static int try_announce(Publisher *publisher, Advert *advert) {
        AvahiIfIndex interface;
        int r;

        r = advert_place_find(advert, publisher->own, publisher->client, publisher->log,
                              &interface);
        if (r != 0)
                return r == ADVERT_PLACE_E_ABSENT ? 0 : r;
        return advert_group_announce(advert->group, publisher->client, interface,
                                     publisher->config.ttl_sec);
}

/* Returns 0, also if its address is not here, or AVAHI_ERR_*. */
static int announce(Publisher *publisher, Advert *advert) {
        const Endpoint *endpoint = advert_group_endpoint(advert->group);
        const AvahiSink *sink = publisher->sink;
        int r;

        drop_previous(publisher, advert);
        if (!publisher->client)
                return AVAHI_ERR_DISCONNECTED;
        r = try_announce(publisher, advert);
        if (r == AVAHI_ERR_TOO_MANY_OBJECTS && sink->make_room(sink->userdata))
                r = try_announce(publisher, advert);
        if (r < 0) {
                handle_error(publisher, endpoint, r);
                return r;
        }
        if (advert_group_is_announced(advert->group)) {
                announce_pace_note(publisher->pace, endpoint, avahi_timer_now());
                announce_type(publisher);
        }
        return 0;
}

/* Sets the timer for the next advert that waits for its time. Without a client none does. */
static void arm_held(Publisher *publisher) {
        uint64_t next = publisher->client ? advert_list_next_held(&publisher->list) : 0;

        if (next > 0)
                avahi_timer_set(publisher->held, next);
}

/* Announces what is not announced yet and whose time has come: everything after a start, and what
 * there was no place for. Returns whether avahi-daemon was asked for anything. */
static bool announce_all(Publisher *publisher) {
        uint64_t now = avahi_timer_now();
        bool full = false, tried = false;

        for (size_t i = 0; publisher->client && i < publisher->list.n_adverts; i++) {
                Advert *advert = &publisher->list.adverts[i];
                int r;

                if (advert_group_is_announced(advert->group) || advert->held_usec > now)
                        continue;
                advert->held_usec = 0;
                /* Avahi has no place for any other, but for one that takes its own place. */
                if (full && !advert->previous)
                        continue;
                r = announce(publisher, advert);
                full = full || r == AVAHI_ERR_TOO_MANY_OBJECTS;
                tried = tried || r < 0 || advert_group_is_announced(advert->group);
        }
        arm_held(publisher);
        return tried;
}

static void on_held(void *userdata) {
        (void) announce_all(userdata);
}

static void on_retry(void *userdata) {
        Publisher *publisher = userdata;
        bool tried;

        for (size_t i = 0; i < publisher->list.n_adverts; i++)
                if (advert_group_has_failed(publisher->list.adverts[i].group))
                        withdraw(publisher, publisher->list.adverts[i].group);
        tried = announce_all(publisher);
        if (!publisher->type && advert_list_count_established(&publisher->list) > 0) {
                announce_type(publisher);
                tried = true;
        }
        /* Whether that was of any use may not be known yet. The next time shows it. */
        if (tried)
                retry_timer_arm(publisher->retry);
        else
                retry_timer_reset(publisher->retry);
}

static void on_own_addresses(void *userdata, int error) {
        Publisher *publisher = userdata;

        if (!publisher->client)
                return;
        if (error != 0) {
                publisher->client = NULL;
                publisher->sink->fail(publisher->sink->userdata, "asking for addresses", error);
                return;
        }
        for (size_t i = 0; publisher->client && i < publisher->list.n_adverts; i++) {
                Advert *advert = &publisher->list.adverts[i];

                if (advert->previous && advert_place_is_wrong(advert->previous, publisher->own))
                        drop_previous(publisher, advert);
                if (advert_place_is_wrong(advert->group, publisher->own))
                        withdraw(publisher, advert->group);
        }
        (void) announce_all(publisher);
}

int publisher_new(Publisher **ret, const AvahiSink *sink, const Config *config) {
        _cleanup_(publisher_freep) Publisher *publisher = calloc(1, sizeof(*publisher));
        int r;

        if (!publisher)
                return -ENOMEM;
        publisher->sink = sink;
        publisher->config = *config;
        r = own_addresses_new(&publisher->own, on_own_addresses, publisher);
        if (r == 0)
                r = announce_pace_new(&publisher->pace);
        if (r == 0)
                r = avahi_timer_new(&publisher->held, sink->poll, on_held, publisher);
        if (r == 0)
                r = retry_timer_new(&publisher->retry, sink->poll, on_retry, publisher);
        if (r == 0)
                r = publisher_log_new(&publisher->log, sink->poll);
        if (r == 0)
                *ret = TAKE_PTR(publisher);
        return r;
}

Publisher *publisher_free(Publisher *publisher) {
        if (!publisher)
                return NULL;

        advert_list_done(&publisher->list);
        publisher_log_free(publisher->log);
        retry_timer_free(publisher->retry);
        avahi_timer_free(publisher->held);
        announce_pace_free(publisher->pace);
        own_addresses_free(publisher->own);
        free(publisher);
        return NULL;
}

int publisher_publish(Publisher *publisher, const Endpoint *endpoint, const Address *bound) {
        _cleanup_(advert_group_freep) AdvertGroup *group = NULL;
        Advert *known = advert_list_find(&publisher->list, endpoint);
        uint64_t now = avahi_timer_now(), next;

        if (known && advert_group_is(known->group, endpoint, bound))
                return 0;
        if (known && known->previous && advert_group_is(known->previous, endpoint, bound)) {
                /* As it was, before anybody has seen the change. */
                advert_replace(known, TAKE_PTR(known->previous));
                return 0;
        }
        if (advert_group_new(&group, endpoint, bound, on_advert_changed, publisher) < 0)
                return -ENOMEM;

        if (known)
                advert_replace(known, group);
        else
                known = advert_list_add(&publisher->list, group);
        if (!known)
                return -ENOMEM;
        group = NULL; /* the list's now */

        if (!publisher->client)
                return 0;
        next = announce_pace_next(publisher->pace, endpoint, now);
        if (next > now) {
                known->held_usec = next;
                arm_held(publisher);
        } else
                (void) announce(publisher, known);
        return 0;
}

void publisher_withdraw(Publisher *publisher, const Endpoint *endpoint) {
        Advert *known = advert_list_find(&publisher->list, endpoint);

        if (!known)
                return;
        withdraw_advert(publisher, known);
        advert_list_remove(&publisher->list, known);
        (void) announce_all(publisher);
        if (publisher->client)
                publisher->sink->room_made(publisher->sink->userdata);
}

void publisher_start(Publisher *publisher, AvahiClient *client) {
        if (publisher->client)
                return;
        publisher->client = client;
        publisher_log_begin(publisher->log);
        /* Another avahi-daemon, or another name of the host: that is not the endpoints' doing. */
        advert_list_release(&publisher->list);
        (void) announce_all(publisher);
}

void publisher_stop(Publisher *publisher) {
        if (!publisher->client)
                return;
        for (size_t i = 0; publisher->client && i < publisher->list.n_adverts; i++)
                withdraw_advert(publisher, &publisher->list.adverts[i]);
        if (publisher->client)
                check_lost(publisher, own_addresses_stop(publisher->own));
        if (publisher->client && publisher->type)
                check_lost(publisher, avahi_entry_group_free(publisher->type));
        retry_timer_reset(publisher->retry);
        publisher->type = NULL;
        publisher->client = NULL;
}

void publisher_abandon(Publisher *publisher) {
        publisher->client = NULL;
}

void publisher_forget(Publisher *publisher) {
        publisher->client = NULL;
        publisher->type = NULL;
        own_addresses_forget(publisher->own);
        retry_timer_reset(publisher->retry);
        for (size_t i = 0; i < publisher->list.n_adverts; i++)
                withdraw_advert(publisher, &publisher->list.adverts[i]);
        post_count(publisher);
}
