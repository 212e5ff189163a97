/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One advert: its records in Avahi
 *
 * An advert is shared records under an instance name that is never used again (docs/advert.md).
 * Nothing has to be probed, so that peers see it at once, nothing can collide, and a change is a
 * new advert in the place of the old one.
 *
 * The host's own name would give away all its addresses. So an endpoint that is bound to one has a
 * host name of its own with just that address, and is announced only where the address is, over the
 * same IP version.
 */

#include <avahi-client/publish.h>
#include <avahi-common/defs.h>
#include <avahi-common/domain.h>
#include <avahi-common/error.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "core/advert.h"
#include "daemon/avahi/advert-group.h"
#include "daemon/avahi/avahi-error.h"
#include "daemon/subject.h"
#include "util/log.h"

/* RFC 6762 section 10: a record that names a host. Longer than the PTR's TTL, so that it outlives
 * it: the browser tells expiry from goodbye by that. */
#define HOST_TTL_SEC 120
/* RFC 6762 section 10: all other records. */
#define TTL_SEC 4500

struct AdvertGroup {
        Endpoint endpoint;
        bool bound;
        Address address;
        AvahiEntryGroup *records; /* NULL: not announced */
        AvahiIfIndex interface;
        bool established;
        bool failed;
        bool failure_logged; /* one line until it is established */
        AdvertGroupChanged changed;
        void *userdata;
};

/* Collisions can't be, as nothing is probed, and yet Avahi may report one. It is a failure like any
 * other: announced anew, the advert has another name. */
static bool is_failure(AvahiEntryGroupState state) {
        return state == AVAHI_ENTRY_GROUP_FAILURE || state == AVAHI_ENTRY_GROUP_COLLISION;
}

static void on_state(AvahiEntryGroup *records, AvahiEntryGroupState state, void *userdata) {
        AdvertGroup *group = userdata;
        bool established = state == AVAHI_ENTRY_GROUP_ESTABLISHED, failed = is_failure(state);
        bool changed = group->established != established || group->failed != failed;

        group->established = established;
        group->failed = failed;
        if (established)
                group->failure_logged = false;
        if (failed && !group->failure_logged) {
                int error = state == AVAHI_ENTRY_GROUP_COLLISION
                                    ? AVAHI_ERR_COLLISION
                                    : avahi_client_errno(avahi_entry_group_get_client(records));

                group->failure_logged = true;
                log_about(LOG_WARNING, SUBJECT(&group->endpoint), "Avahi gave up announcing %s: %s",
                          group->endpoint.node, avahi_strerror(error));
        }
        if (changed)
                group->changed(group->userdata);
}

static int add_record(AdvertGroup *group, const char *name, uint16_t type, uint32_t ttl_sec,
                      const void *data, size_t size) {
        AvahiProtocol protocol = AVAHI_PROTO_UNSPEC;

        if (group->bound)
                protocol =
                        group->address.family == FAMILY_INET ? AVAHI_PROTO_INET : AVAHI_PROTO_INET6;
        return avahi_entry_group_add_record(group->records, group->interface, protocol, 0, name,
                                            AVAHI_DNS_CLASS_IN, type, ttl_sec, data, size);
}

static int add_address(AdvertGroup *group, const char *name, uint32_t ttl_sec) {
        const Address *address = &group->address;

        if (address->family == FAMILY_INET)
                return add_record(group, name, AVAHI_DNS_TYPE_A, ttl_sec, &address->in,
                                  sizeof(address->in));
        return add_record(group, name, AVAHI_DNS_TYPE_AAAA, ttl_sec, &address->in6,
                          sizeof(address->in6));
}

/* Fills the group and commits it. Returns 0 or AVAHI_ERR_*. */
static int add_records(AdvertGroup *group, const char *host, uint32_t ttl_sec) {
        char label[ADVERT_LABEL_SIZE], name[AVAHI_DOMAIN_NAME_MAX], target[AVAHI_DOMAIN_NAME_MAX];
        uint8_t ptr[ADVERT_NAME_MAX], srv[ADVERT_SRV_MAX], txt[LIMIT_TXT];
        uint32_t host_ttl_sec = ttl_sec * 2 > HOST_TTL_SEC ? ttl_sec * 2 : HOST_TTL_SEC;
        size_t ptr_length, srv_length, txt_length;
        uint64_t id;
        int r;

        if (getrandom(&id, sizeof(id), 0) != (ssize_t) sizeof(id))
                return AVAHI_ERR_OS;
        advert_format_label(group->endpoint.node, id, label);
        r = avahi_service_name_join(name, sizeof(name), label, ADVERT_TYPE, ADVERT_DOMAIN);
        if (r < 0)
                return r;
        if (snprintf(target, sizeof(target), "%s%s%s", group->bound ? advert_label_id(label) : "",
                     group->bound ? "." : "", host) >= (int) sizeof(target))
                return AVAHI_ERR_INVALID_HOST_NAME;

        ptr_length = advert_encode_name(label, ADVERT_TYPE "." ADVERT_DOMAIN, ptr);
        srv_length = advert_encode_srv(group->endpoint.port, target, srv);
        txt_length = advert_encode_txt(&group->endpoint, txt);
        if (ptr_length == 0 || srv_length == 0)
                return AVAHI_ERR_INVALID_HOST_NAME;

        r = add_record(group, ADVERT_TYPE "." ADVERT_DOMAIN, AVAHI_DNS_TYPE_PTR, ttl_sec, ptr,
                       ptr_length);
        if (r == 0)
                r = add_record(group, name, AVAHI_DNS_TYPE_SRV, host_ttl_sec, srv, srv_length);
        if (r == 0)
                r = add_record(group, name, AVAHI_DNS_TYPE_TXT, TTL_SEC, txt, txt_length);
        if (r == 0 && group->bound)
                r = add_address(group, target, host_ttl_sec);
        return r == 0 ? avahi_entry_group_commit(group->records) : r;
}

int advert_group_new(AdvertGroup **ret, const Endpoint *endpoint, const Address *bound,
                     AdvertGroupChanged changed, void *userdata) {
        AdvertGroup *group = calloc(1, sizeof(*group));

        if (!group)
                return -ENOMEM;
        group->endpoint = *endpoint;
        if (bound) {
                group->bound = true;
                group->address = *bound;
        }
        group->changed = changed;
        group->userdata = userdata;
        *ret = group;
        return 0;
}

AdvertGroup *advert_group_free(AdvertGroup *group) {
        free(group);
        return NULL;
}

const Endpoint *advert_group_endpoint(const AdvertGroup *group) {
        return &group->endpoint;
}

const Address *advert_group_bound(const AdvertGroup *group) {
        return group->bound ? &group->address : NULL;
}

int advert_group_announce(AdvertGroup *group, AvahiClient *client, AvahiIfIndex interface,
                          uint32_t ttl_sec) {
        const char *host = avahi_client_get_host_name_fqdn(client);
        int r, withdrawn;

        if (!host)
                return avahi_client_errno(client);
        group->interface = group->bound ? interface : AVAHI_IF_UNSPEC;
        group->records = avahi_entry_group_new(client, on_state, group);
        if (!group->records)
                return avahi_client_errno(client);
        r = add_records(group, host, ttl_sec);
        if (r >= 0)
                return 0;
        /* Without its connection each further call might wait as long as this one did. */
        if (avahi_error_is_lost(r)) {
                advert_group_forget(group);
                return r;
        }
        withdrawn = advert_group_withdraw(group);
        return avahi_error_is_lost(withdrawn) ? withdrawn : r;
}

int advert_group_withdraw(AdvertGroup *group) {
        int r = group->records ? avahi_entry_group_free(group->records) : 0;

        advert_group_forget(group);
        return r;
}

void advert_group_forget(AdvertGroup *group) {
        group->records = NULL;
        group->established = group->failed = false;
}

bool advert_group_is_announced(const AdvertGroup *group) {
        return group->records;
}

bool advert_group_is_established(const AdvertGroup *group) {
        return group->established;
}

bool advert_group_has_failed(const AdvertGroup *group) {
        return group->failed;
}

AvahiIfIndex advert_group_interface(const AdvertGroup *group) {
        return group->interface;
}
