/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients do at random what clients can do, and LAN nodes come and go meanwhile, against a plain
 * table: who holds what, what LIST and STATUS say, and what a subscriber has been told
 *
 * The numbers come from GLib's seed: what failed is run again with --seed.
 */

#include <glib.h>
#include <string.h>

#include "unit/util-event.h"

enum { N_CLIENTS = 8, N_NAMES = 5, N_KINDS = 4, N_STEPS = 10000, CHECK_STEPS = 50 };

static const char *const names[N_NAMES] = { "a@h1", "b@h1", "c@h1", "d@h1", "e@h1" };
static const char *const kinds[N_KINDS] = { "family=inet proto=tcp", "family=inet6 proto=tcp",
                                            "family=inet proto=tls", "family=inet6 proto=tls" };
static const char *const lan_names[] = { "x@h2", "y@h2", "a@h1", "z@h3" };

/* What should be. */
typedef struct Model {
        Server *server;
        Client *clients[N_CLIENTS];
        int held[N_CLIENTS];              /* the name that each holds; -1: none */
        unsigned ports[N_NAMES][N_KINDS]; /* of registered endpoints; 0: none */
        bool loopback[N_NAMES][N_KINDS];
        bool seen[G_N_ELEMENTS(lan_names)];
        Client *subscriber;
        GHashTable *told; /* what it knows: endpoint → port */
} Model;

static int pick(int n) {
        return g_test_rand_int_range(0, n);
}

static int holder_of(const Model *model, int name) {
        for (int i = 0; i < N_CLIENTS; i++)
                if (model->held[i] == name)
                        return i;
        return -1;
}

/* The client is gone, and with it what it held. */
static void forget(Model *model, int i) {
        if (model->held[i] >= 0) {
                memset(model->ports[model->held[i]], 0, sizeof(model->ports[0]));
                memset(model->loopback[model->held[i]], 0, sizeof(model->loopback[0]));
        }
        model->held[i] = -1;
        model->clients[i] = client_free(model->clients[i]);
}

/* --- What clients do --- */

static void do_register(Model *model, int i) {
        int name = pick(N_NAMES), kind = pick(N_KINDS), holder = holder_of(model, name);
        bool loopback = pick(4) == 0;
        unsigned port = (unsigned) pick(3) + 1;
        g_autofree char *request =
                g_strdup_printf("REGISTER %s port=%u %s%s\n", names[name], port, kinds[kind],
                                !loopback       ? ""
                                : kind % 2 == 0 ? " addr=127.0.0.1"
                                                : " addr=::1");

        client_send(model->clients[i], request);
        if (model->held[i] >= 0 && model->held[i] != name)
                client_expect(model->clients[i], "ERR other-node *");
        else if (holder >= 0 && holder != i)
                client_expect(model->clients[i], "ERR duplicate-name *");
        else {
                client_expect(model->clients[i], "OK creation=*");
                model->held[i] = name;
                model->ports[name][kind] = port;
                model->loopback[name][kind] = loopback;
        }
}

static void do_lookup(Model *model, int i) {
        int name = pick(N_NAMES), kind = pick(N_KINDS);
        g_autofree char *request = g_strdup_printf("LOOKUP %s %s\n", names[name], kinds[kind]);
        g_autofree char *expected = g_strdup_printf("NODE %s port=%u %s *", names[name],
                                                    model->ports[name][kind], kinds[kind]);

        /* Until the end of a client has been read, what it held is found. */
        event_run_idle(model->server->event);
        client_send(model->clients[i], request);
        if (model->ports[name][kind] > 0) {
                client_expect(model->clients[i], expected);
                client_expect(model->clients[i], "OK");
        } else {
                /* One of that name on the LAN is found, if there is none here. */
                const char *line = client_line(model->clients[i]);

                if (g_str_has_prefix(line, "NODE")) {
                        g_assert_nonnull(strstr(line, " source=lan "));
                        client_expect(model->clients[i], "OK");
                } else
                        g_assert_true(g_str_has_prefix(line, "ERR not-found "));
        }
}

/* Bytes at random; the server has to end the connection, for they can't all be words. */
static void do_garbage(Model *model, int i) {
        guint8 bytes[64];

        for (size_t k = 0; k < sizeof(bytes); k++)
                bytes[k] = (guint8) pick(256);
        bytes[0] = '\x01';
        bytes[sizeof(bytes) - 1] = '\n';
        client_send_bytes(model->clients[i], bytes, sizeof(bytes));
        client_expect(model->clients[i], "ERR malformed *");
        event_run_until(model->server->event, client_is_at_end(model->clients[i]));
        forget(model, i);
}

/* It leaves in the middle of a reply, or of a line. */
static void do_leave(Model *model, int i) {
        static const char *const last[] = {
                "", "LIST\nLIST\n", "REGISTER a@h", "LOOKUP q@q wait=9\n", "STATUS\n", "SUBSCRIBE\n"
        };

        client_send(model->clients[i], last[pick(G_N_ELEMENTS(last))]);
        if (pick(2))
                client_finish(model->clients[i]);
        forget(model, i);
        /* The next one may come before the server knows. */
        if (pick(2))
                event_run_idle(model->server->event);
}

static void do_lan(Model *model) {
        int i = pick(G_N_ELEMENTS(lan_names));

        if (model->seen[i])
                server_lose(model->server, lan_names[i], pick(2) ? REASON_GOODBYE : REASON_EXPIRED);
        else
                server_see(model->server, lan_names[i], "192.0.2.7");
        model->seen[i] = !model->seen[i];
}

static void step(Model *model) {
        int i = pick(N_CLIENTS), what = pick(100);

        if (what < 15)
                do_lan(model);
        else if (!model->clients[i])
                model->clients[i] = server_connect(model->server);
        else if (what < 60)
                do_register(model, i);
        else if (what < 80)
                do_lookup(model, i);
        else if (what < 95)
                do_leave(model, i);
        else
                do_garbage(model, i);
}

/* --- What should be --- */

/* "NODE PORT FAMILY PROTO", from a NODE line or the event of one. */
static char *endpoint_of(const char *node) {
        g_auto(GStrv) words = g_strsplit(node, " ", 0);

        g_assert_cmpuint(g_strv_length(words), >, 4);
        return g_strdup_printf("%s %s %s", words[0], words[2], words[3]);
}

static char *port_of(const char *node) {
        g_auto(GStrv) words = g_strsplit(node, " ", 0);

        return g_strdup(words[1]);
}

static GHashTable *new_table(void) {
        return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

/* Every event tells something new, and what it tells of is known, or not, as it says. */
static void learn(Model *model, const char *event) {
        const char *node = strchr(event + strlen("EVENT "), ' ') + 1;
        char *endpoint = endpoint_of(node);
        bool known = g_hash_table_contains(model->told, endpoint);

        g_assert_cmpint(known, ==, !g_str_has_prefix(event, "EVENT up "));
        if (g_str_has_prefix(event, "EVENT down ")) {
                g_hash_table_remove(model->told, endpoint);
                g_free(endpoint);
        } else
                g_hash_table_insert(model->told, endpoint, port_of(node));
}

static void subscribe(Model *model) {
        const char *line;

        model->subscriber = client_free(model->subscriber);
        g_hash_table_remove_all(model->told);
        model->subscriber = server_connect(model->server);
        client_ask(model->subscriber, "SUBSCRIBE", "OK");
        while (strcmp(line = client_line(model->subscriber), "EVENT sync") != 0)
                learn(model, line);
}

/* Takes what has been told since: STATUS is answered behind it. */
static void catch_up(Model *model) {
        const char *line;

        client_send(model->subscriber, "STATUS\n");
        while (g_str_has_prefix(line = client_line(model->subscriber), "EVENT "))
                learn(model, line);
        g_assert_true(g_str_has_prefix(line, "OK "));
}

static void check_list(Model *model, Client *client) {
        g_autoptr(GHashTable) listed = new_table();
        GHashTableIter iter;
        gpointer endpoint, port;
        const char *line;

        client_send(client, "LIST\n");
        while (g_str_has_prefix(line = client_line(client), "NODE "))
                g_assert_true(g_hash_table_insert(listed, endpoint_of(line + strlen("NODE ")),
                                                  port_of(line + strlen("NODE "))));
        g_assert_cmpstr(line, ==, "OK");

        /* Here: exactly what is registered. */
        for (int name = 0; name < N_NAMES; name++)
                for (int kind = 0; kind < N_KINDS; kind++) {
                        g_autofree char *key = g_strdup_printf("%s %s", names[name], kinds[kind]);
                        g_autofree char *expected =
                                g_strdup_printf("port=%u", model->ports[name][kind]);

                        if (model->ports[name][kind] > 0)
                                g_assert_cmpstr(g_hash_table_lookup(listed, key), ==, expected);
                        else if (name > 0 || kind > 0 || !model->seen[2])
                                g_assert_false(g_hash_table_contains(listed, key));
                }
        for (size_t i = 0; i < G_N_ELEMENTS(lan_names); i++) {
                g_autofree char *key = g_strdup_printf("%s family=inet proto=tcp", lan_names[i]);

                if (strcmp(lan_names[i], names[0]) != 0)
                        g_assert_cmpint(g_hash_table_contains(listed, key), ==, model->seen[i]);
        }

        /* The subscriber knows the same. */
        g_assert_cmpuint(g_hash_table_size(model->told), ==, g_hash_table_size(listed));
        g_hash_table_iter_init(&iter, listed);
        while (g_hash_table_iter_next(&iter, &endpoint, &port))
                g_assert_cmpstr(g_hash_table_lookup(model->told, endpoint), ==, port);
}

static void check_counts(Model *model) {
        size_t announced = 0, loopback = 0, connections = 1;

        for (int name = 0; name < N_NAMES; name++)
                for (int kind = 0; kind < N_KINDS; kind++)
                        if (model->ports[name][kind] > 0)
                                *(model->loopback[name][kind] ? &loopback : &announced) += 1;
        for (int i = 0; i < N_CLIENTS; i++)
                connections += model->clients[i] != NULL;
        g_assert_cmpuint(model->server->quota.held[QUOTA_REGISTRATIONS], ==, announced);
        g_assert_cmpuint(model->server->quota.held[QUOTA_LOOPBACK], ==, loopback);
        g_assert_cmpuint(model->server->quota.held[QUOTA_CONNECTIONS], ==, connections);
}

static void check(Model *model) {
        _cleanup_(client_freep) Client *client = NULL;

        event_run_idle(model->server->event);
        catch_up(model);
        check_counts(model);
        client = server_connect(model->server);
        check_list(model, client);
}

static void test_random(void) {
        Model model = { .server = server_new(), .told = new_table() };

        for (int i = 0; i < N_CLIENTS; i++)
                model.held[i] = -1;
        subscribe(&model);
        for (int i = 1; i <= N_STEPS; i++) {
                step(&model);
                if (i % CHECK_STEPS == 0)
                        check(&model);
                if (pick(CHECK_STEPS * 4) == 0) {
                        event_run_idle(model.server->event);
                        subscribe(&model);
                }
        }

        for (int i = 0; i < N_CLIENTS; i++)
                if (model.clients[i])
                        forget(&model, i);
        check(&model);
        client_free(model.subscriber);
        server_free(model.server);
        g_hash_table_unref(model.told);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/control-model/random", test_random);
        return g_test_run();
}
