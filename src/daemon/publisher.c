/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Announces the nodes of this host
 *
 * An advert is three shared records under an instance name that is never used again
 * (docs/advert.md). Nothing has to be probed, so that peers see it at once, nothing can collide,
 * and a change is a new advert in the place of the old one.
 */

#include <avahi-client/publish.h>
#include <avahi-common/defs.h>
#include <avahi-common/domain.h>
#include <avahi-common/error.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/advert.h"
#include "daemon/publisher.h"
#include "util/log.h"

/* RFC 6762 section 10: a record that names a host. Longer than the PTR's TTL, so that it outlives
 * it: the browser tells expiry from goodbye by that. */
#define SRV_TTL_SEC 120
/* RFC 6762 section 10: all other records. */
#define TTL_SEC 4500

typedef struct Advert {
        Publisher *publisher;
        Endpoint endpoint;
        AvahiEntryGroup *group; /* NULL: not announced */
        bool established;
} Advert;

struct Publisher {
        const AvahiSink *sink;
        uint32_t ttl_sec;
        AvahiClient *client;   /* NULL: stopped, or failed */
        AvahiEntryGroup *type; /* the enumeration of our service type */
        Advert **adverts;
        size_t n_adverts;
        bool refusal_logged; /* one line for all adverts that Avahi does not take */
};

static void post_count(Publisher *publisher) {
        LanMessage message = { .type = LAN_ADVERTS };

        for (size_t i = 0; i < publisher->n_adverts; i++)
                message.adverts += publisher->adverts[i]->established;
        publisher->sink->post(publisher->sink->userdata, &message);
}

static void on_group_state(AvahiEntryGroup *group, AvahiEntryGroupState state, void *userdata) {
        Advert *advert = userdata;
        bool established = state == AVAHI_ENTRY_GROUP_ESTABLISHED;

        if (state == AVAHI_ENTRY_GROUP_FAILURE)
                log_warning(
                        "Avahi gave up announcing %s: %s", advert->endpoint.node,
                        avahi_strerror(avahi_client_errno(avahi_entry_group_get_client(group))));
        if (advert->established != established) {
                advert->established = established;
                post_count(advert->publisher);
        }
}

static void on_type_state(AvahiEntryGroup *group, AvahiEntryGroupState state, void *userdata) {
        (void) group;
        (void) state;
        (void) userdata;
}

static int add_record(AvahiEntryGroup *group, const char *name, uint16_t type, uint32_t ttl_sec,
                      const void *data, size_t size) {
        return avahi_entry_group_add_record(group, AVAHI_IF_UNSPEC, AVAHI_PROTO_UNSPEC, 0, name,
                                            AVAHI_DNS_CLASS_IN, type, ttl_sec, data, size);
}

/* Fills a group with the records of an advert. Returns 0 or AVAHI_ERR_*. */
static int add_advert(Publisher *publisher, AvahiEntryGroup *group, const Endpoint *endpoint) {
        char label[ADVERT_LABEL_SIZE], name[AVAHI_DOMAIN_NAME_MAX];
        uint8_t ptr[ADVERT_NAME_MAX], srv[ADVERT_SRV_MAX], txt[LIMIT_TXT];
        size_t ptr_length, srv_length, txt_length;
        uint32_t srv_ttl_sec =
                publisher->ttl_sec * 2 > SRV_TTL_SEC ? publisher->ttl_sec * 2 : SRV_TTL_SEC;
        const char *host;
        uint64_t id;
        int r;

        host = avahi_client_get_host_name_fqdn(publisher->client);
        if (!host)
                return avahi_client_errno(publisher->client);
        if (getrandom(&id, sizeof(id), 0) != (ssize_t) sizeof(id))
                return AVAHI_ERR_OS;

        advert_format_label(endpoint->node, id, label);
        r = avahi_service_name_join(name, sizeof(name), label, ADVERT_TYPE, ADVERT_DOMAIN);
        if (r < 0)
                return r;
        ptr_length = advert_encode_name(label, ADVERT_TYPE "." ADVERT_DOMAIN, ptr);
        srv_length = advert_encode_srv(endpoint->port, host, srv);
        txt_length = advert_encode_txt(endpoint, txt);
        if (ptr_length == 0 || srv_length == 0)
                return AVAHI_ERR_INVALID_HOST_NAME;

        r = add_record(group, ADVERT_TYPE "." ADVERT_DOMAIN, AVAHI_DNS_TYPE_PTR, publisher->ttl_sec,
                       ptr, ptr_length);
        if (r == 0)
                r = add_record(group, name, AVAHI_DNS_TYPE_SRV, srv_ttl_sec, srv, srv_length);
        if (r == 0)
                r = add_record(group, name, AVAHI_DNS_TYPE_TXT, TTL_SEC, txt, txt_length);
        return r == 0 ? avahi_entry_group_commit(group) : r;
}

static void free_group(AvahiEntryGroup **group) {
        if (*group)
                (void) avahi_entry_group_free(*group);
        *group = NULL;
}

/* Sorts an error: is it the connection to avahi-daemon, or only this advert, whose group is freed?
 */
static void handle_error(Publisher *publisher, const char *what, AvahiEntryGroup **group,
                         int error) {
        switch (error) {
        case AVAHI_ERR_DBUS_ERROR:
        case AVAHI_ERR_DISCONNECTED:
        case AVAHI_ERR_NO_DAEMON:
        case AVAHI_ERR_BAD_STATE:
        case AVAHI_ERR_TIMEOUT:
                /* Each further call might wait as long as this one did. The group goes with the
                 * client. */
                *group = NULL;
                publisher->client = NULL;
                publisher->sink->fail(publisher->sink->userdata, "announcing a node", error);
                return;
        case AVAHI_ERR_NOT_PERMITTED:
                if (!publisher->refusal_logged)
                        log_warning("avahi-daemon does not let us announce nodes: other hosts will "
                                    "not see those of this host. Look for disable-publishing and "
                                    "disable-user-service-publishing in avahi-daemon.conf(5)");
                break;
        default:
                if (!publisher->refusal_logged)
                        log_warning("avahi-daemon does not announce %s: %s", what,
                                    avahi_strerror(error));
        }
        publisher->refusal_logged = true;
        free_group(group);
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
                handle_error(publisher, "the service type", &publisher->type,
                             avahi_client_errno(publisher->client));
                return;
        }
        r = add_record(publisher->type, "_services._dns-sd._udp." ADVERT_DOMAIN, AVAHI_DNS_TYPE_PTR,
                       TTL_SEC, ptr, length);
        if (r == 0)
                r = avahi_entry_group_commit(publisher->type);
        if (r < 0)
                handle_error(publisher, "the service type", &publisher->type, r);
}

static void announce(Publisher *publisher, Advert *advert) {
        int r;

        if (!publisher->client)
                return;

        advert->group = avahi_entry_group_new(publisher->client, on_group_state, advert);
        if (!advert->group) {
                handle_error(publisher, advert->endpoint.node, &advert->group,
                             avahi_client_errno(publisher->client));
                return;
        }
        r = add_advert(publisher, advert->group, &advert->endpoint);
        if (r < 0) {
                handle_error(publisher, advert->endpoint.node, &advert->group, r);
                return;
        }
        announce_type(publisher);
}

/* Announces what is not announced yet: everything after a start, and what Avahi had no room for. */
static void announce_all(Publisher *publisher) {
        for (size_t i = 0; i < publisher->n_adverts; i++)
                if (!publisher->adverts[i]->group)
                        announce(publisher, publisher->adverts[i]);
}

static void retract(Advert *advert) {
        /* Without a client it failed: the group goes with it, and that comes before any callback.
         */
        if (advert->publisher->client)
                free_group(&advert->group);
        advert->group = NULL;
        if (advert->established) {
                advert->established = false;
                post_count(advert->publisher);
        }
}

int publisher_new(Publisher **ret, const AvahiSink *sink, uint32_t ttl_sec) {
        Publisher *publisher = calloc(1, sizeof(*publisher));

        if (!publisher)
                return -ENOMEM;
        publisher->sink = sink;
        publisher->ttl_sec = ttl_sec;
        *ret = publisher;
        return 0;
}

Publisher *publisher_free(Publisher *publisher) {
        if (!publisher)
                return NULL;

        for (size_t i = 0; i < publisher->n_adverts; i++)
                free(publisher->adverts[i]);
        free(publisher->adverts);
        free(publisher);
        return NULL;
}

static Advert **find_advert(Publisher *publisher, const Endpoint *endpoint) {
        for (size_t i = 0; i < publisher->n_adverts; i++)
                if (endpoint_compare_identity(&publisher->adverts[i]->endpoint, endpoint) == 0)
                        return &publisher->adverts[i];
        return NULL;
}

int publisher_publish(Publisher *publisher, const Endpoint *endpoint) {
        Advert **known = find_advert(publisher, endpoint), **grown, *advert;

        if (known) {
                if (endpoint_equal(&(*known)->endpoint, endpoint))
                        return 0;
                retract(*known);
                (*known)->endpoint = *endpoint;
                announce(publisher, *known);
                return 0;
        }

        grown = reallocarray(publisher->adverts, publisher->n_adverts + 1, sizeof(*grown));
        if (!grown)
                return -ENOMEM;
        publisher->adverts = grown;
        advert = calloc(1, sizeof(*advert));
        if (!advert)
                return -ENOMEM;
        advert->publisher = publisher;
        advert->endpoint = *endpoint;
        publisher->adverts[publisher->n_adverts++] = advert;
        announce(publisher, advert);
        return 0;
}

void publisher_withdraw(Publisher *publisher, const Endpoint *endpoint) {
        Advert **known = find_advert(publisher, endpoint);

        if (!known)
                return;
        retract(*known);
        free(*known);
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
                retract(publisher->adverts[i]);
        free_group(&publisher->type);
        publisher->client = NULL;
}

void publisher_forget(Publisher *publisher) {
        publisher->client = NULL;
        publisher->type = NULL;
        for (size_t i = 0; i < publisher->n_adverts; i++) {
                publisher->adverts[i]->group = NULL;
                publisher->adverts[i]->established = false;
        }
        post_count(publisher);
}
