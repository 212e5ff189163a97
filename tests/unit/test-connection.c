/* SPDX-License-Identifier: Apache-2.0 */
/* One socket: lines in, lines out, a bound on both, and one end */

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/limits.h"
#include "daemon/control/connection.h"
#include "unit/util-event.h"

typedef struct Fixture {
        sd_event *event;
        UserPoll *poll;
        Connection *connection;
        Client *client;
        GString *taken; /* lines, each ended by ';' */
        unsigned processed;
        unsigned deaths;
        bool deaf; /* process() takes nothing */
} Fixture;

static void take_lines(Fixture *f) {
        char *line;
        size_t length;

        while (connection_take_line(f->connection, &line, &length) == 0) {
                g_string_append_len(f->taken, line, (gssize) length);
                g_string_append_c(f->taken, ';');
        }
}

static void process(void *userdata) {
        Fixture *f = userdata;

        f->processed++;
        if (!f->deaf)
                take_lines(f);
}

static void dead(void *userdata) {
        Fixture *f = userdata;

        f->deaths++;
}

static void set_up(Fixture *f, gconstpointer data) {
        ConnectionHandler handler = { process, dead, f };
        int fds[2];

        (void) data;
        f->event = event_new();
        f->taken = g_string_new(NULL);
        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
        g_assert_cmpint(user_poll_new(&f->poll, f->event), ==, 0);
        g_assert_cmpint(connection_new(&f->connection, f->poll, fds[0], &handler), ==, 0);
        f->client = client_new(f->event, fds[1]);
}

static void tear_down(Fixture *f, gconstpointer data) {
        (void) data;
        g_assert_cmpuint(f->deaths, <=, 1);
        connection_free(f->connection);
        user_poll_free(f->poll);
        client_free(f->client);
        sd_event_unref(f->event);
        g_string_free(f->taken, TRUE);
}

static void say(Fixture *f, const char *word) {
        LineWriter writer = LINE_WRITER_NULL;

        line_writer_word(&writer, word);
        connection_send(f->connection, &writer);
}

static void hold(Fixture *f, const char *word) {
        LineWriter writer = LINE_WRITER_NULL;

        line_writer_word(&writer, word);
        connection_hold(f->connection, &writer);
}

/* Lines come in whole, however they were cut, and go out whole. */
static void test_lines(Fixture *f, gconstpointer data) {
        (void) data;
        client_send(f->client, "one\ntw");
        event_run_idle(f->event);
        client_send(f->client, "o\n\nthree");
        event_run_idle(f->event);
        g_assert_cmpstr(f->taken->str, ==, "one;two;;");
        say(f, "hello world");
        client_expect(f->client, "hello%20world");
        g_assert_true(client_is_quiet(f->client));
}

/* A peer that has closed is known to have, before its end is read; what it said before can still be
 * taken. */
static void test_hung_up(Fixture *f, gconstpointer data) {
        (void) data;
        g_assert_false(connection_is_hung_up(f->connection));
        client_send(f->client, "last");
        client_send(f->client, " words\n");
        g_assert_false(connection_is_hung_up(f->connection));
        client_finish(f->client);
        g_assert_true(connection_is_hung_up(f->connection));
        g_assert_false(connection_is_at_end(f->connection));
        event_run_idle(f->event);
        g_assert_true(connection_is_at_end(f->connection));
        g_assert_cmpstr(f->taken->str, ==, "last words;");
        /* It still reads. */
        g_assert_cmpuint(f->deaths, ==, 0);
        say(f, "goodbye");
        client_expect(f->client, "goodbye");
}

/* Who does not want bytes is not woken for them, but for the end of the peer. */
static void test_not_reading(Fixture *f, gconstpointer data) {
        (void) data;
        connection_set_reading(f->connection, false);
        client_send(f->client, "one\n");
        event_run_idle(f->event);
        g_assert_cmpuint(f->processed, ==, 0);
        connection_set_reading(f->connection, true);
        event_run_idle(f->event);
        g_assert_cmpstr(f->taken->str, ==, "one;");
        connection_set_reading(f->connection, false);
        f->client = client_free(f->client);
        event_run_idle(f->event);
        g_assert_cmpuint(f->deaths, ==, 1);
        g_assert_true(connection_is_dead(f->connection));
}

/* A turn comes without input, once. */
static void test_turn(Fixture *f, gconstpointer data) {
        (void) data;
        connection_set_turn(f->connection, true);
        event_run_idle(f->event);
        g_assert_cmpuint(f->processed, ==, 1);
        event_run_idle(f->event);
        g_assert_cmpuint(f->processed, ==, 1);
}

/* A peer that sends without pause is read from once in each turn, so that others have theirs. */
static void test_one_read_each_turn(Fixture *f, gconstpointer data) {
        g_autofree char *text = g_strnfill(5 * LIMIT_LINE, '\n');

        (void) data;
        client_send_bytes(f->client, text, 5 * LIMIT_LINE);
        for (size_t i = 1; i <= 5; i++) {
                g_assert_cmpint(sd_event_run(f->event, 0), >, 0);
                g_assert_cmpuint(f->taken->len, <=, i * LIMIT_LINE);
        }
        event_run_idle(f->event);
        g_assert_cmpuint(f->taken->len, ==, 5 * LIMIT_LINE);
}

/* What is held goes behind what is sent, in its order, and only then. */
static void test_hold(Fixture *f, gconstpointer data) {
        (void) data;
        connection_release(f->connection);
        hold(f, "event1");
        say(f, "reply1");
        hold(f, "event2");
        client_expect(f->client, "reply1");
        g_assert_true(client_is_quiet(f->client));
        say(f, "reply2");
        connection_release(f->connection);
        say(f, "reply3");
        connection_release(f->connection);
        client_expect(f->client, "reply2");
        client_expect(f->client, "event1");
        client_expect(f->client, "event2");
        client_expect(f->client, "reply3");
        g_assert_true(client_is_quiet(f->client));
}

/* A slow reader gets every byte in order, whatever the socket takes at a time. */
static void test_slow_reader(Fixture *f, gconstpointer data) {
        g_autofree char *word = g_strnfill(1000, 'w');
        unsigned sent = 0;

        (void) data;
        for (int round = 0; round < 20; round++) {
                for (; sent < 1000 + (unsigned) round * 100 && connection_has_room(f->connection);
                     sent++) {
                        g_autofree char *line = g_strdup_printf("%u-%s", sent, word);

                        say(f, line);
                        event_run_idle(f->event);
                }
        }
        g_assert_cmpuint(sent, <, 1000);
        for (unsigned i = 0; i < sent; i++) {
                g_autofree char *line = g_strdup_printf("%u-%s", i, word);

                client_expect(f->client, line);
        }
        g_assert_true(connection_has_room(f->connection));
        g_assert_cmpuint(f->deaths, ==, 0);
}

/* Who has LIMIT_OUTPUT bytes waiting is cut off, not one byte earlier, and what is said to it
 * afterwards goes nowhere. What the socket takes does not wait: see below. */
static void test_output_limit(Fixture *f, gconstpointer data) {
        void (*queue)(Fixture * f, const char *word) = data ? hold : say;
        g_autofree char *word = g_strnfill(1023, 'w');
        size_t said = 0;

        for (; said < LIMIT_OUTPUT; said += 1024) {
                g_assert_cmpuint(f->deaths, ==, 0);
                queue(f, word);
        }
        g_assert_cmpuint(f->deaths, ==, 0);
        for (; f->deaths == 0; said += 1024) {
                g_assert_cmpuint(said, <, data ? LIMIT_OUTPUT + 1024 : 16 * LIMIT_OUTPUT);
                queue(f, word);
        }
        g_assert_cmpuint(f->deaths, ==, 1);
        queue(f, word);
        connection_release(f->connection);
        connection_close(f->connection);
        connection_kill(f->connection);
        event_run_idle(f->event);
        g_assert_cmpuint(f->deaths, ==, 1);
        g_assert_cmpuint(f->processed, ==, 0);
}

/* A peer that reads is not cut off for what happens in one turn of the loop: a LAN with a thousand
 * nodes is lost at once when avahi-daemon ends. */
static void test_burst(Fixture *f, gconstpointer data) {
        enum { EVENTS = 1000 };
        g_autofree char *text = g_strnfill(149, 'x');

        (void) data;
        g_assert_cmpuint(EVENTS * 150, >, LIMIT_OUTPUT);
        for (int i = 0; i < EVENTS; i++)
                say(f, text);
        g_assert_cmpuint(f->deaths, ==, 0);
        for (int i = 0; i < EVENTS; i++)
                client_expect(f->client, text);
        g_assert_true(client_is_quiet(f->client));
}

/* connection_close(): what waits is sent, nothing more is taken, and then it is over, also if
 * nothing waits. */
static void test_close(Fixture *f, gconstpointer data) {
        (void) data;
        if (data)
                say(f, data);
        connection_close(f->connection);
        g_assert_cmpuint(f->deaths, ==, 0);
        client_send(f->client, "one\n");
        event_run_idle(f->event);
        g_assert_cmpuint(f->deaths, ==, 1);
        g_assert_cmpuint(f->processed, ==, 0);
        if (data)
                client_expect(f->client, data);
        g_assert_true(client_is_quiet(f->client));
        f->connection = connection_free(f->connection);
        g_assert_true(client_is_at_end(f->client));
}

/* A closed connection does not wait for ever for a peer that is gone. */
static void test_close_and_gone(Fixture *f, gconstpointer data) {
        g_autofree char *word = g_strnfill(1000, 'w');

        (void) data;
        while (connection_has_room(f->connection)) {
                say(f, word);
                event_run_idle(f->event);
        }
        connection_close(f->connection);
        event_run_idle(f->event);
        g_assert_cmpuint(f->deaths, ==, 0);
        f->client = client_free(f->client);
        event_run_idle(f->event);
        g_assert_cmpuint(f->deaths, ==, 1);
}

/* Dead is dead: told once, and the loop is not woken any more, though the socket stays open until
 * it is freed. */
static void test_kill(Fixture *f, gconstpointer data) {
        (void) data;
        client_send(f->client, "one\n");
        connection_kill(f->connection);
        connection_kill(f->connection);
        connection_set_reading(f->connection, true);
        connection_set_turn(f->connection, true);
        event_run_idle(f->event);
        g_assert_cmpuint(f->deaths, ==, 1);
        g_assert_cmpuint(f->processed, ==, 0);
        g_assert_true(connection_is_hung_up(f->connection));
        g_assert_true(client_is_quiet(f->client));
}

/* A line that does not fit into a line can't be told: better none than half of one. */
static void test_too_long(Fixture *f, gconstpointer data) {
        g_autofree char *fits = g_strnfill(LIMIT_LINE - 1, 'w'),
                        *too_long = g_strnfill(LIMIT_LINE, 'w');

        (void) data;
        say(f, fits);
        client_expect(f->client, fits);
        say(f, too_long);
        g_assert_cmpuint(f->deaths, ==, 1);
}

/* The descriptor is the connection's from the first moment, also when it can't be used. */
static void test_new_fails(Fixture *f, gconstpointer data) {
        ConnectionHandler handler = { process, dead, f };
        int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
        Connection *connection = NULL;

        (void) data;
        /* epoll does not take files. */
        g_assert_cmpint(connection_new(&connection, f->poll, fd, &handler), ==, -EPERM);
        g_assert_null(connection);
        g_assert_cmpint(fcntl(fd, F_GETFD), ==, -1);
        g_assert_cmpuint(f->deaths, ==, 0);
}

/* What was held up by a reply may be too much together with the rest of the reply, without the peer
 * being slow: its socket still has room. */
static void test_release_much(Fixture *f, gconstpointer data) {
        enum { LINE = 1024, HELD = LIMIT_OUTPUT / LINE - 1, SAID = 2 };
        g_autofree char *rest = g_strnfill(LINE - 6, 'x');

        (void) data;
        for (unsigned i = 0; i < HELD + SAID; i++) {
                g_autofree char *word = g_strdup_printf("%04u-%s", i, rest);

                /* The reply itself comes before what it holds up. */
                if (i < SAID)
                        say(f, word);
                else
                        hold(f, word);
        }
        connection_release(f->connection);
        g_assert_false(connection_is_dead(f->connection));
        for (unsigned i = 0; i < HELD + SAID; i++) {
                g_autofree char *word = g_strdup_printf("%04u-%s", i, rest);

                client_expect(f->client, word);
        }
        g_assert_true(client_is_quiet(f->client));
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
#define TEST(path, data, test)                                                                     \
        g_test_add("/connection/" path, Fixture, data, set_up, test, tear_down)
        TEST("lines", NULL, test_lines);
        TEST("hung-up", NULL, test_hung_up);
        TEST("not-reading", NULL, test_not_reading);
        TEST("turn", NULL, test_turn);
        TEST("one-read-each-turn", NULL, test_one_read_each_turn);
        TEST("hold", NULL, test_hold);
        TEST("release-much", NULL, test_release_much);
        TEST("slow-reader", NULL, test_slow_reader);
        TEST("output-limit", NULL, test_output_limit);
        TEST("output-limit/held", "held", test_output_limit);
        TEST("burst", NULL, test_burst);
        TEST("close", NULL, test_close);
        TEST("close/after-words", "words", test_close);
        TEST("close/and-gone", NULL, test_close_and_gone);
        TEST("kill", NULL, test_kill);
        TEST("too-long", NULL, test_too_long);
        TEST("new-fails", NULL, test_new_fails);
        return g_test_run();
}
