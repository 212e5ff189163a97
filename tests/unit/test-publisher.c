/* SPDX-License-Identifier: Apache-2.0 */
/* What is announced on the LAN, for how long, and what happens if Avahi does not let us */

#include <avahi-common/defs.h>
#include <avahi-common/error.h>
#include <glib.h>
#include <string.h>

#include "core/limits.h"
#include "daemon/avahi/avahi-timer.h"
#include "fake/fake-timer.h"
#include "unit/util-event.h"
#include "unit/util-publisher.h"

/* After this a change may be announced. */
static void pass_interval(void) {
        fake_timer_pass(LIMIT_ANNOUNCE_SEC * 1000);
        fake_avahi_dispatch();
}

static void assert_data(const FakeRecord *record, size_t from, const void *data, size_t size) {
        g_assert_cmpuint(record->size, ==, from + size);
        g_assert_true(memcmp(record->data + from, data, size) == 0);
}

/* Who looks for types of services finds ours (RFC 6763 section 9). It is announced once, with the
 * first node, and not at all without one. */
static void test_type(Fixture *f, gconstpointer data) {
        static const char type[] = "\x0C_erlang-dist\x04_tcp\x05local";
        FakeRecord record;

        (void) data;
        publisher_start(f->publisher, f->client);
        g_assert_cmpuint(fake_avahi_alive(FAKE_GROUP), ==, 0);
        publish(f, "a@h1", 1);
        publish(f, "b@h1", 1);
        g_assert_cmpuint(fake_avahi_records(AVAHI_DNS_TYPE_PTR, 0, NULL), ==, 3);
        (void) fake_avahi_records(AVAHI_DNS_TYPE_PTR, 1, &record);
        g_assert_cmpstr(record.name, ==, "_services._dns-sd._udp.local");
        g_assert_cmpuint(record.ttl, ==, 4500);
        assert_data(&record, 0, type, sizeof(type));
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
        pass_interval();
        publish(f, "a@h1", 2);
        third = label(0);
        g_assert_cmpstr(third, !=, first);
        g_assert_cmpuint(n_announced(), ==, 1);
        g_assert_cmpuint(f->adverts, ==, 1);
        withdraw(f, "a@h1");
        g_assert_cmpuint(n_announced(), ==, 0);
        g_assert_cmpuint(f->adverts, ==, 0);
        pass_interval();
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
        g_assert_cmpint(publisher_publish(f->publisher, &six, NULL), ==, 0);
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

/* Avahi gave up on a group: it is said in the log, and not counted. A change of it is announced,
 * and the failed one is taken back. */
static void test_group_failure(Fixture *f, gconstpointer data) {
        (void) data;
        publisher_start(f->publisher, f->client);
        publish(f, "a@h1", 1);
        fake_avahi_emit_groups(AVAHI_ENTRY_GROUP_FAILURE, AVAHI_ERR_INVALID_RECORD);
        g_assert_cmpuint(log_count("*gave up announcing a@h1*"), ==, 1);
        g_assert_cmpuint(f->adverts, ==, 0);
        publish(f, "a@h1", 2);
        pass_interval();
        g_assert_cmpuint(f->adverts, ==, 1);
        g_assert_cmpuint(n_announced(), ==, 1);
}

/* What Avahi gave up, or says has collided, is announced again, with another name; less and less
 * often while that is in vain, and so is it said in the log. */
static void test_given_up(Fixture *f, gconstpointer data) {
        static const AvahiEntryGroupState states[] = { AVAHI_ENTRY_GROUP_FAILURE,
                                                       AVAHI_ENTRY_GROUP_COLLISION };

        (void) data;
        for (size_t i = 0; i < G_N_ELEMENTS(states); i++) {
                g_autofree char *first = NULL, *second = NULL;
                unsigned calls;

                publisher_start(f->publisher, f->client);
                publish(f, "a@h1", 1);
                publish(f, "b@h1", 1);
                first = label(0);
                fake_avahi_emit_groups(states[i], AVAHI_ERR_INVALID_RECORD);
                g_assert_cmpuint(f->adverts, ==, 0);
                fake_timer_pass(1000);
                fake_avahi_dispatch();
                second = label(0);
                g_assert_cmpstr(first, !=, second);
                g_assert_cmpuint(n_announced(), ==, 2);
                g_assert_cmpuint(f->adverts, ==, 2);
                fake_timer_pass(100 * 1000);

                calls = fake_avahi_calls(FAKE_GROUP_NEW);
                for (unsigned sec = 0; sec < 600; sec++) {
                        fake_avahi_emit_groups(states[i], AVAHI_ERR_INVALID_RECORD);
                        fake_timer_pass(1000);
                }
                calls = fake_avahi_calls(FAKE_GROUP_NEW) - calls;
                g_assert_cmpuint(calls, >=, 2 * 10);
                g_assert_cmpuint(calls, <=, 2 * 20);
                fake_timer_pass(60 * 1000);
                fake_avahi_dispatch();
                g_assert_cmpuint(f->adverts, ==, 2);
                g_assert_cmpuint(log_count("*gave up announcing a@h1*"), <=, 20 * (i + 1));
                publisher_stop(f->publisher);
        }
        g_assert_cmpuint(log_count("*gave up announcing a@h1: Local name collision*"), >=, 2);
}

/* --- What is tried again --- */

/* What Avahi has refused, for whatever reason, is tried until it is taken, and more often at first
 * than later. It needs nobody to stop and start. */
static void test_refused(Fixture *f, gconstpointer data) {
        static const struct {
                FakeCall call;
                int error;
        } table[] = {
                { FAKE_GROUP_NEW, AVAHI_ERR_TOO_MANY_OBJECTS },
                { FAKE_GROUP_NEW, AVAHI_ERR_NOT_PERMITTED },
                { FAKE_GROUP_ADD, AVAHI_ERR_TOO_MANY_ENTRIES },
                { FAKE_GROUP_COMMIT, AVAHI_ERR_NOT_PERMITTED },
        };

        (void) data;
        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                unsigned calls;

                fake_avahi_fail(table[i].call, table[i].error);
                publisher_start(f->publisher, f->client);
                publish(f, "a@h1", 1);
                calls = fake_avahi_calls(table[i].call);
                fake_timer_pass(60 * 1000);
                calls = fake_avahi_calls(table[i].call) - calls;
                g_assert_cmpuint(calls, >=, 5);
                g_assert_cmpuint(calls, <=, 6);
                g_assert_cmpuint(n_announced(), ==, 0);
                fake_avahi_fail(table[i].call, 0);
                fake_timer_pass(60 * 1000);
                fake_avahi_dispatch();
                g_assert_cmpuint(n_announced(), ==, 1);
                g_assert_cmpuint(f->adverts, ==, 1);

                /* Then it is quiet, and the next one begins with a second again. */
                calls = fake_avahi_calls(table[i].call);
                fake_timer_pass(200 * 1000);
                g_assert_cmpuint(fake_avahi_calls(table[i].call), ==, calls);
                fake_avahi_fail(table[i].call, table[i].error);
                publish(f, "b@h1", 1);
                fake_avahi_fail(table[i].call, 0);
                fake_timer_pass(1000);
                fake_avahi_dispatch();
                g_assert_cmpuint(f->adverts, ==, 2);
                g_assert_cmpuint(f->failures, ==, 0);
                publisher_stop(f->publisher);
                withdraw(f, "b@h1");
        }
}

/* A full Avahi is asked once for all that wait. What is withdrawn meanwhile is not announced. */
static void test_full(Fixture *f, gconstpointer data) {
        unsigned calls;

        (void) data;
        publisher_start(f->publisher, f->client);
        fake_avahi_set_max_objects(2);
        for (unsigned i = 0; i < 20; i++) {
                g_autofree char *node = g_strdup_printf("n%u@h1", i);

                publish(f, node, 1);
        }
        calls = fake_avahi_calls(FAKE_GROUP_NEW);
        fake_timer_pass(1000);
        g_assert_cmpuint(fake_avahi_calls(FAKE_GROUP_NEW), ==, calls + 1);
        withdraw(f, "n3@h1");
        fake_avahi_set_max_objects(99);
        fake_timer_pass(2000);
        fake_avahi_dispatch();
        g_assert_cmpuint(f->adverts, ==, 19);
        g_assert_false(fake_avahi_announces("n3@h1"));
}

/* The type alone is tried again, too. */
static void test_type_again(Fixture *f, gconstpointer data) {
        (void) data;
        publisher_start(f->publisher, f->client);
        fake_avahi_set_max_objects(1);
        publish(f, "a@h1", 1);
        g_assert_cmpuint(fake_avahi_records(AVAHI_DNS_TYPE_PTR, 0, NULL), ==, 1);
        fake_timer_pass(60 * 1000);
        fake_avahi_set_max_objects(2);
        fake_timer_pass(60 * 1000);
        g_assert_cmpuint(fake_avahi_records(AVAHI_DNS_TYPE_PTR, 0, NULL), ==, 2);
}

/* A lookup of others is given up for an advert of this host, and may come back when that goes. */
static void test_make_room(Fixture *f, gconstpointer data) {
        (void) data;
        publisher_start(f->publisher, f->client);
        publish(f, "a@h1", 1);
        f->lookups = 2;
        f->max_objects = 2;
        fake_avahi_set_max_objects(2);
        publish(f, "b@h1", 1);
        publish(f, "c@h1", 1);
        publish(f, "d@h1", 1);
        g_assert_cmpuint(f->adverts, ==, 3);
        g_assert_cmpuint(f->lookups, ==, 0);
        g_assert_cmpuint(log_count("*Too many objects*"), ==, 1);
        g_assert_cmpuint(f->rooms, ==, 0);
        withdraw(f, "a@h1");
        g_assert_cmpuint(f->rooms, ==, 1);
        g_assert_true(fake_avahi_announces("d@h1"));
}

/* --- How often --- */

/* The port that is announced for a node whose name has one letter, 0: none. */
static uint16_t port(char node) {
        FakeRecord record;

        for (size_t i = 0; fake_avahi_records(AVAHI_DNS_TYPE_SRV, i, &record) > i; i++)
                if (record.name[0] == node)
                        return (uint16_t) (record.data[4] << 8 | record.data[5]);
        return 0;
}

/* Changes are announced once a second, the newest then, and what was announced before stays until
 * then. */
static void test_changes(Fixture *f, gconstpointer data) {
        unsigned calls;

        (void) data;
        publisher_start(f->publisher, f->client);
        publish(f, "a@h1", 1);
        publish(f, "b@h1", 1);
        calls = fake_avahi_calls(FAKE_GROUP_NEW);
        for (uint16_t i = 0; i < 1000; i++) {
                publish(f, "a@h1", 2 + i);
                fake_timer_pass(10);
                fake_avahi_dispatch();
                g_assert_cmpuint(n_announced(), ==, 2);
                g_assert_cmpuint(f->adverts, ==, 2);
                g_assert_cmpuint(port('a'), >=, i > 100 ? i - 100 : 1);
        }
        g_assert_cmpuint(fake_avahi_calls(FAKE_GROUP_NEW) - calls, ==, 10);
        pass_interval();
        g_assert_cmpuint(port('a'), ==, 1001);
        g_assert_cmpuint(port('b'), ==, 1);
        fake_timer_pass(10 * 1000);
        g_assert_cmpuint(fake_avahi_calls(FAKE_GROUP_NEW) - calls, <=, 11);

        /* Whoever has not changed of late need not wait. */
        publish(f, "b@h1", 2);
        g_assert_cmpuint(port('b'), ==, 2);
}

/* However close to the end of the second a change comes, it is not forgotten. */
static void test_end_of_interval(Fixture *f, gconstpointer data) {
        (void) data;
        publisher_start(f->publisher, f->client);
        for (uint16_t i = 0, even = 2; i < 50; i++, even += 2) {
                uint16_t odd = even + 1;

                pass_interval();
                publish(f, "a@h1", even);
                g_assert_cmpuint(port('a'), ==, even);
                fake_timer_pass(LIMIT_ANNOUNCE_SEC * 1000 - 1);
                for (unsigned usec = 0; usec < 1000u - i; usec++)
                        (void) avahi_timer_now();
                publish(f, "a@h1", odd);
                pass_interval();
                g_assert_cmpuint(port('a'), ==, odd);
                g_assert_cmpuint(n_announced(), ==, 1);
        }
}

/* A change that is taken back in time is none. */
static void test_there_and_back(Fixture *f, gconstpointer data) {
        g_autofree char *before = NULL, *after = NULL;

        (void) data;
        publisher_start(f->publisher, f->client);
        publish(f, "a@h1", 1);
        before = label(0);
        publish(f, "a@h1", 2);
        publish(f, "a@h1", 3);
        publish(f, "a@h1", 1);
        fake_timer_pass(100 * 1000);
        after = label(0);
        g_assert_cmpstr(before, ==, after);
        g_assert_cmpuint(f->adverts, ==, 1);
}

/* Goodbyes are never late, whether it is the change that is announced or what was there before. One
 * that comes again is a change. */
static void test_come_and_go(Fixture *f, gconstpointer data) {
        unsigned calls;

        (void) data;
        publisher_start(f->publisher, f->client);
        publish(f, "a@h1", 1);
        publish(f, "a@h1", 2);
        withdraw(f, "a@h1");
        g_assert_cmpuint(n_announced(), ==, 0);
        g_assert_cmpuint(f->adverts, ==, 0);
        calls = fake_avahi_calls(FAKE_GROUP_NEW);
        for (uint16_t i = 0; i < 100; i++) {
                publish(f, "a@h1", 10 + i);
                withdraw(f, "a@h1");
        }
        g_assert_cmpuint(fake_avahi_calls(FAKE_GROUP_NEW), ==, calls);
        publish(f, "a@h1", 7);
        g_assert_cmpuint(n_announced(), ==, 0);
        publish(f, "b@h1", 1);
        g_assert_true(fake_avahi_announces("b@h1"));
        pass_interval();
        g_assert_cmpuint(port('a'), ==, 7);
        g_assert_cmpuint(f->adverts, ==, 2);
        withdraw(f, "a@h1");
        fake_timer_pass(100 * 1000);
        g_assert_cmpuint(n_announced(), ==, 1);
}

/* What waits for its second is announced with all others when there is a new avahi-daemon, and not
 * again after it. */
static void test_held_and_restart(Fixture *f, gconstpointer data) {
        unsigned calls;

        (void) data;
        publisher_start(f->publisher, f->client);
        for (unsigned i = 0; i < 2; i++) {
                publish(f, "a@h1", 1);
                publish(f, "a@h1", 2);
                if (i == 0)
                        publisher_stop(f->publisher);
                else {
                        avahi_client_free(f->client);
                        publisher_forget(f->publisher);
                        new_client(f);
                }
                g_assert_cmpuint(n_announced(), ==, 0);
                g_assert_cmpuint(f->adverts, ==, 0);
                publisher_start(f->publisher, f->client);
                fake_avahi_dispatch();
                g_assert_cmpuint(port('a'), ==, 2);
                calls = fake_avahi_calls(FAKE_GROUP_NEW);
                fake_timer_pass(100 * 1000);
                g_assert_cmpuint(fake_avahi_calls(FAKE_GROUP_NEW), ==, calls);
                withdraw(f, "a@h1");
        }
        publish(f, "a@h1", 1);
        publish(f, "a@h1", 2);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
#define TEST(path, test) g_test_add("/publisher/" path, Fixture, NULL, set_up, test, tear_down)
        TEST("type", test_type);
        TEST("instance-names", test_instance_names);
        TEST("endpoints", test_endpoints);
        TEST("stop-and-start", test_stop_and_start);
        TEST("forget", test_forget);
        TEST("failures/not-permitted", test_not_permitted);
        TEST("failures/too-many-objects", test_too_many_objects);
        TEST("failures/no-room-for-the-type", test_no_room_for_the_type);
        TEST("failures/broken-connection", test_broken_connection);
        TEST("failures/group", test_group_failure);
        TEST("again/given-up", test_given_up);
        TEST("again/refused", test_refused);
        TEST("again/full", test_full);
        TEST("again/type", test_type_again);
        TEST("again/make-room", test_make_room);
        TEST("pace/changes", test_changes);
        TEST("pace/end-of-interval", test_end_of_interval);
        TEST("pace/there-and-back", test_there_and_back);
        TEST("pace/come-and-go", test_come_and_go);
        TEST("pace/held-and-restart", test_held_and_restart);
        return g_test_run();
}
