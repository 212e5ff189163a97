/* SPDX-License-Identifier: Apache-2.0 */
/* Where an endpoint is announced that is bound to one address: where the address is */

#include <avahi-common/defs.h>
#include <avahi-common/error.h>
#include <glib.h>

#include "daemon/avahi/advert-place.h"
#include "fake/fake-avahi.h"
#include "fake/fake-timer.h"
#include "unit/util-event.h"

#define UNTOUCHED 77

typedef struct Fixture {
        AvahiClient *client;
        OwnAddresses *own;
        PublisherLog *log;
        Advert advert;
} Fixture;

static void on_client(AvahiClient *client, AvahiClientState state, void *userdata) {
        (void) client, (void) state, (void) userdata;
}

static void on_addresses(void *userdata, int error) {
        (void) userdata, (void) error;
}

static void on_group(void *userdata) {
        (void) userdata;
}

static void set_up(Fixture *f, gconstpointer data) {
        const char *bound = data;
        Endpoint endpoint = { .node = "a@h1", .port = 1 };
        Address address = {};
        int error;

        log_capture();
        fake_avahi_reset();
        fake_timer_reset();
        f->client = avahi_client_new(NULL, AVAHI_CLIENT_NO_FAIL, on_client, NULL, &error);
        g_assert_nonnull(f->client);
        g_assert_cmpint(own_addresses_new(&f->own, on_addresses, NULL), ==, 0);
        g_assert_cmpint(publisher_log_new(&f->log, NULL), ==, 0);
        if (bound)
                g_assert_cmpint(address_parse(bound, &address), ==, 0);
        f->advert = (Advert){ .group = NULL };
        g_assert_cmpint(advert_group_new(&f->advert.group, &endpoint, bound ? &address : NULL,
                                         on_group, NULL),
                        ==, 0);
}

static void tear_down(Fixture *f, gconstpointer data) {
        (void) data;
        advert_group_withdraw(f->advert.group);
        advert_group_free(f->advert.group);
        own_addresses_stop(f->own);
        own_addresses_free(f->own);
        publisher_log_free(f->log);
        avahi_client_free(f->client);
        fake_avahi_reset();
}

static void come(AvahiIfIndex interface, const char *address) {
        fake_avahi_emit_address(AVAHI_BROWSER_NEW, interface, address, AVAHI_LOOKUP_RESULT_LOCAL);
}

static void go(AvahiIfIndex interface, const char *address) {
        fake_avahi_emit_address(AVAHI_BROWSER_REMOVE, interface, address, 0);
}

static void place(Fixture *f, int r, AvahiIfIndex interface) {
        AvahiIfIndex found = UNTOUCHED;

        g_assert_cmpint(advert_place_find(&f->advert, f->own, f->client, f->log, &found), ==, r);
        g_assert_cmpint(found, ==, interface);
}

static void announce(Fixture *f, AvahiIfIndex interface) {
        g_assert_cmpint(advert_group_announce(f->advert.group, f->client, interface, 30), ==, 0);
        fake_avahi_dispatch();
}

static void is_wrong(Fixture *f, bool wrong) {
        g_assert_cmpint(advert_place_is_wrong(f->advert.group, f->own), ==, wrong);
}

/* An advert that is not bound goes to all interfaces, and no addresses are watched for it. */
static void test_not_bound(Fixture *f, gconstpointer data) {
        (void) data;
        place(f, 0, AVAHI_IF_UNSPEC);
        announce(f, AVAHI_IF_UNSPEC);
        is_wrong(f, false);
        g_assert_cmpuint(fake_avahi_calls(FAKE_ADDRESSES_NEW), ==, 0);
        g_assert_cmpuint(log_count("*"), ==, 0);
}

/* A missing address is logged once, after the initial enumeration, and again after it has been
 * there. */
static void test_absent(Fixture *f, gconstpointer data) {
        (void) data;
        place(f, ADVERT_PLACE_E_ABSENT, AVAHI_IF_UNSPEC);
        come(3, "192.0.2.2");
        place(f, ADVERT_PLACE_E_ABSENT, AVAHI_IF_UNSPEC);
        g_assert_cmpuint(log_count("*"), ==, 0);
        fake_avahi_emit_addresses(AVAHI_BROWSER_ALL_FOR_NOW, AVAHI_PROTO_INET);
        for (unsigned i = 1; i <= 2; i++) {
                for (int n = 0; n < 3; n++)
                        place(f, ADVERT_PLACE_E_ABSENT, AVAHI_IF_UNSPEC);
                g_assert_cmpuint(log_count("a@h1 is bound to 192.0.2.1,*"), ==, i);
                come(2, "192.0.2.1");
                place(f, 0, 2);
                go(2, "192.0.2.1");
        }
        g_assert_cmpuint(log_count("*"), ==, 2);
}

/* An advert is wrong on any interface but that of its address; one that is not announced never
 * is. */
static void test_wrong(Fixture *f, gconstpointer data) {
        (void) data;
        place(f, ADVERT_PLACE_E_ABSENT, AVAHI_IF_UNSPEC);
        is_wrong(f, false);
        come(2, "192.0.2.1");
        is_wrong(f, false);
        announce(f, 2);
        is_wrong(f, false);
        come(3, "192.0.2.1");
        is_wrong(f, true);
        place(f, 0, 3);
        go(3, "192.0.2.1");
        is_wrong(f, false);
        go(2, "192.0.2.1");
        is_wrong(f, true);
        advert_group_withdraw(f->advert.group);
        is_wrong(f, false);
}

/* An error is returned, and not taken for a missing address. */
static void test_error(Fixture *f, gconstpointer data) {
        (void) data;
        fake_avahi_fail(FAKE_ADDRESSES_NEW, AVAHI_ERR_DBUS_ERROR);
        place(f, AVAHI_ERR_DBUS_ERROR, AVAHI_IF_UNSPEC);
        g_assert_cmpuint(log_count("*"), ==, 0);
        g_assert_false(f->advert.absence_logged);
        fake_avahi_fail(FAKE_ADDRESSES_NEW, 0);
        place(f, ADVERT_PLACE_E_ABSENT, AVAHI_IF_UNSPEC);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
#define TEST(path, bound, test)                                                                    \
        g_test_add("/advert-place/" path, Fixture, bound, set_up, test, tear_down)
        TEST("not-bound", NULL, test_not_bound);
        TEST("absent", "192.0.2.1", test_absent);
        TEST("wrong", "192.0.2.1", test_wrong);
        TEST("error", "192.0.2.1", test_error);
        return g_test_run();
}
