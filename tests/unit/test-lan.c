/* SPDX-License-Identifier: Apache-2.0 */
/* The LAN's side of the directory: what is seen goes in, what is registered goes out, whatever
 * avahi-daemon does */

#include <avahi-common/defs.h>
#include <avahi-common/error.h>
#include <glib.h>
#include <string.h>

#include "daemon/clock.h"
#include "daemon/avahi/lan.h"
#include "fake/fake-avahi.h"
#include "fake/fake-presence.h"
#include "unit/util-event.h"
#include "util/log.h"

#define ROUNDS 10000
#define GROWTH_MAX (64 * 1024)

static const FakeAdvert bob = { .name = "bob@h2" };

/* More than wait at once when all is listed, and no more than may wait. */
#define BURST 9000

typedef struct Fixture {
        sd_event *event;
        Directory *directory;
        Lan *lan;
        GString *events; /* of the directory */
        unsigned n_events;
        unsigned changes;
        unsigned readdressed;
        uint64_t owner;
} Fixture;

static void on_directory_event(void *userdata, const DirectoryEvent *event) {
        Fixture *f = userdata;

        f->n_events++;
        g_string_append_printf(f->events, "%s %s %u %s %s;", event_kind_to_string(event->kind),
                               event->info->endpoint.node, event->info->endpoint.port,
                               event->info->host, reason_to_string(event->reason));
}

static void on_changed(void *userdata) {
        Fixture *f = userdata;

        f->changes++;
}

static void on_readdressed(void *userdata) {
        Fixture *f = userdata;

        f->readdressed++;
}

static void set_up(Fixture *f, gconstpointer data) {
        (void) data;
        log_capture();
        log_set_level(LOG_DEBUG);
        fake_avahi_reset();
        f->event = event_new();
        fake_avahi_wake(f->event);
        f->events = g_string_new(NULL);
        g_assert_cmpint(directory_new(&f->directory), ==, 0);
        directory_observe(f->directory, on_directory_event, f);
        g_assert_cmpint(lan_new(&f->lan, f->event, f->directory, &(Config) CONFIG_DEFAULT,
                                &(LanHandler){ on_changed, on_readdressed, f }),
                        ==, 0);
}

static void tear_down(Fixture *f, gconstpointer data) {
        (void) data;
        f->lan = lan_free(f->lan);
        directory_free(f->directory);
        sd_event_unref(f->event);
        g_string_free(f->events, TRUE);
        fake_avahi_reset();
        log_set_level(LOG_INFO);
}

#define run_until_state(f, state)                                                                  \
        event_run_until((f)->event, strcmp(lan_state((f)->lan), (state)) == 0)

/* The directory tells just this, sooner or later. */
#define expect(f, text)                                                                            \
        do {                                                                                       \
                event_run_until((f)->event, (f)->events->len >= strlen(text));                     \
                g_assert_cmpstr((f)->events->str, ==, (text));                                     \
                g_string_truncate((f)->events, 0);                                                 \
        } while (0)

static void register_node(Fixture *f, const char *node, uint16_t port, const char *address) {
        Endpoint endpoint = { .port = port };
        Address bound = {};

        g_strlcpy(endpoint.node, node, sizeof(endpoint.node));
        if (address)
                g_assert_cmpint(address_parse(address, &bound), ==, 0);
        g_assert_cmpint(directory_register(f->directory, 1, &endpoint, address ? &bound : NULL,
                                           clock_now(f->event)),
                        ==, 0);
}

static void unregister_node(Fixture *f, const char *node) {
        g_assert_cmpuint(directory_unregister(f->directory, 1, node, clock_now(f->event)), ==, 1);
}

static size_t n_announced(void) {
        return fake_avahi_records(AVAHI_DNS_TYPE_SRV, 0, NULL);
}

static void find_bob(uint16_t port) {
        fake_avahi_emit_found(bob, "h2.local", "192.0.2.2", port, "", 0);
}

static void see_bob(Fixture *f) {
        event_run_until(f->event, fake_avahi_alive(FAKE_BROWSER) == 1);
        fake_avahi_emit_service(AVAHI_BROWSER_NEW, bob, 0);
        find_bob(4000);
        expect(f, "up bob@h2 4000 h2.local seen;");
}

/* Waits until all that was registered or ended before has reached Avahi. */
static void flush(Fixture *f) {
        static uint16_t n;
        g_autofree char *node = g_strdup_printf("flush%u@h1", n++);

        register_node(f, node, 1, NULL);
        event_run_until(f->event, fake_avahi_announces(node));
        unregister_node(f, node);
        event_run_until(f->event, !fake_avahi_announces(node));
        g_string_truncate(f->events, 0);
}

static void hang(Fixture *f) {
        fake_avahi_hang();
        register_node(f, "hung@h1", 1, NULL);
        event_run_until(f->event, fake_avahi_is_hanging());
        g_string_truncate(f->events, 0);
}

/* It connects by itself, learns the host's name, says its state, and tells whoever shows it that
 * something has changed. */
static void test_start(Fixture *f, gconstpointer data) {
        (void) data;
        g_assert_cmpstr(lan_state(f->lan), ==, "failed");
        run_until_state(f, "running");
        g_assert_cmpstr(directory_host(f->directory), ==, "h1.local");
        g_assert_cmpuint(lan_adverts(f->lan), ==, 0);
        g_assert_cmpuint(f->changes, >, 0);
        g_assert_cmpuint(log_count("Avahi is running"), ==, 1);
        g_assert_false(lan_is_stopped(f->lan));
}

/* Sightings come and go with their reason; what can't be used is counted. */
static void test_sightings(Fixture *f, gconstpointer data) {
        DirectoryStats stats;

        (void) data;
        see_bob(f);
        fake_avahi_emit_service(AVAHI_BROWSER_REMOVE, bob, 0);
        event_run_until(f->event, fake_avahi_alive(FAKE_RECORDS) == 1);
        fake_avahi_emit_record(AVAHI_BROWSER_CACHE_EXHAUSTED, bob);
        expect(f, "down bob@h2 4000 h2.local goodbye;");
        see_bob(f);
        fake_avahi_emit_lost(bob, AVAHI_ERR_TIMEOUT);
        expect(f, "down bob@h2 4000 h2.local expired;");
        fake_avahi_emit_found(bob, "h2.local", "192.0.2.2", 0, "", 0);
        event_run_until(f->event, (directory_get_stats(f->directory, &stats),
                                   stats.ignored[IGNORED_PORT] == 1));
        g_assert_cmpuint(stats.sightings, ==, 0);

        /* A name that means the host itself is nobody's on the LAN. */
        fake_avahi_emit_found(bob, "h2.local", "192.0.2.2", 4000, "\x12node=bob@127.0.0.1", 19);
        event_run_until(f->event, (directory_get_stats(f->directory, &stats),
                                   stats.ignored[IGNORED_LOCAL] == 1));
        g_assert_cmpuint(stats.sightings, ==, 0);
}

/* Registrations are announced, anew when they change, and withdrawn. A loopback address is for this
 * host only. */
static void test_registrations(Fixture *f, gconstpointer data) {
        (void) data;
        register_node(f, "early@h1", 1, NULL);
        event_run_until(f->event, lan_adverts(f->lan) == 1);
        register_node(f, "loop@h1", 1, "127.0.0.1");
        register_node(f, "name@localhost", 1, NULL);
        register_node(f, "bound@h1", 1, "192.0.2.1");
        /* Two more are there always, for what becomes of the host's addresses. */
        event_run_until(f->event, fake_avahi_alive(FAKE_ADDRESSES) == 3);
        fake_avahi_emit_address(AVAHI_BROWSER_NEW, 2, "192.0.2.1", AVAHI_LOOKUP_RESULT_LOCAL);
        event_run_until(f->event, lan_adverts(f->lan) == 2);
        g_assert_cmpuint(fake_avahi_records(AVAHI_DNS_TYPE_A, 0, NULL), ==, 1);
        g_assert_false(fake_avahi_announces("loop@h1"));
        g_assert_false(fake_avahi_announces("name@localhost"));
        register_node(f, "bound@h1", 1, "127.0.0.1");
        event_run_until(f->event, lan_adverts(f->lan) == 1);
        register_node(f, "bound@h1", 2, NULL);
        event_run_until(f->event, lan_adverts(f->lan) == 2);
        unregister_node(f, "early@h1");
        unregister_node(f, "loop@h1");
        unregister_node(f, "name@localhost");
        unregister_node(f, "bound@h1");
        event_run_until(f->event, lan_adverts(f->lan) == 0);
        g_assert_cmpuint(n_announced(), ==, 0);
}

/* A registration in the place of a sighting is announced, and withdrawn when the sighting shows
 * again: that one is not ours. */
static void test_replaced(Fixture *f, gconstpointer data) {
        (void) data;
        see_bob(f);
        register_node(f, "bob@h2", 7, NULL);
        event_run_until(f->event, lan_adverts(f->lan) == 1);
        unregister_node(f, "bob@h2");
        event_run_until(f->event, lan_adverts(f->lan) == 0);
        expect(f, "changed bob@h2 7 h1.local replaced;changed bob@h2 4000 h2.local replaced;");
        g_assert_cmpuint(n_announced(), ==, 0);
}

/* --- avahi-daemon is stopped --- */

/* Any call to an avahi-daemon that was stopped would have the bus start it: there is none until it
 * is back, and then at once. */
static void test_stopped(Fixture *f, gconstpointer data) {
        (void) data;
        run_until_state(f, "running");
        g_assert_cmpuint(fake_avahi_calls(FAKE_CLIENT_NEW), ==, 1);
        fake_presence_set(false);
        fake_avahi_set_state(AVAHI_CLIENT_FAILURE);
        run_until_state(f, "failed");

        /* By then a client would have been tried for. */
        event_run_for(f->event, 300 * USEC_PER_MSEC);
        g_assert_cmpstr(lan_state(f->lan), ==, "failed");
        g_assert_cmpuint(fake_avahi_calls(FAKE_CLIENT_NEW), ==, 1);

        fake_presence_set(true);
        see_bob(f);
        g_assert_cmpuint(fake_avahi_calls(FAKE_CLIENT_NEW), ==, 2);
}

/* --- avahi-daemon restarts --- */

/* avahi-daemon is gone for longer than a restart takes: all sightings go; registrations stay. When
 * it is back, everything comes back by itself. */
static void test_restart(Fixture *f, gconstpointer data) {
        (void) data;
        see_bob(f);
        register_node(f, "a@h1", 1, NULL);
        event_run_until(f->event, lan_adverts(f->lan) == 1);
        expect(f, "up a@h1 1 h1.local registered;");

        fake_presence_set(false);
        fake_avahi_set_state(AVAHI_CLIENT_FAILURE);
        run_until_state(f, "failed");
        expect(f, "down bob@h2 4000 h2.local lost;");

        fake_avahi_fail(FAKE_CLIENT_NEW, AVAHI_ERR_NO_DAEMON);
        fake_presence_set(true);
        event_run_until(f->event, fake_avahi_calls(FAKE_CLIENT_NEW) >= 3);
        g_assert_cmpuint(lan_adverts(f->lan), ==, 0);

        fake_avahi_set_host("na.local");
        fake_avahi_fail(FAKE_CLIENT_NEW, 0);
        run_until_state(f, "running");
        expect(f, "changed a@h1 1 na.local registered;");
        see_bob(f);
        event_run_until(f->event, lan_adverts(f->lan) == 1);
}

/* A client fails, and the next one lists what it sees: what was seen before stays, changes as it
 * has changed, and goes if it has gone. */
static void test_client_fails(Fixture *f, gconstpointer data) {
        static const FakeAdvert carol = { .name = "carol@h3" }, dave = { .name = "dave@h4" };

        (void) data;
        see_bob(f);
        fake_avahi_emit_service(AVAHI_BROWSER_NEW, carol, 0);
        fake_avahi_emit_found(carol, "h3.local", "192.0.2.3", 3, "", 0);
        fake_avahi_emit_service(AVAHI_BROWSER_NEW, dave, 0);
        fake_avahi_emit_found(dave, "h4.local", "192.0.2.4", 4, "", 0);
        expect(f, "up carol@h3 3 h3.local seen;up dave@h4 4 h4.local seen;");

        fake_avahi_set_state(AVAHI_CLIENT_FAILURE);
        event_run_until(f->event, fake_avahi_calls(FAKE_BROWSER_NEW) == 2);
        fake_avahi_emit_service(AVAHI_BROWSER_NEW, bob, 0);
        fake_avahi_emit_service(AVAHI_BROWSER_NEW, carol, 0);
        fake_avahi_emit_service(AVAHI_BROWSER_ALL_FOR_NOW, bob, 0);
        find_bob(4000);
        fake_avahi_emit_found(carol, "h3.local", "192.0.2.3", 33, "", 0);
        expect(f, "changed carol@h3 33 h3.local replaced;down dave@h4 4 h4.local lost;");
        run_until_state(f, "running");
}

/* --- A burst --- */

/* Nothing of what the Avahi thread has been given to do is left. */
static void wait_for_thread(void) {
        fake_avahi_emit_service(AVAHI_BROWSER_REMOVE, bob, 0);
        for (gint64 deadline = event_deadline(); fake_avahi_alive(FAKE_RECORDS) == 0;) {
                g_assert_cmpint(g_get_monotonic_time(), <, deadline);
                g_usleep(1000);
        }
}

/* However much the thread has to tell, everybody else has a turn in between, and all of it
 * arrives. */
static void test_burst(Fixture *f, gconstpointer data) {
        unsigned turns = 0;

        (void) data;
        see_bob(f);
        for (uint16_t port = 1; port <= BURST; port++)
                find_bob(port);
        wait_for_thread();
        f->n_events = 0;
        for (; f->n_events < BURST - 1; turns++) {
                unsigned before = f->n_events;

                g_assert_cmpint(sd_event_run(f->event, 60 * USEC_PER_SEC), >, 0);
                g_assert_cmpuint(f->n_events - before, <=, LIMIT_TURN_MESSAGES);
        }
        g_assert_cmpuint(turns, >=, (BURST - 1) / LIMIT_TURN_MESSAGES);
        g_assert_true(g_str_has_suffix(f->events->str, "changed bob@h2 9000 h2.local replaced;"));
}

/* What is only counted takes no room, and is counted right. */
static void test_burst_ignored(Fixture *f, gconstpointer data) {
        DirectoryStats stats;

        (void) data;
        see_bob(f);
        for (unsigned i = 0; i < LIMIT_AVAHI_MESSAGES + 1000; i++)
                find_bob(0);
        event_run_until(f->event, (directory_get_stats(f->directory, &stats),
                                   stats.ignored[IGNORED_PORT] >= LIMIT_AVAHI_MESSAGES + 1000));
        g_assert_cmpuint(stats.ignored[IGNORED_PORT], ==, LIMIT_AVAHI_MESSAGES + 1000);
        g_assert_cmpuint(fake_avahi_calls(FAKE_CLIENT_NEW), ==, 1);
}

/* When more waits than may, the client is dropped, and the next one tells what there is now. Nobody
 * goes down for that. */
static void test_overflow(Fixture *f, gconstpointer data) {
        size_t before;

        (void) data;
        see_bob(f);
        before = allocated_bytes();
        for (unsigned i = 0; i < LIMIT_AVAHI_MESSAGES + 1000; i++)
                find_bob((uint16_t) (1 + i));
        for (gint64 deadline = event_deadline(); fake_avahi_calls(FAKE_CLIENT_FREE) == 0;) {
                g_assert_cmpint(g_get_monotonic_time(), <, deadline);
                g_usleep(1000);
        }
        event_run_until(f->event, fake_avahi_calls(FAKE_BROWSER_NEW) == 2);
        /* A full queue takes 8 MiB. */
        g_assert_cmpuint(allocated_bytes(), <, before + 10 * GROWTH_MAX);
        g_assert_cmpuint(log_count("more is seen than can be taken in*"), ==, 1);
        /* What was taken before the queue was discarded has been told. */
        g_assert_null(strstr(f->events->str, "down"));
        g_string_truncate(f->events, 0);

        fake_avahi_emit_service(AVAHI_BROWSER_NEW, bob, 0);
        find_bob(7);
        fake_avahi_emit_service(AVAHI_BROWSER_ALL_FOR_NOW, bob, 0);
        expect(f, "changed bob@h2 7 h2.local replaced;");
        run_until_state(f, "running");
        g_assert_cmpuint(fake_avahi_calls(FAKE_CLIENT_NEW), ==, 2);
}

/* The states that STATUS shows. */
static void test_states(Fixture *f, gconstpointer data) {
        (void) data;
        fake_avahi_set_state(AVAHI_CLIENT_CONNECTING);
        run_until_state(f, "connecting");
        fake_avahi_set_state(AVAHI_CLIENT_S_REGISTERING);
        run_until_state(f, "registering");
        fake_avahi_set_state(AVAHI_CLIENT_S_RUNNING);
        run_until_state(f, "running");
}

/* --- avahi-daemon hangs --- */

/* It is shown whatever the thread says, and no client is made: that call would wait. */
static void test_hung_state(Fixture *f, gconstpointer data) {
        unsigned changes;

        (void) data;
        see_bob(f);
        changes = f->changes;
        fake_presence_set_hangs(true);
        g_assert_cmpstr(lan_state(f->lan), ==, "hung");
        g_assert_cmpuint(f->changes, ==, changes + 1);

        fake_avahi_set_state(AVAHI_CLIENT_FAILURE);
        event_run_until(f->event, fake_avahi_calls(FAKE_CLIENT_FREE) == 1);
        /* By then a client would have been tried for. */
        event_run_for(f->event, 300 * USEC_PER_MSEC);
        g_assert_cmpuint(fake_avahi_calls(FAKE_CLIENT_NEW), ==, 1);
        g_assert_cmpstr(lan_state(f->lan), ==, "hung");

        fake_presence_set_hangs(false);
        run_until_state(f, "running");
        g_assert_cmpuint(f->events->len, ==, 0);
}

/* Nodes of this host come and go while it hangs: the directory goes on, and the messages for later
 * do not pile up. */
static void test_hung_rounds(Fixture *f, gconstpointer address) {
        size_t before = 0;

        run_until_state(f, "running");
        register_node(f, "known@h1", 1, NULL);
        flush(f);
        hang(f);
        for (uint16_t i = 0; i < ROUNDS; i++) {
                register_node(f, "a@h1", 1, address);
                register_node(f, "a@h1", 2, address);
                unregister_node(f, "a@h1");
                unregister_node(f, "known@h1");
                register_node(f, "known@h1", 1, NULL);
                g_string_truncate(f->events, 0);
                if (i == 10)
                        before = allocated_bytes();
        }
        g_assert_cmpuint(allocated_bytes(), <, before + GROWTH_MAX);
        g_assert_cmpstr(lan_state(f->lan), ==, "running");
        fake_avahi_release(0);
        flush(f);
        /* It had been announced just before, so that it takes a moment. */
        event_run_until(f->event, fake_avahi_announces("known@h1"));
        g_assert_false(fake_avahi_announces("a@h1"));
}

/* A node whose host is renamed while it hangs, and which goes then, must be gone afterwards. */
static void test_hung_rename(Fixture *f, gconstpointer data) {
        (void) data;
        run_until_state(f, "running");
        register_node(f, "a@h1", 1, NULL);
        event_run_until(f->event, lan_adverts(f->lan) == 1);
        hang(f);
        directory_set_host(f->directory, "other.local", clock_now(f->event));
        unregister_node(f, "a@h1");
        fake_avahi_release(0);
        flush(f);
        g_assert_false(fake_avahi_announces("a@h1"));
}

/* The call that hung fails in the end: everything is begun anew. */
static void test_hung_fails(Fixture *f, gconstpointer data) {
        (void) data;
        see_bob(f);
        hang(f);
        fake_avahi_release(AVAHI_ERR_DBUS_ERROR);
        event_run_until(f->event, fake_avahi_calls(FAKE_BROWSER_NEW) == 2);
        fake_avahi_emit_service(AVAHI_BROWSER_ALL_FOR_NOW, bob, 0);
        expect(f, "down bob@h2 4000 h2.local lost;");
        event_run_until(f->event, lan_adverts(f->lan) == 1);
        g_assert_true(fake_avahi_announces("hung@h1"));
}

/* --- The end --- */

/* A healthy Avahi lets go at once, and the loop ends. Nobody is told that the LAN went away: it did
 * not. */
static void test_stop(Fixture *f, gconstpointer data) {
        (void) data;
        see_bob(f);
        register_node(f, "a@h1", 1, NULL);
        event_run_until(f->event, lan_adverts(f->lan) == 1);
        g_string_truncate(f->events, 0);
        lan_stop(f->lan);
        lan_stop(f->lan);
        unregister_node(f, "a@h1");
        g_string_truncate(f->events, 0);
        g_assert_cmpint(sd_event_loop(f->event), ==, 0);
        g_assert_true(lan_is_stopped(f->lan));
        g_assert_cmpuint(fake_avahi_alive(FAKE_CLIENT), ==, 0);
        expect(f, "");
}

static int on_late(sd_event_source *source, uint64_t usec, void *userdata) {
        (void) usec, (void) userdata;
        return sd_event_exit(sd_event_source_get_event(source), 1);
}

/* A hung one does not, and that can be told. */
static void test_stop_hung(Fixture *f, gconstpointer data) {
        (void) data;
        run_until_state(f, "running");
        hang(f);
        lan_stop(f->lan);
        g_assert_cmpint(sd_event_add_time_relative(f->event, NULL, CLOCK_MONOTONIC,
                                                   20 * USEC_PER_MSEC, 0, on_late, NULL),
                        >=, 0);
        g_assert_cmpint(sd_event_loop(f->event), ==, 1);
        g_assert_false(lan_is_stopped(f->lan));
        fake_avahi_release(0);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
#define TEST(path, data, test) g_test_add("/lan/" path, Fixture, data, set_up, test, tear_down)
        TEST("start", NULL, test_start);
        TEST("sightings", NULL, test_sightings);
        TEST("registrations", NULL, test_registrations);
        TEST("replaced", NULL, test_replaced);
        TEST("stopped", NULL, test_stopped);
        TEST("restart", NULL, test_restart);
        TEST("client-fails", NULL, test_client_fails);
        TEST("burst/turns", NULL, test_burst);
        TEST("burst/ignored", NULL, test_burst_ignored);
        TEST("burst/overflow", NULL, test_overflow);
        TEST("states", NULL, test_states);
        TEST("hung/state", NULL, test_hung_state);
        TEST("hung/rounds", NULL, test_hung_rounds);
        TEST("hung/rounds-of-a-loopback-node", "127.0.0.1", test_hung_rounds);
        TEST("hung/rename", NULL, test_hung_rename);
        TEST("hung/fails", NULL, test_hung_fails);
        TEST("stop/healthy", NULL, test_stop);
        TEST("stop/hung", NULL, test_stop_hung);
        return g_test_run();
}
