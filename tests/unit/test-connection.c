/* SPDX-License-Identifier: Apache-2.0 */
/* A socket with bounded lines in and bounded lines out */

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/limits.h"
#include "daemon/connection.h"
#include "unit/util-event.h"

/* A connection whose lines are kept, with the peer at the other end. */
typedef struct Fixture {
        sd_event *event;
        Connection *connection;
        Client *peer;
        GString *taken; /* lines, each with its LF */
        bool taking;    /* take lines as they come */
        unsigned turns;
        unsigned deaths;
        bool too_long;
} Fixture;

static void process(void *userdata) {
        Fixture *fixture = userdata;
        size_t length;
        char *text;
        int r = INPUT_BUFFER_E_PENDING;

        fixture->turns++;
        while (fixture->taking &&
               (r = connection_take_line(fixture->connection, &text, &length)) == 0) {
                g_string_append_len(fixture->taken, text, (gssize) length);
                g_string_append_c(fixture->taken, '\n');
        }
        fixture->too_long = r == INPUT_BUFFER_E_TOO_LONG;
        connection_set_reading(fixture->connection, fixture->taking && !fixture->too_long);
}

static void dead(void *userdata) {
        Fixture *fixture = userdata;

        fixture->deaths++;
}

static void set_up(Fixture *fixture, gconstpointer data) {
        ConnectionHandler handler = { process, dead, fixture };
        int fds[2];

        (void) data;
        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), ==,
                        0);
        fixture->event = event_new();
        fixture->peer = client_new(fixture->event, fds[1]);
        fixture->taken = g_string_new(NULL);
        fixture->taking = true;
        g_assert_cmpint(connection_new(&fixture->connection, fixture->event, fds[0], &handler), ==,
                        0);
}

static void tear_down(Fixture *fixture, gconstpointer data) {
        (void) data;
        connection_free(fixture->connection);
        client_free(fixture->peer);
        g_string_free(fixture->taken, TRUE);
        sd_event_unref(fixture->event);
}

static void say(Fixture *fixture, void (*how)(Connection *, LineWriter *), const char *text) {
        LineWriter writer = LINE_WRITER_NULL;

        line_writer_text(&writer, text);
        how(fixture->connection, &writer);
}

/* However the bytes are cut, the lines are the same. */
static void test_lines(Fixture *fixture, gconstpointer data) {
        static const char text[] = "one\ntwo words\n\nlast\n";

        (void) data;
        for (size_t i = 0; i < sizeof(text) - 1; i++) {
                client_send_bytes(fixture->peer, text + i, 1);
                event_run_idle(fixture->event);
        }
        client_send(fixture->peer, text);
        event_run_until(fixture->event, fixture->taken->len == 2 * strlen(text));
        g_assert_true(g_str_has_prefix(fixture->taken->str, text));
        g_assert_true(g_str_has_suffix(fixture->taken->str, text));
}

static void test_too_long(Fixture *fixture, gconstpointer data) {
        g_autofree char *much = g_strnfill(LIMIT_LINE, 'x');

        (void) data;
        client_send(fixture->peer, much);
        event_run_until(fixture->event, fixture->too_long);
        g_assert_cmpuint(fixture->taken->len, ==, 0);
}

/* What is held goes behind what is being written, in its order. */
static void test_hold(Fixture *fixture, gconstpointer data) {
        (void) data;
        say(fixture, connection_hold, "held 1");
        say(fixture, connection_send, "first");
        say(fixture, connection_hold, "held 2");
        say(fixture, connection_send, "second");
        connection_release(fixture->connection);
        connection_release(fixture->connection);
        say(fixture, connection_send, "third");
        client_expect(fixture->peer, "first");
        client_expect(fixture->peer, "second");
        client_expect(fixture->peer, "held 1");
        client_expect(fixture->peer, "held 2");
        client_expect(fixture->peer, "third");
        g_assert_true(client_is_quiet(fixture->peer));
}

/* A peer that does not read is cut off when its queue is full: nobody waits for it, and it learns
 * by the end of the connection that something is missing. */
static void test_queue_full(Fixture *fixture, gconstpointer data) {
        void (*how)(Connection *, LineWriter *) = data ? connection_hold : connection_send;
        size_t said = 0;

        while (fixture->deaths == 0) {
                say(fixture, how, "a line of some length, as an event would be");
                said += strlen("a line of some length, as an event would be") + 1;
                g_assert_cmpuint(said, <, 16 * LIMIT_OUTPUT);
        }
        g_assert_cmpuint(said, >, LIMIT_OUTPUT);
        g_assert_true(connection_is_dead(fixture->connection));
        g_assert_true(connection_is_hung_up(fixture->connection));

        /* It dies once, and takes nothing more. */
        say(fixture, how, "more");
        connection_release(fixture->connection);
        connection_kill(fixture->connection);
        event_run_idle(fixture->event);
        g_assert_cmpuint(fixture->deaths, ==, 1);
}

/* A peer that reads is not cut off for what happens in one turn of the loop: a LAN with a thousand
 * nodes is lost at once when avahi-daemon ends. */
static void test_burst(Fixture *fixture, gconstpointer data) {
        enum { EVENTS = 1000 };
        g_autofree char *text = g_strnfill(149, 'x');

        (void) data;
        g_assert_cmpuint(EVENTS * 150, >, LIMIT_OUTPUT);
        for (int i = 0; i < EVENTS; i++)
                say(fixture, connection_send, text);
        g_assert_false(connection_is_dead(fixture->connection));
        for (int i = 0; i < EVENTS; i++)
                client_expect(fixture->peer, text);
        g_assert_true(client_is_quiet(fixture->peer));
}

/* There is room for more until a portion waits. */
static void test_room(Fixture *fixture, gconstpointer data) {
        g_autofree char *text = g_strnfill(1023, 'x');
        size_t said = 0;

        (void) data;
        for (; connection_has_room(fixture->connection); said += 1024)
                say(fixture, connection_send, text);
        g_assert_cmpuint(said, ==, LIMIT_OUTPUT_PORTION);
        client_expect(fixture->peer, text);
        g_assert_true(connection_has_room(fixture->connection));
}

/* What is not wanted stays in the socket, and does not wake the loop for ever. */
static void test_not_reading(Fixture *fixture, gconstpointer data) {
        unsigned turns;

        (void) data;
        fixture->taking = false;
        client_send(fixture->peer, "one\n");
        event_run_idle(fixture->event);
        client_send(fixture->peer, "two\n");
        event_run_idle(fixture->event);
        turns = fixture->turns;
        event_run_idle(fixture->event);
        g_assert_cmpuint(fixture->turns, ==, turns);

        fixture->taking = true;
        connection_set_turn(fixture->connection, true);
        event_run_until(fixture->event, fixture->taken->len == strlen("one\ntwo\n"));
}

/* Closing lets the peer read everything first, and takes nothing more from it. */
static void test_close(Fixture *fixture, gconstpointer data) {
        size_t length;
        char *text;

        (void) data;
        fixture->taking = false;
        client_send(fixture->peer, "one\ntwo\n");
        event_run_idle(fixture->event);
        say(fixture, connection_send, "goodbye");
        connection_close(fixture->connection);
        g_assert_cmpint(connection_take_line(fixture->connection, &text, &length), ==,
                        INPUT_BUFFER_E_PENDING);
        g_assert_cmpuint(fixture->deaths, ==, 0);
        client_expect(fixture->peer, "goodbye");
        event_run_until(fixture->event, fixture->deaths == 1);
}

/* The end of the input is not the end of the connection: "printf … | socat" waits for its answers.
 */
static void test_half_closed(Fixture *fixture, gconstpointer data) {
        (void) data;
        client_send(fixture->peer, "one\n");
        client_finish(fixture->peer);
        event_run_until(fixture->event, connection_is_at_end(fixture->connection));
        g_assert_cmpstr(fixture->taken->str, ==, "one\n");
        g_assert_false(connection_is_dead(fixture->connection));
        say(fixture, connection_send, "answer");
        client_expect(fixture->peer, "answer");
}

/* A peer that has gone is known to have, before its end is read: a name that it holds is free. */
static void test_hung_up(Fixture *fixture, gconstpointer data) {
        (void) data;
        client_send(fixture->peer, "something unread\n");
        g_assert_false(connection_is_hung_up(fixture->connection));
        fixture->peer = client_free(fixture->peer);
        g_assert_true(connection_is_hung_up(fixture->connection));

        /* And if nobody wants to read, it is told all the same. */
        fixture->taking = false;
        event_run_until(fixture->event, fixture->deaths == 1);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);

#define ADD(name, data, function)                                                                  \
        g_test_add("/connection/" name, Fixture, data, set_up, function, tear_down)
        ADD("lines", NULL, test_lines);
        ADD("too-long", NULL, test_too_long);
        ADD("hold", NULL, test_hold);
        ADD("queue-full/sent", NULL, test_queue_full);
        ADD("queue-full/held", "held", test_queue_full);
        ADD("burst", NULL, test_burst);
        ADD("room", NULL, test_room);
        ADD("not-reading", NULL, test_not_reading);
        ADD("close", NULL, test_close);
        ADD("half-closed", NULL, test_half_closed);
        ADD("hung-up", NULL, test_hung_up);

        return g_test_run();
}
