/* SPDX-License-Identifier: Apache-2.0 */
/* What a connection holds, and why it may not hold more */

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/limits.h"
#include "daemon/control/lease.h"
#include "unit/util-event.h"

#define NOW UINT64_C(1000000000)
#define UID 4711 /* has no reserve */

typedef struct Fixture {
        Server *server;
        UserPoll *poll;
        Connection *connection;
        Client *client; /* reads the answers */
        Lease lease;
} Fixture;

static void process(void *userdata) {
        (void) userdata;
}

static void set_up(Fixture *f, gconstpointer data) {
        ConnectionHandler handler = { process, process, f };
        int fds[2];

        (void) data;
        log_capture();
        f->server = server_new();
        g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), ==, 0);
        g_assert_cmpint(user_poll_new(&f->poll, f->server->event), ==, 0);
        g_assert_cmpint(connection_new(&f->connection, f->poll, fds[0], &handler), ==, 0);
        f->client = client_new(f->server->event, fds[1]);
        f->lease = (Lease){ .registry = f->server->registry,
                            .reports = f->server->reports,
                            .pairs = f->server->pairs,
                            .refusals = &f->server->refusals,
                            .holder = { .id = registry_next_id(f->server->registry), .uid = UID } };
}

static void tear_down(Fixture *f, gconstpointer data) {
        (void) data;
        lease_end(&f->lease, NOW);
        /* It may have nothing to give up. */
        lease_end(&f->lease, NOW);
        connection_free(f->connection);
        user_poll_free(f->poll);
        client_free(f->client);
        server_free(f->server);
}

static Request request(const char *node) {
        Request result = { .endpoint = { .port = 1 }, .host = "" };

        g_strlcpy(result.endpoint.node, node, sizeof(result.endpoint.node));
        g_assert_cmpint(address_parse("192.0.2.2", &result.address), ==, 0);
        return result;
}

static void ask(Fixture *f, const Lease *lease,
                void (*do_it)(const Lease *, Connection *, const Request *, uint64_t),
                const char *node, const char *pattern) {
        Request r = request(node);

        do_it(lease, f->connection, &r, NOW);
        client_expect(f->client, pattern);
}

/* What is known of a node: "SOURCE ADDRESS", or "" if it is not up. */
static void known(Fixture *f, const char *node, const char *expected) {
        g_autofree char *is = g_strdup("");
        char text[ADDRESS_TEXT_SIZE];
        NodeInfo info;

        if (directory_next_of_node(f->server->directory, node, NULL, NOW, &info) && !info.stale) {
                g_free(is);
                is = g_strdup_printf("%s %s", source_to_string(info.source),
                                     address_format(&info.addresses[0], text));
        }
        g_assert_cmpstr(is, ==, expected);
}

/* A refusal has its answer, its line in the log and its counter; and nothing is taken. */
static void refused(Fixture *f, bool report, Refusal why, const char *answer, const char *line) {
        const Refusals *refusals = &f->server->refusals;
        const char *node = report ? "c@h2" : "b@h1";
        Refusals before = *refusals;

        ask(f, &f->lease, report ? lease_report : lease_register, node, answer);
        for (Refusal i = 0; i < _REFUSAL_MAX; i++)
                g_assert_cmpuint(refusals->n[i], ==, before.n[i] + (i == why));
        g_assert_cmpuint(log_count(line), ==, 1);
        known(f, node, "");
}

/* Each limit on registrations has its own refusal. */
static void test_register_refused(Fixture *f, gconstpointer data) {
        Quota *quota = &f->server->quota, before = *quota;

        (void) data;
        quota->max_per_user[QUOTA_REGISTRATIONS] = 0;
        refused(f, false, REFUSAL_REGISTRATIONS_USER, "ERR limit too many nodes are registered",
                "user 4711 has registered too many nodes;*");
        quota->max_per_user[QUOTA_REGISTRATIONS] = before.max_per_user[QUOTA_REGISTRATIONS];

        quota->max[QUOTA_REGISTRATIONS] = 0;
        refused(f, false, REFUSAL_REGISTRATIONS_ALL, "ERR limit too many nodes are registered",
                "user 4711 can't register a node: too many are registered;*");
        quota->max[QUOTA_REGISTRATIONS] = before.max[QUOTA_REGISTRATIONS];

        server_see_many(f->server, 0, LIMIT_ENTRIES);
        refused(f, false, REFUSAL_DIRECTORY, "ERR limit too many nodes are known",
                "user 4711 can't register a node: too many are known on the LAN;*");
}

/* So has each limit on reports of connected nodes. */
static void test_report_refused(Fixture *f, gconstpointer data) {
        Quota *quota = &f->server->quota, before = *quota;

        (void) data;
        ask(f, &f->lease, lease_register, "a@h1", "OK creation=*");
        quota->max_per_user[QUOTA_PEERS] = 0;
        refused(f, true, REFUSAL_REPORTS_USER, "ERR limit too many nodes are reported",
                "user 4711 has nodes that are connected to too many others;*");
        quota->max_per_user[QUOTA_PEERS] = before.max_per_user[QUOTA_PEERS];

        quota->max[QUOTA_PEERS] = 0;
        refused(f, true, REFUSAL_REPORTS_ALL, "ERR limit too many nodes are reported",
                "user 4711 can't report a connected node: too many are reported;*");
        quota->max[QUOTA_PEERS] = before.max[QUOTA_PEERS];

        server_see_many(f->server, 0, LIMIT_ENTRIES - 1);
        refused(f, true, REFUSAL_REPORTS_DIRECTORY, "ERR limit too many nodes are known",
                "user 4711 can't report a connected node: too many are known on the LAN;*");
}

/* A mistake of the client is not counted as a refusal. */
static void test_mistakes(Fixture *f, gconstpointer data) {
        static const char *loopback[] = { "c@localhost", "c@127.0.0.1", "c@::1" };
        Lease other = f->lease;

        (void) data;
        other.holder.id = registry_next_id(f->server->registry);
        ask(f, &f->lease, lease_report, "c@h2", "ERR bad-argument *registered no node*");
        known(f, "c@h2", "");
        ask(f, &f->lease, lease_register, "a@h1", "OK creation=*");
        ask(f, &f->lease, lease_register, "b@h1", "ERR other-node *");
        known(f, "b@h1", "");
        ask(f, &other, lease_register, "a@h1", "ERR duplicate-name *");
        for (size_t i = 0; i < G_N_ELEMENTS(loopback); i++) {
                ask(f, &f->lease, lease_report, loopback[i], "ERR bad-argument its name means *");
                known(f, loopback[i], "");
        }
        lease_end(&other, NOW);
        known(f, "a@h1", "local 127.0.0.1");
        for (Refusal i = 0; i < _REFUSAL_MAX; i++)
                g_assert_cmpuint(f->server->refusals.n[i], ==, 0);
        g_assert_cmpuint(log_count("user *"), ==, 0);
}

/* A report is withdrawn alone, whether it is there or not. At the end of the connection all go,
 * with the node itself. */
static void test_end(Fixture *f, gconstpointer data) {
        (void) data;
        ask(f, &f->lease, lease_register, "a@h1", "OK creation=*");
        ask(f, &f->lease, lease_report, "c@h2", "OK");
        ask(f, &f->lease, lease_report, "d@h2", "OK");
        known(f, "c@h2", "peer 192.0.2.2");
        for (int i = 0; i < 2; i++) {
                ask(f, &f->lease, lease_withdraw, "c@h2", "OK");
                known(f, "c@h2", "");
        }
        ask(f, &f->lease, lease_withdraw, "a@h1", "OK");
        known(f, "a@h1", "local 127.0.0.1");
        known(f, "d@h2", "peer 192.0.2.2");
        lease_end(&f->lease, NOW);
        known(f, "a@h1", "");
        known(f, "d@h2", "");
        g_assert_cmpuint(f->server->quota.held[QUOTA_REGISTRATIONS], ==, 0);
        g_assert_cmpuint(f->server->quota.held[QUOTA_PEERS], ==, 0);
        g_assert_false(registry_is_holder(f->server->registry, f->lease.holder.id));
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
#define TEST(path, test) g_test_add("/lease/" path, Fixture, NULL, set_up, test, tear_down)
        TEST("register-refused", test_register_refused);
        TEST("report-refused", test_report_refused);
        TEST("mistakes", test_mistakes);
        TEST("end", test_end);
        return g_test_run();
}
