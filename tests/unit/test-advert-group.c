/* SPDX-License-Identifier: Apache-2.0 */
/* What is announced for an endpoint, to the byte, and what is left of it when that fails */

#include <avahi-common/defs.h>
#include <avahi-common/domain.h>
#include <avahi-common/error.h>
#include <glib.h>
#include <string.h>

#include "core/advert.h"
#include "daemon/avahi/advert-group.h"
#include "fake/fake-avahi.h"
#include "unit/util-event.h"

#define TTL_SEC 30
#define INTERFACE 7

typedef struct Fixture {
        unsigned changes;
        AvahiClient *client;
        AdvertGroup *group;
} Fixture;

static void on_client(AvahiClient *client, AvahiClientState state, void *userdata) {
        (void) client, (void) state, (void) userdata;
}

static void on_changed(void *userdata) {
        Fixture *f = userdata;

        f->changes++;
}

static void set_up(Fixture *f, gconstpointer data) {
        int error;

        (void) data;
        log_capture();
        fake_avahi_reset();
        f->client = avahi_client_new(NULL, AVAHI_CLIENT_NO_FAIL, on_client, NULL, &error);
        g_assert_nonnull(f->client);
}

static void tear_down(Fixture *f, gconstpointer data) {
        (void) data;
        if (f->group)
                advert_group_withdraw(f->group);
        g_assert_null(advert_group_free(f->group));
        g_assert_cmpuint(fake_avahi_alive(FAKE_GROUP), ==, 0);
        avahi_client_free(f->client);
        fake_avahi_reset();
}

static Endpoint endpoint(const char *node, uint16_t port) {
        Endpoint result = { .port = port };

        g_strlcpy(result.node, node, sizeof(result.node));
        return result;
}

static void new_group(Fixture *f, const Endpoint *e, const char *address) {
        Address bound = {};

        if (address)
                g_assert_cmpint(address_parse(address, &bound), ==, 0);
        g_assert_cmpint(advert_group_new(&f->group, e, address ? &bound : NULL, on_changed, f), ==,
                        0);
}

static void announce(Fixture *f, uint32_t ttl_sec) {
        g_assert_cmpint(advert_group_announce(f->group, f->client, INTERFACE, ttl_sec), ==, 0);
        g_assert_true(advert_group_is_announced(f->group));
        g_assert_false(advert_group_is_established(f->group));
        fake_avahi_dispatch();
        g_assert_true(advert_group_is_established(f->group));
}

/* The only record of a type. */
static FakeRecord record(uint16_t type) {
        FakeRecord result;

        g_assert_cmpuint(fake_avahi_records(type, 0, &result), ==, 1);
        return result;
}

static char *instance_label(void) {
        FakeRecord ptr = record(AVAHI_DNS_TYPE_PTR);

        return g_strndup((const char *) ptr.data + 1, ptr.data[0]);
}

static void assert_record(FakeRecord is, const char *name, uint32_t ttl, const void *data,
                          size_t size) {
        g_assert_cmpstr(is.name, ==, name);
        g_assert_cmpuint(is.ttl, ==, ttl);
        g_assert_cmpmem(is.data, (int) is.size, data, (int) size);
}

/* docs/advert.md, section 2, to the byte. It is announced everywhere. */
static void test_records(Fixture *f, gconstpointer data) {
        static const char type[] = "\x0C_erlang-dist\x04_tcp\x05local";
        static const char srv[] = "\0\0\0\0\x90\xC5\x02h1\x05local";
        static const char txt[] = "\x09txtvers=1\x0Dnode=alice@h1\x0B"
                                  "family=inet\x09proto=tls";
        static const uint16_t types[] = { AVAHI_DNS_TYPE_PTR, AVAHI_DNS_TYPE_SRV,
                                          AVAHI_DNS_TYPE_TXT };
        char name[AVAHI_DOMAIN_NAME_MAX];
        g_autofree char *label = NULL;
        Endpoint alice = endpoint("alice@h1", 37061);
        FakeRecord ptr;

        (void) data;
        alice.proto = PROTO_TLS;
        new_group(f, &alice, NULL);
        g_assert_null(advert_group_bound(f->group));
        announce(f, TTL_SEC);
        label = instance_label();
        g_assert_true(g_regex_match_simple("^alice@h1 [0-9a-f]{12}$", label, 0, 0));
        g_assert_cmpint(
                avahi_service_name_join(name, sizeof(name), label, ADVERT_TYPE, ADVERT_DOMAIN), ==,
                0);

        ptr = record(AVAHI_DNS_TYPE_PTR);
        g_assert_cmpstr(ptr.name, ==, "_erlang-dist._tcp.local");
        g_assert_cmpuint(ptr.ttl, ==, TTL_SEC);
        g_assert_cmpmem(ptr.data + 1 + strlen(label), (int) (ptr.size - 1 - strlen(label)), type,
                        (int) sizeof(type));
        assert_record(record(AVAHI_DNS_TYPE_SRV), name, 120, srv, sizeof(srv));
        assert_record(record(AVAHI_DNS_TYPE_TXT), name, 4500, txt, sizeof(txt) - 1);
        for (size_t i = 0; i < G_N_ELEMENTS(types); i++)
                g_assert_cmpint(record(types[i]).interface, ==, AVAHI_IF_UNSPEC);
        g_assert_cmpuint(fake_avahi_records(AVAHI_DNS_TYPE_A, 0, NULL), ==, 0);
        g_assert_cmpuint(fake_avahi_records(AVAHI_DNS_TYPE_AAAA, 0, NULL), ==, 0);
}

/* With one address: a host name of its own, below that of the host, has it; and all of it stays on
 * the interface with the address, and on its IP version. */
static void check_bound(Fixture *f, const char *address, uint16_t type, const void *data,
                        size_t size, AvahiProtocol protocol) {
        const uint16_t types[] = { AVAHI_DNS_TYPE_PTR, AVAHI_DNS_TYPE_SRV, AVAHI_DNS_TYPE_TXT,
                                   type };
        Endpoint alice = endpoint("alice@h1", 37061);
        g_autofree char *label = NULL, *target = NULL;
        FakeRecord srv;
        const char *id;

        new_group(f, &alice, address);
        g_assert_nonnull(advert_group_bound(f->group));
        announce(f, TTL_SEC);
        g_assert_cmpint(advert_group_interface(f->group), ==, INTERFACE);
        label = instance_label();
        id = advert_label_id(label);
        target = g_strdup_printf("%s.h1.local", id);

        srv = record(AVAHI_DNS_TYPE_SRV);
        g_assert_cmpuint(srv.size, ==, 6 + 1 + ADVERT_ID_LENGTH + sizeof("\x02h1\x05local"));
        g_assert_cmpuint(srv.data[6], ==, ADVERT_ID_LENGTH);
        g_assert_true(memcmp(srv.data + 7, id, ADVERT_ID_LENGTH) == 0);
        g_assert_cmpstr((const char *) srv.data + 7 + ADVERT_ID_LENGTH, ==, "\x02h1\x05local");
        assert_record(record(type), target, 120, data, size);
        for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
                g_assert_cmpint(record(types[i]).interface, ==, INTERFACE);
                g_assert_cmpint(record(types[i]).protocol, ==, protocol);
        }
        g_assert_cmpstr(advert_host(label, target), ==, "h1.local");
}

static void test_bound(Fixture *f, gconstpointer data) {
        (void) data;
        check_bound(f, "192.0.2.1", AVAHI_DNS_TYPE_A, "\xC0\0\2\1", 4, AVAHI_PROTO_INET);
        g_assert_cmpuint(fake_avahi_records(AVAHI_DNS_TYPE_AAAA, 0, NULL), ==, 0);
}

static void test_bound6(Fixture *f, gconstpointer data) {
        (void) data;
        check_bound(f, "fd00::1", AVAHI_DNS_TYPE_AAAA, "\xFD\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16,
                    AVAHI_PROTO_INET6);
        g_assert_cmpuint(fake_avahi_records(AVAHI_DNS_TYPE_A, 0, NULL), ==, 0);
}

/* The longest names that there can be: of a node, whose label is cut, and of a host. */
static void test_longest_names(Fixture *f, gconstpointer data) {
        g_autofree char *host = g_strnfill(253, 'h'), *node = g_strdup_printf("n@%s", host),
                        *own = g_strnfill(63, 'o'), *local = g_strdup_printf("%s.local", own),
                        *label = NULL;
        Endpoint e = endpoint(node, 1);

        (void) data;
        fake_avahi_set_host(local);
        new_group(f, &e, "192.0.2.1");
        announce(f, TTL_SEC);
        label = instance_label();
        g_assert_cmpuint(strlen(label), ==, 63);
        g_assert_cmpuint(record(AVAHI_DNS_TYPE_SRV).size, ==, 6 + 13 + 64 + 6 + 1);
}

/* A host name that leaves no room for another label. */
static void test_host_too_long(Fixture *f, gconstpointer data) {
        g_autofree char *label = g_strnfill(61, 'h'),
                        *host = g_strdup_printf("%s.%s.%s.%s", label, label, label, label);
        Endpoint e = endpoint("a@h1", 1);

        (void) data;
        fake_avahi_set_host(host);
        new_group(f, &e, "192.0.2.1");
        g_assert_cmpint(advert_group_announce(f->group, f->client, INTERFACE, TTL_SEC), ==,
                        AVAHI_ERR_INVALID_HOST_NAME);
        g_assert_false(advert_group_is_announced(f->group));
}

/* SRV, and the address that belongs to it, outlive PTR, however long that is: peers tell expiry
 * from goodbye by it. */
static void test_long_ttl(Fixture *f, gconstpointer data) {
        Endpoint e = endpoint("a@h1", 1);

        (void) data;
        new_group(f, &e, "192.0.2.1");
        announce(f, LIMIT_TTL_MAX);
        g_assert_cmpuint(record(AVAHI_DNS_TYPE_SRV).ttl, >, LIMIT_TTL_MAX);
        g_assert_cmpuint(record(AVAHI_DNS_TYPE_A).ttl, >, LIMIT_TTL_MAX);
}

/* An instance name is used once. */
static void test_again(Fixture *f, gconstpointer data) {
        g_autofree char *first = NULL, *second = NULL;
        Endpoint e = endpoint("a@h1", 1);

        (void) data;
        new_group(f, &e, NULL);
        g_assert_true(endpoint_equal(advert_group_endpoint(f->group), &e));
        announce(f, TTL_SEC);
        first = instance_label();
        advert_group_withdraw(f->group);
        g_assert_false(advert_group_is_announced(f->group));
        g_assert_cmpuint(fake_avahi_alive(FAKE_GROUP), ==, 0);
        advert_group_withdraw(f->group);
        announce(f, TTL_SEC);
        second = instance_label();
        g_assert_cmpstr(first, !=, second);
}

/* Avahi gave up: it is said in the log. */
static void test_given_up(Fixture *f, gconstpointer data) {
        Endpoint e = endpoint("a@h1", 1);

        (void) data;
        strcpy(e.cluster, "team");
        new_group(f, &e, NULL);
        announce(f, TTL_SEC);
        g_assert_cmpuint(f->changes, ==, 1);
        fake_avahi_emit_groups(AVAHI_ENTRY_GROUP_FAILURE, AVAHI_ERR_INVALID_RECORD);
        g_assert_cmpuint(log_count_about(LOG_WARNING, "a@h1", "team", "*gave up announcing a@h1*"),
                         ==, 1);
        g_assert_cmpuint(f->changes, ==, 2);
        g_assert_false(advert_group_is_established(f->group));
}

/* Refused: nothing is left. The connection broke: no call follows, and what there is goes with the
 * client, which may still tell of it before. */
static void test_errors(Fixture *f, gconstpointer data) {
        static const FakeCall calls[] = { FAKE_HOST_NAME, FAKE_GROUP_NEW, FAKE_GROUP_ADD,
                                          FAKE_GROUP_COMMIT };
        static const int errors[] = { AVAHI_ERR_NOT_PERMITTED, AVAHI_ERR_DBUS_ERROR,
                                      AVAHI_ERR_DISCONNECTED, AVAHI_ERR_TIMEOUT };
        Endpoint e = endpoint("a@h1", 1);

        (void) data;
        new_group(f, &e, "192.0.2.1");
        for (size_t i = 0; i < G_N_ELEMENTS(calls); i++)
                for (size_t j = 0; j < G_N_ELEMENTS(errors); j++) {
                        unsigned frees = fake_avahi_calls(FAKE_GROUP_FREE);
                        size_t alive = fake_avahi_alive(FAKE_GROUP);
                        bool lost = j > 0, made = calls[i] > FAKE_GROUP_NEW;

                        fake_avahi_fail(calls[i], errors[j]);
                        g_assert_cmpint(
                                advert_group_announce(f->group, f->client, INTERFACE, TTL_SEC), ==,
                                errors[j]);
                        fake_avahi_fail(calls[i], 0);
                        g_assert_false(advert_group_is_announced(f->group));
                        g_assert_cmpuint(fake_avahi_calls(FAKE_GROUP_FREE) - frees, ==,
                                         made && !lost);
                        g_assert_cmpuint(fake_avahi_alive(FAKE_GROUP) - alive, ==, made && lost);
                }
        avahi_client_free(f->client);
        set_up(f, NULL);
        announce(f, TTL_SEC);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
#define TEST(path, test) g_test_add("/advert-group/" path, Fixture, NULL, set_up, test, tear_down)
        TEST("records", test_records);
        TEST("bound", test_bound);
        TEST("bound6", test_bound6);
        TEST("longest-names", test_longest_names);
        TEST("host-too-long", test_host_too_long);
        TEST("long-ttl", test_long_ttl);
        TEST("again", test_again);
        TEST("given-up", test_given_up);
        TEST("errors", test_errors);
        return g_test_run();
}
