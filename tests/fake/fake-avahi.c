/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libavahi-client without avahi-daemon
 *
 * Objects are made, changed and freed by the thread of the tested code alone, which also runs the
 * callbacks: there an object may be used without the lock. What other threads look at or change,
 * the list of objects and the orders to the daemon, is under the lock. An event waits in a queue,
 * and finds its object by name when it is delivered: the object may have come or gone meanwhile.
 */

#include <avahi-common/address.h>
#include <avahi-common/domain.h>
#include <avahi-common/error.h>
#include <avahi-common/strlst.h>
#include <glib.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "daemon/avahi/interface-names.h"
#include "fake/fake-avahi.h"
#include "fake/fake-presence.h"
#include "util/macro.h"

#define TYPE "_erlang-dist._tcp"
#define DOMAIN "local"

/* Of any kind but a client. */
typedef struct Object {
        FakeKind kind;
        FakeCall free_call;
        char *name; /* resolver, record browser: of the SRV record; addresses: of the host */
        AvahiIfIndex interface;
        AvahiProtocol protocol;
        GArray *records;            /* group */
        AvahiEntryGroupState state; /* group */
        void (*callback)(void);     /* really of the kind's own type */
        void *userdata;
} Object;

struct AvahiEntryGroup {
        Object object;
};
struct AvahiServiceBrowser {
        Object object;
};
struct AvahiServiceResolver {
        Object object;
};
struct AvahiRecordBrowser {
        Object object;
};

struct AvahiClient {
        const AvahiPoll *poll;
        AvahiWatch *watch;
        pthread_t thread;
        AvahiClientCallback callback;
        void *userdata;
        int error;
        char host[256];
};

typedef struct Event {
        enum {
                EVENT_STATE,
                EVENT_GROUPS,
                EVENT_SERVICE,
                EVENT_RESOLVER,
                EVENT_RECORD,
                EVENT_ADDRESS
        } type;
        int what, error; /* a state, or an AvahiBrowserEvent */
        char *label, *name, *host;
        AvahiIfIndex interface;
        AvahiProtocol protocol;
        AvahiLookupResultFlags flags;
        AvahiAddress address;
        uint16_t port;
        AvahiStringList *txt;
} Event;

/* A pthread mutex, because ThreadSanitizer does not see into GLib's. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t released = PTHREAD_COND_INITIALIZER;
static int events_fd = -1, changed_fd = -1;

static AvahiClient *client; /* the only one */
static GPtrArray *objects;
static GQueue events = G_QUEUE_INIT;

static struct {
        AvahiClientState state;
        char host[256];
        int errors[_FAKE_CALL_MAX], release_error;
        size_t max_objects;
        bool hanging;
        unsigned n_hanging;
        unsigned calls[_FAKE_CALL_MAX];
} fake;

static pthread_mutex_t *take_lock(void) {
        pthread_mutex_lock(&lock);
        return &lock;
}

static void release_lock(pthread_mutex_t **taken) {
        pthread_mutex_unlock(*taken);
}

/* Until the end of the block. */
#define LOCKED _cleanup_(release_lock) G_GNUC_UNUSED pthread_mutex_t *locked = take_lock()

/* Wakes whoever waits for something to happen here. */
static void changed(void) {
        (void) !eventfd_write(changed_fd, 1);
}

static void event_free(Event *event) {
        g_free(event->label);
        g_free(event->name);
        g_free(event->host);
        avahi_string_list_free(event->txt);
        g_free(event);
}

static void drop_events(void) {
        for (Event *event; (event = g_queue_pop_head(&events));)
                event_free(event);
}

static void finish(void) {
        g_ptr_array_unref(objects);
        close(events_fd);
        close(changed_fd);
}

void fake_avahi_reset(void) {
        LOCKED;

        if (!objects) {
                objects = g_ptr_array_new();
                events_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
                changed_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
                atexit(finish);
        }
        g_assert_true(!client && objects->len == 0);
        fake_presence_reset();
        drop_events();
        memset(&fake, 0, sizeof(fake));
        fake.max_objects = SIZE_MAX;
        fake.state = AVAHI_CLIENT_S_RUNNING;
        strcpy(fake.host, "h1.local");
}

static int on_changed(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        eventfd_t count;

        (void) source, (void) revents, (void) userdata;
        (void) !eventfd_read(fd, &count);
        return 0;
}

void fake_avahi_wake(sd_event *event) {
        g_assert_cmpint(sd_event_add_io(event, NULL, changed_fd, EPOLLIN, on_changed, NULL), >=, 0);
}

/* --- The daemon --- */

/* Each call begins with this: it is counted, waits while the daemon hangs, and learns whether it
 * has to fail. */
static int enter(FakeCall call) {
        int error;
        LOCKED;

        g_assert_true(call == FAKE_CLIENT_NEW || call == FAKE_CLIENT_FREE ||
                      pthread_equal(client->thread, pthread_self()));
        fake.calls[call]++;
        changed();
        error = fake.errors[call];
        if (fake.hanging) {
                fake.n_hanging++;
                while (fake.hanging)
                        pthread_cond_wait(&released, &lock);
                fake.n_hanging--;
                error = error != 0 ? error : fake.release_error;
        }
        if (error != 0 && client)
                client->error = error;
        return error;
}

void fake_avahi_hang(void) {
        LOCKED;
        fake.hanging = true;
}

void fake_avahi_release(int error) {
        LOCKED;
        fake.hanging = false;
        fake.release_error = error;
        pthread_cond_broadcast(&released);
}

bool fake_avahi_is_hanging(void) {
        LOCKED;
        return fake.n_hanging > 0;
}

void fake_avahi_fail(FakeCall call, int error) {
        LOCKED;
        fake.errors[call] = error;
}

void fake_avahi_set_max_objects(size_t max) {
        LOCKED;
        fake.max_objects = max;
}

void fake_avahi_set_host(const char *host) {
        LOCKED;
        g_strlcpy(fake.host, host, sizeof(fake.host));
}

/* --- The client --- */

static void on_events(AvahiWatch *watch, int fd, AvahiWatchEvent revents, void *userdata) {
        eventfd_t count;

        (void) watch, (void) revents, (void) userdata;
        (void) !eventfd_read(fd, &count);
        fake_avahi_dispatch();
}

static AvahiClientState set_client(AvahiClient *new) {
        LOCKED;
        client = new;
        drop_events();
        changed();
        return fake.state;
}

AvahiClient *avahi_client_new(const AvahiPoll *poll, AvahiClientFlags flags,
                              AvahiClientCallback callback, void *userdata, int *ret_error) {
        AvahiClient *new;
        int error = enter(FAKE_CLIENT_NEW);

        g_assert_true(!client && flags == AVAHI_CLIENT_NO_FAIL);
        if (error != 0) {
                *ret_error = error;
                return NULL;
        }
        new = g_new0(AvahiClient, 1);
        *new = (AvahiClient){
                .poll = poll, .thread = pthread_self(), .callback = callback, .userdata = userdata
        };
        if (poll)
                new->watch = poll->watch_new(poll, events_fd, AVAHI_WATCH_IN, on_events, NULL);
        callback(new, set_client(new), userdata);
        return new;
}

int avahi_client_errno(AvahiClient *of) {
        return of->error;
}

const char *avahi_client_get_host_name_fqdn(AvahiClient *of) {
        int error = enter(FAKE_HOST_NAME);
        LOCKED;

        strcpy(of->host, fake.host);
        return error == 0 ? of->host : NULL;
}

static int object_free(Object *object, bool call) {
        int error = call ? enter(object->free_call) : 0;
        LOCKED;

        g_assert_true(g_ptr_array_remove_fast(objects, object));
        if (object->records)
                g_array_free(object->records, TRUE);
        g_free(object->name);
        g_free(object);
        changed();
        return error;
}

void avahi_client_free(AvahiClient *old) {
        (void) enter(FAKE_CLIENT_FREE);
        g_assert_true(old == client);
        while (objects->len > 0)
                object_free(objects->pdata[0], false);
        if (old->watch)
                old->poll->watch_free(old->watch);

        (void) set_client(NULL);
        g_free(old);
}

/* --- Objects --- */

static void *object_new(FakeCall call, const Object *properties) {
        Object *object;

        if (enter(call) != 0)
                return NULL;

        LOCKED;
        if (objects->len >= fake.max_objects) {
                client->error = AVAHI_ERR_TOO_MANY_OBJECTS;
                return NULL;
        }
        object = g_memdup2(properties, sizeof(*properties));
        g_ptr_array_add(objects, object);
        changed();
        return object;
}

#define CALLBACK(callback) ((void (*)(void))(callback))

AvahiEntryGroup *avahi_entry_group_new(AvahiClient *of, AvahiEntryGroupCallback callback,
                                       void *userdata) {
        Object properties = { FAKE_GROUP, FAKE_GROUP_FREE, .callback = CALLBACK(callback),
                              .userdata = userdata };
        AvahiEntryGroup *group = object_new(FAKE_GROUP_NEW, &properties);

        g_assert_true(of == client);
        if (group) {
                group->object.records = g_array_new(FALSE, FALSE, sizeof(FakeRecord));
                callback(group, AVAHI_ENTRY_GROUP_UNCOMMITED, userdata);
        }
        return group;
}

AvahiClient *avahi_entry_group_get_client(AvahiEntryGroup *group) {
        (void) group;
        return client;
}

int avahi_entry_group_free(AvahiEntryGroup *group) {
        return object_free(&group->object, true);
}

int avahi_entry_group_add_record(AvahiEntryGroup *group, AvahiIfIndex interface,
                                 AvahiProtocol protocol, AvahiPublishFlags flags, const char *name,
                                 uint16_t clazz, uint16_t type, uint32_t ttl, const void *data,
                                 size_t size) {
        FakeRecord record = { interface, protocol, .type = type, .ttl = ttl, .size = size };
        int error = enter(FAKE_GROUP_ADD);

        /* What makes a record that the daemon takes, and announces without probing: everywhere, or
         * on one interface over one IP version. */
        g_assert_true(avahi_is_valid_domain_name(name) && size > 0 && size <= sizeof(record.data));
        g_assert_true(flags == 0 && (interface == AVAHI_IF_UNSPEC
                                             ? protocol == AVAHI_PROTO_UNSPEC
                                             : interface > 0 && protocol != AVAHI_PROTO_UNSPEC));
        g_assert_true(clazz == AVAHI_DNS_CLASS_IN &&
                      group->object.state == AVAHI_ENTRY_GROUP_UNCOMMITED);
        g_strlcpy(record.name, name, sizeof(record.name));
        memcpy(record.data, data, size);
        if (error == 0)
                g_array_append_val(group->object.records, record);
        return error;
}

int avahi_entry_group_commit(AvahiEntryGroup *group) {
        static const Event established = { .type = EVENT_GROUPS,
                                           .what = AVAHI_ENTRY_GROUP_ESTABLISHED };
        int error = enter(FAKE_GROUP_COMMIT);
        LOCKED;

        g_assert_true(group->object.records->len > 0 &&
                      group->object.state == AVAHI_ENTRY_GROUP_UNCOMMITED);
        if (error != 0)
                return error;
        group->object.state = AVAHI_ENTRY_GROUP_REGISTERING;
        g_queue_push_tail(&events, g_memdup2(&established, sizeof(established)));
        (void) !eventfd_write(events_fd, 1);
        changed();
        return 0;
}

static bool is_ours(AvahiClient *of, const char *type, const char *domain, AvahiLookupFlags flags) {
        return of == client && strcmp(type, TYPE) == 0 && strcmp(domain, DOMAIN) == 0 && flags == 0;
}

AvahiServiceBrowser *avahi_service_browser_new(AvahiClient *of, AvahiIfIndex interface,
                                               AvahiProtocol protocol, const char *type,
                                               const char *domain, AvahiLookupFlags flags,
                                               AvahiServiceBrowserCallback callback,
                                               void *userdata) {
        Object properties = { .kind = FAKE_BROWSER,
                              .callback = CALLBACK(callback),
                              .userdata = userdata };

        g_assert_true(is_ours(of, type, domain, flags));
        g_assert_true(interface == AVAHI_IF_UNSPEC && protocol == AVAHI_PROTO_UNSPEC);
        return object_new(FAKE_BROWSER_NEW, &properties);
}

static char *service_name(const char *label) {
        char name[AVAHI_DOMAIN_NAME_MAX];

        return avahi_service_name_join(name, sizeof(name), label, TYPE, DOMAIN) == AVAHI_OK
                       ? g_strdup(name)
                       : NULL;
}

static void *lookup_new(FakeCall call, Object properties, char *name) {
        Object *object;

        properties.name = name;
        object = object_new(call, &properties);
        if (!object)
                g_free(name);
        return object;
}

AvahiServiceResolver *avahi_service_resolver_new(
        AvahiClient *of, AvahiIfIndex interface, AvahiProtocol protocol, const char *name,
        const char *type, const char *domain, AvahiProtocol address_protocol,
        AvahiLookupFlags flags, AvahiServiceResolverCallback callback, void *userdata) {
        g_assert_true(is_ours(of, type, domain, flags) && address_protocol == protocol);
        return lookup_new(FAKE_RESOLVER_NEW,
                          (Object){ FAKE_RESOLVER, FAKE_RESOLVER_FREE, .interface = interface,
                                    .protocol = protocol, .callback = CALLBACK(callback),
                                    .userdata = userdata },
                          service_name(name));
}

int avahi_service_resolver_free(AvahiServiceResolver *resolver) {
        return object_free(&resolver->object, true);
}

AvahiRecordBrowser *avahi_record_browser_new(AvahiClient *of, AvahiIfIndex interface,
                                             AvahiProtocol protocol, const char *name,
                                             uint16_t clazz, uint16_t type, AvahiLookupFlags flags,
                                             AvahiRecordBrowserCallback callback, void *userdata) {
        Object properties = { FAKE_RECORDS,
                              FAKE_RECORDS_FREE,
                              .interface = interface,
                              .protocol = protocol,
                              .callback = CALLBACK(callback),
                              .userdata = userdata };

        g_assert_true(of == client && clazz == AVAHI_DNS_CLASS_IN && flags == 0);
        if (type == AVAHI_DNS_TYPE_SRV)
                return lookup_new(FAKE_RECORDS_NEW, properties, g_strdup(name));

        /* The other thing that is browsed: the host's addresses, everywhere, by the IP version that
         * they are of. */
        g_assert_cmpstr(name, ==, client->host);
        g_assert_true(interface == AVAHI_IF_UNSPEC);
        g_assert_cmpuint(type, ==,
                         protocol == AVAHI_PROTO_INET ? AVAHI_DNS_TYPE_A : AVAHI_DNS_TYPE_AAAA);
        properties.kind = FAKE_ADDRESSES;
        properties.free_call = FAKE_ADDRESSES_FREE;
        return lookup_new(FAKE_ADDRESSES_NEW, properties, g_strdup(name));
}

int avahi_record_browser_free(AvahiRecordBrowser *records) {
        return object_free(&records->object, true);
}

/* --- Looking --- */

unsigned fake_avahi_calls(FakeCall call) {
        LOCKED;
        return fake.calls[call];
}

size_t fake_avahi_alive(FakeKind kind) {
        size_t n = 0;
        LOCKED;

        for (guint i = 0; i < objects->len; i++)
                n += ((Object *) objects->pdata[i])->kind == kind;
        return kind == FAKE_CLIENT ? client != NULL : n;
}

size_t fake_avahi_records(uint16_t type, size_t number, FakeRecord *ret) {
        size_t n = 0;
        LOCKED;

        for (guint i = 0; i < objects->len; i++) {
                const Object *group = objects->pdata[i];

                for (guint j = 0;
                     group->state != AVAHI_ENTRY_GROUP_UNCOMMITED && j < group->records->len; j++) {
                        const FakeRecord *record = &g_array_index(group->records, FakeRecord, j);

                        if (record->type == type && n++ == number && ret)
                                *ret = *record;
                }
        }
        return n;
}

bool fake_avahi_announces(const char *node) {
        g_autofree char *prefix = g_strdup_printf("%s ", node);
        FakeRecord record;

        for (size_t i = 0; fake_avahi_records(AVAHI_DNS_TYPE_PTR, i, &record) > i; i++)
                if (memcmp(record.data + 1, prefix, strlen(prefix)) == 0)
                        return true;
        return false;
}

/* --- Events --- */

static bool is_meant(const Object *object, const Event *event) {
        switch (object->kind) {
        case FAKE_RESOLVER:
        case FAKE_RECORDS:
                return strcmp(object->name, event->name) == 0 &&
                       object->interface == event->interface && object->protocol == event->protocol;
        case FAKE_ADDRESSES:
                return object->protocol == event->protocol;
        default:
                return true;
        }
}

static Object *find_object(FakeKind kind, const Event *event) {
        for (guint i = 0; i < objects->len; i++) {
                Object *object = objects->pdata[i];

                if (object->kind == kind && is_meant(object, event))
                        return object;
        }
        return NULL;
}

static bool set_group(Object *group, AvahiEntryGroupState state) {
        LOCKED;

        if (group->kind != FAKE_GROUP || group->state == AVAHI_ENTRY_GROUP_UNCOMMITED ||
            group->state == state)
                return false;
        group->state = state;
        changed();
        return true;
}

static void set_groups(const Event *event) {
        for (guint i = 0; i < objects->len; i++) {
                Object *group = objects->pdata[i];

                if (set_group(group, (AvahiEntryGroupState) event->what))
                        ((AvahiEntryGroupCallback) group->callback)(
                                (AvahiEntryGroup *) group, (AvahiEntryGroupState) event->what,
                                group->userdata);
        }
}

static void deliver_address(const Object *object, const Event *event) {
        bool four = event->protocol == AVAHI_PROTO_INET;
        size_t size = 0;

        if (event->what == AVAHI_BROWSER_NEW || event->what == AVAHI_BROWSER_REMOVE)
                size = four ? sizeof(AvahiIPv4Address) : sizeof(AvahiIPv6Address);
        ((AvahiRecordBrowserCallback) object->callback)(
                (AvahiRecordBrowser *) object, event->interface, event->protocol,
                (AvahiBrowserEvent) event->what, object->name, AVAHI_DNS_CLASS_IN,
                four ? AVAHI_DNS_TYPE_A : AVAHI_DNS_TYPE_AAAA,
                size > 0 ? event->address.data.data : NULL, size, event->flags, object->userdata);
}

/* To all who watch these addresses. */
static void deliver_addresses(const Event *event) {
        for (guint i = 0; i < objects->len; i++) {
                const Object *object = objects->pdata[i];

                if (object->kind == FAKE_ADDRESSES && is_meant(object, event))
                        deliver_address(object, event);
        }
}

static void deliver(const Event *event) {
        Object *object;

        if (event->error != 0)
                client->error = event->error;

        switch (event->type) {
        case EVENT_STATE:
                client->callback(client, (AvahiClientState) event->what, client->userdata);
                break;
        case EVENT_GROUPS:
                set_groups(event);
                break;
        case EVENT_SERVICE:
                object = find_object(FAKE_BROWSER, event);
                if (object)
                        ((AvahiServiceBrowserCallback) object->callback)(
                                (AvahiServiceBrowser *) object, event->interface, event->protocol,
                                (AvahiBrowserEvent) event->what, event->label, TYPE, DOMAIN,
                                event->flags, object->userdata);
                break;
        case EVENT_RESOLVER:
                object = find_object(FAKE_RESOLVER, event);
                if (object)
                        ((AvahiServiceResolverCallback) object->callback)(
                                (AvahiServiceResolver *) object, event->interface, event->protocol,
                                (AvahiResolverEvent) event->what, event->label, TYPE, DOMAIN,
                                event->host, &event->address, event->port, event->txt, event->flags,
                                object->userdata);
                break;
        case EVENT_RECORD:
                object = find_object(FAKE_RECORDS, event);
                if (object)
                        ((AvahiRecordBrowserCallback) object->callback)(
                                (AvahiRecordBrowser *) object, event->interface, event->protocol,
                                (AvahiBrowserEvent) event->what, event->name, AVAHI_DNS_CLASS_IN,
                                AVAHI_DNS_TYPE_SRV, "", 1, event->flags, object->userdata);
                break;
        case EVENT_ADDRESS:
                deliver_addresses(event);
                break;
        }
}

static Event *next_event(void) {
        LOCKED;
        return client ? g_queue_pop_head(&events) : NULL;
}

void fake_avahi_dispatch(void) {
        for (Event *event; (event = next_event()); event_free(event))
                deliver(event);
}

/* Queues a copy of event, and returns whether it is up to the caller to deliver it. */
static bool queue_event(const Event *event) {
        Event *copy = g_memdup2(event, sizeof(*event));
        LOCKED;

        if (!client) {
                event_free(copy);
                return false;
        }
        g_queue_push_tail(&events, copy);
        (void) !eventfd_write(events_fd, 1);
        return !client->poll;
}

static void emit(const Event *event) {
        if (queue_event(event))
                fake_avahi_dispatch();
}

void fake_avahi_set_state(AvahiClientState state) {
        Event event = { .type = EVENT_STATE, .what = state };

        if (state == AVAHI_CLIENT_FAILURE)
                event.error = AVAHI_ERR_DISCONNECTED;
        else {
                LOCKED;
                fake.state = state;
        }
        emit(&event);
}

void fake_avahi_emit_groups(AvahiEntryGroupState state, int error) {
        emit(&(Event){ .type = EVENT_GROUPS, .what = state, .error = error });
}

static Event advert_event(int type, int what, FakeAdvert advert) {
        return (Event){
                .type = type,
                .what = what,
                .label = g_strdup(advert.name),
                .name = service_name(advert.name),
                .interface = advert.interface ? advert.interface : 1,
                .protocol = advert.protocol,
        };
}

void fake_avahi_emit_service(AvahiBrowserEvent what, FakeAdvert advert,
                             AvahiLookupResultFlags flags) {
        Event event = advert_event(EVENT_SERVICE, what, advert);

        event.flags = flags;
        emit(&event);
}

static void emit_found(FakeAdvert advert, const char *host, const char *address, uint16_t port,
                       const void *txt, size_t size, AvahiLookupResultFlags flags) {
        Event event = advert_event(EVENT_RESOLVER, AVAHI_RESOLVER_FOUND, advert);

        event.flags = flags;
        event.host = g_strdup(host);
        event.port = port;
        g_assert_nonnull(avahi_address_parse(address, AVAHI_PROTO_UNSPEC, &event.address));
        /* The library hands them out in the order of the record. */
        for (const uint8_t *p = txt, *end = p + size; p < end; p += 1 + *p)
                event.txt = avahi_string_list_add_arbitrary(event.txt, p + 1, *p);
        event.txt = avahi_string_list_reverse(event.txt);
        emit(&event);
}

void fake_avahi_emit_found(FakeAdvert advert, const char *host, const char *address, uint16_t port,
                           const void *txt, size_t size) {
        emit_found(advert, host, address, port, txt, size, 0);
}

void fake_avahi_emit_found_here(FakeAdvert advert, const char *host, const char *address,
                                uint16_t port, const void *txt, size_t size) {
        emit_found(advert, host, address, port, txt, size, AVAHI_LOOKUP_RESULT_LOCAL);
}

void fake_avahi_emit_lost(FakeAdvert advert, int error) {
        Event event = advert_event(EVENT_RESOLVER, AVAHI_RESOLVER_FAILURE, advert);

        event.error = error;
        emit(&event);
}

void fake_avahi_emit_record(AvahiBrowserEvent what, FakeAdvert advert) {
        Event event = advert_event(EVENT_RECORD, what, advert);

        emit(&event);
}

void fake_avahi_emit_address(AvahiBrowserEvent what, AvahiIfIndex interface, const char *address,
                             AvahiLookupResultFlags flags) {
        Event event = { .type = EVENT_ADDRESS,
                        .what = what,
                        .interface = interface,
                        .flags = AVAHI_LOOKUP_RESULT_MULTICAST | flags };

        g_assert_nonnull(avahi_address_parse(address, AVAHI_PROTO_UNSPEC, &event.address));
        event.protocol = event.address.proto;
        emit(&event);
}

void fake_avahi_emit_addresses(AvahiBrowserEvent what, AvahiProtocol protocol) {
        Event event = { .type = EVENT_ADDRESS,
                        .what = what,
                        .interface = AVAHI_IF_UNSPEC,
                        .protocol = protocol };

        if (what == AVAHI_BROWSER_FAILURE)
                event.error = AVAHI_ERR_DBUS_ERROR;
        emit(&event);
}

/* What avahi-daemon tells without libavahi-client. */
const char *interface_names_get(InterfaceNames *names, int index) {
        g_snprintf(names->known[0].name, sizeof(names->known[0].name), "if%d", index);
        return names->known[0].name;
}
