/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watches the adverts on the LAN
 *
 * A service browser reports instances, for each interface and IP version. Each gets a resolver,
 * which is kept open: it follows changes of the address, and of adverts of others that are not as
 * unchanging as ours. When an instance goes, Avahi does not say whether its host said goodbye or
 * was not heard of any more. But a goodbye takes the SRV record away as well, which otherwise lives
 * longer than the PTR (docs/advert.md): so the SRV record is asked for, and comes out of Avahi's
 * cache or does not.
 */

#include <avahi-client/lookup.h>
#include <avahi-common/address.h>
#include <avahi-common/domain.h>
#include <avahi-common/error.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/advert.h"
#include "daemon/avahi/avahi-error.h"
#include "daemon/avahi/browser.h"
#include "util/log.h"

typedef struct Instance Instance;

/* An instance on one interface over one IP version. */
struct Instance {
        Instance *next;
        Browser *browser;
        SightingId id;
        AvahiServiceResolver *resolver; /* NULL: on its way out */
        AvahiRecordBrowser *farewell;   /* asks for the SRV record */
        bool seen;                      /* LAN_SEEN has been posted */
        bool awaited;                   /* LAN_LISTED waits for its resolver */
};

struct Browser {
        const AvahiSink *sink;
        AvahiClient *client;
        AvahiServiceBrowser *services;
        Instance *instances;
        bool limit_logged;
        bool enumerated; /* Avahi has reported all that it knows for now */
        bool listed;     /* LAN_LISTED has been posted */
        bool failed;     /* waits for browser_forget() */
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
        post(instance->browser, &message);
}

static void fail(Browser *browser, const char *what) {
        /* Each further call might wait as long as this one did. */
        browser->failed = true;
        browser->sink->fail(browser->sink->userdata, what, avahi_client_errno(browser->client));
}

static AvahiProtocol transport_protocol(Family transport) {
        return transport == FAMILY_INET ? AVAHI_PROTO_INET : AVAHI_PROTO_INET6;
}

/* Posts LAN_LISTED as soon as that is true. A resolver always answers: it gives up after 5 s. */
static void post_listed(Browser *browser) {
        if (!browser->enumerated || browser->listed || browser->failed)
                return;
        for (const Instance *instance = browser->instances; instance; instance = instance->next)
                if (instance->awaited && instance->resolver)
                        return;
        browser->listed = true;
        post(browser, &(LanMessage){ .type = LAN_LISTED });
}

static void stop_resolver(Instance *instance) {
        if (instance->resolver && !instance->browser->failed &&
            avahi_error_is_lost(avahi_service_resolver_free(TAKE_PTR(instance->resolver))))
                fail(instance->browser, "ending a resolver");
}

static void stop_farewell(Instance *instance) {
        if (instance->farewell && !instance->browser->failed &&
            avahi_error_is_lost(avahi_record_browser_free(TAKE_PTR(instance->farewell))))
                fail(instance->browser, "ending a record browser");
}

static void remove_instance(Instance *instance) {
        stop_resolver(instance);
        stop_farewell(instance);
        /* What could not be freed refers to the instance until the client is gone. */
        if (instance->browser->failed)
                return;
        for (Instance **p = &instance->browser->instances; *p; p = &(*p)->next)
                if (*p == instance) {
                        *p = instance->next;
                        break;
                }
        free(instance);
}

/* --- What an instance says --- */

/* Copies a name from the network if it is short enough to be told on. */
static void copy_name(char *field, size_t limit, const char *name) {
        if (line_encoded_length(name) <= limit)
                strcpy(field, name);
}

static void copy_host(char field[static LIMIT_HOST + 1], const char *label, const char *target) {
        size_t length;

        copy_name(field, LIMIT_HOST, advert_host(label, target));
        length = strlen(field);
        if (length > 0 && field[length - 1] == '.')
                field[length - 1] = '\0';
}

static Address convert_address(const AvahiAddress *address) {
        Address converted = {};

        if (address->proto == AVAHI_PROTO_INET) {
                converted.family = FAMILY_INET;
                converted.in.s_addr = address->data.ipv4.address;
        } else {
                converted.family = FAMILY_INET6;
                memcpy(&converted.in6, address->data.ipv6.address, sizeof(converted.in6));
        }
        return converted;
}

/* The strings in the order of the record, of which the first with a key counts: libavahi-client
 * hands them out so, though what it prints is reversed. */
static size_t collect_txt(AvahiStringList *txt, TxtString *strings, size_t max) {
        size_t n = 0;

        for (AvahiStringList *l = txt; l && n < max; l = avahi_string_list_get_next(l))
                strings[n++] =
                        (TxtString){ avahi_string_list_get_text(l), avahi_string_list_get_size(l) };
        return n;
}

static void handle_found(Instance *instance, const char *host, const AvahiAddress *address,
                         uint16_t port, AvahiStringList *txt) {
        static const Ignored reasons[] = {
                [ADVERT_E_NAME] = IGNORED_NAME,
                [ADVERT_E_TXT] = IGNORED_TXT,
                [ADVERT_E_PORT] = IGNORED_PORT,
        };
        LanMessage message = { .type = LAN_SEEN };
        TxtString strings[LIMIT_TXT / 2];
        char name[IF_NAMESIZE];
        int r;

        r = advert_parse(&message.sighting.endpoint, instance->id.instance, port, strings,
                         collect_txt(txt, strings, ELEMENTSOF(strings)));
        if (r != 0) {
                post_gone(instance, REASON_GOODBYE);
                post_ignored(instance->browser, reasons[r]);
                return;
        }

        message.sighting.id = instance->id;
        message.sighting.address = convert_address(address);
        if (address_is_link_local6(&message.sighting.address) ||
            address_is_any(&message.sighting.address)) {
                post_gone(instance, REASON_GOODBYE);
                post_ignored(instance->browser, IGNORED_ADDRESS);
                return;
        }
        copy_host(message.sighting.host, instance->id.instance, host);
        if (if_indextoname((unsigned) instance->id.interface, name))
                copy_name(message.sighting.interface_name, LIMIT_INTERFACE, name);

        instance->seen = true;
        post(instance->browser, &message);
}

static void on_resolver(AvahiServiceResolver *resolver, AvahiIfIndex interface,
                        AvahiProtocol protocol, AvahiResolverEvent event, const char *name,
                        const char *type, const char *domain, const char *host,
                        const AvahiAddress *address, uint16_t port, AvahiStringList *txt,
                        AvahiLookupResultFlags flags, void *userdata) {
        Instance *instance = userdata;

        (void) resolver, (void) interface, (void) protocol, (void) name, (void) type, (void) domain,
                (void) flags;

        if (instance->browser->failed)
                return;
        instance->awaited = false;
        if (event == AVAHI_RESOLVER_FOUND)
                handle_found(instance, host, address, port, txt);
        else
                /* SRV, TXT or the address did not come, or ran out. The resolver stays: they may
                 * come later. */
                post_gone(instance, REASON_EXPIRED);
        post_listed(instance->browser);
}

/* --- How an instance goes --- */

static void on_farewell(AvahiRecordBrowser *farewell, AvahiIfIndex interface,
                        AvahiProtocol protocol, AvahiBrowserEvent event, const char *name,
                        uint16_t clazz, uint16_t type, const void *rdata, size_t size,
                        AvahiLookupResultFlags flags, void *userdata) {
        Instance *instance = userdata;

        (void) farewell, (void) interface, (void) protocol, (void) name, (void) clazz, (void) type,
                (void) rdata, (void) size;
        (void) flags;

        if (instance->browser->failed)
                return;
        /* NEW: the record is still cached. Anything else first: it is not. */
        post_gone(instance, event == AVAHI_BROWSER_NEW ? REASON_EXPIRED : REASON_GOODBYE);
        remove_instance(instance);
}

static void ask_farewell(Instance *instance) {
        char name[AVAHI_DOMAIN_NAME_MAX];

        if (avahi_service_name_join(name, sizeof(name), instance->id.instance, ADVERT_TYPE,
                                    ADVERT_DOMAIN) < 0)
                return;
        instance->farewell = avahi_record_browser_new(
                instance->browser->client, instance->id.interface,
                transport_protocol(instance->id.transport), name, AVAHI_DNS_CLASS_IN,
                AVAHI_DNS_TYPE_SRV, 0, on_farewell, instance);
        if (!instance->farewell &&
            avahi_error_is_lost(avahi_client_errno(instance->browser->client)))
                fail(instance->browser, "asking for a record");
}

static void handle_remove(Instance *instance) {
        stop_resolver(instance);
        if (instance->seen && !instance->farewell && !instance->browser->failed)
                ask_farewell(instance);
        if (!instance->farewell) {
                post_gone(instance, REASON_GOODBYE);
                remove_instance(instance);
        }
}

/* --- Which instances there are --- */

static Instance *find_instance(Browser *browser, const SightingId *id) {
        for (Instance *instance = browser->instances; instance; instance = instance->next)
                if (sighting_id_equal(&instance->id, id))
                        return instance;
        return NULL;
}

static Instance *add_instance(Browser *browser, const SightingId *id) {
        Instance *instance = calloc(1, sizeof(*instance));

        if (!instance)
                return NULL;
        instance->browser = browser;
        instance->id = *id;
        instance->next = browser->instances;
        browser->instances = instance;
        return instance;
}

static void handle_new(Browser *browser, const SightingId *id) {
        Instance *instance = find_instance(browser, id);
        AvahiProtocol protocol = transport_protocol(id->transport);
        int error;

        if (instance && instance->resolver)
                return;
        if (instance) {
                /* It is back before its farewell was over. */
                stop_farewell(instance);
                if (browser->failed)
                        return;
        } else
                instance = add_instance(browser, id);
        if (!instance)
                return;
        instance->awaited = !browser->enumerated;

        /* The address of the same IP version: with "any", a resolver may change over to a
         * link-local one. */
        instance->resolver = avahi_service_resolver_new(browser->client, id->interface, protocol,
                                                        id->instance, ADVERT_TYPE, ADVERT_DOMAIN,
                                                        protocol, 0, on_resolver, instance);
        if (instance->resolver)
                return;

        error = avahi_client_errno(browser->client);
        post_gone(instance, REASON_EXPIRED);
        remove_instance(instance);
        if (error == AVAHI_ERR_TOO_MANY_OBJECTS) {
                if (!browser->limit_logged)
                        log_warning("too many adverts on the LAN: raise objects-per-client-max in "
                                    "avahi-daemon.conf(5)");
                browser->limit_logged = true;
                post_ignored(browser, IGNORED_LIMIT);
        } else
                fail(browser, "resolving an advert");
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
        switch (event) {
        case AVAHI_BROWSER_NEW:
                /* Our own nodes are known already, and better. */
                if (flags & AVAHI_LOOKUP_RESULT_OUR_OWN || strlen(name) > LIMIT_LABEL)
                        return;
                strcpy(id.instance, name);
                handle_new(browser, &id);
                break;
        case AVAHI_BROWSER_REMOVE:
                if (strlen(name) > LIMIT_LABEL)
                        return;
                strcpy(id.instance, name);
                instance = find_instance(browser, &id);
                if (instance)
                        handle_remove(instance);
                break;
        case AVAHI_BROWSER_FAILURE:
                fail(browser, "browsing");
                break;
        case AVAHI_BROWSER_CACHE_EXHAUSTED:
                break;
        case AVAHI_BROWSER_ALL_FOR_NOW:
                browser->enumerated = true;
                break;
        }
        post_listed(browser);
}

int browser_new(Browser **ret, const AvahiSink *sink) {
        Browser *browser = calloc(1, sizeof(*browser));

        if (!browser)
                return -ENOMEM;
        browser->sink = sink;
        *ret = browser;
        return 0;
}

Browser *browser_free(Browser *browser) {
        if (!browser)
                return NULL;

        browser_forget(browser);
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

void browser_abandon(Browser *browser) {
        browser->failed = true;
}

void browser_forget(Browser *browser) {
        for (Instance *instance = browser->instances, *next; instance; instance = next) {
                next = instance->next;
                free(instance);
        }
        browser->instances = NULL;
        browser->services = NULL;
        browser->client = NULL;
        browser->enumerated = browser->listed = browser->failed = false;
}
