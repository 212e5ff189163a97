/* SPDX-License-Identifier: Apache-2.0 */
/* Whether this host has got other addresses: what changes is told, what is only listed is not */

#include <avahi-common/defs.h>
#include <avahi-common/error.h>
#include <glib.h>

#include "daemon/avahi/readdressing.h"
#include "fake/fake-avahi.h"
#include "fake/fake-timer.h"
#include "unit/util-event.h"

/* More than the time in which the records of one change come together. */
#define SETTLED_MSEC 1000

typedef struct Fixture {
        unsigned told, failures;
        AvahiSink sink;
        AvahiClient *client;
        Readdressing *readdressing;
} Fixture;

static void post(void *userdata, const LanMessage *message) {
        Fixture *f = userdata;

        g_assert_cmpint(message->type, ==, LAN_READDRESSED);
        f->told++;
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

static void start(Fixture *f) {
        int error;

        f->client = avahi_client_new(NULL, AVAHI_CLIENT_NO_FAIL, on_client, NULL, &error);
        g_assert_nonnull(f->client);
        readdressing_start(f->readdressing, f->client);
}

static void forget(Fixture *f) {
        avahi_client_free(f->client);
        readdressing_forget(f->readdressing);
}

static void set_up(Fixture *f, gconstpointer data) {
        (void) data;
        log_capture();
        fake_avahi_reset();
        fake_timer_reset();
        f->sink = (AvahiSink){ .post = post, .fail = fail, .userdata = f };
        g_assert_cmpint(readdressing_new(&f->readdressing, &f->sink), ==, 0);
        start(f);
}

static void tear_down(Fixture *f, gconstpointer data) {
        (void) data;
        forget(f);
        g_assert_null(readdressing_free(f->readdressing));
        g_assert_null(readdressing_free(NULL));
        fake_avahi_reset();
}

static void come(AvahiIfIndex interface, const char *address) {
        fake_avahi_emit_address(AVAHI_BROWSER_NEW, interface, address, AVAHI_LOOKUP_RESULT_LOCAL);
}

static void go(AvahiIfIndex interface, const char *address) {
        fake_avahi_emit_address(AVAHI_BROWSER_REMOVE, interface, address, 0);
}

static void complete(AvahiProtocol protocol) {
        fake_avahi_emit_addresses(AVAHI_BROWSER_ALL_FOR_NOW, protocol);
}

/* What a new client lists: slowly, and both families one after the other. */
static void list(const char *address) {
        come(2, address);
        fake_timer_pass(SETTLED_MSEC);
        complete(AVAHI_PROTO_INET);
        fake_timer_pass(SETTLED_MSEC);
        come(2, "fd00::1");
        fake_timer_pass(SETTLED_MSEC);
        complete(AVAHI_PROTO_INET6);
        fake_timer_pass(SETTLED_MSEC);
}

static void is_told(Fixture *f, unsigned times) {
        fake_timer_pass(SETTLED_MSEC);
        g_assert_cmpuint(f->told, ==, times);
}

/* The beginning is no change; each change is told once, whatever its records are. */
static void test_changes(Fixture *f, gconstpointer data) {
        (void) data;
        list("192.0.2.1");
        is_told(f, 0);
        go(2, "192.0.2.1");
        come(2, "192.0.2.101");
        is_told(f, 1);
        come(2, "fd00::101");
        is_told(f, 2);
        go(2, "fd00::1");
        is_told(f, 3);
        go(2, "192.0.2.101");
        is_told(f, 4);
        is_told(f, 4);
}

/* What makes no difference to connections is not told. */
static void test_same(Fixture *f, gconstpointer data) {
        (void) data;
        list("192.0.2.1");
        /* Gone and back, as when the address is announced anew. */
        go(2, "192.0.2.1");
        come(2, "192.0.2.1");
        is_told(f, 0);
        /* On another interface, too, and then only there. */
        come(3, "192.0.2.1");
        is_told(f, 0);
        go(2, "192.0.2.1");
        is_told(f, 0);
        /* OTP uses none of these. */
        come(2, "fe80::1");
        is_told(f, 0);
        go(2, "fe80::1");
        is_told(f, 0);
}

/* An address that comes and goes for ever keeps nobody in the dark. */
static void test_flapping(Fixture *f, gconstpointer data) {
        (void) data;
        list("192.0.2.1");
        for (int i = 0; i < 20; i++) {
                come(2, "192.0.2.9");
                fake_timer_pass(SETTLED_MSEC / 10);
                go(2, "192.0.2.9");
        }
        come(2, "192.0.2.9");
        is_told(f, 1);
}

/* A new client lists what there is; that tells only what has changed since the last one. */
static void test_clients(Fixture *f, gconstpointer data) {
        (void) data;
        list("192.0.2.1");
        forget(f);
        start(f);
        list("192.0.2.1");
        is_told(f, 0);
        forget(f);
        start(f);
        list("192.0.2.2");
        is_told(f, 1);
}

/* The host gets another name: its addresses are those of another record, and the same. */
static void test_renamed(Fixture *f, gconstpointer data) {
        (void) data;
        list("192.0.2.1");
        come(2, "192.0.2.9");
        readdressing_stop(f->readdressing);
        readdressing_stop(f->readdressing);
        is_told(f, 0);
        g_assert_cmpuint(fake_avahi_alive(FAKE_ADDRESSES), ==, 0);
        readdressing_start(f->readdressing, f->client);
        list("192.0.2.1");
        is_told(f, 0);
}

static void test_errors(Fixture *f, gconstpointer data) {
        (void) data;
        list("192.0.2.1");
        fake_avahi_emit_addresses(AVAHI_BROWSER_FAILURE, AVAHI_PROTO_INET);
        g_assert_cmpuint(f->failures, ==, 1);
        /* Nothing of a client that has failed counts. */
        come(2, "192.0.2.9");
        is_told(f, 0);
        forget(f);
        fake_avahi_fail(FAKE_ADDRESSES_NEW, AVAHI_ERR_DBUS_ERROR);
        start(f);
        g_assert_cmpuint(f->failures, ==, 2);
        forget(f);
        /* No room: the connection is good for all else. */
        fake_avahi_fail(FAKE_ADDRESSES_NEW, AVAHI_ERR_TOO_MANY_OBJECTS);
        start(f);
        g_assert_cmpuint(f->failures, ==, 2);
        fake_avahi_fail(FAKE_ADDRESSES_NEW, 0);
        readdressing_abandon(f->readdressing);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
#define TEST(path, test) g_test_add("/readdressing/" path, Fixture, NULL, set_up, test, tear_down)
        TEST("changes", test_changes);
        TEST("same", test_same);
        TEST("flapping", test_flapping);
        TEST("clients", test_clients);
        TEST("renamed", test_renamed);
        TEST("errors", test_errors);
        return g_test_run();
}
