/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One client on the control socket
 *
 * Requests are answered one after the other. What may be long, a LIST and the snapshot of a
 * SUBSCRIBE, is written in portions as the peer reads: a walk remembers the last endpoint that it
 * wrote, and goes on behind it in a directory that may have changed. So a peer that does not read
 * holds up its own requests and nobody else's, and costs a bounded amount of memory.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/request.h"
#include "core/walk.h"
#include "daemon/clock.h"
#include "daemon/control/answer.h"
#include "daemon/control/connection.h"
#include "daemon/control/lease.h"
#include "daemon/control/session.h"
#include "util/fd.h"

struct Session {
        SessionContext context;
        Lease lease;
        Connection *connection;

        /* SUBSCRIBE */
        bool subscribed;
        Walk snapshot;

        /* LIST that is being answered */
        Walk list;
        Filter list_filter; /* its strings are these: */
        char list_cluster[LIMIT_LINE];
        char list_host[LIMIT_LINE];

        /* LOOKUP that waits */
        bool waiting;
        Request lookup;
        sd_event_source *timer;
};

/* An event never stands between the lines of one reply. */
static void send_event(Session *session, EventKind kind, Reason reason, const NodeInfo *info) {
        answer_event(session->connection, session->list.active, kind, reason, info);
}

static uint64_t now(const Session *session) {
        return clock_now(session->context.event);
}

/* --- HELLO, STATUS, PAIRS --- */

static void handle_hello(Session *session, const Request *request) {
        (void) request;
        answer_version(session->connection);
}

static void handle_status(Session *session, const Request *request) {
        LineWriter writer = LINE_WRITER_NULL;

        (void) request;
        line_writer_word(&writer, "OK");
        session->context.write_status(session->context.userdata, &writer);
        connection_send(session->connection, &writer);
}

static void handle_pairs(Session *session, const Request *request) {
        (void) request;
        answer_pairs(session->connection, session->context.pairs);
}

/* --- REGISTER, and what a registered node reports --- */

static void handle_lease(Session *session, const Request *request) {
        static void (*const handlers[_VERB_MAX])(const Lease *lease, Connection *connection,
                                                 const Request *request, uint64_t now_usec) = {
                [VERB_REGISTER] = lease_register,      [VERB_CONNECTED] = lease_report,
                [VERB_DISCONNECTED] = lease_withdraw,  [VERB_APART] = lease_report_pair,
                [VERB_TOGETHER] = lease_withdraw_pair,
        };

        handlers[request->verb](&session->lease, session->connection, request, now(session));
}

/* --- LOOKUP --- */

/* Answers if the node is known. */
static bool answer_lookup(Session *session, const Request *request) {
        const Endpoint *after = NULL;
        Endpoint last;
        NodeInfo info;
        bool found = false;

        while (directory_next_of_node(session->context.directory, request->endpoint.node, after,
                                      now(session), &info)) {
                last = info.endpoint;
                after = &last;
                if ((request->proto == _PROTO_INVALID || info.endpoint.proto == request->proto) &&
                    node_info_restrict(&info, request->family)) {
                        answer_node(session->connection, &info);
                        found = true;
                }
        }
        if (found)
                answer_ok(session->connection);
        return found;
}

/* What is left of the input is seen to in the next turn: this may be within a change of the
 * directory. */
static void end_wait(Session *session) {
        session->waiting = false;
        session->timer = sd_event_source_disable_unref(session->timer);
        connection_set_turn(session->connection, true);
}

static int on_wait_over(sd_event_source *source, uint64_t usec, void *userdata) {
        Session *session = userdata;

        (void) source, (void) usec;
        answer_error(session->connection, PROTOCOL_E_NOT_FOUND, "the node did not appear in time");
        end_wait(session);
        return 0;
}

static void handle_lookup(Session *session, const Request *request) {
        if (answer_lookup(session, request))
                return;

        if (request->wait_msec > 0 &&
            sd_event_add_time_relative(session->context.event, &session->timer, CLOCK_MONOTONIC,
                                       request->wait_msec * USEC_PER_MSEC, USEC_PER_MSEC,
                                       on_wait_over, session) >= 0) {
                (void) sd_event_source_set_description(session->timer, "lookup-wait");
                session->waiting = true;
                session->lookup = *request;
                return;
        }
        answer_error(session->connection, PROTOCOL_E_NOT_FOUND, "no node of that name is known");
}

/* --- LIST, SUBSCRIBE --- */

static void handle_list(Session *session, const Request *request) {
        const Filter *filter = &request->filter;

        /* The line is gone before the list is at its end. */
        strcpy(session->list_cluster, filter->cluster ? filter->cluster : "");
        strcpy(session->list_host, filter->host ? filter->host : "");
        session->list_filter =
                (Filter){ session->list_cluster, session->list_host, filter->source };
        session->list = (Walk) WALK_START;
}

static void continue_list(Session *session) {
        NodeInfo info;

        if (walk_next(&session->list, session->context.directory, now(session), &info)) {
                if (filter_selects(&session->list_filter, &info))
                        answer_node(session->connection, &info);
        } else {
                answer_ok(session->connection);
                connection_release(session->connection);
        }
}

static void handle_subscribe(Session *session, const Request *request) {
        (void) request;
        session->subscribed = true;
        session->snapshot = (Walk) WALK_START;
        answer_ok(session->connection);
}

static void continue_snapshot(Session *session) {
        NodeInfo info;

        if (walk_next(&session->snapshot, session->context.directory, now(session), &info))
                send_event(session, EVENT_UP, REASON_PRESENT, &info);
        else
                send_event(session, EVENT_SYNC, 0, NULL);
}

void session_handle_event(Session *session, EventKind kind, Reason reason, const NodeInfo *info) {
        if (connection_is_dead(session->connection))
                return;
        if (session->subscribed && !(info && walk_is_ahead(&session->snapshot, &info->endpoint)))
                send_event(session, kind, reason, info);
        if (session->waiting && info && kind != EVENT_DOWN &&
            strcmp(session->lookup.endpoint.node, info->endpoint.node) == 0 &&
            answer_lookup(session, &session->lookup))
                end_wait(session);
}

/* --- The connection --- */

static void handle_line(Session *session, char *text, size_t length) {
        static void (*const handlers[_VERB_MAX])(Session * session, const Request *request) = {
                [VERB_HELLO] = handle_hello,         [VERB_REGISTER] = handle_lease,
                [VERB_LOOKUP] = handle_lookup,       [VERB_LIST] = handle_list,
                [VERB_SUBSCRIBE] = handle_subscribe, [VERB_STATUS] = handle_status,
                [VERB_CONNECTED] = handle_lease,     [VERB_DISCONNECTED] = handle_lease,
                [VERB_APART] = handle_lease,         [VERB_TOGETHER] = handle_lease,
                [VERB_PAIRS] = handle_pairs,
        };
        const char *why = "not words of 0x21 to 0x7E with one space between them";
        Request request = {};
        Line line;
        int r = PROTOCOL_E_MALFORMED;

        if (line_parse(&line, text, length) == 0)
                r = request_parse(&request, &line, &why);
        if (r == 0) {
                handlers[request.verb](session, &request);
                return;
        }
        answer_error(session->connection, (ProtocolError) r, why);
        if (r == PROTOCOL_E_MALFORMED)
                connection_close(session->connection);
}

/* Takes the next line, if there is one. Returns false when there is nothing more to do for now. */
static bool process_line(Session *session) {
        size_t length;
        char *text;
        int r = connection_take_line(session->connection, &text, &length);

        if (r == 0)
                handle_line(session, text, length);
        else if (r == INPUT_BUFFER_E_TOO_LONG) {
                answer_error(session->connection, PROTOCOL_E_TOO_LONG,
                             "a line has at most 2048 bytes");
                connection_close(session->connection);
        } else if (connection_is_at_end(session->connection))
                connection_close(session->connection);
        return r == 0;
}

/* Requests that cost little are not worth a turn of their own. */
static bool may_take_more(unsigned requests, uint64_t begin_usec) {
        return requests < LIMIT_TURN_REQUESTS || clock_read() - begin_usec < LIMIT_TURN_USEC;
}

static void process(void *userdata) {
        Session *session = userdata;
        uint64_t begin_usec = clock_read();
        unsigned requests = 0, steps = 0;
        bool more = true;

        /* The registration ends with the peer's last word, whatever is still to be answered. */
        if (connection_is_at_end(session->connection))
                lease_end(&session->lease, now(session));

        while (more && !connection_is_dead(session->connection) &&
               connection_has_room(session->connection) && may_take_more(requests, begin_usec) &&
               steps < LIMIT_TURN_STEPS) {
                if (session->list.active || session->snapshot.active) {
                        steps++;
                        if (session->list.active)
                                continue_list(session);
                        else
                                continue_snapshot(session);
                } else {
                        requests++;
                        more = !session->waiting && process_line(session);
                }
        }

        connection_set_reading(session->connection, !more && !session->waiting);
        if (more)
                connection_set_turn(session->connection, true);
}

static void on_dead(void *userdata) {
        Session *session = userdata;

        session->timer = sd_event_source_disable_unref(session->timer);
        session->waiting = false;
        session->context.dead(session->context.userdata);
}

static bool is_gone(const void *userdata) {
        const Session *session = userdata;

        return connection_is_hung_up(session->connection);
}

int session_new(Session **ret, const SessionContext *context, int fd, uid_t uid) {
        Session *session = calloc(1, sizeof(*session));
        ConnectionHandler handler = { process, on_dead, session };
        int r;

        if (!session) {
                (void) fd_close(fd);
                return -ENOMEM;
        }
        session->context = *context;
        session->lease = (Lease){ context->registry,
                                  context->reports,
                                  context->pairs,
                                  context->refusals,
                                  { registry_next_id(context->registry), uid, is_gone, session } };

        r = connection_new(&session->connection, context->poll, fd, &handler);
        if (r < 0) {
                free(session);
                return r;
        }
        *ret = session;
        return 0;
}

Session *session_free(Session *session) {
        if (!session)
                return NULL;

        if (connection_is_cut_off(session->connection))
                refusals_add(session->context.refusals, REFUSAL_CUT_OFF, session->lease.holder.uid,
                             now(session));
        lease_end(&session->lease, now(session));
        session->timer = sd_event_source_disable_unref(session->timer);
        connection_free(session->connection);
        free(session);
        return NULL;
}

uid_t session_uid(const Session *session) {
        return session->lease.holder.uid;
}

bool session_is_subscribed(const Session *session) {
        return session->subscribed;
}

bool session_is_dead(const Session *session) {
        return connection_is_dead(session->connection);
}
