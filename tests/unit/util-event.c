/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the daemon share: an event loop with a deadline, a captured log, a server and
 * its clients */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <malloc.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "daemon/clock.h"
#include "daemon/listener.h"
#include "unit/util-event.h"
#include "util/fd.h"
#include "util/log.h"

#define DEADLINE_USEC (60 * G_USEC_PER_SEC)

/* --- The event loop --- */

sd_event *event_new(void) {
        sd_event *event;

        g_assert_cmpint(sd_event_new(&event), >=, 0);
        return event;
}

gint64 event_deadline(void) {
        return g_get_monotonic_time() + DEADLINE_USEC;
}

void event_run_once(sd_event *event, gint64 deadline, const char *file, int line,
                    const char *condition) {
        gint64 left = deadline - g_get_monotonic_time();

        if (left <= 0)
                g_error("%s:%d: waited in vain for: %s", file, line, condition);
        g_assert_cmpint(sd_event_run(event, (uint64_t) left), >=, 0);
}

void event_run_idle(sd_event *event) {
        while (sd_event_run(event, 0) > 0)
                continue;
}

static int on_over(sd_event_source *source, uint64_t usec, void *userdata) {
        bool *over = userdata;

        (void) source, (void) usec;
        *over = true;
        return 0;
}

void event_run_for(sd_event *event, uint64_t usec) {
        bool over = false;

        g_assert_cmpint(
                sd_event_add_time_relative(event, NULL, CLOCK_MONOTONIC, usec, 1, on_over, &over),
                >=, 0);
        event_run_until(event, over);
}

size_t count_descriptors(void) {
        DIR *directory = opendir("/proc/self/fd");
        size_t n = 0;

        g_assert_nonnull(directory);
        while (readdir(directory))
                n++;
        closedir(directory);
        return n;
}

/* --- The log --- */

static GMutex log_lock;
static GPtrArray *log_messages;
static GPtrArray *log_subjects; /* "LEVEL NODE CLUSTER" of each */

static bool on_log(int level, const LogSubject *subject, const char *message) {
        g_mutex_lock(&log_lock);
        g_ptr_array_add(log_messages, g_strdup(message));
        g_ptr_array_add(log_subjects,
                        g_strdup_printf("%d %s %s", level, subject ? subject->node : "",
                                        subject && subject->cluster ? subject->cluster : ""));
        g_mutex_unlock(&log_lock);
        return true;
}

void log_capture(void) {
        g_mutex_lock(&log_lock);
        if (log_messages) {
                g_ptr_array_unref(log_messages);
                g_ptr_array_unref(log_subjects);
        }
        log_messages = g_ptr_array_new_with_free_func(g_free);
        log_subjects = g_ptr_array_new_with_free_func(g_free);
        g_mutex_unlock(&log_lock);
        log_set_sink(on_log);
}

unsigned log_count_about(int level, const char *node, const char *cluster, const char *pattern) {
        g_autofree char *subject = g_strdup_printf("%d %s %s", level, node, cluster);
        unsigned n = 0;

        g_mutex_lock(&log_lock);
        for (guint i = 0; i < log_messages->len; i++)
                n += (level < 0 || strcmp(subject, log_subjects->pdata[i]) == 0) &&
                     g_pattern_match_simple(pattern, log_messages->pdata[i]);
        g_mutex_unlock(&log_lock);
        return n;
}

unsigned log_count(const char *pattern) {
        return log_count_about(-1, "", "", pattern);
}

/* --- A client that speaks lines --- */

struct Client {
        sd_event *event;
        int fd;
        GString *input;
        char *line;
        bool at_end;
};

Client *client_new(sd_event *event, int fd) {
        Client *client = g_new0(Client, 1);

        client->event = sd_event_ref(event);
        client->fd = fd;
        client->input = g_string_new(NULL);
        g_assert_cmpint(fcntl(fd, F_SETFL, O_NONBLOCK), ==, 0);
        return client;
}

Client *client_free(Client *client) {
        if (!client)
                return NULL;
        (void) fd_close(client->fd);
        g_string_free(client->input, TRUE);
        g_free(client->line);
        sd_event_unref(client->event);
        g_free(client);
        return NULL;
}

int client_fd(const Client *client) {
        return client->fd;
}

void client_send_bytes(Client *client, const void *data, size_t length) {
        g_assert_cmpint(send(client->fd, data, length, MSG_NOSIGNAL), ==, (ssize_t) length);
}

void client_send(Client *client, const char *text) {
        client_send_bytes(client, text, strlen(text));
}

void client_finish(Client *client) {
        g_assert_cmpint(shutdown(client->fd, SHUT_WR), ==, 0);
}

/* Reads what is there. Returns false if there is nothing, now or for ever. */
static bool client_receive(Client *client) {
        char data[4096];
        ssize_t n;

        if (client->at_end)
                return false;
        n = recv(client->fd, data, sizeof(data), 0);
        if (n > 0)
                g_string_append_len(client->input, data, n);
        else if (n == 0 || errno == ECONNRESET)
                /* Reset: it was closed before all that we sent had been read. */
                client->at_end = true;
        else
                g_assert_cmpint(errno, ==, EAGAIN);
        return n > 0;
}

const char *client_line(Client *client) {
        gint64 deadline = event_deadline();
        char *lf;

        while (!(lf = memchr(client->input->str, '\n', client->input->len))) {
                if (client_receive(client))
                        continue;
                if (client->at_end) {
                        g_assert_cmpuint(client->input->len, ==, 0);
                        return NULL;
                }
                event_run_once(client->event, deadline, __FILE__, __LINE__, "a line");
        }
        g_free(client->line);
        client->line = g_strndup(client->input->str, (gsize) (lf - client->input->str));
        g_string_erase(client->input, 0, lf + 1 - client->input->str);
        return client->line;
}

void client_expect_at(Client *client, const char *pattern, const char *file, int line) {
        const char *text = client_line(client);

        if (!text || !g_pattern_match_simple(pattern, text))
                g_error("%s:%d: expected \"%s\", not \"%s\"", file, line, pattern,
                        text ? text : "(end)");
}

bool client_is_quiet(Client *client) {
        event_run_idle(client->event);
        while (client_receive(client))
                continue;
        return client->input->len == 0 && !client->at_end;
}

bool client_is_at_end(Client *client) {
        event_run_idle(client->event);
        while (client_receive(client))
                continue;
        return client->input->len == 0 && client->at_end;
}

/* --- A server --- */

static void write_status(void *userdata, LineWriter *writer) {
        const Server *server = userdata;
        Stats stats = {};

        line_writer_attribute(writer, "version", "test");
        control_server_count(server->control, &stats);
        refusals_count(&server->refusals, &stats);
        quota_count(&server->quota, &stats);
        stats_write(&stats, writer);
}

Server *server_new(void) {
        Server *server = g_new0(Server, 1);
        ControlServices services;
        int fd = -1;

        server->event = event_new();
        server->directory_path = g_dir_make_tmp("epmd-mdns-XXXXXX", NULL);
        g_assert_nonnull(server->directory_path);
        g_assert_cmpint(g_chmod(server->directory_path, 0755), ==, 0);
        server->path = g_build_filename(server->directory_path, "control", NULL);
        g_assert_cmpint(directory_new(&server->directory), ==, 0);
        g_assert_cmpint(listener_make(server->path, &fd), ==, 0);
        server->quota = (Quota) QUOTA_INIT(geteuid());
        refusals_init(&server->refusals);
        g_assert_cmpint(registry_new(&server->registry, server->directory, &server->quota, 0), ==,
                        0);
        g_assert_cmpint(peer_reports_new(&server->reports, server->directory, &server->quota), ==,
                        0);
        g_assert_cmpint(pair_reports_new(&server->pairs, &server->quota), ==, 0);
        services = (ControlServices){
                .event = server->event,
                .directory = server->directory,
                .registry = server->registry,
                .reports = server->reports,
                .pairs = server->pairs,
                .quota = &server->quota,
                .refusals = &server->refusals,
                .write_status = write_status,
                .userdata = server,
        };
        g_assert_cmpint(control_server_new(&server->control, &services, fd), ==, 0);
        return server;
}

Server *server_free(Server *server) {
        if (!server)
                return NULL;
        control_server_free(server->control);
        pair_reports_free(server->pairs);
        peer_reports_free(server->reports);
        registry_free(server->registry);
        quota_done(&server->quota);
        directory_free(server->directory);
        sd_event_unref(server->event);
        (void) g_unlink(server->path);
        g_assert_cmpint(g_rmdir(server->directory_path), ==, 0);
        g_free(server->path);
        g_free(server->directory_path);
        g_free(server);
        return NULL;
}

Client *server_connect(Server *server) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        g_assert_cmpint(fd, >=, 0);
        strcpy(address.sun_path, server->path);
        g_assert_cmpint(connect(fd, (const struct sockaddr *) &address, sizeof(address)), ==, 0);
        return client_new(server->event, fd);
}

static void make_id(SightingId *id, const char *node) {
        /* Any numbers do, and different ones are found faster. */
        *id = (SightingId){ .source = SOURCE_LAN,
                            .interface = 1 + (int) (g_str_hash(node) % 10000),
                            .transport = FAMILY_INET };
        g_strlcpy(id->instance, node, sizeof(id->instance));
}

void server_see(Server *server, const char *node, const char *address) {
        Sighting sighting = { .endpoint = { .port = 4000 },
                              .host = "lan.local",
                              .interface_name = "eth0" };

        make_id(&sighting.id, node);
        strcpy(sighting.endpoint.node, node);
        g_assert_cmpint(address_parse(address, &sighting.address), ==, 0);
        sighting.endpoint.family = sighting.address.family;
        g_assert_cmpint(
                directory_add_sighting(server->directory, &sighting, clock_now(server->event)), ==,
                0);
}

void server_lose(Server *server, const char *node, Reason reason) {
        SightingId id;

        make_id(&id, node);
        directory_remove_sighting(server->directory, &id, reason, clock_now(server->event));
}

const char *server_node(unsigned number) {
        static char node[32];

        g_snprintf(node, sizeof(node), "n%05u@lan", number);
        return node;
}

void server_see_many(Server *server, unsigned first, unsigned behind) {
        for (unsigned i = first; i < behind; i++)
                server_see(server, server_node(i), "192.0.2.1");
}

/* --- What a subscriber knows --- */

/* Takes an EVENT line into a set of nodes. An event that tells nothing new, or that comes too
 * early, is a mistake of the server. */
void subscriber_learn(GHashTable *nodes, const char *text) {
        g_auto(GStrv) words = g_strsplit(text, " ", 5);
        bool known = g_hash_table_contains(nodes, words[2]);

        g_assert_cmpstr(words[0], ==, "EVENT");
        if (strcmp(words[1], "up") == 0) {
                g_assert_false(known);
                g_hash_table_insert(nodes, g_strdup(words[2]), g_strdup(words[3]));
        } else if (strcmp(words[1], "changed") == 0) {
                g_assert_true(known);
                g_assert_cmpstr(g_hash_table_lookup(nodes, words[2]), !=, words[3]);
                g_hash_table_insert(nodes, g_strdup(words[2]), g_strdup(words[3]));
        } else {
                g_assert_cmpstr(words[1], ==, "down");
                g_assert_true(g_hash_table_remove(nodes, words[2]));
        }
}

/* Reads on to EVENT sync. */
void subscriber_learn_snapshot(GHashTable *nodes, Client *client) {
        for (const char *text; strcmp(text = client_line(client), "EVENT sync") != 0;)
                subscriber_learn(nodes, text);
}

GHashTable *subscriber_nodes(void) {
        return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
}

/* What the subscriber knows is what LIST says. */
void subscriber_check(GHashTable *nodes, Server *server) {
        _cleanup_(client_freep) Client *client = server_connect(server);
        size_t n = 0;

        client_send(client, "LIST\n");
        for (const char *text; strcmp(text = client_line(client), "OK") != 0; n++) {
                g_auto(GStrv) words = g_strsplit(text, " ", 4);

                g_assert_cmpstr(g_hash_table_lookup(nodes, words[1]), ==, words[2]);
        }
        g_assert_cmpuint(g_hash_table_size(nodes), ==, n);
}

/* --- Memory --- */

size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

size_t allocated_bytes(void) {
        if (__sanitizer_get_current_allocated_bytes)
                return __sanitizer_get_current_allocated_bytes();
        return mallinfo2().uordblks;
}
