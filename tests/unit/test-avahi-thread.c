/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that talks to avahi-daemon: it never makes the main thread wait, and tells the truth
 * after any failure */

#include <avahi-common/defs.h>
#include <avahi-common/error.h>
#include <glib.h>
#include <string.h>

#include "daemon/avahi/avahi-thread.h"
#include "fake/fake-avahi.h"
#include "unit/util-event.h"

#define ROUNDS 10000

/* More than a few messages are worth. */
#define GROWTH_MAX (64 * 1024)

typedef struct Fixture {
        sd_event *event;
        AvahiThread *thread;
        sd_event_source *messages;
        GString *said;         /* by the thread, one word after the other */
        GHashTable *published; /* nodes, as a directory would remember them */
        size_t adverts;        /* the last LAN_ADVERTS */
} Fixture;

static int on_messages(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        static const char *const states[] = { "failed", "connecting", "registering", "running" };
        Fixture *f = userdata;
        LanMessage *message;

        (void) source, (void) fd, (void) revents;
        avahi_thread_acknowledge(f->thread);
        while ((message = avahi_thread_receive(f->thread))) {
                if (message->type == LAN_STATE)
                        g_string_append_printf(f->said, "%s %s;", states[message->state],
                                               message->host);
                else if (message->type == LAN_SEEN)
                        g_string_append_printf(f->said, "seen %s;",
                                               message->sighting.endpoint.node);
                else if (message->type == LAN_LOST)
                        g_string_append(f->said, "lost;");
                else if (message->type == LAN_STOPPED)
                        g_string_append(f->said, "stopped;");
                else if (message->type == LAN_ADVERTS)
                        f->adverts = message->adverts;
                else
                        g_assert_not_reached();
                free(message);
        }
        return 0;
}

static void set_up(Fixture *f, gconstpointer data) {
        (void) data;
        log_capture();
        fake_avahi_reset();
        f->event = event_new();
        fake_avahi_wake(f->event);
        f->said = g_string_new(NULL);
        f->published = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        g_assert_cmpint(avahi_thread_new(&f->thread, &(Config) CONFIG_DEFAULT), ==, 0);
        g_assert_cmpint(sd_event_add_io(f->event, &f->messages, avahi_thread_fd(f->thread), EPOLLIN,
                                        on_messages, f),
                        >=, 0);
}

static void tear_down(Fixture *f, gconstpointer data) {
        (void) data;
        f->messages = sd_event_source_disable_unref(f->messages);
        f->thread = avahi_thread_free(f->thread);
        sd_event_unref(f->event);
        g_string_free(f->said, TRUE);
        g_hash_table_unref(f->published);
        fake_avahi_reset();
}

/* The thread says just this, sooner or later. */
#define expect(f, text)                                                                            \
        do {                                                                                       \
                event_run_until((f)->event, (f)->said->len >= strlen(text));                       \
                g_assert_cmpstr((f)->said->str, ==, (text));                                       \
                g_string_truncate((f)->said, 0);                                                   \
        } while (0)

static void tell(Fixture *f, LanMessageType type) {
        g_assert_cmpint(avahi_thread_send(f->thread, type), ==, 0);
}

static void tell_node(Fixture *f, LanMessageType type, const char *node, uint16_t port) {
        Endpoint endpoint = { .port = port };

        g_strlcpy(endpoint.node, node, sizeof(endpoint.node));
        if (type == LAN_PUBLISH) {
                bool first = g_hash_table_add(f->published, g_strdup(node));

                g_assert_cmpint(avahi_thread_publish(f->thread, &endpoint, NULL, first), ==, 0);
        } else {
                g_hash_table_remove(f->published, node);
                g_assert_cmpint(avahi_thread_withdraw(f->thread, &endpoint), ==, 0);
        }
}

static size_t n_announced(void) {
        return fake_avahi_records(AVAHI_DNS_TYPE_SRV, 0, NULL);
}

static void connect_and_run(Fixture *f) {
        tell(f, LAN_CONNECT);
        expect(f, "running h1.local;");
}

/* Makes the thread wait for avahi-daemon. */
static void hang(Fixture *f) {
        fake_avahi_hang();
        tell_node(f, LAN_PUBLISH, "hung@h1", 1);
        event_run_until(f->event, fake_avahi_is_hanging());
}

/* Waits until all has been done that the thread was told before. */
static void flush(Fixture *f) {
        static uint16_t n;
        g_autofree char *node = g_strdup_printf("flush%u@h1", n++);

        tell_node(f, LAN_PUBLISH, node, 1);
        event_run_until(f->event, fake_avahi_announces(node));
        tell_node(f, LAN_WITHDRAW, node, 1);
        event_run_until(f->event, !fake_avahi_announces(node));
}

/* There is one client, and only when it is told to. What was published before is announced then. */
static void test_connect(Fixture *f, gconstpointer data) {
        (void) data;
        tell_node(f, LAN_PUBLISH, "a@h1", 1);
        g_assert_cmpuint(fake_avahi_calls(FAKE_CLIENT_NEW), ==, 0);
        connect_and_run(f);
        tell(f, LAN_CONNECT);
        event_run_until(f->event, f->adverts == 1);
        g_assert_cmpuint(n_announced(), ==, 1);
        g_assert_cmpuint(fake_avahi_calls(FAKE_CLIENT_NEW), ==, 1);
        g_assert_cmpuint(fake_avahi_alive(FAKE_BROWSER), ==, 1);
}

/* While the host's name is being claimed or renamed SRV records would point to a wrong one: only
 * browsing goes on. */
static void test_registering(Fixture *f, gconstpointer data) {
        FakeRecord record;

        (void) data;
        fake_avahi_set_state(AVAHI_CLIENT_S_REGISTERING);
        tell_node(f, LAN_PUBLISH, "a@h1", 1);
        tell(f, LAN_CONNECT);
        expect(f, "registering h1.local;");
        g_assert_cmpuint(fake_avahi_alive(FAKE_BROWSER), ==, 1);
        g_assert_cmpuint(fake_avahi_alive(FAKE_GROUP), ==, 0);
        fake_avahi_set_state(AVAHI_CLIENT_S_RUNNING);
        expect(f, "running h1.local;");
        event_run_until(f->event, f->adverts == 1);

        fake_avahi_set_state(AVAHI_CLIENT_S_COLLISION);
        expect(f, "registering h1.local;");
        event_run_until(f->event, f->adverts == 0);
        g_assert_cmpuint(fake_avahi_alive(FAKE_GROUP), ==, 0);
        fake_avahi_set_host("h1-2.local");
        fake_avahi_set_state(AVAHI_CLIENT_S_RUNNING);
        expect(f, "running h1-2.local;");
        event_run_until(f->event, f->adverts == 1);
        (void) fake_avahi_records(AVAHI_DNS_TYPE_SRV, 0, &record);
        g_assert_true(memcmp(record.data + 6, "\x04h1-2\x05local", 12) == 0);
        g_assert_cmpuint(fake_avahi_alive(FAKE_BROWSER), ==, 1);
}

/* An endpoint that is bound to an address is announced with it, once avahi-daemon has told where
 * that is, and by its newest address. */
static void test_bound(Fixture *f, gconstpointer data) {
        Endpoint endpoint = { .node = "a@h1", .port = 1 };
        Address old = { .in.s_addr = g_htonl(0xC0000201) },
                new = { .in.s_addr = g_htonl(0xC0000209) };
        FakeRecord record;

        (void) data;
        connect_and_run(f);
        g_assert_cmpint(avahi_thread_publish(f->thread, &endpoint, &old, true), ==, 0);
        g_assert_cmpint(avahi_thread_publish(f->thread, &endpoint, &new, false), ==, 0);
        /* Two more are there always, for what becomes of the host's addresses. */
        event_run_until(f->event, fake_avahi_alive(FAKE_ADDRESSES) == 3);
        fake_avahi_emit_address(AVAHI_BROWSER_NEW, 2, "192.0.2.9", AVAHI_LOOKUP_RESULT_LOCAL);
        event_run_until(f->event, f->adverts == 1);
        g_assert_cmpuint(fake_avahi_records(AVAHI_DNS_TYPE_A, 0, &record), ==, 1);
        g_assert_cmpmem(record.data, (int) record.size, &new.in, (int) sizeof(new.in));
}

/* No daemon yet: the client waits for it. */
static void test_connecting(Fixture *f, gconstpointer data) {
        (void) data;
        fake_avahi_set_state(AVAHI_CLIENT_CONNECTING);
        tell(f, LAN_CONNECT);
        expect(f, "connecting ;");
        g_assert_cmpuint(fake_avahi_alive(FAKE_BROWSER), ==, 0);
        fake_avahi_set_state(AVAHI_CLIENT_S_RUNNING);
        expect(f, "running h1.local;");
        tell(f, LAN_RESET);
        expect(f, "lost;failed ;");
}

/* Avahi ends: everything goes, in one message, and the log says it once, however many tries follow.
 */
static void test_disconnect(Fixture *f, gconstpointer data) {
        FakeAdvert bob = { .name = "bob@h2" };

        (void) data;
        connect_and_run(f);
        fake_avahi_emit_service(AVAHI_BROWSER_NEW, bob, 0);
        fake_avahi_emit_found(bob, "h2.local", "192.0.2.2", 1, "", 0);
        expect(f, "seen bob@h2;");
        fake_avahi_set_state(AVAHI_CLIENT_FAILURE);
        expect(f, "lost;failed ;");
        g_assert_cmpuint(fake_avahi_alive(FAKE_CLIENT), ==, 0);

        fake_avahi_fail(FAKE_CLIENT_NEW, AVAHI_ERR_NO_DAEMON);
        for (int i = 0; i < 3; i++) {
                tell(f, LAN_CONNECT);
                expect(f, "lost;failed ;");
        }
        g_assert_cmpuint(log_count("lost avahi-daemon*"), ==, 1);
        fake_avahi_fail(FAKE_CLIENT_NEW, 0);
        connect_and_run(f);
        g_assert_cmpuint(log_count("avahi-daemon is back"), ==, 1);
        fake_avahi_emit_service(AVAHI_BROWSER_NEW, bob, 0);
        fake_avahi_emit_found(bob, "h2.local", "192.0.2.2", 1, "", 0);
        expect(f, "seen bob@h2;");
}

/* Any call may fail at any time, also within avahi_client_new(): the client is given up once, and
 * the next one is whole. */
static void test_failing_calls(Fixture *f, gconstpointer data) {
        static const FakeCall failing[] = {
                FAKE_BROWSER_NEW,
                FAKE_GROUP_NEW,
                FAKE_GROUP_ADD,
                FAKE_GROUP_COMMIT,
        };

        (void) data;
        tell_node(f, LAN_PUBLISH, "a@h1", 1);
        for (size_t i = 0; i < G_N_ELEMENTS(failing); i++) {
                fake_avahi_fail(failing[i], AVAHI_ERR_DBUS_ERROR);
                tell(f, LAN_CONNECT);
                expect(f, "running h1.local;lost;failed ;");
                g_assert_cmpuint(fake_avahi_alive(FAKE_CLIENT), ==, 0);
                fake_avahi_fail(failing[i], 0);
        }
        connect_and_run(f);
        event_run_until(f->event, f->adverts == 1);
        g_assert_cmpuint(n_announced(), ==, 1);
}

/* --- avahi-daemon hangs --- */

/* 25 s later the call fails. What was told meanwhile is not lost. */
static void test_hung_call_fails(Fixture *f, gconstpointer data) {
        (void) data;
        connect_and_run(f);
        hang(f);
        tell_node(f, LAN_PUBLISH, "a@h1", 1);
        tell_node(f, LAN_WITHDRAW, "hung@h1", 1);
        expect(f, "");
        fake_avahi_release(AVAHI_ERR_DBUS_ERROR);
        expect(f, "lost;failed ;");
        fake_avahi_release(0);
        connect_and_run(f);
        flush(f);
        g_assert_true(fake_avahi_announces("a@h1"));
        g_assert_cmpuint(n_announced(), ==, 1);
}

static unsigned n_group_calls(void) {
        return fake_avahi_calls(FAKE_GROUP_NEW) + fake_avahi_calls(FAKE_GROUP_ADD) +
               fake_avahi_calls(FAKE_GROUP_COMMIT) + fake_avahi_calls(FAKE_GROUP_FREE) +
               fake_avahi_calls(FAKE_HOST_NAME);
}

/* When one call has failed after 25 s, the next ones would too: what was told meanwhile must not be
 * tried on this client. */
static void test_hung_no_more_calls(Fixture *f, gconstpointer data) {
        unsigned calls;

        (void) data;
        connect_and_run(f);
        tell_node(f, LAN_PUBLISH, "a@h1", 1);
        tell_node(f, LAN_PUBLISH, "b@h1", 1);
        event_run_until(f->event, f->adverts == 2);
        hang(f);
        tell_node(f, LAN_WITHDRAW, "a@h1", 1);
        tell_node(f, LAN_PUBLISH, "b@h1", 2);
        tell_node(f, LAN_PUBLISH, "c@h1", 1);
        calls = n_group_calls();
        fake_avahi_release(AVAHI_ERR_DBUS_ERROR);
        expect(f, "lost;failed ;");
        g_assert_cmpuint(n_group_calls(), ==, calls);
        fake_avahi_release(0);
        connect_and_run(f);
        flush(f);
        g_assert_false(fake_avahi_announces("a@h1"));
        g_assert_cmpuint(n_announced(), ==, 3); /* b, c, and the one that it hung on */
}

static unsigned n_all_calls(void) {
        unsigned n = 0;

        for (FakeCall call = 0; call < _FAKE_CALL_MAX; call++)
                n += fake_avahi_calls(call);
        return n;
}

/* The same when the call that fails withdraws something: of 20 nodes that go while it hangs, only
 * the first one costs 25 s. */
static void test_hung_withdrawals(Fixture *f, gconstpointer data) {
        unsigned calls;

        (void) data;
        connect_and_run(f);
        for (unsigned i = 0; i < 20; i++) {
                g_autofree char *node = g_strdup_printf("a%u@h1", i);

                tell_node(f, LAN_PUBLISH, node, 1);
        }
        event_run_until(f->event, f->adverts == 20);
        fake_avahi_hang();
        calls = n_all_calls();
        for (unsigned i = 0; i < 20; i++) {
                g_autofree char *node = g_strdup_printf("a%u@h1", i);

                tell_node(f, LAN_WITHDRAW, node, 1);
        }
        event_run_until(f->event, fake_avahi_is_hanging());
        fake_avahi_release(AVAHI_ERR_DBUS_ERROR);
        expect(f, "lost;failed ;");
        g_assert_cmpuint(n_all_calls(), ==, calls + 2); /* with that which frees the client */
        fake_avahi_release(0);
        connect_and_run(f);
        flush(f);
        g_assert_cmpuint(n_announced(), ==, 0);
}

/* … or begins to browse, or asks for the host's name. */
static void test_hung_start(Fixture *f, gconstpointer data) {
        static const FakeCall failing[] = { FAKE_HOST_NAME, FAKE_BROWSER_NEW };

        (void) data;
        tell_node(f, LAN_PUBLISH, "a@h1", 1);
        for (size_t i = 0; i < G_N_ELEMENTS(failing); i++) {
                unsigned calls = n_all_calls();

                fake_avahi_fail(failing[i], AVAHI_ERR_DBUS_ERROR);
                tell(f, LAN_CONNECT);
                event_run_until(f->event, g_str_has_suffix(f->said->str, "lost;failed ;"));
                g_string_truncate(f->said, 0);
                /* Besides those that make and free the client. */
                g_assert_cmpuint(n_all_calls(), ==, calls + 3 + (failing[i] == FAKE_BROWSER_NEW));
                fake_avahi_fail(failing[i], 0);
        }
}

/* Nodes that come and go while it hangs leave nothing behind, neither in the queue nor, later, on
 * the LAN. */
static void test_rounds(Fixture *f, gconstpointer data) {
        size_t before;

        (void) data;
        connect_and_run(f);
        tell_node(f, LAN_PUBLISH, "known@h1", 1);
        flush(f);
        hang(f);
        before = allocated_bytes();
        for (uint16_t i = 0; i < ROUNDS; i++) {
                g_autofree char *node = g_strdup_printf("new%u@h1", i);

                tell_node(f, LAN_WITHDRAW, "known@h1", 1);
                tell_node(f, LAN_PUBLISH, "known@h1", i);
                tell_node(f, LAN_PUBLISH, node, 1);
                tell_node(f, LAN_WITHDRAW, node, 1);
        }
        g_assert_cmpuint(allocated_bytes(), <, before + GROWTH_MAX);
        fake_avahi_release(0);
        flush(f);
        /* It had been announced just before, so that it takes a moment. */
        event_run_until(f->event, fake_avahi_announces("known@h1"));
        g_assert_cmpuint(n_announced(), ==, 2); /* and the one that it hung on */
}

/* A node changes and goes while it hangs: the change was never announced, but what stood there
 * before was. */
static void test_changed_and_gone(Fixture *f, gconstpointer data) {
        (void) data;
        connect_and_run(f);
        tell_node(f, LAN_PUBLISH, "a@h1", 1);
        event_run_until(f->event, f->adverts == 1);
        hang(f);
        tell_node(f, LAN_PUBLISH, "a@h1", 2);
        tell_node(f, LAN_WITHDRAW, "a@h1", 2);
        fake_avahi_release(0);
        flush(f);
        g_assert_false(fake_avahi_announces("a@h1"));
}

/* --- The end --- */

/* Stopped, the thread says so last, and has let go of everything; what it is told then does no
 * harm. */
static void test_stop(Fixture *f, gconstpointer data) {
        (void) data;
        connect_and_run(f);
        tell_node(f, LAN_PUBLISH, "a@h1", 1);
        tell(f, LAN_STOP);
        tell_node(f, LAN_PUBLISH, "b@h1", 1);
        tell(f, LAN_CONNECT);
        expect(f, "lost;failed ;stopped;");
        g_assert_cmpuint(fake_avahi_alive(FAKE_CLIENT), ==, 0);
        tell_node(f, LAN_WITHDRAW, "a@h1", 1);
}

/* It may be freed in any state; a client that is left is freed too. */
static void test_free(Fixture *f, gconstpointer data) {
        (void) data;
        connect_and_run(f);
        tell_node(f, LAN_PUBLISH, "a@h1", 1);
        tell(f, LAN_RESET);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
#define TEST(path, data, test)                                                                     \
        g_test_add("/avahi-thread/" path, Fixture, data, set_up, test, tear_down)
        TEST("connect", NULL, test_connect);
        TEST("registering", NULL, test_registering);
        TEST("bound", NULL, test_bound);
        TEST("connecting", NULL, test_connecting);
        TEST("disconnect", NULL, test_disconnect);
        TEST("failing-calls", NULL, test_failing_calls);
        TEST("hung/call-fails", NULL, test_hung_call_fails);
        TEST("hung/no-more-calls", NULL, test_hung_no_more_calls);
        TEST("hung/withdrawals", NULL, test_hung_withdrawals);
        TEST("hung/start", NULL, test_hung_start);
        TEST("hung/rounds", NULL, test_rounds);
        TEST("hung/changed-and-gone", NULL, test_changed_and_gone);
        TEST("stop", NULL, test_stop);
        TEST("free", NULL, test_free);
        return g_test_run();
}
