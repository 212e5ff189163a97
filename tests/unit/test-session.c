/* SPDX-License-Identifier: Apache-2.0 */
/* One client on the control socket: every request, every error, every order */

#include <stdlib.h>
#include <string.h>

#include "core/limits.h"
#include "core/reply.h"
#include "unit/util-event.h"

/* A server and one client, which every test begins with. */
#define SERVER_AND_CLIENT                                                                          \
        _cleanup_(server_freep) Server *server = server_new();                                     \
        _cleanup_(client_freep) Client *client = server_connect(server)

/* --- Requests --- */

/* Each verb is answered by what docs/protocol.md says, and HELLO may be left out. */
static void test_verbs(void) {
        SERVER_AND_CLIENT;

        client_ask(client, "LIST", "OK");
        client_ask(client, "HELLO 1", "OK 1 epmd-mdnsd/*");
        client_ask(client, "REGISTER alice@h1 port=37061", "OK creation=*");
        client_ask(
                client, "LOOKUP alice@h1",
                "NODE alice@h1 port=37061 family=inet proto=tcp addr=127.0.0.1 source=local age=0");
        client_expect(client, "OK");
        client_ask(client, "STATUS",
                   "OK version=test * uptime=0 registrations=1 limit-registrations=384 "
                   "limit-connections=* limit-endpoints=* limit-sightings=* "
                   "limit-loopback=1024 refused-connections=0 refused-registrations=0 cut-off=0 "
                   "unheard=0 limit-unheard=1024 refused-reports=0 connections=1 subscribers=0");
        client_ask(client, "SUBSCRIBE", "OK");
        client_expect(client, "EVENT up alice@h1 port=37061 * age=0 reason=present");
        client_expect(client, "EVENT sync");
        client_ask(client, "STATUS", "OK * subscribers=1");
        g_assert_true(client_is_quiet(client));
}

/* What a registered node is connected to is told like any other node, until the connection of the
 * one ends or it says so. */
static void test_connected(void) {
        SERVER_AND_CLIENT;
        _cleanup_(client_freep) Client *other = server_connect(server);

        client_ask(client, "CONNECTED bob@h2 port=1 addr=192.0.2.2", "ERR bad-argument *");
        client_ask(client, "REGISTER alice@h1 port=37061", "OK creation=*");
        client_ask(other, "SUBSCRIBE", "OK");
        client_expect(other, "EVENT up alice@h1 *");
        client_expect(other, "EVENT sync");
        client_ask(client, "CONNECTED bob@h2 port=40001 cluster=team addr=192.0.2.2 host=h2.local",
                   "OK");
        client_expect(other, "EVENT up bob@h2 port=40001 family=inet proto=tcp addr=192.0.2.2 "
                             "source=peer host=h2.local age=0 cluster=team reason=connected");
        client_ask(other, "LIST source=peer", "NODE bob@h2 *");
        client_expect(other, "OK");
        client_ask(client, "DISCONNECTED bob@h2", "OK");
        client_expect(other, "EVENT down bob@h2 * reason=disconnected");
        client_ask(client, "DISCONNECTED bob@h2", "OK");
        client_ask(client, "CONNECTED bob@h2 port=40001 addr=192.0.2.2", "OK");
        client_expect(other, "EVENT up bob@h2 * reason=connected");
        client = client_free(client);
        client_expect(other, "EVENT down bob@h2 * reason=disconnected");
        client_expect(other, "EVENT down alice@h1 * reason=unregistered");
        client_ask(other, "LOOKUP bob@h2", "ERR not-found *");
}

/* What a registered node knows of nodes that can't connect is told to whoever asks, until the
 * connection of the one ends or it says so; nobody else is told. */
static void test_pairs(void) {
        SERVER_AND_CLIENT;
        _cleanup_(client_freep) Client *other = server_connect(server);

        client_ask(client, "PAIRS", "OK");
        client_ask(client, "APART a@h1 c@h3 reason=closed", "ERR bad-argument *");
        client_ask(client, "TOGETHER a@h1 c@h3", "OK");
        client_ask(client, "REGISTER b@h2 port=37061", "OK creation=*");
        client_ask(other, "REGISTER a@h1 port=37062", "OK creation=*");
        client_ask(other, "SUBSCRIBE", "OK");
        client_expect(other, "EVENT up a@h1 *");
        client_expect(other, "EVENT up b@h2 *");
        client_expect(other, "EVENT sync");

        client_ask(client, "APART c@h3 a@h1 reason=closed", "OK");
        client_ask(client, "APART a@h1 c@h3 reason=timed-out", "OK");
        client_ask(other, "APART a@h1 c@h3 reason=timed-out", "OK");
        client_ask(other, "PAIRS", "PAIR a@h1 c@h3 reason=timed-out");
        client_expect(other, "PAIR c@h3 a@h1 reason=closed");
        client_expect(other, "OK");
        client_ask(client, "TOGETHER c@h3 a@h1", "OK");
        client_ask(client, "TOGETHER a@h1 c@h3", "OK");
        client_ask(client, "PAIRS", "PAIR a@h1 c@h3 reason=timed-out");
        client_expect(client, "OK");
        client_ask(client, "SUBSCRIBE", "OK");
        client_expect(client, "EVENT up a@h1 *");
        client_expect(client, "EVENT up b@h2 *");
        client_expect(client, "EVENT sync");
        g_assert_true(client_is_quiet(other));
        other = client_free(other);
        client_expect(client, "EVENT down a@h1 *");
        client_ask(client, "PAIRS", "OK");
}

/* A node that reports more than it may is refused, and its others stay. */
static void test_pairs_limit(void) {
        SERVER_AND_CLIENT;
        char request[64];

        client_ask(client, "REGISTER b@h2 port=37061", "OK creation=*");
        for (int i = 0; i < LIMIT_PAIRS_PER_NODE; i++) {
                g_snprintf(request, sizeof(request), "APART n%02d@h1 c@h3 reason=closed\n", i);
                client_send(client, request);
                client_expect(client, "OK");
        }
        client_ask(client, "APART more@h1 c@h3 reason=closed", "ERR limit *");
        client_ask(client, "STATUS", "OK * refused-reports=1 *");
        client_send(client, "PAIRS\n");
        for (int i = 0; i < LIMIT_PAIRS_PER_NODE; i++)
                client_expect(client, "PAIR n* c@h3 reason=closed");
        client_expect(client, "OK");
}

/* What the LAN has lost a moment ago is not reported as something else. */
static void test_connected_elsewhere(void) {
        SERVER_AND_CLIENT;

        client_ask(client, "REGISTER alice@h1 port=37061", "OK creation=*");
        server_see(server, "bob@h2", "192.0.2.2");
        server_lose(server, "bob@h2", REASON_EXPIRED);
        client_ask(client, "CONNECTED bob@h2 port=666 addr=192.0.2.2", "ERR bad-argument *");
        client_ask(client, "CONNECTED bob@h2 port=4000 addr=192.0.2.2", "OK");
}

/* A request that can't be served says why in a token, and the connection goes on: it is the
 * caller's only one. */
static void test_errors_that_stay(void) {
        static const struct {
                const char *request, *reply;
        } table[] = {
                { "GOODBYE", "ERR unknown-verb *" },
                { "list", "ERR unknown-verb *" },
                { "HELLO", "ERR bad-argument *" },
                { "HELLO one", "ERR bad-argument *" },
                { "HELLO 2", "ERR version *" },
                { "REGISTER", "ERR bad-argument *" },
                { "REGISTER a@b", "ERR bad-argument *" },
                { "REGISTER a@b port=0", "ERR bad-argument *" },
                { "REGISTER a@b port=65536", "ERR bad-argument *" },
                { "REGISTER a@b port=1 proto=udp", "ERR bad-argument *" },
                { "REGISTER a@b port=1 cluster=", "ERR bad-argument *" },
                { "REGISTER a@b port=1 addr=::1", "ERR bad-argument *" },
                { "REGISTER a@b port=1 family=inet6 addr=fe80::1", "ERR bad-argument *" },
                { "REGISTER alice port=1", "ERR bad-argument *" },
                { "CONNECTED b@h port=1 addr=192.0.2.2", "ERR bad-argument *" },
                { "DISCONNECTED b", "ERR bad-argument *" },
                { "APART a@h1 b@h2", "ERR bad-argument *" },
                { "TOGETHER a@h1 b", "ERR bad-argument *" },
                { "LOOKUP", "ERR bad-argument *" },
                { "LOOKUP alice", "ERR bad-argument *" },
                { "LOOKUP a@b wait=60001", "ERR bad-argument *" },
                { "LOOKUP a@b family=unix", "ERR bad-argument *" },
                { "LOOKUP a@b", "ERR not-found *" },
                { "LIST source=moon", "ERR bad-argument *" },
        };
        SERVER_AND_CLIENT;

        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                client_send(client, table[i].request);
                client_send(client, "\n");
                client_expect(client, table[i].reply);
        }
        client_ask(client, "LIST", "OK");
}

/* A line that breaks the rules of section 1 may come from somebody who does not speak the protocol
 * at all: ERR and out. */
static void test_malformed(void) {
        static const struct {
                const char *line;
                size_t length;
        } table[] = {
#define LINE(text) { text, sizeof(text) - 1 }
                LINE("\n"),
                LINE(" STATUS\n"),
                LINE("STATUS \n"),
                LINE("LOOKUP  a@b\n"),
                LINE("STATUS\r\n"),
                LINE("LOOKUP\ta@b\n"),
                LINE("STA\0TUS\n"),
                LINE("LOOKUP a@\x7F\n"),
                LINE("LOOKUP a@\xC3\xA5\n"),
                LINE("LOOKUP a@%00\n"),
                LINE("LOOKUP a@%4\n"),
                LINE("LOOKUP a@%\n"),
                LINE("LIST source\n"),
                LINE("LIST host=a host=b\n"),
                LINE("LIST Host=a\n"),
                LINE("LIST =a\n"),
                LINE("GET / HTTP/1.1\r\n"),
#undef LINE
        };

        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                SERVER_AND_CLIENT;

                client_send_bytes(client, table[i].line, table[i].length);
                client_expect(client, "ERR malformed *");
                g_assert_true(client_is_at_end(client));
        }
}

/* "Then the server closes": what stands behind a malformed line is not a request any more, and must
 * have no effect. */
static void test_malformed_ends_the_input(void) {
        SERVER_AND_CLIENT;

        client_send(client, "STATUS\n\nREGISTER a@b port=1\nSTATUS\n");
        client_expect(client, "OK *");
        client_expect(client, "ERR malformed *");
        g_assert_true(client_is_at_end(client));
}

static void test_too_many_words(void) {
        g_autoptr(GString) line = g_string_new("LIST");
        SERVER_AND_CLIENT;

        for (int i = 1; i < LIMIT_LINE_WORDS; i++)
                g_string_append_printf(line, " k%d=", i);
        client_send(client, line->str);
        client_send(client, "\n");
        client_expect(client, "OK");
        client_send(client, line->str);
        client_send(client, " one-more=\n");
        client_expect(client, "ERR malformed *");
        g_assert_true(client_is_at_end(client));
}

/* A line has at most 2048 bytes, its LF included: the 2048th byte may be the LF, and if it is not,
 * nobody waits for more. */
static void test_line_length(void) {
        g_autofree char *longest = g_strnfill(LIMIT_LINE, 'X');
        SERVER_AND_CLIENT;

        longest[LIMIT_LINE - 1] = '\n';
        for (int i = 0; i < 3; i++) {
                client_send_bytes(client, longest, LIMIT_LINE);
                client_expect(client, "ERR unknown-verb *");
        }

        longest[LIMIT_LINE - 1] = 'X';
        client_send_bytes(client, longest, LIMIT_LINE - 1);
        g_assert_true(client_is_quiet(client));
        client_send(client, "X");
        client_expect(client, "ERR too-long *");
        g_assert_true(client_is_at_end(client));
}

/* Where a write ends means nothing: a request may come in as many pieces as it has bytes. */
static void test_dribble(void) {
        static const char requests[] = "LOOKUP a@b\nSTATUS\n";
        SERVER_AND_CLIENT;

        for (const char *p = requests; *p; p++) {
                client_send_bytes(client, p, 1);
                event_run_idle(server->event);
        }
        client_expect(client, "ERR not-found *");
        client_expect(client, "OK *");
}

/* Requests may be sent without waiting, more than the input buffer holds, and their replies come in
 * the same order. */
static void test_pipeline(void) {
        g_autoptr(GString) requests = g_string_new(NULL);
        SERVER_AND_CLIENT;

        client_ask(client, "REGISTER a@b port=1", "OK *");
        for (int i = 0; i < 500; i++)
                g_string_append(requests, i % 2 ? "LOOKUP a@b\n" : "HELLO 1\n");
        client_send(client, requests->str);
        for (int i = 0; i < 500; i++)
                if (i % 2) {
                        client_expect(client, "NODE a@b *");
                        client_expect(client, "OK");
                } else
                        client_expect(client, "OK 1 *");
}

/* "printf … | socat": the end of the requests is not the end of the replies. An unfinished line at
 * the end is no request. */
static void test_half_close(void) {
        SERVER_AND_CLIENT;

        server_see_many(server, 0, 3000);
        client_send(client, "HELLO 1\nLIST\nLOOKUP nobody@lan wait=30\nSTATUS\nLIS");
        client_finish(client);
        client_expect(client, "OK 1 *");
        for (unsigned i = 0; i < 3000; i++)
                g_assert_true(
                        g_str_has_prefix(client_line(client) + strlen("NODE "), server_node(i)));
        client_expect(client, "OK");
        client_expect(client, "ERR not-found *");
        client_expect(client, "OK *");
        g_assert_null(client_line(client));
}

/* --- REGISTER --- */

static uint32_t creation(Client *client, const char *request) {
        uint64_t value;

        client_send(client, request);
        client_expect(client, "OK creation=*");
        client_send(client, request);
        value = g_ascii_strtoull(strchr(client_line(client), '=') + 1, NULL, 10);
        g_assert_cmpuint(value, >=, 4);
        g_assert_cmpuint(value, <=, UINT32_MAX);
        return (uint32_t) value;
}

/* A node that repeats itself, that changes what it said, or that adds an endpoint, is still the
 * same incarnation. */
static void test_creation_stays(void) {
        SERVER_AND_CLIENT;
        uint32_t first = creation(client, "REGISTER a@b port=1\n");

        g_assert_cmpuint(creation(client, "REGISTER a@b port=2 cluster=team\n"), ==, first);
        g_assert_cmpuint(creation(client, "REGISTER a@b port=3 family=inet6\n"), ==, first);
        g_assert_cmpuint(creation(client, "REGISTER a@b port=4 proto=tls\n"), ==, first);
        client_ask(client, "LIST", "NODE a@b port=2 family=inet proto=tcp * cluster=team");
        client_expect(client, "NODE a@b port=3 family=inet6 proto=tcp addr=::1 *");
        client_expect(client, "NODE a@b port=4 family=inet proto=tls *");
        client_expect(client, "OK");
}

/* The connection is the lease of one node; a second one would live and die with the first. */
static void test_other_node(void) {
        SERVER_AND_CLIENT;

        client_ask(client, "REGISTER a@b port=1", "OK *");
        client_ask(client, "REGISTER A@b port=1", "ERR other-node *");
        client_ask(client, "LIST", "NODE a@b *");
        client_expect(client, "OK");
}

static void on_event(void *userdata, const DirectoryEvent *event) {
        g_string_append_printf(userdata, "%s %u %d;", event_kind_to_string(event->kind),
                               event->info->endpoint.port, event->advertise);
}

/* What is bound to a loopback address can't be reached from elsewhere, and must not be announced.
 * "0.0.0.0" is no binding. */
static void test_bound_addresses(void) {
        g_autoptr(GString) events = g_string_new(NULL);
        SERVER_AND_CLIENT;

        directory_observe(server->directory, on_event, events);
        client_ask(client, "REGISTER a@b port=1 addr=127.0.0.1", "OK *");
        client_ask(client, "REGISTER a@b port=2 addr=192.0.2.7", "OK *");
        client_ask(client, "LOOKUP a@b", "NODE a@b port=2 * addr=192.0.2.7 *");
        client_expect(client, "OK");
        client_ask(client, "REGISTER a@b port=3 addr=0.0.0.0", "OK *");
        client_ask(client, "LOOKUP a@b", "NODE a@b port=3 * addr=127.0.0.1 *");
        client_expect(client, "OK");
        client_ask(client, "REGISTER a@b port=4 family=inet6 addr=::1", "OK *");
        client = client_free(client);
        event_run_idle(server->event);
        g_assert_cmpstr(events->str, ==,
                        "up 1 0;changed 2 1;changed 3 1;up 4 0;down 3 0;down 4 0;");
}

/* --- LOOKUP --- */

/* Only the endpoints, and only the addresses, that the caller can use. */
static void test_lookup_filters(void) {
        SERVER_AND_CLIENT;

        client_ask(client, "REGISTER a@b port=1", "OK *");
        client_ask(client, "REGISTER a@b port=2 proto=tls family=inet6", "OK *");
        client_ask(client, "LOOKUP a@b", "NODE a@b port=1 *");
        client_expect(client, "NODE a@b port=2 *");
        client_expect(client, "OK");
        client_ask(client, "LOOKUP a@b family=inet6", "NODE a@b port=2 *");
        client_expect(client, "OK");
        client_ask(client, "LOOKUP a@b proto=tcp", "NODE a@b port=1 *");
        client_expect(client, "OK");
        client_ask(client, "LOOKUP a@b proto=tcp family=inet6", "ERR not-found *");
        client_ask(client, "LOOKUP A@b", "ERR not-found *");
}

/* A packet lost on Wi-Fi must not make a living node unreachable, so LOOKUP still answers; LIST
 * tells who is there. */
static void test_lookup_stale(void) {
        SERVER_AND_CLIENT;

        server_see(server, "bob@h2", "192.0.2.2");
        server_lose(server, "bob@h2", REASON_EXPIRED);
        client_ask(client, "LOOKUP bob@h2", "NODE bob@h2 * addr=192.0.2.2 * stale=1");
        client_expect(client, "OK");
        client_ask(client, "LIST", "OK");
}

/* A LOOKUP that waits is answered the moment the node appears, and requests behind it wait for
 * their turn. */
static void test_wait_found(void) {
        SERVER_AND_CLIENT;

        client_send(client, "LOOKUP bob@h2 family=inet wait=60000\nHELLO 1\n");
        g_assert_true(client_is_quiet(client));
        server_see(server, "carol@h2", "192.0.2.3");
        server_see(server, "bob@h2", "2001:db8::2");
        g_assert_true(client_is_quiet(client));
        server_see(server, "bob@h2", "192.0.2.2");
        client_expect(client, "NODE bob@h2 * addr=192.0.2.2 *");
        client_expect(client, "OK");
        client_expect(client, "OK 1 *");
        g_assert_true(client_is_quiet(client));
}

static void test_wait_over(void) {
        SERVER_AND_CLIENT;
        gint64 start = g_get_monotonic_time();

        client_send(client, "LOOKUP bob@h2 wait=50\nLOOKUP carol@h2 wait=0\nHELLO 1\n");
        client_expect(client, "ERR not-found *");
        g_assert_cmpint(g_get_monotonic_time() - start, >=, 50 * 1000);
        client_expect(client, "ERR not-found *");
        client_expect(client, "OK 1 *");
        server_see(server, "bob@h2", "192.0.2.2");
        g_assert_true(client_is_quiet(client));
}

/* Who has gone is not answered, and costs nothing any more: neither by closing nor by the node's
 * coming afterwards. */
static void test_wait_closed(void) {
        SERVER_AND_CLIENT;
        _cleanup_(client_freep) Client *other = server_connect(server);
        size_t n;

        client_send(client, "REGISTER a@b port=1\nLOOKUP bob@h2 wait=60000\nSTATUS\n");
        client_expect(client, "OK *");
        event_run_idle(server->event);
        n = count_descriptors();
        client = client_free(client);
        event_run_idle(server->event);
        g_assert_cmpuint(count_descriptors(), ==, n - 2);
        server_see(server, "bob@h2", "192.0.2.2");
        client_ask(other, "LOOKUP a@b", "ERR not-found *");
        client_ask(other, "STATUS", "OK * connections=1 *");
}

/* --- LIST --- */

/* By node, protocol, family; filtered by cluster, by host whatever its form, by source. */
static void test_list(void) {
        SERVER_AND_CLIENT;

        server_see(server, "zoe@h2", "192.0.2.2");
        client_ask(client, "REGISTER m@h1 port=1 proto=tls cluster=red", "OK *");
        client_ask(client, "REGISTER m@h1 port=2 family=inet6 type=hidden otp=27 dist=5-6", "OK *");
        client_ask(client, "LIST",
                   "NODE m@h1 port=2 family=inet6 proto=tcp * type=hidden otp=27 dist=5-6");
        client_expect(client, "NODE m@h1 port=1 family=inet proto=tls * cluster=red");
        client_expect(client, "NODE zoe@h2 port=4000 * source=lan host=lan.local if=eth0 age=0");
        client_expect(client, "OK");
        client_ask(client, "LIST cluster=red", "NODE m@h1 port=1 *");
        client_expect(client, "OK");
        client_ask(client, "LIST source=lan", "NODE zoe@h2 *");
        client_expect(client, "OK");
        client_ask(client, "LIST host=H2.local.", "NODE zoe@h2 *");
        client_expect(client, "OK");
        client_ask(client, "LIST host=LAN", "NODE zoe@h2 *");
        client_expect(client, "OK");
        client_ask(client, "LIST host=h1 source=lan", "OK");
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        log_capture();
        g_test_add_func("/session/verbs", test_verbs);
        g_test_add_func("/session/connected", test_connected);
        g_test_add_func("/session/connected-elsewhere", test_connected_elsewhere);
        g_test_add_func("/session/pairs", test_pairs);
        g_test_add_func("/session/pairs-limit", test_pairs_limit);
        g_test_add_func("/session/errors-that-stay", test_errors_that_stay);
        g_test_add_func("/session/malformed", test_malformed);
        g_test_add_func("/session/malformed/ends-the-input", test_malformed_ends_the_input);
        g_test_add_func("/session/malformed/too-many-words", test_too_many_words);
        g_test_add_func("/session/line-length", test_line_length);
        g_test_add_func("/session/dribble", test_dribble);
        g_test_add_func("/session/pipeline", test_pipeline);
        g_test_add_func("/session/half-close", test_half_close);
        g_test_add_func("/session/register/creation-stays", test_creation_stays);
        g_test_add_func("/session/register/other-node", test_other_node);
        g_test_add_func("/session/register/bound-addresses", test_bound_addresses);
        g_test_add_func("/session/lookup/filters", test_lookup_filters);
        g_test_add_func("/session/lookup/stale", test_lookup_stale);
        g_test_add_func("/session/lookup/wait/found", test_wait_found);
        g_test_add_func("/session/lookup/wait/over", test_wait_over);
        g_test_add_func("/session/lookup/wait/closed", test_wait_closed);
        g_test_add_func("/session/list", test_list);
        return g_test_run();
}
