/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes that are bound to one address: they are announced where it is, and with nothing else */

#include <avahi-common/defs.h>
#include <avahi-common/error.h>
#include <glib.h>

#include "core/limits.h"
#include "fake/fake-timer.h"
#include "unit/util-event.h"
#include "unit/util-publisher.h"

static void publish_bound(Fixture *f, const char *node, const char *address) {
        Endpoint e = endpoint(node, 1);
        Address bound;

        g_assert_cmpint(address_parse(address, &bound), ==, 0);
        e.family = bound.family;
        g_assert_cmpint(publisher_publish(f->publisher, &e, &bound), ==, 0);
        fake_avahi_dispatch();
}

/* avahi-daemon has an address on an interface. */
static void come(AvahiIfIndex interface, const char *address) {
        fake_avahi_emit_address(AVAHI_BROWSER_NEW, interface, address, AVAHI_LOOKUP_RESULT_LOCAL);
        fake_avahi_dispatch();
}

/* After this a change may be announced. */
static void pass_interval(void) {
        fake_timer_pass(LIMIT_ANNOUNCE_SEC * 1000);
        fake_avahi_dispatch();
}

static void go(AvahiIfIndex interface, const char *address) {
        fake_avahi_emit_address(AVAHI_BROWSER_REMOVE, interface, address, 0);
        fake_avahi_dispatch();
}

/* The interfaces that adverts are announced on, in the order of the groups: "2 3", where "all"
 * stands for all. */
static void announced_on(const char *expected) {
        g_autoptr(GString) on = g_string_new(NULL);
        FakeRecord record;

        for (size_t i = 0; fake_avahi_records(AVAHI_DNS_TYPE_SRV, i, &record) > i; i++)
                if (record.interface == AVAHI_IF_UNSPEC)
                        g_string_append_printf(on, "%sall", on->len ? " " : "");
                else
                        g_string_append_printf(on, "%s%d", on->len ? " " : "", record.interface);
        g_assert_cmpstr(on->str, ==, expected);
}

/* It waits until avahi-daemon tells where the address is, and follows it from there to elsewhere.
 * Others are not touched. */
static void test_bound(Fixture *f, gconstpointer data) {
        g_autofree char *first = NULL, *second = NULL;

        (void) data;
        publisher_start(f->publisher, f->client);
        publish(f, "all@h1", 1);
        g_assert_cmpuint(fake_avahi_alive(FAKE_ADDRESSES), ==, 0);
        publish_bound(f, "b@h1", "192.0.2.1");
        g_assert_cmpuint(fake_avahi_alive(FAKE_ADDRESSES), ==, 1);
        announced_on("all");
        come(3, "198.51.100.1");
        announced_on("all");
        come(2, "192.0.2.1");
        announced_on("all 2");
        g_assert_cmpuint(f->adverts, ==, 2);
        first = label(1);

        come(3, "192.0.2.1");
        announced_on("all 3");
        go(2, "192.0.2.1");
        announced_on("all 3");
        second = label(1);
        g_assert_cmpstr(first, !=, second);
        go(3, "192.0.2.1");
        announced_on("all");
        g_assert_cmpuint(f->adverts, ==, 1);
        come(4, "192.0.2.1");
        announced_on("all 4");
        withdraw(f, "b@h1");
        announced_on("all");
}

/* Where addresses are is asked once for all nodes of a family, and then known at once. */
static void test_bound_together(Fixture *f, gconstpointer data) {
        Endpoint six = endpoint("b@h1", 0);

        (void) data;
        publisher_start(f->publisher, f->client);
        publish_bound(f, "a@h1", "192.0.2.1");
        come(2, "192.0.2.1");
        come(3, "192.0.2.2");
        publish_bound(f, "b@h1", "192.0.2.1");
        publish_bound(f, "c@h1", "192.0.2.2");
        g_assert_cmpuint(n_announced(), ==, 3);
        g_assert_cmpuint(fake_avahi_alive(FAKE_ADDRESSES), ==, 1);
        publish_bound(f, "b@h1", "fd00::1");
        g_assert_cmpuint(n_announced(), ==, 3);
        g_assert_cmpuint(fake_avahi_alive(FAKE_ADDRESSES), ==, 2);
        come(2, "fd00::1");
        g_assert_cmpuint(n_announced(), ==, 4);
        six.family = FAMILY_INET6;
        publisher_withdraw(f->publisher, &six);
        g_assert_cmpuint(n_announced(), ==, 3);
        g_assert_cmpuint(fake_avahi_records(AVAHI_DNS_TYPE_AAAA, 0, NULL), ==, 0);
}

/* What a node is bound to is part of what is announced: another address, or none, is a new advert;
 * the same is not. */
static void test_rebound(Fixture *f, gconstpointer data) {
        g_autofree char *first = NULL, *second = NULL;

        (void) data;
        publisher_start(f->publisher, f->client);
        publish_bound(f, "a@h1", "192.0.2.1");
        come(2, "192.0.2.1");
        come(3, "192.0.2.2");
        first = label(0);
        publish_bound(f, "a@h1", "192.0.2.1");
        second = label(0);
        g_assert_cmpstr(first, ==, second);
        pass_interval();
        publish_bound(f, "a@h1", "192.0.2.2");
        announced_on("3");
        pass_interval();
        publish(f, "a@h1", 1);
        announced_on("all");
        pass_interval();
        publish_bound(f, "a@h1", "192.0.2.1");
        announced_on("2");
        pass_interval();
        publish_bound(f, "a@h1", "192.0.2.9");
        announced_on("");
        g_assert_cmpuint(f->adverts, ==, 0);
}

/* Two changes within a second: what was announced before stays, but only where its address is. */
static void test_rebound_at_once(Fixture *f, gconstpointer data) {
        (void) data;
        publisher_start(f->publisher, f->client);
        publish_bound(f, "a@h1", "192.0.2.1");
        come(2, "192.0.2.1");
        come(3, "192.0.2.2");
        publish_bound(f, "a@h1", "192.0.2.2");
        announced_on("2");
        go(2, "192.0.2.1");
        announced_on("");
        g_assert_cmpuint(f->adverts, ==, 0);
        pass_interval();
        announced_on("3");
        g_assert_cmpuint(f->adverts, ==, 1);
}

/* An address that is nowhere is said once, when avahi-daemon has had time to tell, and again when
 * it has been there and has gone. */
static void test_absent(Fixture *f, gconstpointer data) {
        (void) data;
        publisher_start(f->publisher, f->client);
        publish_bound(f, "a@h1", "192.0.2.1");
        come(2, "192.0.2.7");
        g_assert_cmpuint(log_count("*"), ==, 0);
        fake_avahi_emit_addresses(AVAHI_BROWSER_ALL_FOR_NOW, AVAHI_PROTO_INET);
        g_assert_cmpuint(log_count("*a@h1 is bound to 192.0.2.1, which is on no interface*"), ==,
                         1);
        go(2, "192.0.2.7");
        g_assert_cmpuint(log_count("*"), ==, 1);
        publish_bound(f, "b@h1", "192.0.2.2");
        g_assert_cmpuint(log_count("*b@h1 is bound to 192.0.2.2*"), ==, 1);
        come(2, "192.0.2.1");
        g_assert_cmpuint(log_count("*"), ==, 2);
        g_assert_cmpuint(f->adverts, ==, 1);
        go(2, "192.0.2.1");
        g_assert_cmpuint(log_count("*a@h1 is bound to 192.0.2.1*"), ==, 2);
}

/* One user may cause as many such lines as there are registrations in a loop: only so many are
 * written, and those left out are counted. */
static void test_absent_again_and_again(Fixture *f, gconstpointer data) {
        (void) data;
        publisher_start(f->publisher, f->client);
        publish_bound(f, "a@h1", "192.0.2.1");
        fake_avahi_emit_addresses(AVAHI_BROWSER_ALL_FOR_NOW, AVAHI_PROTO_INET);
        for (unsigned i = 1; i < 1000; i++) {
                withdraw(f, "a@h1");
                publish_bound(f, "a@h1", "192.0.2.1");
        }
        g_assert_cmpuint(log_count("*is bound to*"), ==, LIMIT_LOG_ABSENCES);
        g_assert_cmpuint(log_count("*"), ==, LIMIT_LOG_ABSENCES);
        fake_timer_pass(LIMIT_LOG_WINDOW_SEC * 1000);
        g_assert_cmpuint(log_count("*: 980 lines about them left out"), ==, 1);
        g_assert_cmpuint(LIMIT_LOG_ABSENCES, ==, 20);
        fake_timer_pass(LIMIT_LOG_WINDOW_SEC * 1000);
        g_assert_cmpuint(log_count("*"), ==, LIMIT_LOG_ABSENCES + 1);
        publish_bound(f, "b@h1", "192.0.2.1");
        g_assert_cmpuint(log_count("*b@h1 is bound to*"), ==, 1);
}

/* Each client finds out anew; the host's name, by which addresses are asked for, may be another. */
static void test_bound_restart(Fixture *f, gconstpointer data) {
        (void) data;
        publish_bound(f, "a@h1", "192.0.2.1");
        publisher_start(f->publisher, f->client);
        come(2, "192.0.2.1");
        publisher_stop(f->publisher);
        g_assert_cmpuint(fake_avahi_alive(FAKE_ADDRESSES), ==, 0);
        fake_avahi_set_host("h9.local");
        publisher_start(f->publisher, f->client);
        announced_on("");
        come(3, "192.0.2.1");
        announced_on("3");

        avahi_client_free(f->client);
        publisher_forget(f->publisher);
        new_client(f);
        publisher_start(f->publisher, f->client);
        announced_on("");
        come(2, "192.0.2.1");
        announced_on("2");
}

/* --- Failures --- */

/* The connection breaks when it asks for addresses, or in the midst of announcing what has one now:
 * there is no further call until the owner has made a new one. */
static void test_broken_addresses(Fixture *f, gconstpointer data) {
        static const struct {
                FakeCall call;
                bool later; /* not when it begins, but when the address comes */
        } table[] = { { FAKE_ADDRESSES_NEW, false }, { FAKE_GROUP_NEW, true } };

        (void) data;
        publish_bound(f, "a@h1", "192.0.2.1");
        publish_bound(f, "b@h1", "192.0.2.1");
        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                unsigned calls = fake_avahi_calls(table[i].call);

                f->failures = 0;
                fake_avahi_fail(table[i].call, AVAHI_ERR_DBUS_ERROR);
                publisher_start(f->publisher, f->client);
                g_assert_cmpuint(f->failures, ==, !table[i].later);
                come(2, "192.0.2.1");
                come(2, "192.0.2.2");
                go(2, "192.0.2.1");
                g_assert_cmpuint(f->failures, ==, 1);
                g_assert_cmpuint(fake_avahi_calls(table[i].call), ==, calls + 1);

                fake_avahi_fail(table[i].call, 0);
                avahi_client_free(f->client);
                publisher_forget(f->publisher);
                new_client(f);
        }

        publisher_start(f->publisher, f->client);
        fake_avahi_emit_addresses(AVAHI_BROWSER_FAILURE, AVAHI_PROTO_INET);
        g_assert_cmpuint(f->failures, ==, 2);
        come(2, "192.0.2.1");
        announced_on("");
        avahi_client_free(f->client);
        publisher_forget(f->publisher);
        new_client(f);
        publisher_start(f->publisher, f->client);
        come(2, "192.0.2.1");
        announced_on("2 2");
}

/* No room to ask for addresses: such a node waits, the others are announced. */
static void test_no_room_for_addresses(Fixture *f, gconstpointer data) {
        (void) data;
        publisher_start(f->publisher, f->client);
        publish(f, "a@h1", 1);
        fake_avahi_set_max_objects(2);
        publish_bound(f, "b@h1", "192.0.2.1");
        g_assert_cmpuint(f->failures, ==, 0);
        g_assert_cmpuint(log_count_about(LOG_WARNING, "b@h1", "", "*b@h1*Too many objects*"), ==,
                         1);
        fake_avahi_set_max_objects(9);
        publish(f, "c@h1", 1);
        withdraw(f, "c@h1");
        come(2, "192.0.2.1");
        announced_on("all 2");
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
#define TEST(path, test)                                                                           \
        g_test_add("/publisher/bound/" path, Fixture, NULL, set_up, test, tear_down)
        TEST("follows-the-address", test_bound);
        TEST("together", test_bound_together);
        TEST("rebound", test_rebound);
        TEST("rebound-at-once", test_rebound_at_once);
        TEST("absent", test_absent);
        TEST("absent-again-and-again", test_absent_again_and_again);
        TEST("restart", test_bound_restart);
        TEST("broken-addresses", test_broken_addresses);
        TEST("no-room-for-addresses", test_no_room_for_addresses);
        return g_test_run();
}
