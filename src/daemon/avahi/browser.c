/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watches the adverts on the LAN
 *
 * A service browser reports instances, for each interface and IP version. Each gets a resolver,
 * which is kept open: it follows what changes. When an instance goes, Avahi does not say whether
 * its host said goodbye or was not heard of any more. But a goodbye takes the SRV record away as
 * well, which otherwise lives longer than the PTR (docs/advert.md): so the SRV record is asked for,
 * and comes out of Avahi's cache or does not.
 *
 * Avahi reports an instance once, and allows a client only so many objects. So an instance that
 * there is no room for is kept, and waits for its turn: until another lookup ends, an advert of
 * this host goes, or a timer elapses, because avahi-daemon does not tell when it has room.
 */

#include <avahi-client/lookup.h>
#include <avahi-common/error.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/advert.h"
#include "daemon/avahi/avahi-error.h"
#include "daemon/avahi/browser.h"
#include "daemon/avahi/instance-table.h"
#include "daemon/avahi/lookups.h"
#include "daemon/avahi/resolved-advert.h"
#include "daemon/avahi/retry-timer.h"
#include "util/log.h"

struct Browser {
        const AvahiSink *sink;
        AvahiClient *client;
        AvahiServiceBrowser *services;
        InstanceTable table;
        Lookups lookups;
        RetryTimer *retry;
        bool limit_logged;
        bool listed; /* LAN_LISTED has been posted */
        bool failed; /* waits for browser_forget() */
};

static void post(Browser *browser, const LanMessage *message) {
        browser->sink->post(browser->sink->userdata, message);
}

static void post_ignored(Browser *browser, Ignored why) {
        post(browser, &(LanMessage){ .type = LAN_IGNORED, .ignored = why });
}

static void post_gone(Instance *instance, Reason reason) {
        LanMessage message = { .type = LAN_GONE, .reason = reason };

        if (!instance->seen)
                return;
        instance->seen = false;
        message.sighting.id = instance->id;
        post(instance->owner, &message);
}

void browser_abandon(Browser *browser) {
        browser->failed = true;
        retry_timer_reset(browser->retry);
}

static void fail(Browser *browser, const char *what) {
        /* Each further call might wait as long as this one did. */
        browser_abandon(browser);
        browser->sink->fail(browser->sink->userdata, what, avahi_client_errno(browser->client));
}

/* --- Lookups --- */

/* Posts LAN_LISTED as soon as that is true: each resolver answers, or gives up after 5 s. */
static void post_listed(Browser *browser) {
        if (!browser->lookups.enumerated || browser->lookups.n_awaited > 0 || browser->listed ||
            browser->failed)
                return;
        browser->listed = true;
        post(browser, &(LanMessage){ .type = LAN_LISTED });
}

/* After a failure a lookup stays, and with it its instance, until the client is gone. */
static void end_lookups(Instance *instance) {
        Browser *browser = instance->owner;

        if (!browser->failed && lookups_end(&browser->lookups, instance) < 0)
                fail(browser, "ending a lookup");
}

static void remove_instance(Instance *instance) {
        Browser *browser = instance->owner;

        end_lookups(instance);
        if (!browser->failed)
                instance_table_remove(&browser->table, instance);
}

static void on_resolver(AvahiServiceResolver *resolver, AvahiIfIndex interface,
                        AvahiProtocol protocol, AvahiResolverEvent event, const char *name,
                        const char *type, const char *domain, const char *host,
                        const AvahiAddress *address, uint16_t port, AvahiStringList *txt,
                        AvahiLookupResultFlags flags, void *userdata) {
        ResolvedAdvert advert = { .host = host, .address = address, .port = port, .txt = txt };
        LanMessage message = { .type = LAN_SEEN };
        Instance *instance = userdata;
        Browser *browser = instance->owner;
        Ignored why;

        (void) resolver, (void) protocol, (void) name, (void) type, (void) domain;

        if (browser->failed)
                return;
        lookups_note_answer(&browser->lookups, instance);
        /* Of the records that it has found, only that of the address can be ours. */
        advert.own_address = !instance->local && (flags & AVAHI_LOOKUP_RESULT_LOCAL);
        advert.interface_name = interface_names_get(&browser->lookups.interfaces, interface);
        if (event != AVAHI_RESOLVER_FOUND) {
                /* SRV, TXT or the address did not come, or ran out. The resolver stays: they may
                 * come later. */
                post_gone(instance, REASON_EXPIRED);
        } else if (resolved_advert_parse(&advert, &instance->id, &message.sighting, &why)) {
                instance->seen = true;
                post(browser, &message);
        } else {
                /* Its host has not said goodbye: over the other IP version it may be as it was. */
                post_gone(instance, REASON_EXPIRED);
                post_ignored(browser, why);
        }
        post_listed(browser);
}

/* Returns whether there is a resolver; if not there is no room for it, or everything has failed. */
static bool start_resolver(Browser *browser, Instance *instance) {
        int r = lookups_resolve(&browser->lookups, browser->client, instance, on_resolver);

        if (r < 0 && r != AVAHI_ERR_TOO_MANY_OBJECTS)
                fail(browser, "resolving an advert");
        return r == 0;
}

/* --- Which instances wait --- */

static void log_limit(Browser *browser) {
        if (browser->limit_logged)
                return;
        browser->limit_logged = true;
        if (browser->lookups.n >= LIMIT_LOOKUPS)
                log_warning("too many adverts on the LAN: only %u are followed at a time",
                            LIMIT_LOOKUPS);
        else
                log_warning("too many adverts on the LAN: raise objects-per-client-max in "
                            "avahi-daemon.conf(5)");
}

static void wait_for_room(Browser *browser, Instance *instance) {
        instance_table_wait(&browser->table, instance);
        retry_timer_arm(browser->retry);
        log_limit(browser);
}

void browser_use_room(Browser *browser) {
        Instance *instance;

        while (!browser->failed && (instance = browser->table.first)) {
                if (!start_resolver(browser, instance))
                        break;
                instance_table_unwait(&browser->table, instance);
                retry_timer_reset(browser->retry);
        }
        if (!browser->failed && browser->table.first)
                retry_timer_arm(browser->retry);
}

static void on_retry(void *userdata) {
        browser_use_room(userdata);
}

bool browser_make_room(Browser *browser) {
        Instance *victim = browser->failed ? NULL : instance_table_find_victim(&browser->table);

        if (!victim)
                return false;
        end_lookups(victim);
        if (browser->failed)
                return false;
        wait_for_room(browser, victim);
        return true;
}

/* --- How an instance goes --- */

static void on_farewell(AvahiRecordBrowser *farewell, AvahiIfIndex interface,
                        AvahiProtocol protocol, AvahiBrowserEvent event, const char *name,
                        uint16_t clazz, uint16_t type, const void *rdata, size_t size,
                        AvahiLookupResultFlags flags, void *userdata) {
        Instance *instance = userdata;
        Browser *browser = instance->owner;

        (void) farewell, (void) interface, (void) protocol, (void) name, (void) clazz, (void) type,
                (void) rdata, (void) size;
        (void) flags;

        if (browser->failed)
                return;
        /* NEW: the record is still cached. Anything else first: it is not. */
        post_gone(instance, event == AVAHI_BROWSER_NEW ? REASON_EXPIRED : REASON_GOODBYE);
        remove_instance(instance);
        browser_use_room(browser);
}

static void ask_farewell(Instance *instance) {
        Browser *browser = instance->owner;

        if (avahi_error_is_lost(
                    lookups_ask_srv(&browser->lookups, browser->client, instance, on_farewell)))
                fail(browser, "asking for a record");
}

static void handle_remove(Browser *browser, Instance *instance) {
        if (instance->farewell)
                return;
        instance_table_unwait(&browser->table, instance);
        end_lookups(instance);
        if (instance->seen && !browser->failed)
                ask_farewell(instance);
        if (!instance->farewell && !browser->failed) {
                post_gone(instance, REASON_GOODBYE);
                remove_instance(instance);
        }
        browser_use_room(browser);
}

/* --- How an instance comes --- */

static void handle_new(Browser *browser, const SightingId *id, bool local) {
        Instance *instance = instance_table_find(&browser->table, id);
        int r;

        if (instance && !instance->farewell)
                return;
        if (instance) {
                /* It is back before its farewell was over, and so has room. */
                end_lookups(instance);
                if (!browser->failed && !start_resolver(browser, instance) && !browser->failed)
                        wait_for_room(browser, instance);
                return;
        }

        r = instance_table_add(&browser->table, id, &instance);
        if (r < 0)
                return;
        if (r == INSTANCE_TABLE_E_LIMIT) {
                log_limit(browser);
                post_ignored(browser, IGNORED_LIMIT);
                return;
        }
        instance->owner = browser;
        instance->local = local;
        /* Whoever has waited comes first. */
        if ((browser->table.first || !start_resolver(browser, instance)) && !browser->failed) {
                wait_for_room(browser, instance);
                post_ignored(browser, IGNORED_LIMIT);
        }
}

static void on_service(AvahiServiceBrowser *services, AvahiIfIndex interface,
                       AvahiProtocol protocol, AvahiBrowserEvent event, const char *name,
                       const char *type, const char *domain, AvahiLookupResultFlags flags,
                       void *userdata) {
        Browser *browser = userdata;
        SightingId id = { .source = SOURCE_LAN,
                          .interface = interface,
                          .transport = protocol == AVAHI_PROTO_INET ? FAMILY_INET : FAMILY_INET6 };
        Instance *instance;

        (void) services, (void) type, (void) domain;

        if (browser->failed)
                return;
        if (event == AVAHI_BROWSER_FAILURE) {
                fail(browser, "browsing");
                return;
        }
        if (event == AVAHI_BROWSER_ALL_FOR_NOW) {
                browser->lookups.enumerated = true;
                post_listed(browser);
        }
        if ((event != AVAHI_BROWSER_NEW && event != AVAHI_BROWSER_REMOVE) ||
            strlen(name) > LIMIT_LABEL)
                return;
        strcpy(id.instance, name);

        if (event == AVAHI_BROWSER_NEW) {
                /* Our own nodes are known already, and better. */
                if (!(flags & AVAHI_LOOKUP_RESULT_OUR_OWN))
                        handle_new(browser, &id, flags & AVAHI_LOOKUP_RESULT_LOCAL);
        } else {
                instance = instance_table_find(&browser->table, &id);
                if (instance)
                        handle_remove(browser, instance);
                post_listed(browser);
        }
}

int browser_new(Browser **ret, const AvahiSink *sink) {
        _cleanup_(browser_freep) Browser *browser = calloc(1, sizeof(*browser));
        int r;

        if (!browser)
                return -ENOMEM;
        browser->sink = sink;
        browser->table = (InstanceTable) INSTANCE_TABLE_NULL;
        r = retry_timer_new(&browser->retry, sink->poll, on_retry, browser);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(browser);
        return 0;
}

Browser *browser_free(Browser *browser) {
        if (!browser)
                return NULL;

        instance_table_done(&browser->table);
        retry_timer_free(browser->retry);
        free(browser);
        return NULL;
}

void browser_start(Browser *browser, AvahiClient *client) {
        if (browser->services)
                return;
        browser->client = client;
        browser->limit_logged = false;
        browser->services =
                avahi_service_browser_new(client, AVAHI_IF_UNSPEC, AVAHI_PROTO_UNSPEC, ADVERT_TYPE,
                                          ADVERT_DOMAIN, 0, on_service, browser);
        if (!browser->services)
                fail(browser, "browsing");
}

void browser_forget(Browser *browser) {
        instance_table_done(&browser->table);
        browser->lookups = (Lookups) LOOKUPS_NULL;
        retry_timer_reset(browser->retry);
        browser->services = NULL;
        browser->client = NULL;
        browser->listed = browser->failed = false;
}
