/* SPDX-License-Identifier: Apache-2.0 */
/* Many clients on the control socket: nobody loses an event, nobody waits for another, nobody takes
 * too much */

#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/limits.h"
#include "core/reply.h"
#include "unit/util-event.h"

/* More than a socket's buffer holds when they are listed. */
#define MANY 3000

/* Moves a node to another port, by a registration in the place of what is known. */
static Client *take_over(Server *server, const char *node) {
        g_autofree char *request = g_strdup_printf("REGISTER %s port=1\n", node);
        Client *client = server_connect(server);

        client_send(client, request);
        client_expect(client, "OK *");
        return client;
}

/* The directory goes on changing while the snapshot is written, before and behind the place that
 * the writer has come to. */
static void test_changes_during_snapshot(void) {
        _cleanup_(server_freep) Server *server = server_new();
        _cleanup_(client_freep) Client *client = server_connect(server), *early = NULL,
                                       *late = NULL;
        g_autoptr(GHashTable) nodes = subscriber_nodes();

        server_see_many(server, 1, MANY);
        client_send(client, "SUBSCRIBE\n");
        event_run_idle(server->event);

        server_lose(server, server_node(1), REASON_GOODBYE);
        server_lose(server, server_node(MANY - 1), REASON_GOODBYE);
        server_see(server, "a@lan", "192.0.2.1");
        server_see(server, "z@lan", "192.0.2.1");
        early = take_over(server, server_node(2));
        late = take_over(server, server_node(MANY - 2));
        server_lose(server, server_node(3), REASON_GOODBYE);
        server_see(server, server_node(3), "192.0.2.1");

        client_expect(client, "OK");
        subscriber_learn_snapshot(nodes, client);
        while (!client_is_quiet(client))
                subscriber_learn(nodes, client_line(client));
        subscriber_check(nodes, server);
}

/* After the snapshot each change is told once, with its reason. */
static void test_live_events(void) {
        _cleanup_(server_freep) Server *server = server_new();
        _cleanup_(client_freep) Client *client = server_connect(server),
                                       *other = server_connect(server);

        client_ask(client, "SUBSCRIBE", "OK");
        client_expect(client, "EVENT sync");
        server_see(server, "bob@h2", "192.0.2.2");
        server_see(server, "bob@h2", "192.0.2.2");
        client_expect(client, "EVENT up bob@h2 port=4000 * addr=192.0.2.2 source=lan "
                              "host=lan.local if=eth0 age=0 reason=seen");
        server_see(server, "bob@h2", "192.0.2.3");
        client_expect(client, "EVENT changed bob@h2 * addr=192.0.2.3 * reason=seen");
        client_ask(other, "REGISTER bob@h2 port=7", "OK *");
        client_expect(client, "EVENT changed bob@h2 port=7 * source=local * reason=replaced");
        client_ask(other, "REGISTER bob@h2 port=8", "OK *");
        client_expect(client, "EVENT changed bob@h2 port=8 * reason=registered");
        server_lose(server, "bob@h2", REASON_EXPIRED);
        other = client_free(other);
        client_expect(client, "EVENT down bob@h2 port=8 * reason=unregistered");
        server_see(server, "bob@h2", "192.0.2.2");
        client_expect(client, "EVENT up bob@h2 * reason=seen");
        server_lose(server, "bob@h2", REASON_EXPIRED);
        client_expect(client, "EVENT down bob@h2 * reason=expired");
        g_assert_true(client_is_quiet(client));
}

/* Readers of a reply must not have to sort events out of it, however long the reply takes. */
static void test_no_event_in_a_reply(void) {
        _cleanup_(server_freep) Server *server = server_new();
        _cleanup_(client_freep) Client *client = server_connect(server);
        g_autoptr(GHashTable) nodes = subscriber_nodes();

        server_see_many(server, 0, MANY);
        client_ask(client, "SUBSCRIBE", "OK");
        subscriber_learn_snapshot(nodes, client);
        client_send(client, "LIST\nHELLO 1\n");
        event_run_idle(server->event);
        server_lose(server, server_node(0), REASON_GOODBYE);
        server_lose(server, server_node(MANY - 1), REASON_GOODBYE);
        for (unsigned i = 0; i < MANY - 1; i++)
                client_expect(client, "NODE *");
        client_expect(client, "OK");
        client_expect(client, "EVENT down n00000@lan *");
        client_expect(client, "EVENT down n02999@lan *");
        client_expect(client, "OK 1 *");
        g_assert_true(client_is_quiet(client));
}

/* What happens to the host is told to subscribers alone, and never within a reply. */
static void test_report(void) {
        _cleanup_(server_freep) Server *server = server_new();
        _cleanup_(client_freep) Client *subscriber = server_connect(server);
        _cleanup_(client_freep) Client *other = server_connect(server);

        client_ask(other, "HELLO 1", "OK 1 *");
        client_send(other, "LOOKUP bob@h2 wait=60000\n");
        client_ask(subscriber, "SUBSCRIBE", "OK");
        client_expect(subscriber, "EVENT sync");
        control_server_report(server->control, REASON_READDRESSED);
        control_server_report(server->control, REASON_RESUMED);
        client_expect(subscriber, "EVENT network reason=readdressed");
        client_expect(subscriber, "EVENT network reason=resumed");
        g_assert_true(client_is_quiet(other));
}

/* A second SUBSCRIBE begins a new snapshot, and the changes are still told once. */
static void test_second_subscribe(void) {
        _cleanup_(server_freep) Server *server = server_new();
        _cleanup_(client_freep) Client *client = server_connect(server);

        server_see(server, "bob@h2", "192.0.2.2");
        client_send(client, "SUBSCRIBE\nSUBSCRIBE\n");
        for (int i = 0; i < 2; i++) {
                client_expect(client, "OK");
                client_expect(client, "EVENT up bob@h2 * reason=present");
                client_expect(client, "EVENT sync");
        }
        server_lose(server, "bob@h2", REASON_GOODBYE);
        client_expect(client, "EVENT down bob@h2 * reason=goodbye");
        g_assert_true(client_is_quiet(client));
        client_ask(client, "STATUS", "OK * subscribers=1");
}

/* A node that waits and is also subscribed: the event and the answer, neither within the other. */
static void test_several_waiters(void) {
        _cleanup_(server_freep) Server *server = server_new();
        _cleanup_(client_freep) Client *one = server_connect(server), *two = server_connect(server);
        _cleanup_(client_freep) Client *registrar = server_connect(server);

        client_ask(one, "SUBSCRIBE", "OK");
        client_expect(one, "EVENT sync");
        client_send(one, "LOOKUP bob@h1 wait=60000\n");
        client_send(two, "LOOKUP bob@h1 wait=60000\n");
        g_assert_true(client_is_quiet(one));
        client_ask(registrar, "REGISTER bob@h1 port=9", "OK *");
        client_expect(one, "EVENT up bob@h1 *");
        client_expect(one, "NODE bob@h1 port=9 *");
        client_expect(one, "OK");
        client_expect(two, "NODE bob@h1 port=9 *");
        client_expect(two, "OK");
        g_assert_true(client_is_quiet(one));
        g_assert_true(client_is_quiet(two));
}

/* --- Slow readers --- */

/* A LIST of thousands to somebody who does not read yet: others are served meanwhile, and in the
 * end all of it arrives, in order. */
static void test_slow_list(void) {
        _cleanup_(server_freep) Server *server = server_new();
        _cleanup_(client_freep) Client *slow = server_connect(server),
                                       *other = server_connect(server);

        server_see_many(server, 0, MANY);
        client_send(slow, "LIST\nHELLO 1\n");
        event_run_idle(server->event);
        client_ask(other, "LOOKUP n00000@lan", "NODE n00000@lan *");
        client_expect(other, "OK");
        for (unsigned i = 0; i < MANY; i++) {
                g_autofree char *pattern = g_strdup_printf("NODE %s *", server_node(i));

                client_expect(slow, pattern);
        }
        client_expect(slow, "OK");
        client_expect(slow, "OK 1 *");
        g_assert_true(client_is_quiet(slow));
}

static size_t n_waiting(const Client *client) {
        int n = 0;

        g_assert_cmpint(ioctl(client_fd(client), FIONREAD, &n), ==, 0);
        return (size_t) n;
}

/* A request may cost much and say little. Two clients send a hundred of them each: neither has all
 * of its own served before the other has a turn. */
static void test_costly_requests(void) {
        _cleanup_(server_freep) Server *server = server_new();
        _cleanup_(client_freep) Client *one = server_connect(server), *two = server_connect(server);

        server_see_many(server, 0, MANY);
        client_ask(one, "HELLO 1", "OK 1 *");
        client_ask(two, "HELLO 1", "OK 1 *");
        for (int i = 0; i < 100; i++) {
                client_send(one, "LIST cluster=none\n");
                client_send(two, "LIST cluster=none\n");
        }
        event_run_until(server->event, n_waiting(one) > 0 && n_waiting(two) > 0);
        g_assert_cmpuint(n_waiting(one), <, 100 * strlen("OK\n"));
        g_assert_cmpuint(n_waiting(two), <, 100 * strlen("OK\n"));
        for (int i = 0; i < 100; i++) {
                client_expect(one, "OK");
                client_expect(two, "OK");
        }
}

/* Nobody can make the server hold more than one portion for him by asking and never reading: his
 * requests are left in the socket. */
static void test_never_reads(void) {
        _cleanup_(server_freep) Server *server = server_new();
        _cleanup_(client_freep) Client *client = server_connect(server),
                                       *other = server_connect(server);
        size_t allocated;

        server_see_many(server, 0, MANY);
        client_ask(other, "STATUS", "OK *");
        client_send(client, "LIST\n");
        event_run_idle(server->event);
        allocated = allocated_bytes();
        for (int i = 0; send(client_fd(client), "LIST\n", 5, MSG_NOSIGNAL) == 5; i++) {
                event_run_idle(server->event);
                g_assert_cmpint(i, <, 100000);
        }
        client_ask(other, "STATUS", "OK * connections=2 *");
        g_assert_cmpuint(allocated_bytes(), <, allocated + LIMIT_OUTPUT);
}

static bool is_hung_up(const Client *client) {
        struct pollfd p = { .fd = client_fd(client) };

        return poll(&p, 1, 0) == 1 && p.revents & POLLHUP;
}

static void skip_snapshot(Client *client) {
        while (strcmp(client_line(client), "EVENT sync") != 0)
                continue;
}

/* A subscriber that does not read is cut off when its queue is full, no earlier. The others do not
 * notice, and it may come again. */
static void test_stalled_subscriber(gconstpointer request) {
        _cleanup_(server_freep) Server *server = server_new();
        _cleanup_(client_freep) Client *stalled = server_connect(server),
                                       *other = server_connect(server);
        size_t told = 0;

        server_see_many(server, 10, MANY);
        client_ask(stalled, "SUBSCRIBE", "OK");
        skip_snapshot(stalled);
        client_ask(other, "SUBSCRIBE", "OK");
        skip_snapshot(other);
        if (request)
                client_send(stalled, request);
        event_run_idle(server->event);

        for (unsigned n = 0; !is_hung_up(stalled); n++) {
                server_see(server, server_node(0), n % 2 ? "192.0.2.1" : "192.0.2.2");
                told += strlen(client_line(other)) + 1;
                g_assert_cmpuint(told, <, 16 * LIMIT_OUTPUT);
        }
        g_assert_cmpuint(told, >=, LIMIT_OUTPUT);

        stalled = client_free(stalled);
        client_ask(other, "STATUS", "OK * connections=1 subscribers=1");
        stalled = server_connect(server);
        client_ask(stalled, "SUBSCRIBE", "OK");
        client_expect(stalled, "EVENT up n00000@lan *");
}

/* --- Names --- */

/* The first who comes holds the name, in all its endpoints, as long as its connection; names differ
 * in case. */
static void test_duplicate_name(void) {
        _cleanup_(server_freep) Server *server = server_new();
        _cleanup_(client_freep) Client *holder = server_connect(server),
                                       *other = server_connect(server);

        client_ask(holder, "REGISTER a@b port=1", "OK *");
        client_ask(other, "REGISTER a@b port=1", "ERR duplicate-name *");
        client_ask(other, "REGISTER a@b port=2 family=inet6 proto=tls", "ERR duplicate-name *");
        client_ask(other, "REGISTER A@b port=1", "OK *");
        client_ask(other, "REGISTER a@b port=1", "ERR other-node *");
        client_ask(other, "LOOKUP a@b", "NODE a@b port=1 family=inet *");
        client_expect(other, "OK");
        holder = client_free(holder);
        client_is_quiet(other);
        client_ask(other, "LOOKUP a@b", "ERR not-found *");
}

/* A node that restarts quickly comes before the end of the old one has been read. It must not be
 * told that it is still running. */
static void test_quick_restart(void) {
        _cleanup_(server_freep) Server *server = server_new();
        _cleanup_(client_freep) Client *subscriber = server_connect(server);

        client_ask(subscriber, "SUBSCRIBE", "OK");
        client_expect(subscriber, "EVENT sync");
        for (int half = 0; half < 2; half++) {
                _cleanup_(client_freep) Client *old = server_connect(server),
                                               *new = server_connect(server);

                client_ask(old, "REGISTER a@b port=1", "OK *");
                client_expect(subscriber, "EVENT up a@b port=1 *");
                client_ask(new, "HELLO 1", "OK *");
                client_send(new, "REGISTER a@b port=2\n");
                if (half)
                        client_finish(old);
                else
                        old = client_free(old);
                client_expect(new, "OK creation=*");
                client_expect(subscriber, "EVENT down a@b port=1 * reason=unregistered");
                client_expect(subscriber, "EVENT up a@b port=2 * reason=registered");
                event_run_idle(server->event);
                client_ask(new, "LOOKUP a@b", "NODE a@b port=2 *");
                client_expect(new, "OK");
                new = client_free(new);
                client_expect(subscriber, "EVENT down a@b port=2 *");
        }
        g_assert_true(client_is_quiet(subscriber));
}

/* --- Limits --- */

/* Registers the four endpoints of a node. */
static Client *register_four(Server *server, unsigned number) {
        static const char *const endpoints[] = { "", "family=inet6 ", "proto=tls ",
                                                 "family=inet6 proto=tls " };
        Client *client = server_connect(server);

        for (size_t i = 0; i < G_N_ELEMENTS(endpoints); i++) {
                g_autofree char *line =
                        g_strdup_printf("REGISTER l%u@h %sport=1\n", number, endpoints[i]);

                client_send(client, line);
                client_expect(client, "OK *");
        }
        return client;
}

/* Endpoints of a user are counted, not attempts: who is refused, repeats or changes takes no place,
 * and who goes gives it back. */
static void test_registration_limit(void) {
        _cleanup_(server_freep) Server *server = server_new();
        _cleanup_(client_freep) Client *last = NULL;
        Client *clients[LIMIT_REGISTRATIONS_PER_UID / 4];

        for (unsigned i = 0; i < G_N_ELEMENTS(clients); i++)
                clients[i] = register_four(server, i);
        last = server_connect(server);
        for (int i = 0; i < 10; i++) {
                client_ask(last, "REGISTER last@h port=1", "ERR limit *");
                client_ask(clients[0], "REGISTER l0@h port=2", "OK *");
        }

        clients[0] = client_free(clients[0]);
        event_run_idle(server->event);
        for (int i = 0; i < 10; i++)
                client_ask(last, "REGISTER l1@h port=1", "ERR duplicate-name *");
        client_ask(last, "REGISTER last@h port=1", "OK *");
        client_ask(last, "REGISTER last@h port=2 family=inet6", "OK *");
        client_ask(last, "REGISTER last@h port=3 proto=tls", "OK *");
        client_ask(last, "REGISTER last@h port=4 proto=tls family=inet6", "OK *");
        client_ask(clients[1], "LOOKUP l0@h", "ERR not-found *");
        for (unsigned i = 1; i < G_N_ELEMENTS(clients); i++)
                client_free(clients[i]);
}

/* A quick restart takes the place of the old node, so that it works at the limit too. */
static void test_restart_at_the_limit(void) {
        _cleanup_(server_freep) Server *server = server_new();
        _cleanup_(client_freep) Client *new = NULL;
        Client *clients[LIMIT_REGISTRATIONS_PER_UID / 4];

        for (unsigned i = 0; i < G_N_ELEMENTS(clients); i++)
                clients[i] = register_four(server, i);
        new = server_connect(server);
        client_ask(new, "HELLO 1", "OK *");
        client_send(new, "REGISTER l0@h port=1\n");
        clients[0] = client_free(clients[0]);
        client_expect(new, "OK creation=*");
        for (unsigned i = 1; i < G_N_ELEMENTS(clients); i++)
                client_free(clients[i]);
}

/* When the directory is full, a registration is refused, and the right to it is given back. */
static void test_full_directory(void) {
        _cleanup_(server_freep) Server *server = server_new();
        _cleanup_(client_freep) Client *client = server_connect(server);

        server_see_many(server, 0, LIMIT_ENTRIES);
        for (int i = 0; i < LIMIT_REGISTRATIONS_PER_UID + 1; i++)
                client_ask(client, "REGISTER a@b port=1", "ERR limit *");
        server_lose(server, server_node(7), REASON_GOODBYE);
        client_ask(client, "REGISTER a@b port=1", "OK *");
}

/* One user gets so many connections, and a reason when there are no more. Another user is not
 * affected. */
static void test_connection_limit(void) {
        _cleanup_(server_freep) Server *server = server_new();
        _cleanup_(client_freep) Client *more = NULL;
        Client *clients[LIMIT_CONNECTIONS_PER_UID];
        size_t n;

        client_free(server_connect(server));
        event_run_idle(server->event);
        n = count_descriptors();
        for (unsigned i = 0; i < G_N_ELEMENTS(clients); i++) {
                clients[i] = server_connect(server);
                client_ask(clients[i], "HELLO 1", "OK *");
        }
        for (int i = 0; i < 5; i++) {
                more = server_connect(server);
                client_expect(more, "ERR limit this user *");
                g_assert_true(client_is_at_end(more));
                more = client_free(more);
        }
        if (geteuid() == 0) {
                g_assert_cmpint(seteuid(65534), ==, 0);
                more = server_connect(server);
                g_assert_cmpint(seteuid(0), ==, 0);
                client_ask(more, "HELLO 1", "OK *");
                more = client_free(more);
        }

        for (int i = 0; i < 5; i++) {
                client_free(clients[i]);
                event_run_idle(server->event);
                clients[i] = server_connect(server);
                client_ask(clients[i], "STATUS", "OK * connections=256 *");
        }
        for (unsigned i = 0; i < G_N_ELEMENTS(clients); i++)
                client_free(clients[i]);
        event_run_idle(server->event);
        g_assert_cmpuint(count_descriptors(), ==, n);
}

/* Connections take descriptors, of which there may be few: accept() must not come to fail, and wake
 * the loop, for ever. */
static void test_few_descriptors(void) {
        _cleanup_(server_freep) Server *server = NULL;
        struct rlimit before, few;
        Client *clients[66];

        g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &before), ==, 0);
        few = before;
        few.rlim_cur = 129;
        g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &few), ==, 0);
        server = server_new();
        g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &before), ==, 0);

        for (unsigned i = 0; i < G_N_ELEMENTS(clients); i++)
                clients[i] = server_connect(server);
        for (unsigned i = 0; i < G_N_ELEMENTS(clients) - 1; i++)
                client_ask(clients[i], "HELLO 1", "OK *");
        client_expect(clients[65], "ERR limit there are *");
        for (unsigned i = 0; i < G_N_ELEMENTS(clients); i++)
                client_free(clients[i]);
}

/* --- The end --- */

/* After control_server_stop() nobody new is served, and who is there goes on. Freeing closes all,
 * with what they hold. */
static void test_stop_and_free(void) {
        _cleanup_(server_freep) Server *server = server_new();
        _cleanup_(client_freep) Client *node = server_connect(server),
                                       *subscriber = server_connect(server);
        _cleanup_(client_freep) Client *waiter = server_connect(server);
        NodeInfo info;

        client_ask(node, "REGISTER a@b port=1", "OK *");
        client_ask(subscriber, "SUBSCRIBE", "OK");
        client_expect(subscriber, "EVENT up *");
        client_expect(subscriber, "EVENT sync");
        client_send(waiter, "LOOKUP c@d wait=60000\n");
        event_run_idle(server->event);

        control_server_stop(server->control);
        client_ask(node, "REGISTER a@b port=2", "OK *");
        client_expect(subscriber, "EVENT changed *");
        server->control = control_server_free(server->control);
        g_assert_true(client_is_at_end(node));
        g_assert_true(client_is_at_end(waiter));
        g_assert_false(directory_next(server->directory, NULL, 0, &info));
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        log_capture();
        g_test_add_func("/control-server/subscribe/changes-during-snapshot",
                        test_changes_during_snapshot);
        g_test_add_func("/control-server/subscribe/live-events", test_live_events);
        g_test_add_func("/control-server/subscribe/no-event-in-a-reply", test_no_event_in_a_reply);
        g_test_add_func("/control-server/subscribe/report", test_report);
        g_test_add_func("/control-server/subscribe/twice", test_second_subscribe);
        g_test_add_func("/control-server/lookup/several-waiters", test_several_waiters);
        g_test_add_func("/control-server/slow/list", test_slow_list);
        g_test_add_func("/control-server/slow/costly-requests", test_costly_requests);
        g_test_add_func("/control-server/slow/never-reads", test_never_reads);
        g_test_add_data_func("/control-server/slow/stalled-subscriber", NULL,
                             test_stalled_subscriber);
        g_test_add_data_func("/control-server/slow/stalled-in-a-reply", "LIST\n",
                             test_stalled_subscriber);
        g_test_add_func("/control-server/names/duplicate", test_duplicate_name);
        g_test_add_func("/control-server/names/quick-restart", test_quick_restart);
        g_test_add_func("/control-server/limits/registrations", test_registration_limit);
        g_test_add_func("/control-server/limits/restart", test_restart_at_the_limit);
        g_test_add_func("/control-server/limits/directory", test_full_directory);
        g_test_add_func("/control-server/limits/connections", test_connection_limit);
        g_test_add_func("/control-server/limits/descriptors", test_few_descriptors);
        g_test_add_func("/control-server/stop-and-free", test_stop_and_free);
        return g_test_run();
}
