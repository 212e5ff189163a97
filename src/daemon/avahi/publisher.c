/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Announces the nodes of this host
 *
 * What is to be announced is remembered, and announced whenever that is possible: while there is an
 * avahi-daemon with room for it, and while the address of a node that is bound to one is on an
 * interface that avahi-daemon uses.
 */

#include <avahi-client/publish.h>
#include <avahi-common/defs.h>
#include <avahi-common/error.h>
#include <errno.h>
#include <stdlib.h>

#include "core/advert.h"
#include "daemon/avahi/advert-group.h"
#include "daemon/avahi/avahi-error.h"
#include "daemon/avahi/own-addresses.h"
#include "daemon/avahi/publisher.h"
#include "daemon/subject.h"
#include "util/log.h"

/* RFC 6762 section 10. */
#define TYPE_TTL_SEC 4500

typedef struct Advert {
        AdvertGroup *group;
        bool absence_logged; /* of its address; one line until it is there */
} Advert;

struct Publisher {
        const AvahiSink *sink;
        uint32_t ttl_sec;
        AvahiClient *client;   /* NULL: stopped, or failed */
        AvahiEntryGroup *type; /* the enumeration of our service type */
        OwnAddresses *own;
        Advert *adverts;
        size_t n_adverts;
        bool refusal_logged; /* one line for all adverts that Avahi does not take */
};

static void post_count(Publisher *publisher) {
        LanMessage message = { .type = LAN_ADVERTS };

        for (size_t i = 0; i < publisher->n_adverts; i++)
                message.adverts += advert_group_is_established(publisher->adverts[i].group);
        publisher->sink->post(publisher->sink->userdata, &message);
}

static void on_advert_changed(void *userdata) {
        post_count(userdata);
}

static void on_type_state(AvahiEntryGroup *group, AvahiEntryGroupState state, void *userdata) {
        (void) group;
        (void) state;
        (void) userdata;
}

/* Sorts an error: is it the connection to avahi-daemon, or only what was asked for? endpoint: what
 * is not announced; NULL: the service type. */
static void handle_error(Publisher *publisher, const Endpoint *endpoint, int error) {
        if (avahi_error_is_lost(error)) {
                publisher->client = NULL;
                publisher->sink->fail(publisher->sink->userdata, "announcing a node", error);
                return;
        }
        if (publisher->refusal_logged)
                return;
        publisher->refusal_logged = true;
        if (error == AVAHI_ERR_NOT_PERMITTED)
                log_warning("avahi-daemon does not let us announce nodes: other hosts will not see "
                            "those of this host. Look for disable-publishing and "
                            "disable-user-service-publishing in avahi-daemon.conf(5)");
        else
                log_about(LOG_WARNING, endpoint ? SUBJECT(endpoint) : NULL,
                          "avahi-daemon does not announce %s: %s",
                          endpoint ? endpoint->node : "the service type", avahi_strerror(error));
}

static void check_lost(Publisher *publisher, int error) {
        if (avahi_error_is_lost(error))
                handle_error(publisher, NULL, error);
}

/* Announces the type, once, so that browsers of types show it (RFC 6763 section 9). */
static void announce_type(Publisher *publisher) {
        uint8_t ptr[ADVERT_NAME_MAX];
        size_t length = advert_encode_name(NULL, ADVERT_TYPE "." ADVERT_DOMAIN, ptr);
        int r;

        if (publisher->type || !publisher->client)
                return;
        publisher->type = avahi_entry_group_new(publisher->client, on_type_state, publisher);
        if (!publisher->type) {
                handle_error(publisher, NULL, avahi_client_errno(publisher->client));
                return;
        }
        r = avahi_entry_group_add_record(publisher->type, AVAHI_IF_UNSPEC, AVAHI_PROTO_UNSPEC, 0,
                                         "_services._dns-sd._udp." ADVERT_DOMAIN,
                                         AVAHI_DNS_CLASS_IN, AVAHI_DNS_TYPE_PTR, TYPE_TTL_SEC, ptr,
                                         length);
        if (r == 0)
                r = avahi_entry_group_commit(publisher->type);
        if (r == 0)
                return;
        if (!avahi_error_is_lost(r))
                check_lost(publisher, avahi_entry_group_free(publisher->type));
        publisher->type = NULL;
        handle_error(publisher, NULL, r);
}

/* Finds out on which interface a bound address is. Returns false if it is on none; that may change.
 */
static bool locate(Publisher *publisher, Advert *advert, AvahiIfIndex *ret) {
        const Address *bound = advert_group_bound(advert->group);
        const Endpoint *endpoint = advert_group_endpoint(advert->group);
        char address[ADDRESS_TEXT_SIZE];

        if (own_addresses_find(publisher->own, bound, ret)) {
                advert->absence_logged = false;
                return true;
        }
        if (own_addresses_are_known(publisher->own, bound->family) && !advert->absence_logged) {
                advert->absence_logged = true;
                log_about(LOG_WARNING, SUBJECT(endpoint),
                          "%s is bound to %s, which is on no interface that avahi-daemon uses: not "
                          "announced until it is",
                          endpoint->node, address_format(bound, address));
        }
        return false;
}

static void announce(Publisher *publisher, Advert *advert) {
        const Address *bound = advert_group_bound(advert->group);
        const Endpoint *endpoint = advert_group_endpoint(advert->group);
        AvahiIfIndex interface = AVAHI_IF_UNSPEC;
        int r;

        if (!publisher->client)
                return;
        if (bound) {
                r = own_addresses_watch(publisher->own, publisher->client, bound->family);
                if (r < 0) {
                        handle_error(publisher, endpoint, r);
                        return;
                }
                if (!locate(publisher, advert, &interface))
                        return;
        }
        r = advert_group_announce(advert->group, publisher->client, interface, publisher->ttl_sec);
        if (r < 0) {
                handle_error(publisher, endpoint, r);
                return;
        }
        announce_type(publisher);
}

/* Announces what is not announced yet: everything after a start, and what there was no place for.
 */
static void announce_all(Publisher *publisher) {
        for (size_t i = 0; i < publisher->n_adverts; i++)
                if (!advert_group_is_announced(publisher->adverts[i].group))
                        announce(publisher, &publisher->adverts[i]);
}

static void retract(Publisher *publisher, Advert *advert) {
        bool established = advert_group_is_established(advert->group);

        /* Without a client it failed: the group goes with it, and that comes before any callback.
         */
        if (!publisher->client)
                advert_group_forget(advert->group);
        else
                check_lost(publisher, advert_group_withdraw(advert->group));
        if (established)
                post_count(publisher);
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
        for (size_t i = 0; i < publisher->n_adverts; i++) {
                Advert *advert = &publisher->adverts[i];
                AvahiIfIndex interface;

                if (advert_group_bound(advert->group) && advert_group_is_announced(advert->group) &&
                    (!locate(publisher, advert, &interface) ||
                     interface != advert_group_interface(advert->group)))
                        retract(publisher, advert);
        }
        announce_all(publisher);
}

int publisher_new(Publisher **ret, const AvahiSink *sink, uint32_t ttl_sec) {
        _cleanup_(publisher_freep) Publisher *publisher = calloc(1, sizeof(*publisher));
        int r;

        if (!publisher)
                return -ENOMEM;
        publisher->sink = sink;
        publisher->ttl_sec = ttl_sec;
        r = own_addresses_new(&publisher->own, on_own_addresses, publisher);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(publisher);
        return 0;
}

Publisher *publisher_free(Publisher *publisher) {
        if (!publisher)
                return NULL;

        for (size_t i = 0; i < publisher->n_adverts; i++)
                advert_group_free(publisher->adverts[i].group);
        free(publisher->adverts);
        own_addresses_free(publisher->own);
        free(publisher);
        return NULL;
}

static Advert *find_advert(Publisher *publisher, const Endpoint *endpoint) {
        for (size_t i = 0; i < publisher->n_adverts; i++)
                if (endpoint_compare_identity(advert_group_endpoint(publisher->adverts[i].group),
                                              endpoint) == 0)
                        return &publisher->adverts[i];
        return NULL;
}

static bool is_same(const AdvertGroup *group, const Endpoint *endpoint, const Address *bound) {
        const Address *now = advert_group_bound(group);

        return endpoint_equal(advert_group_endpoint(group), endpoint) &&
               (now && bound ? address_equal(now, bound) : now == bound);
}

int publisher_publish(Publisher *publisher, const Endpoint *endpoint, const Address *bound) {
        _cleanup_(advert_group_freep) AdvertGroup *group = NULL;
        Advert *known = find_advert(publisher, endpoint), *grown;
        int r;

        if (known && is_same(known->group, endpoint, bound))
                return 0;
        r = advert_group_new(&group, endpoint, bound, on_advert_changed, publisher);
        if (r < 0)
                return r;

        if (known) {
                retract(publisher, known);
                advert_group_free(known->group);
        } else {
                grown = reallocarray(publisher->adverts, publisher->n_adverts + 1, sizeof(*grown));
                if (!grown)
                        return -ENOMEM;
                publisher->adverts = grown;
                known = &publisher->adverts[publisher->n_adverts++];
        }
        *known = (Advert){ .group = TAKE_PTR(group) };
        announce(publisher, known);
        return 0;
}

void publisher_withdraw(Publisher *publisher, const Endpoint *endpoint) {
        Advert *known = find_advert(publisher, endpoint);

        if (!known)
                return;
        retract(publisher, known);
        advert_group_free(known->group);
        *known = publisher->adverts[--publisher->n_adverts];
        announce_all(publisher);
}

void publisher_start(Publisher *publisher, AvahiClient *client) {
        if (publisher->client)
                return;
        publisher->client = client;
        publisher->refusal_logged = false;
        announce_all(publisher);
}

void publisher_stop(Publisher *publisher) {
        if (!publisher->client)
                return;
        for (size_t i = 0; i < publisher->n_adverts; i++)
                retract(publisher, &publisher->adverts[i]);
        if (publisher->client)
                check_lost(publisher, own_addresses_stop(publisher->own));
        if (publisher->client && publisher->type)
                check_lost(publisher, avahi_entry_group_free(publisher->type));
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
        for (size_t i = 0; i < publisher->n_adverts; i++)
                advert_group_forget(publisher->adverts[i].group);
        post_count(publisher);
}
