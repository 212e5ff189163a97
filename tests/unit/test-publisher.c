/* SPDX-License-Identifier: Apache-2.0 */
/* What is announced on the LAN, for how long, and what happens if Avahi does not let us */

#include <avahi-common/defs.h>
#include <avahi-common/domain.h>
#include <avahi-common/error.h>
#include <glib.h>
#include <string.h>

#include "core/advert.h"
#include "daemon/publisher.h"
#include "fake/fake-avahi.h"
#include "unit/util-event.h"

#define TTL_SEC 30

typedef struct Fixture {
        size_t adverts; /* the last LAN_ADVERTS */
        unsigned failures;
        AvahiSink sink;
        AvahiClient *client;
        Publisher *publisher;
} Fixture;

static void post(void *userdata, const LanMessage *message) {
        Fixture *f = userdata;

        g_assert_cmpint(message->type, ==, LAN_ADVERTS);
        f->adverts = message->adverts;
}

static void fail(void *userdata, const char *what, int error) {
        Fixture *f = userdata;

        g_assert_nonnull(what);
        g_assert_cmpint(error, <, 0);
        f->failures++;
}

static void on_client(AvahiClient *client, AvahiClientState state, void *userdata) {
        (void) client, (void) state, (void) userdata;
}

static void new_client(Fixture *f) {
        int error;

        f->client = avahi_client_new(NULL, AVAHI_CLIENT_NO_FAIL, on_client, NULL, &error);
        g_assert_nonnull(f->client);
}

static void set_up(Fixture *f, gconstpointer data) {
        (void) data;
        log_capture();
        fake_avahi_reset();
        f->sink = (AvahiSink){ post, fail, f };
        new_client(f);
        g_assert_cmpint(publisher_new(&f->publisher, &f->sink, TTL_SEC), ==, 0);
}

static void tear_down(Fixture *f, gconstpointer data) {
        (void) data;
        publisher_stop(f->publisher);
        g_assert_cmpuint(fake_avahi_alive(FAKE_GROUP), ==, 0);
        g_assert_cmpuint(f->adverts, ==, 0);
        f->publisher = publisher_free(f->publisher);
        avahi_client_free(f->client);
        fake_avahi_reset();
}

static Endpoint endpoint(const char *node, uint16_t port) {
        Endpoint result = { .port = port };

        g_strlcpy(result.node, node, sizeof(result.node));
        return result;
}

static void publish(Fixture *f, const char *node, uint16_t port) {
        Endpoint e = endpoint(node, port);

        g_assert_cmpint(publisher_publish(f->publisher, &e), ==, 0);
        fake_avahi_dispatch();
}

static void withdraw(Fixture *f, const char *node) {
        Endpoint e = endpoint(node, 0);

        publisher_withdraw(f->publisher, &e);
        fake_avahi_dispatch();
}

static size_t n_announced(void) {
        size_t n = fake_avahi_records(AVAHI_DNS_TYPE_SRV, 0, NULL);

        /* All three records of each, and once the type. */
        g_assert_cmpuint(fake_avahi_records(AVAHI_DNS_TYPE_TXT, 0, NULL), ==, n);
        return n;
}

/* The instance label of an announced advert. */
static char *label(size_t number) {
        for (size_t i = 0, n = 0;; i++) {
                FakeRecord record;

                g_assert_cmpuint(fake_avahi_records(AVAHI_DNS_TYPE_PTR, i, &record), >, i);
                if (strcmp(record.name, "_erlang-dist._tcp.local") == 0 && n++ == number)
                        return g_strndup((const char *) record.data + 1, record.data[0]);
        }
}

static void assert_data(const FakeRecord *record, size_t from, const void *data, size_t size) {
        g_assert_cmpuint(record->size, ==, from + size);
        g_assert_true(memcmp(record->data + from, data, size) == 0);
}

/* The record stands under the instance's name. */
static void assert_belongs(const FakeRecord *record, const char *instance) {
        char name[AVAHI_DOMAIN_NAME_MAX];

        g_assert_cmpint(
                avahi_service_name_join(name, sizeof(name), instance, ADVERT_TYPE, ADVERT_DOMAIN),
                ==, 0);
        g_assert_cmpstr(record->name, ==, name);
}

/* docs/advert.md, section 2, to the byte. */
static void test_records(Fixture *f, gconstpointer data) {
        static const char type[] = "\x0C_erlang-dist\x04_tcp\x05local";
        static const char srv[] = "\0\0\0\0\x90\xC5\x02h1\x05local";
        static const char txt[] = "\x09txtvers=1\x0Dnode=alice@h1\x09proto=tls\x0B"
                                  "family=inet";
        g_autofree char *name = NULL;
        FakeRecord record;
        Endpoint alice = endpoint("alice@h1", 37061);

        (void) data;
        alice.proto = PROTO_TLS;
        publisher_start(f->publisher, f->client);
        g_assert_cmpint(publisher_publish(f->publisher, &alice), ==, 0);
        name = label(0);
        g_assert_true(g_regex_match_simple("^alice@h1 [0-9a-f]{12}$", name, 0, 0));

        g_assert_cmpuint(fake_avahi_records(AVAHI_DNS_TYPE_PTR, 0, &record), ==, 2);
        g_assert_cmpuint(record.ttl, ==, TTL_SEC);
        assert_data(&record, 1 + strlen(name), type, sizeof(type));

        g_assert_cmpuint(fake_avahi_records(AVAHI_DNS_TYPE_SRV, 0, &record), ==, 1);
        assert_belongs(&record, name);
        g_assert_cmpuint(record.ttl, ==, 120);
        assert_data(&record, 0, srv, sizeof(srv));

        g_assert_cmpuint(fake_avahi_records(AVAHI_DNS_TYPE_TXT, 0, &record), ==, 1);
        assert_belongs(&record, name);
        g_assert_cmpuint(record.ttl, ==, 4500);
        assert_data(&record, 0, txt, sizeof(txt) - 1);

        g_assert_cmpuint(fake_avahi_records(AVAHI_DNS_TYPE_PTR, 1, &record), ==, 2);
        g_assert_cmpstr(record.name, ==, "_services._dns-sd._udp.local");
        g_assert_cmpuint(record.ttl, ==, 4500);
        assert_data(&record, 0, type, sizeof(type));
        fake_avahi_dispatch();
        g_assert_cmpuint(f->adverts, ==, 1);
}

/* The longest name that OTP knows: the label is cut, and the truth is in TXT. */
static void test_longest_name(Fixture *f, gconstpointer data) {
        g_autofree char *host = g_strnfill(253, 'h'), *node = g_strdup_printf("n@%s", host),
                        *name = NULL;

        (void) data;
        publisher_start(f->publisher, f->client);
        publish(f, node, 1);
        name = label(0);
        g_assert_cmpuint(strlen(name), ==, 63);
        g_assert_cmpuint(n_announced(), ==, 1);
}

/* SRV outlives PTR, however long that is: peers tell expiry from goodbye by it. */
static void test_long_ttl(Fixture *f, gconstpointer data) {
        FakeRecord record;

        (void) data;
        publisher_free(f->publisher);
        g_assert_cmpint(publisher_new(&f->publisher, &f->sink, LIMIT_TTL_MAX), ==, 0);
        publisher_start(f->publisher, f->client);
        publish(f, "a@h1", 1);
        (void) fake_avahi_records(AVAHI_DNS_TYPE_SRV, 0, &record);
        g_assert_cmpuint(record.ttl, >, LIMIT_TTL_MAX);
}

/* An instance name is used once: for an unchanged node it stays, for a changed one, and for one
 * that comes again, it is new. */
static void test_instance_names(Fixture *f, gconstpointer data) {
        g_autofree char *first = NULL, *second = NULL, *third = NULL, *fourth = NULL;

        (void) data;
        publisher_start(f->publisher, f->client);
        publish(f, "a@h1", 1);
        first = label(0);
        publish(f, "a@h1", 1);
        second = label(0);
        g_assert_cmpstr(first, ==, second);
        g_assert_cmpuint(fake_avahi_calls(FAKE_GROUP_NEW), ==, 2);
        publish(f, "a@h1", 2);
        third = label(0);
        g_assert_cmpstr(third, !=, first);
        g_assert_cmpuint(n_announced(), ==, 1);
        g_assert_cmpuint(f->adverts, ==, 1);
        withdraw(f, "a@h1");
        g_assert_cmpuint(n_announced(), ==, 0);
        g_assert_cmpuint(f->adverts, ==, 0);
        publish(f, "a@h1", 2);
        fourth = label(0);
        g_assert_cmpstr(fourth, !=, third);
        /* The type was announced once. */
        g_assert_cmpuint(fake_avahi_calls(FAKE_GROUP_NEW), ==, 4);
}

/* Each endpoint is an advert of its own, and goes alone. Withdrawing what is not there does
 * nothing. */
static void test_endpoints(Fixture *f, gconstpointer data) {
        Endpoint six = endpoint("a@h1", 2);

        (void) data;
        six.family = FAMILY_INET6;
        publisher_start(f->publisher, f->client);
        publish(f, "a@h1", 1);
        g_assert_cmpint(publisher_publish(f->publisher, &six), ==, 0);
        publish(f, "b@h1", 3);
        g_assert_cmpuint(n_announced(), ==, 3);
        g_assert_cmpuint(f->adverts, ==, 3);
        withdraw(f, "a@h1");
        withdraw(f, "a@h1");
        withdraw(f, "c@h1");
        g_assert_cmpuint(n_announced(), ==, 2);
        g_assert_cmpuint(f->adverts, ==, 2);
}

/* What is registered while there is no avahi-daemon is remembered, and what ends is forgotten.
 * After each start the names are new, and point to the host's name of then. */
static void test_stop_and_start(Fixture *f, gconstpointer data) {
        static const char srv[] = "\0\0\0\0\0\1\x02na\x05local";
        g_autofree char *before = NULL, *after = NULL;
        FakeRecord record;

        (void) data;
        publish(f, "a@h1", 1);
        publish(f, "b@h1", 2);
        withdraw(f, "b@h1");
        g_assert_cmpuint(fake_avahi_calls(FAKE_GROUP_NEW), ==, 0);
        publisher_start(f->publisher, f->client);
        publisher_start(f->publisher, f->client);
        fake_avahi_dispatch();
        g_assert_cmpuint(n_announced(), ==, 1);
        g_assert_cmpuint(f->adverts, ==, 1);
        before = label(0);

        publisher_stop(f->publisher);
        publisher_stop(f->publisher);
        g_assert_cmpuint(fake_avahi_alive(FAKE_GROUP), ==, 0);
        g_assert_cmpuint(f->adverts, ==, 0);
        fake_avahi_set_host("na.local");
        publisher_start(f->publisher, f->client);
        fake_avahi_dispatch();
        after = label(0);
        g_assert_cmpstr(before, !=, after);
        (void) fake_avahi_records(AVAHI_DNS_TYPE_SRV, 0, &record);
        assert_data(&record, 0, srv, sizeof(srv));
}

/* The client has gone, and all groups with it; the next client gets all again. */
static void test_forget(Fixture *f, gconstpointer data) {
        (void) data;
        publisher_start(f->publisher, f->client);
        publish(f, "a@h1", 1);
        avahi_client_free(f->client);
        publisher_forget(f->publisher);
        g_assert_cmpuint(f->adverts, ==, 0);
        publish(f, "b@h1", 1);
        new_client(f);
        publisher_start(f->publisher, f->client);
        fake_avahi_dispatch();
        g_assert_cmpuint(n_announced(), ==, 2);
        g_assert_cmpuint(f->adverts, ==, 2);
        g_assert_cmpuint(fake_avahi_records(AVAHI_DNS_TYPE_PTR, 0, NULL), ==, 3);
}

/* --- Failures --- */

/* disable-user-service-publishing: one line in the log for all nodes, and browsing goes on. */
static void test_not_permitted(Fixture *f, gconstpointer data) {
        static const FakeCall calls[] = { FAKE_GROUP_NEW, FAKE_GROUP_ADD, FAKE_GROUP_COMMIT };

        (void) data;
        for (size_t i = 0; i < G_N_ELEMENTS(calls); i++) {
                log_capture();
                fake_avahi_fail(calls[i], AVAHI_ERR_NOT_PERMITTED);
                publisher_start(f->publisher, f->client);
                publish(f, "a@h1", 1);
                publish(f, "b@h1", 1);
                withdraw(f, "a@h1");
                g_assert_cmpuint(log_count("*does not let us*disable-publishing*"), ==, 1);
                g_assert_cmpuint(log_count("*"), ==, 1);
                g_assert_cmpuint(f->failures, ==, 0);
                g_assert_cmpuint(fake_avahi_alive(FAKE_GROUP), ==, 0);
                fake_avahi_fail(calls[i], 0);
                publisher_stop(f->publisher);
        }
        publisher_start(f->publisher, f->client);
        g_assert_cmpuint(n_announced(), ==, 1);
}

/* No room in Avahi: an advert that goes makes room for one that waits. */
static void test_too_many_objects(Fixture *f, gconstpointer data) {
        g_autofree char *name = NULL;

        (void) data;
        publisher_start(f->publisher, f->client);
        fake_avahi_set_max_objects(2);
        publish(f, "a@h1", 1);
        publish(f, "b@h1", 1);
        publish(f, "c@h1", 1);
        g_assert_cmpuint(n_announced(), ==, 1);
        g_assert_cmpuint(f->adverts, ==, 1);
        g_assert_cmpuint(f->failures, ==, 0);
        g_assert_cmpuint(log_count("*Too many objects*"), ==, 1);
        withdraw(f, "a@h1");
        g_assert_cmpuint(n_announced(), ==, 1);
        withdraw(f, "b@h1");
        g_assert_cmpuint(n_announced(), ==, 1);
        name = label(0);
        g_assert_true(g_str_has_prefix(name, "c@h1 "));
        g_assert_cmpuint(f->adverts, ==, 1);
}

/* The same for the type: it is not worth a node, and follows when there is room. */
static void test_no_room_for_the_type(Fixture *f, gconstpointer data) {
        (void) data;
        publisher_start(f->publisher, f->client);
        fake_avahi_set_max_objects(1);
        publish(f, "a@h1", 1);
        g_assert_cmpuint(fake_avahi_records(AVAHI_DNS_TYPE_PTR, 0, NULL), ==, 1);
        fake_avahi_set_max_objects(9);
        publish(f, "b@h1", 1);
        g_assert_cmpuint(fake_avahi_records(AVAHI_DNS_TYPE_PTR, 0, NULL), ==, 3);
}

/* The connection is broken. Every further call would wait for 25 s, so there must be none until the
 * owner has made a new one. */
static void test_broken_connection(Fixture *f, gconstpointer data) {
        static const struct {
                FakeCall call;
                int error;
        } table[] = {
                { FAKE_GROUP_NEW, AVAHI_ERR_DBUS_ERROR },
                { FAKE_GROUP_ADD, AVAHI_ERR_DBUS_ERROR },
                { FAKE_GROUP_COMMIT, AVAHI_ERR_DISCONNECTED },
                { FAKE_HOST_NAME, AVAHI_ERR_DBUS_ERROR },
        };

        (void) data;
        for (uint16_t i = 0; i < 5; i++) {
                g_autofree char *node = g_strdup_printf("n%d@h1", i);

                publish(f, node, 1);
        }
        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                unsigned calls = fake_avahi_calls(table[i].call);

                f->failures = 0;
                fake_avahi_fail(table[i].call, table[i].error);
                publisher_start(f->publisher, f->client);
                g_assert_cmpuint(f->failures, >=, 1);
                g_assert_cmpuint(fake_avahi_calls(table[i].call), ==, calls + 1);
                publish(f, "n5@h1", (uint16_t) (2 + i));
                withdraw(f, "n5@h1");
                g_assert_cmpuint(fake_avahi_calls(table[i].call), ==, calls + 1);

                fake_avahi_fail(table[i].call, 0);
                avahi_client_free(f->client);
                publisher_forget(f->publisher);
                new_client(f);
        }
        publisher_start(f->publisher, f->client);
        g_assert_cmpuint(n_announced(), ==, 5);
}

/* Avahi gave up on a group: it is said in the log, and not counted. */
static void test_group_failure(Fixture *f, gconstpointer data) {
        (void) data;
        publisher_start(f->publisher, f->client);
        publish(f, "a@h1", 1);
        fake_avahi_emit_groups(AVAHI_ENTRY_GROUP_FAILURE, AVAHI_ERR_INVALID_RECORD);
        g_assert_cmpuint(log_count("*gave up announcing a@h1*"), ==, 1);
        g_assert_cmpuint(f->adverts, ==, 0);
        publish(f, "a@h1", 2);
        g_assert_cmpuint(f->adverts, ==, 1);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
#define TEST(path, test) g_test_add("/publisher/" path, Fixture, NULL, set_up, test, tear_down)
        TEST("records", test_records);
        TEST("longest-name", test_longest_name);
        TEST("long-ttl", test_long_ttl);
        TEST("instance-names", test_instance_names);
        TEST("endpoints", test_endpoints);
        TEST("stop-and-start", test_stop_and_start);
        TEST("forget", test_forget);
        TEST("failures/not-permitted", test_not_permitted);
        TEST("failures/too-many-objects", test_too_many_objects);
        TEST("failures/no-room-for-the-type", test_no_room_for_the_type);
        TEST("failures/broken-connection", test_broken_connection);
        TEST("failures/group", test_group_failure);
        return g_test_run();
}
