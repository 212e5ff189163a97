/* SPDX-License-Identifier: Apache-2.0 */
/* The advert of the service type, and what is left of it when that fails */

#include <avahi-common/defs.h>
#include <avahi-common/error.h>
#include <glib.h>

#include "daemon/avahi/service-type.h"
#include "fake/fake-avahi.h"

static AvahiEntryGroup *const untouched = (AvahiEntryGroup *) &untouched;

typedef struct Fixture {
        AvahiClient *client;
        AvahiEntryGroup *group;
} Fixture;

static void on_client(AvahiClient *client, AvahiClientState state, void *userdata) {
        (void) client, (void) state, (void) userdata;
}

static void set_up(Fixture *f, gconstpointer data) {
        int error;

        (void) data;
        fake_avahi_reset();
        f->client = avahi_client_new(NULL, AVAHI_CLIENT_NO_FAIL, on_client, NULL, &error);
        g_assert_nonnull(f->client);
        f->group = untouched;
}

static void tear_down(Fixture *f, gconstpointer data) {
        (void) data;
        avahi_client_free(f->client);
        fake_avahi_reset();
}

/* RFC 6763 section 9, to the byte. */
static void test_record(Fixture *f, gconstpointer data) {
        static const char type[] = "\x0C_erlang-dist\x04_tcp\x05local";
        FakeRecord record;

        (void) data;
        g_assert_cmpint(service_type_announce(f->client, &f->group), ==, 0);
        g_assert_true(f->group != untouched);
        g_assert_cmpuint(fake_avahi_records(AVAHI_DNS_TYPE_PTR, 0, &record), ==, 1);
        g_assert_cmpstr(record.name, ==, "_services._dns-sd._udp.local");
        g_assert_cmpuint(record.ttl, ==, 4500);
        g_assert_cmpint(record.interface, ==, AVAHI_IF_UNSPEC);
        g_assert_cmpmem(record.data, (int) record.size, type, (int) sizeof(type));
        g_assert_cmpint(avahi_entry_group_free(f->group), ==, 0);
}

/* After a refusal the group is freed. After an error that means a lost connection nothing more is
 * called, and the group goes with the client. If freeing loses the connection, that error is
 * returned. */
static void test_errors(Fixture *f, gconstpointer data) {
        static const struct {
                FakeCall call;
                int error, freed, r;
                size_t left;
        } table[] = {
                { FAKE_GROUP_NEW, AVAHI_ERR_TOO_MANY_OBJECTS, 0, AVAHI_ERR_TOO_MANY_OBJECTS, 0 },
                { FAKE_GROUP_ADD, AVAHI_ERR_INVALID_RECORD, 0, AVAHI_ERR_INVALID_RECORD, 0 },
                { FAKE_GROUP_COMMIT, AVAHI_ERR_NOT_PERMITTED, 0, AVAHI_ERR_NOT_PERMITTED, 0 },
                { FAKE_GROUP_COMMIT, AVAHI_ERR_NOT_PERMITTED, AVAHI_ERR_INVALID_OBJECT,
                  AVAHI_ERR_NOT_PERMITTED, 0 },
                { FAKE_GROUP_COMMIT, AVAHI_ERR_NOT_PERMITTED, AVAHI_ERR_TIMEOUT, AVAHI_ERR_TIMEOUT,
                  0 },
                { FAKE_GROUP_ADD, AVAHI_ERR_DISCONNECTED, 0, AVAHI_ERR_DISCONNECTED, 1 },
                { FAKE_GROUP_COMMIT, AVAHI_ERR_DBUS_ERROR, 0, AVAHI_ERR_DBUS_ERROR, 2 },
        };

        (void) data;
        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                unsigned freed = fake_avahi_calls(FAKE_GROUP_FREE);
                bool is_freed = table[i].left == 0 && table[i].call != FAKE_GROUP_NEW;

                fake_avahi_fail(table[i].call, table[i].error);
                fake_avahi_fail(FAKE_GROUP_FREE, table[i].freed);
                g_assert_cmpint(service_type_announce(f->client, &f->group), ==, table[i].r);
                g_assert_true(f->group == untouched);
                g_assert_cmpuint(fake_avahi_alive(FAKE_GROUP), ==, table[i].left);
                g_assert_cmpuint(fake_avahi_calls(FAKE_GROUP_FREE), ==, freed + is_freed);
                fake_avahi_fail(table[i].call, 0);
        }
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
#define TEST(path, test) g_test_add("/service-type/" path, Fixture, NULL, set_up, test, tear_down)
        TEST("record", test_record);
        TEST("errors", test_errors);
        return g_test_run();
}
