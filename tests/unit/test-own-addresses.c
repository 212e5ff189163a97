/* SPDX-License-Identifier: Apache-2.0 */
/* Which interface an address of this host is on, as avahi-daemon tells it and nobody else */

#include <avahi-common/defs.h>
#include <avahi-common/error.h>
#include <glib.h>

#include "core/limits.h"
#include "daemon/avahi/own-addresses.h"
#include "fake/fake-avahi.h"
#include "unit/util-event.h"

#define NOWHERE (-1)

typedef struct Fixture {
        unsigned changes;
        int error;
        AvahiClient *client;
        OwnAddresses *own;
} Fixture;

static void on_client(AvahiClient *client, AvahiClientState state, void *userdata) {
        (void) client, (void) state, (void) userdata;
}

static void on_changed(void *userdata, int error) {
        Fixture *f = userdata;

        f->changes++;
        f->error = error;
}

static void new_client(Fixture *f) {
        int error;

        f->client = avahi_client_new(NULL, AVAHI_CLIENT_NO_FAIL, on_client, NULL, &error);
        g_assert_nonnull(f->client);
}

static void set_up(Fixture *f, gconstpointer data) {
        (void) data;
        fake_avahi_reset();
        new_client(f);
        g_assert_cmpint(own_addresses_new(&f->own, on_changed, f), ==, 0);
}

static void tear_down(Fixture *f, gconstpointer data) {
        (void) data;
        own_addresses_stop(f->own);
        g_assert_cmpuint(fake_avahi_alive(FAKE_ADDRESSES), ==, 0);
        g_assert_null(own_addresses_free(f->own));
        g_assert_null(own_addresses_free(NULL));
        avahi_client_free(f->client);
        fake_avahi_reset();
}

static void watch(Fixture *f, Family family) {
        g_assert_cmpint(own_addresses_watch(f->own, f->client, family), ==, 0);
}

static void come(AvahiIfIndex interface, const char *address) {
        fake_avahi_emit_address(AVAHI_BROWSER_NEW, interface, address, AVAHI_LOOKUP_RESULT_LOCAL);
}

static void go(AvahiIfIndex interface, const char *address) {
        fake_avahi_emit_address(AVAHI_BROWSER_REMOVE, interface, address, 0);
}

static void is_on(Fixture *f, const char *text, AvahiIfIndex expected) {
        AvahiIfIndex interface = NOWHERE;
        Address address;

        g_assert_cmpint(address_parse(text, &address), ==, 0);
        g_assert_cmpint(own_addresses_find(f->own, &address, &interface), ==, expected != NOWHERE);
        g_assert_cmpint(interface, ==, expected);
}

/* Addresses of both families come and go, and each time it is told. */
static void test_follows(Fixture *f, gconstpointer data) {
        (void) data;
        watch(f, FAMILY_INET);
        watch(f, FAMILY_INET6);
        come(2, "192.0.2.1");
        come(3, "198.51.100.1");
        come(3, "fd01::1");
        is_on(f, "192.0.2.1", 2);
        is_on(f, "198.51.100.1", 3);
        is_on(f, "fd01::1", 3);
        is_on(f, "192.0.2.2", NOWHERE);
        is_on(f, "fd00::1", NOWHERE);
        g_assert_cmpuint(f->changes, ==, 3);
        go(2, "192.0.2.1");
        is_on(f, "192.0.2.1", NOWHERE);
        is_on(f, "198.51.100.1", 3);
        go(2, "192.0.2.1");
        come(4, "192.0.2.1");
        is_on(f, "192.0.2.1", 4);
        g_assert_cmpint(f->error, ==, 0);
}

/* One address on two interfaces: the one that it has come to last counts, whatever else comes and
 * goes. */
static void test_two_interfaces(Fixture *f, gconstpointer data) {
        (void) data;
        watch(f, FAMILY_INET);
        come(1, "192.0.2.9");
        come(2, "192.0.2.1");
        come(3, "192.0.2.1");
        is_on(f, "192.0.2.1", 3);
        come(2, "192.0.2.1");
        is_on(f, "192.0.2.1", 3);
        go(1, "192.0.2.9");
        is_on(f, "192.0.2.1", 3);
        go(3, "192.0.2.1");
        is_on(f, "192.0.2.1", 2);
        come(3, "192.0.2.1");
        go(2, "192.0.2.1");
        is_on(f, "192.0.2.1", 3);
}

/* Somebody on another link has the address as well, or claims our name: only what avahi-daemon
 * itself announces counts. */
static void test_others(Fixture *f, gconstpointer data) {
        (void) data;
        watch(f, FAMILY_INET);
        fake_avahi_emit_address(AVAHI_BROWSER_NEW, 3, "192.0.2.1", AVAHI_LOOKUP_RESULT_CACHED);
        is_on(f, "192.0.2.1", NOWHERE);
        come(2, "192.0.2.1");
        is_on(f, "192.0.2.1", 2);
        go(3, "192.0.2.1");
        is_on(f, "192.0.2.1", 2);
}

/* Each family is asked for once. That all is known is said for each. */
static void test_families(Fixture *f, gconstpointer data) {
        (void) data;
        watch(f, FAMILY_INET);
        watch(f, FAMILY_INET);
        g_assert_cmpuint(fake_avahi_alive(FAKE_ADDRESSES), ==, 1);
        fake_avahi_emit_addresses(AVAHI_BROWSER_CACHE_EXHAUSTED, AVAHI_PROTO_INET);
        g_assert_false(own_addresses_are_known(f->own, FAMILY_INET));
        g_assert_cmpuint(f->changes, ==, 0);
        fake_avahi_emit_addresses(AVAHI_BROWSER_ALL_FOR_NOW, AVAHI_PROTO_INET);
        g_assert_true(own_addresses_are_known(f->own, FAMILY_INET));
        g_assert_false(own_addresses_are_known(f->own, FAMILY_INET6));
        g_assert_cmpuint(f->changes, ==, 1);
        watch(f, FAMILY_INET6);
        fake_avahi_emit_addresses(AVAHI_BROWSER_ALL_FOR_NOW, AVAHI_PROTO_INET6);
        g_assert_true(own_addresses_are_known(f->own, FAMILY_INET6));
}

/* What was known of one client is not taken for what the next one knows. */
static void test_again(Fixture *f, gconstpointer data) {
        (void) data;
        watch(f, FAMILY_INET);
        come(2, "192.0.2.1");
        fake_avahi_emit_addresses(AVAHI_BROWSER_ALL_FOR_NOW, AVAHI_PROTO_INET);
        own_addresses_stop(f->own);
        g_assert_cmpuint(fake_avahi_alive(FAKE_ADDRESSES), ==, 0);
        is_on(f, "192.0.2.1", NOWHERE);
        g_assert_false(own_addresses_are_known(f->own, FAMILY_INET));
        fake_avahi_set_host("h9.local");
        watch(f, FAMILY_INET);
        come(3, "192.0.2.1");
        is_on(f, "192.0.2.1", 3);

        avahi_client_free(f->client);
        own_addresses_forget(f->own);
        new_client(f);
        is_on(f, "192.0.2.1", NOWHERE);
        watch(f, FAMILY_INET);
        come(2, "192.0.2.1");
        is_on(f, "192.0.2.1", 2);
}

/* No more than the limit is remembered, and those that are stay. */
static void test_limit(Fixture *f, gconstpointer data) {
        (void) data;
        watch(f, FAMILY_INET);
        for (int i = 0; i < LIMIT_OWN_ADDRESSES; i++) {
                g_autofree char *address = g_strdup_printf("10.0.%d.%d", i / 256, i % 256);

                come(2, address);
        }
        come(2, "10.1.0.0");
        is_on(f, "10.1.0.0", NOWHERE);
        is_on(f, "10.0.0.0", 2);
        go(2, "10.0.0.5");
        come(2, "10.1.0.0");
        is_on(f, "10.1.0.0", 2);
        is_on(f, "10.0.0.5", NOWHERE);
}

/* The list has each address once, and none that OTP can't use. */
static void test_list(Fixture *f, gconstpointer data) {
        Address addresses[LIMIT_OWN_ADDRESSES];
        char text[ADDRESS_TEXT_SIZE];

        (void) data;
        g_assert_cmpuint(own_addresses_list(f->own, addresses), ==, 0);
        watch(f, FAMILY_INET);
        watch(f, FAMILY_INET6);
        come(2, "192.0.2.1");
        come(2, "fe80::1");
        come(3, "192.0.2.1");
        come(3, "fd01::1");
        g_assert_cmpuint(own_addresses_list(f->own, addresses), ==, 2);
        g_assert_cmpstr(address_format(&addresses[0], text), ==, "192.0.2.1");
        g_assert_cmpstr(address_format(&addresses[1], text), ==, "fd01::1");
        go(2, "192.0.2.1");
        g_assert_cmpuint(own_addresses_list(f->own, addresses), ==, 2);
        go(3, "192.0.2.1");
        g_assert_cmpuint(own_addresses_list(f->own, addresses), ==, 1);
}

static void test_errors(Fixture *f, gconstpointer data) {
        (void) data;
        fake_avahi_fail(FAKE_ADDRESSES_NEW, AVAHI_ERR_TOO_MANY_OBJECTS);
        g_assert_cmpint(own_addresses_watch(f->own, f->client, FAMILY_INET), ==,
                        AVAHI_ERR_TOO_MANY_OBJECTS);
        fake_avahi_fail(FAKE_ADDRESSES_NEW, 0);
        fake_avahi_fail(FAKE_HOST_NAME, AVAHI_ERR_DBUS_ERROR);
        g_assert_cmpint(own_addresses_watch(f->own, f->client, FAMILY_INET), ==,
                        AVAHI_ERR_DBUS_ERROR);
        fake_avahi_fail(FAKE_HOST_NAME, 0);
        watch(f, FAMILY_INET);
        come(2, "192.0.2.1");
        is_on(f, "192.0.2.1", 2);
        fake_avahi_emit_addresses(AVAHI_BROWSER_FAILURE, AVAHI_PROTO_INET);
        g_assert_cmpint(f->error, ==, AVAHI_ERR_DBUS_ERROR);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
#define TEST(path, test) g_test_add("/own-addresses/" path, Fixture, NULL, set_up, test, tear_down)
        TEST("follows", test_follows);
        TEST("two-interfaces", test_two_interfaces);
        TEST("others", test_others);
        TEST("families", test_families);
        TEST("again", test_again);
        TEST("limit", test_limit);
        TEST("list", test_list);
        TEST("errors", test_errors);
        return g_test_run();
}
