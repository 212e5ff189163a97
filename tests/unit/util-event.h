/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the tests of the daemon share: an event loop with a deadline, a captured log, a server and
 * its clients */

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <syslog.h>
#include <systemd/sd-event.h>

#include "core/directory.h"
#include "daemon/control/control-server.h"

/* --- The event loop --- */

/* A private loop. */
sd_event *event_new(void);

/* Runs the loop until the condition holds. Nothing is polled: the condition is looked at after each
 * event. A test that has waited for a minute (think of valgrind on a busy machine) has failed. */
#define event_run_until(event, condition)                                                          \
        do {                                                                                       \
                gint64 _deadline = event_deadline();                                               \
                while (!(condition))                                                               \
                        event_run_once((event), _deadline, __FILE__, __LINE__, #condition);        \
        } while (0)

gint64 event_deadline(void);
void event_run_once(sd_event *event, gint64 deadline, const char *file, int line,
                    const char *condition);

/* Runs the loop until nothing is left to be done at once: everything that was sent has been dealt
 * with. */
void event_run_idle(sd_event *event);

/* Runs the loop for that long. */
void event_run_for(sd_event *event, uint64_t usec);

/* How many descriptors this process has open. */
size_t count_descriptors(void);

/* --- The log --- */

/* From now on messages are kept and not printed. Any thread may log. */
void log_capture(void);

/* How many messages since then match a glob pattern. */
unsigned log_count(const char *pattern);

/* The same, of those with this level and subject. */
unsigned log_count_about(int level, const char *node, const char *cluster, const char *pattern);

/* --- A client that speaks lines --- */

typedef struct Client Client;

/* The client owns fd. */
Client *client_new(sd_event *event, int fd);
Client *client_free(Client *client);
DEFINE_CLEANUP(Client, client_free);

int client_fd(const Client *client);

/* Sends text as it is. It must fit into the socket's buffer. */
void client_send(Client *client, const char *text);
void client_send_bytes(Client *client, const void *data, size_t length);

/* Says that nothing more will be sent, and still reads: what "printf … | socat" does. */
void client_finish(Client *client);

/* The next line without its LF, valid until the next call, or NULL at the end. Runs the loop
 * meanwhile. */
const char *client_line(Client *client);

/* The next line must match a glob pattern. */
#define client_expect(client, pattern) client_expect_at((client), (pattern), __FILE__, __LINE__)
void client_expect_at(Client *client, const char *pattern, const char *file, int line);

/* Sends a line and expects a reply of one line. */
#define client_ask(client, line, pattern)                                                          \
        do {                                                                                       \
                client_send((client), line "\n");                                                  \
                client_expect_at((client), (pattern), __FILE__, __LINE__);                         \
        } while (0)

/* Nothing is there, and nothing more is about to come. */
bool client_is_quiet(Client *client);

/* The server has closed the connection, and has sent nothing more before. */
bool client_is_at_end(Client *client);

/* --- A server --- */

typedef struct Server {
        sd_event *event;
        Directory *directory;
        Quota quota;
        Registry *registry;
        PeerReports *reports;
        PairReports *pairs;
        Refusals refusals;
        ControlServer *control;
        char *directory_path;
        char *path;
} Server;

Server *server_new(void);
Server *server_free(Server *server);
DEFINE_CLEANUP(Server, server_free);

Client *server_connect(Server *server);

/* A sighting of a node on the LAN, at port 4000, comes and goes. */
void server_see(Server *server, const char *node, const char *address);
void server_lose(Server *server, const char *node, Reason reason);

/* "nNNNNN@lan", as it sorts, for a great many nodes. */
const char *server_node(unsigned number);
void server_see_many(Server *server, unsigned first, unsigned behind);

/* --- What a subscriber knows --- */

/* Nodes and their ports, from EVENT lines. An event that tells nothing new, or of a node that is
 * not known, fails the test. */
GHashTable *subscriber_nodes(void);
void subscriber_learn(GHashTable *nodes, const char *event);

/* Reads on to EVENT sync. */
void subscriber_learn_snapshot(GHashTable *nodes, Client *client);

/* What is known must be what LIST says. */
void subscriber_check(GHashTable *nodes, Server *server);

/* --- Memory --- */

/* Bytes that this thread and others have allocated at this moment, or 0 where nobody can tell
 * (valgrind). */
size_t allocated_bytes(void);
