/* SPDX-License-Identifier: Apache-2.0 */
/* What Avahi is asked about instances: how many are counted, whatever fails */

#include <avahi-common/defs.h>
#include <avahi-common/error.h>
#include <glib.h>

#include "core/limits.h"
#include "daemon/avahi/lookups.h"
#include "fake/fake-avahi.h"

typedef struct Fixture {
        AvahiClient *client;
        Lookups lookups;
        Instance instance;
        unsigned answers; /* of resolvers */
} Fixture;

static void on_client(AvahiClient *client, AvahiClientState state, void *userdata) {
        (void) client, (void) state, (void) userdata;
}

static void on_resolver(AvahiServiceResolver *resolver, AvahiIfIndex interface,
                        AvahiProtocol protocol, AvahiResolverEvent event, const char *name,
                        const char *type, const char *domain, const char *host,
                        const AvahiAddress *address, uint16_t port, AvahiStringList *txt,
                        AvahiLookupResultFlags flags, void *userdata) {
        (void) resolver, (void) interface, (void) protocol, (void) event, (void) name, (void) type,
                (void) domain, (void) host, (void) address, (void) port, (void) txt, (void) flags;
        ++*(unsigned *) ((Instance *) userdata)->owner;
}

static void on_record(AvahiRecordBrowser *records, AvahiIfIndex interface, AvahiProtocol protocol,
                      AvahiBrowserEvent event, const char *name, uint16_t clazz, uint16_t type,
                      const void *rdata, size_t size, AvahiLookupResultFlags flags,
                      void *userdata) {
        (void) records, (void) interface, (void) protocol, (void) event, (void) name, (void) clazz,
                (void) type, (void) rdata, (void) size, (void) flags, (void) userdata;
}

static void set_up(Fixture *f, gconstpointer data) {
        int error;

        (void) data;
        fake_avahi_reset();
        f->client = avahi_client_new(NULL, AVAHI_CLIENT_NO_FAIL, on_client, NULL, &error);
        g_assert_nonnull(f->client);
        f->lookups = (Lookups) LOOKUPS_NULL;
        f->instance =
                (Instance){ .owner = &f->answers, .id = { .instance = "bob@h2", .interface = 1 } };
}

static void tear_down(Fixture *f, gconstpointer data) {
        (void) data;
        avahi_client_free(f->client);
        fake_avahi_reset();
}

static int resolve(Fixture *f) {
        return lookups_resolve(&f->lookups, f->client, &f->instance, on_resolver);
}

static int ask_srv(Fixture *f) {
        return lookups_ask_srv(&f->lookups, f->client, &f->instance, on_record);
}

static void alive(Fixture *f, size_t resolvers, size_t records) {
        g_assert_cmpuint(fake_avahi_alive(FAKE_RESOLVER), ==, resolvers);
        g_assert_cmpuint(fake_avahi_alive(FAKE_RECORDS), ==, records);
        g_assert_cmpuint(f->lookups.n, ==, resolvers + records);
        g_assert_cmpint(f->instance.resolver != NULL, ==, resolvers);
        g_assert_cmpint(f->instance.farewell != NULL, ==, records);
}

/* Both kinds count, and lookups_end() may be called without any. */
static void test_counts(Fixture *f, gconstpointer data) {
        (void) data;
        g_assert_cmpint(lookups_end(&f->lookups, &f->instance), ==, 0);
        for (int i = 0; i < 2; i++) {
                alive(f, 0, 0);
                g_assert_cmpint(resolve(f), ==, 0);
                alive(f, 1, 0);
                g_assert_cmpint(ask_srv(f), ==, 0);
                alive(f, 1, 1);
                g_assert_cmpint(lookups_end(&f->lookups, &f->instance), ==, 0);
        }
        alive(f, 0, 0);
        g_assert_cmpint(ask_srv(f), ==, 0);
        g_assert_cmpint(lookups_end(&f->lookups, &f->instance), ==, 0);
        alive(f, 0, 0);
}

/* At our own limit Avahi is not even asked, for the one or the other. */
static void test_limit(Fixture *f, gconstpointer data) {
        (void) data;
        f->lookups.n = LIMIT_LOOKUPS;
        g_assert_cmpint(resolve(f), ==, AVAHI_ERR_TOO_MANY_OBJECTS);
        g_assert_cmpint(ask_srv(f), ==, AVAHI_ERR_TOO_MANY_OBJECTS);
        g_assert_cmpuint(fake_avahi_calls(FAKE_RESOLVER_NEW), ==, 0);
        g_assert_cmpuint(fake_avahi_calls(FAKE_RECORDS_NEW), ==, 0);
        g_assert_cmpuint(f->lookups.n, ==, LIMIT_LOOKUPS);
        f->lookups.n--;
        g_assert_cmpint(resolve(f), ==, 0);
        g_assert_cmpint(ask_srv(f), ==, AVAHI_ERR_TOO_MANY_OBJECTS);
        g_assert_cmpint(lookups_end(&f->lookups, &f->instance), ==, 0);
        g_assert_cmpint(ask_srv(f), ==, 0);
        g_assert_cmpint(lookups_end(&f->lookups, &f->instance), ==, 0);
        f->lookups.n = 0;
}

/* What Avahi refuses counts for nothing, nor is its answer awaited. */
static void test_refused(Fixture *f, gconstpointer data) {
        (void) data;
        fake_avahi_set_max_objects(0);
        g_assert_cmpint(resolve(f), ==, AVAHI_ERR_TOO_MANY_OBJECTS);
        g_assert_cmpint(ask_srv(f), ==, AVAHI_ERR_TOO_MANY_OBJECTS);
        fake_avahi_fail(FAKE_RESOLVER_NEW, AVAHI_ERR_DBUS_ERROR);
        fake_avahi_fail(FAKE_RECORDS_NEW, AVAHI_ERR_TIMEOUT);
        g_assert_cmpint(resolve(f), ==, AVAHI_ERR_DBUS_ERROR);
        g_assert_cmpint(ask_srv(f), ==, AVAHI_ERR_TIMEOUT);
        alive(f, 0, 0);
        g_assert_cmpuint(f->lookups.n_awaited, ==, 0);
}

/* A resolver of the list is awaited until its first answer or its end; one that comes later is not
 * awaited. */
static void test_awaited(Fixture *f, gconstpointer data) {
        (void) data;
        g_assert_cmpint(resolve(f), ==, 0);
        g_assert_cmpuint(f->lookups.n_awaited, ==, 1);
        lookups_note_answer(&f->lookups, &f->instance);
        lookups_note_answer(&f->lookups, &f->instance);
        g_assert_cmpuint(f->lookups.n_awaited, ==, 0);
        g_assert_cmpint(lookups_end(&f->lookups, &f->instance), ==, 0);
        g_assert_cmpuint(f->lookups.n_awaited, ==, 0);

        g_assert_cmpint(resolve(f), ==, 0);
        g_assert_cmpint(lookups_end(&f->lookups, &f->instance), ==, 0);
        g_assert_cmpuint(f->lookups.n_awaited, ==, 0);

        f->lookups.enumerated = true;
        g_assert_cmpint(resolve(f), ==, 0);
        g_assert_cmpuint(f->lookups.n_awaited, ==, 0);
        lookups_note_answer(&f->lookups, &f->instance);
        g_assert_cmpint(lookups_end(&f->lookups, &f->instance), ==, 0);
        g_assert_cmpuint(f->lookups.n_awaited, ==, 0);
}

/* After an error that means a lost connection nothing more is called: each call might wait as long.
 * Any other error is of no interest, for the object is gone. */
static void test_end_fails(Fixture *f, gconstpointer data) {
        (void) data;
        g_assert_cmpint(resolve(f), ==, 0);
        g_assert_cmpint(ask_srv(f), ==, 0);
        fake_avahi_fail(FAKE_RESOLVER_FREE, AVAHI_ERR_INVALID_OBJECT);
        fake_avahi_fail(FAKE_RECORDS_FREE, AVAHI_ERR_INVALID_OBJECT);
        g_assert_cmpint(lookups_end(&f->lookups, &f->instance), ==, 0);
        alive(f, 0, 0);

        g_assert_cmpint(ask_srv(f), ==, 0);
        fake_avahi_fail(FAKE_RECORDS_FREE, AVAHI_ERR_TIMEOUT);
        g_assert_cmpint(lookups_end(&f->lookups, &f->instance), ==, AVAHI_ERR_TIMEOUT);
        alive(f, 0, 0);

        g_assert_cmpint(resolve(f), ==, 0);
        g_assert_cmpint(ask_srv(f), ==, 0);
        fake_avahi_fail(FAKE_RESOLVER_FREE, AVAHI_ERR_DBUS_ERROR);
        g_assert_cmpint(lookups_end(&f->lookups, &f->instance), ==, AVAHI_ERR_DBUS_ERROR);
        alive(f, 0, 1);
}

/* Over the IP version that the instance was heard over, on its interface, and no other. */
static void test_transport(Fixture *f, gconstpointer data) {
        static const FakeAdvert four = { "bob@h2", 7, AVAHI_PROTO_INET },
                                six = { "bob@h2", 7, AVAHI_PROTO_INET6 };

        (void) data;
        f->instance.id.interface = 7;
        for (int i = 0; i < 2; i++) {
                f->instance.id.transport = i == 0 ? FAMILY_INET : FAMILY_INET6;
                f->answers = 0;
                g_assert_cmpint(resolve(f), ==, 0);
                fake_avahi_emit_lost(i == 0 ? six : four, AVAHI_ERR_TIMEOUT);
                g_assert_cmpuint(f->answers, ==, 0);
                fake_avahi_emit_lost(i == 0 ? four : six, AVAHI_ERR_TIMEOUT);
                g_assert_cmpuint(f->answers, ==, 1);
                g_assert_cmpint(lookups_end(&f->lookups, &f->instance), ==, 0);
        }
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
#define TEST(path, test) g_test_add("/lookups/" path, Fixture, NULL, set_up, test, tear_down)
        TEST("counts", test_counts);
        TEST("limit", test_limit);
        TEST("refused", test_refused);
        TEST("awaited", test_awaited);
        TEST("end-fails", test_end_fails);
        TEST("transport", test_transport);
        return g_test_run();
}
