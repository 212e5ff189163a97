/* SPDX-License-Identifier: Apache-2.0 */
/* What Avahi is asked about instances */

#include <avahi-common/domain.h>
#include <avahi-common/error.h>

#include "core/advert.h"
#include "daemon/avahi/avahi-error.h"
#include "daemon/avahi/lookups.h"

static AvahiProtocol transport_protocol(const Instance *instance) {
        return instance->id.transport == FAMILY_INET ? AVAHI_PROTO_INET : AVAHI_PROTO_INET6;
}

int lookups_resolve(Lookups *lookups, AvahiClient *client, Instance *instance,
                    AvahiServiceResolverCallback callback) {
        AvahiProtocol protocol = transport_protocol(instance);

        if (lookups->n >= LIMIT_LOOKUPS)
                return AVAHI_ERR_TOO_MANY_OBJECTS;
        /* The address of the same IP version: with "any", a resolver may change over to a
         * link-local one. */
        instance->resolver = avahi_service_resolver_new(
                client, instance->id.interface, protocol, instance->id.instance, ADVERT_TYPE,
                ADVERT_DOMAIN, protocol, 0, callback, instance);
        if (!instance->resolver)
                return avahi_client_errno(client);
        lookups->n++;
        instance->awaited = !lookups->enumerated;
        lookups->n_awaited += instance->awaited;
        return 0;
}

void lookups_note_answer(Lookups *lookups, Instance *instance) {
        lookups->n_awaited -= instance->awaited;
        instance->awaited = false;
}

int lookups_ask_srv(Lookups *lookups, AvahiClient *client, Instance *instance,
                    AvahiRecordBrowserCallback callback) {
        char name[AVAHI_DOMAIN_NAME_MAX];
        int r;

        if (lookups->n >= LIMIT_LOOKUPS)
                return AVAHI_ERR_TOO_MANY_OBJECTS;
        r = avahi_service_name_join(name, sizeof(name), instance->id.instance, ADVERT_TYPE,
                                    ADVERT_DOMAIN);
        if (r < 0)
                return r;
        instance->farewell = avahi_record_browser_new(
                client, instance->id.interface, transport_protocol(instance), name,
                AVAHI_DNS_CLASS_IN, AVAHI_DNS_TYPE_SRV, 0, callback, instance);
        if (!instance->farewell)
                return avahi_client_errno(client);
        lookups->n++;
        return 0;
}

int lookups_end(Lookups *lookups, Instance *instance) {
        int r = 0;

        lookups_note_answer(lookups, instance);
        if (instance->resolver) {
                r = avahi_service_resolver_free(TAKE_PTR(instance->resolver));
                lookups->n--;
        }
        if (instance->farewell && !avahi_error_is_lost(r)) {
                r = avahi_record_browser_free(TAKE_PTR(instance->farewell));
                lookups->n--;
        }
        return avahi_error_is_lost(r) ? r : 0;
}
