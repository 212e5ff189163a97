/* SPDX-License-Identifier: Apache-2.0 */
/* The connection to avahi-daemon, step by step: what one part does after another one has failed,
 * and what gets through when nobody reads */

#include <avahi-common/defs.h>
#include <avahi-common/error.h>
#include <glib.h>
#include <string.h>

#include "daemon/avahi/avahi-link.h"
#include "fake/fake-avahi.h"
#include "fake/fake-timer.h"
#include "unit/util-event.h"

static const FakeAdvert bob = { .name = "bob@h2" }, carol = { .name = "carol@h3" };

/* Calls at a client; freeing it is none of them. */
static const FakeCall calls[] = {
        FAKE_HOST_NAME,   FAKE_GROUP_NEW,    FAKE_GROUP_ADD,     FAKE_GROUP_COMMIT,
        FAKE_GROUP_FREE,  FAKE_BROWSER_NEW,  FAKE_RESOLVER_NEW,  FAKE_RESOLVER_FREE,
        FAKE_RECORDS_NEW, FAKE_RECORDS_FREE, FAKE_ADDRESSES_NEW, FAKE_ADDRESSES_FREE,
};

typedef struct Fixture {
        MessageQueue inbox, outbox;
        AvahiLink *link;
        GString *said;
} Fixture;

static void set_up(Fixture *f, gconstpointer data) {
        (void) data;
        log_capture();
        fake_avahi_reset();
        fake_timer_reset();
        f->inbox = f->outbox = (MessageQueue) MESSAGE_QUEUE_NULL;
        g_assert_cmpint(message_queue_init(&f->inbox), ==, 0);
        g_assert_cmpint(message_queue_init(&f->outbox), ==, 0);
        /* Without a loop, the fake calls back within the call that causes it. */
        g_assert_cmpint(
                avahi_link_new(&f->link, NULL, &f->inbox, &f->outbox, &(Config) CONFIG_DEFAULT), ==,
                0);
        f->said = g_string_new(NULL);
}

static void tear_down(Fixture *f, gconstpointer data) {
        (void) data;
        g_assert_null(avahi_link_free(f->link));
        g_assert_null(avahi_link_free(NULL));
        message_queue_done(&f->inbox);
        message_queue_done(&f->outbox);
        g_string_free(f->said, TRUE);
        fake_avahi_reset();
        fake_timer_reset(); /* none is left */
}

static void push(Fixture *f, LanMessageType type) {
        g_assert_cmpint(message_queue_push_type(&f->inbox, type), ==, 0);
}

static void push_node(Fixture *f, const char *node, const char *bound) {
        LanMessage message = { .type = LAN_PUBLISH, .endpoint = { .port = 1 } };

        g_strlcpy(message.endpoint.node, node, sizeof(message.endpoint.node));
        if (bound) {
                message.bound = true;
                g_assert_cmpint(address_parse(bound, &message.address), ==, 0);
        }
        g_assert_cmpint(message_queue_push_copy(&f->inbox, &message, SIZE_MAX), ==, 0);
}

static bool handle(Fixture *f) {
        bool goes_on = avahi_link_handle_messages(f->link);

        fake_avahi_dispatch();
        return goes_on;
}

/* What has been reported since the last time, but for how many adverts there are. */
static void said(Fixture *f, const char *expected) {
        static const char *const states[] = { "failed", "connecting", "registering", "running" };
        LanMessage *message;

        g_string_truncate(f->said, 0);
        while ((message = message_queue_pop(&f->outbox))) {
                if (message->type == LAN_STATE)
                        g_string_append_printf(f->said, "%s %s;", states[message->state],
                                               message->host);
                else if (message->type == LAN_SEEN)
                        g_string_append_printf(f->said, "seen %s;",
                                               message->sighting.endpoint.node);
                else if (message->type != LAN_ADVERTS)
                        g_string_append(f->said, message->type == LAN_LOST          ? "lost;"
                                                 : message->type == LAN_STOPPED     ? "stopped;"
                                                 : message->type == LAN_READDRESSED ? "readdressed;"
                                                                                    : "other;");
                free(message);
        }
        g_assert_cmpstr(f->said->str, ==, expected);
}

/* So many of that type come first. */
static void skip(Fixture *f, size_t n, LanMessageType type) {
        for (LanMessage *message; n > 0; n--, free(message)) {
                message = message_queue_pop(&f->outbox);
                g_assert_nonnull(message);
                g_assert_cmpint(message->type, ==, type);
        }
}

static void make_client(Fixture *f) {
        push(f, LAN_CONNECT);
        g_assert_true(handle(f));
        said(f, "running h1.local;");
}

static unsigned n_calls(void) {
        unsigned n = 0;

        for (size_t i = 0; i < G_N_ELEMENTS(calls); i++)
                n += fake_avahi_calls(calls[i]);
        return n;
}

static void add(FakeAdvert advert) {
        fake_avahi_emit_service(AVAHI_BROWSER_NEW, advert, 0);
}

static void found(FakeAdvert advert) {
        fake_avahi_emit_found(advert, "h2.local", "192.0.2.2", 1, NULL, 0);
}

/* An address of this host comes, to which b@h1 is bound. */
static void come(const char *address) {
        fake_avahi_emit_address(AVAHI_BROWSER_NEW, 2, address, AVAHI_LOOKUP_RESULT_LOCAL);
}

static void all_addresses_known(void) {
        fake_avahi_emit_addresses(AVAHI_BROWSER_ALL_FOR_NOW, AVAHI_PROTO_INET);
        fake_avahi_emit_addresses(AVAHI_BROWSER_ALL_FOR_NOW, AVAHI_PROTO_INET6);
        fake_timer_pass(1000);
}

/*
 * Each part learns at once that another one has failed: a call may take 25 s, and all that was
 * queued before would come to one. What is seen then does not count either.
 */
static void test_all_abandon(Fixture *f, gconstpointer data) {
        static const FakeCall failing[] = { FAKE_RESOLVER_NEW, FAKE_GROUP_NEW };

        (void) data;
        push_node(f, "b@h1", "192.0.2.1");
        push_node(f, "c@h1", "192.0.2.3");
        for (size_t i = 0; i < G_N_ELEMENTS(failing); i++) {
                unsigned n;

                make_client(f);
                come("192.0.2.9");
                all_addresses_known();
                add(carol);
                said(f, "");
                fake_avahi_fail(failing[i], AVAHI_ERR_DBUS_ERROR);
                if (failing[i] == FAKE_RESOLVER_NEW)
                        add(bob);
                else
                        come("192.0.2.1");
                n = n_calls();
                add(bob);
                found(carol);
                fake_avahi_emit_service(AVAHI_BROWSER_REMOVE, carol, 0);
                come("192.0.2.1");
                come("192.0.2.3");
                fake_avahi_set_state(AVAHI_CLIENT_S_REGISTERING);
                fake_avahi_set_state(AVAHI_CLIENT_S_RUNNING);
                fake_timer_pass(100 * 1000);
                g_assert_cmpuint(n_calls(), ==, n);
                said(f, "");

                fake_avahi_fail(failing[i], 0);
                g_assert_true(handle(f));
                g_assert_cmpuint(n_calls(), ==, n);
                g_assert_cmpuint(fake_avahi_calls(FAKE_CLIENT_FREE), ==, i + 1);
                said(f, "lost;failed ;");
        }
        g_assert_cmpuint(log_count("lost avahi-daemon *"), ==, 2);
}

/* Whichever step of a start fails, it is the last one. */
static void test_start_fails(Fixture *f, gconstpointer data) {
        static const FakeCall steps[] = { FAKE_HOST_NAME, FAKE_BROWSER_NEW, FAKE_GROUP_NEW,
                                          FAKE_ADDRESSES_NEW };

        (void) data;
        push_node(f, "a@h1", NULL);
        for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
                unsigned before[G_N_ELEMENTS(steps)];

                for (size_t n = 0; n < G_N_ELEMENTS(steps); n++)
                        before[n] = fake_avahi_calls(steps[n]);
                fake_avahi_fail(steps[i], AVAHI_ERR_TIMEOUT);
                push(f, LAN_CONNECT);
                g_assert_true(handle(f));
                for (size_t n = i; n < G_N_ELEMENTS(steps); n++)
                        g_assert_cmpuint(fake_avahi_calls(steps[n]), ==, before[n] + (n == i));
                fake_avahi_fail(steps[i], 0);
                said(f, i == 0 ? "running ;lost;failed ;" : "running h1.local;lost;failed ;");
        }
        make_client(f);
        g_assert_true(fake_avahi_announces("a@h1"));
}

/* While the host's name is changing only browsing goes on. If that has failed, nothing does. */
static void test_registering(Fixture *f, gconstpointer data) {
        unsigned n;

        (void) data;
        push_node(f, "a@h1", NULL);
        make_client(f);
        fake_avahi_set_state(AVAHI_CLIENT_S_REGISTERING);
        said(f, "registering h1.local;");
        g_assert_false(fake_avahi_announces("a@h1"));
        g_assert_cmpuint(fake_avahi_alive(FAKE_ADDRESSES), ==, 0);
        g_assert_cmpuint(fake_avahi_alive(FAKE_BROWSER), ==, 1);
        fake_avahi_set_state(AVAHI_CLIENT_S_RUNNING);
        fake_avahi_dispatch();
        g_assert_true(fake_avahi_announces("a@h1"));
        g_assert_cmpuint(fake_avahi_calls(FAKE_BROWSER_NEW), ==, 1);

        fake_avahi_fail(FAKE_HOST_NAME, AVAHI_ERR_TIMEOUT);
        n = n_calls();
        fake_avahi_set_state(AVAHI_CLIENT_S_REGISTERING);
        g_assert_cmpuint(n_calls(), ==, n + 1);
        said(f, "running h1.local;registering ;");
}

/* The next client lists everything anew. Addresses are compared with those of the client before
 * it. */
static void test_next_client(Fixture *f, gconstpointer data) {
        (void) data;
        for (unsigned i = 1; i <= 3; i++) {
                make_client(f);
                add(bob);
                found(bob);
                said(f, "seen bob@h2;");
                come("192.0.2.1");
                if (i == 3)
                        come("192.0.2.3");
                all_addresses_known();
                said(f, i == 3 ? "readdressed;" : "");
                g_assert_cmpuint(fake_avahi_calls(FAKE_BROWSER_NEW), ==, i);
                push(f, LAN_RESET);
                g_assert_true(handle(f));
                said(f, "lost;failed ;");
        }
        g_assert_cmpuint(log_count("*"), ==, 0);
}

/* What waits in the inbox when a client fails is for the next one. */
static void test_drops_first(Fixture *f, gconstpointer data) {
        (void) data;
        make_client(f);
        fake_avahi_set_state(AVAHI_CLIENT_FAILURE);
        push_node(f, "a@h1", NULL);
        g_assert_true(handle(f));
        g_assert_cmpuint(fake_avahi_calls(FAKE_GROUP_NEW), ==, 0);
        said(f, "lost;failed ;");
        make_client(f);
        g_assert_true(fake_avahi_announces("a@h1"));
}

/* When the main thread takes nothing, all sightings are dropped, and so is the client: that it is
 * gone always gets through. That is one line in the log. */
static void test_full_outbox(Fixture *f, gconstpointer data) {
        const LanMessage filler = { .type = LAN_READDRESSED };

        (void) data;
        make_client(f);
        add(bob);
        while (f->outbox.n_messages < LIMIT_AVAHI_MESSAGES - 1)
                g_assert_cmpint(message_queue_push_copy(&f->outbox, &filler, SIZE_MAX), ==, 0);
        found(bob);
        g_assert_cmpuint(f->outbox.n_messages, ==, LIMIT_AVAHI_MESSAGES);
        g_assert_cmpuint(log_count("*"), ==, 0);
        found(bob);
        found(bob);
        g_assert_cmpuint(f->outbox.n_messages, ==, LIMIT_AVAHI_MESSAGES);
        g_assert_cmpuint(log_count("more is seen than can be taken in*"), ==, 1);
        g_assert_cmpuint(log_count("*"), ==, 1);

        g_assert_true(handle(f));
        g_assert_cmpuint(fake_avahi_alive(FAKE_RESOLVER), ==, 0);
        skip(f, LIMIT_AVAHI_MESSAGES - 1, LAN_READDRESSED);
        said(f, "lost;failed ;");
        make_client(f);
        g_assert_cmpuint(log_count("avahi-daemon is back"), ==, 1);
}

/* States of a client are bounded in the same way, but for the one that it is gone. */
static void test_full_of_states(Fixture *f, gconstpointer data) {
        (void) data;
        make_client(f);
        for (unsigned i = 0; i <= LIMIT_AVAHI_MESSAGES; i++)
                fake_avahi_set_state(i % 2 ? AVAHI_CLIENT_S_RUNNING : AVAHI_CLIENT_S_REGISTERING);
        g_assert_cmpuint(f->outbox.n_messages, ==, LIMIT_AVAHI_MESSAGES);
        g_assert_cmpuint(log_count("more is seen than can be taken in*"), ==, 1);
        g_assert_true(handle(f));
        skip(f, LIMIT_AVAHI_MESSAGES, LAN_STATE);
        said(f, "lost;failed ;");
}

/* A host name that is too long to be passed on, percent-coded, counts as unknown. */
static void test_host_name(Fixture *f, gconstpointer data) {
        g_autofree char *longest = g_strnfill(LIMIT_HOST, 'h'),
                        *longer = g_strnfill(LIMIT_HOST + 1, 'h'),
                        *coded = g_strnfill(LIMIT_HOST / 3 + 1, ' ');
        const struct {
                const char *host, *told;
        } table[] = {
                { longest, longest }, { longer, "" }, { coded, "" }, { "h2.local", "h2.local" }
        };

        (void) data;
        make_client(f);
        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                g_autofree char *expected = g_strdup_printf("running %s;", table[i].told);

                fake_avahi_set_host(table[i].host);
                fake_avahi_set_state(AVAHI_CLIENT_S_RUNNING);
                said(f, expected);
        }
}

/* There is one client at most; without one, a reset is reported all the same. After LAN_STOP
 * nothing is done. */
static void test_orders(Fixture *f, gconstpointer data) {
        (void) data;
        push(f, LAN_RESET);
        g_assert_true(handle(f));
        said(f, "lost;failed ;");
        make_client(f);
        push(f, LAN_CONNECT);
        g_assert_true(handle(f));
        said(f, "");
        g_assert_cmpuint(fake_avahi_calls(FAKE_CLIENT_NEW), ==, 1);
        push(f, LAN_STOP);
        push(f, LAN_CONNECT);
        g_assert_false(handle(f));
        said(f, "lost;failed ;stopped;");
        g_assert_false(handle(f));
        said(f, "");
        g_assert_cmpuint(fake_avahi_calls(FAKE_CLIENT_NEW), ==, 1);
        g_assert_cmpuint(fake_avahi_calls(FAKE_CLIENT_FREE), ==, 1);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
#define TEST(path, test) g_test_add("/avahi-link/" path, Fixture, NULL, set_up, test, tear_down)
        TEST("all-parts-abandon-a-client", test_all_abandon);
        TEST("start-fails", test_start_fails);
        TEST("registering", test_registering);
        TEST("next-client", test_next_client);
        TEST("drops-a-client-first", test_drops_first);
        TEST("full-outbox", test_full_outbox);
        TEST("full-of-states", test_full_of_states);
        TEST("host-name", test_host_name);
        TEST("orders", test_orders);
        return g_test_run();
}
