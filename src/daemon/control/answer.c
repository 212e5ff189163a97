/* SPDX-License-Identifier: Apache-2.0 */
/* Lines to a client: what answers a request, and events (docs/protocol.md) */

#include "core/reply.h"
#include "daemon/control/answer.h"

void answer_ok(Connection *connection) {
        LineWriter writer = LINE_WRITER_NULL;

        line_writer_word(&writer, "OK");
        connection_send(connection, &writer);
}

void answer_version(Connection *connection) {
        LineWriter writer = LINE_WRITER_NULL;

        line_writer_text(&writer, "OK 1 epmd-mdnsd/" PACKAGE_VERSION);
        connection_send(connection, &writer);
}

void answer_creation(Connection *connection, uint32_t creation) {
        LineWriter writer = LINE_WRITER_NULL;

        line_writer_word(&writer, "OK");
        line_writer_attribute_u64(&writer, "creation", creation);
        connection_send(connection, &writer);
}

void answer_node(Connection *connection, const NodeInfo *info) {
        LineWriter writer = LINE_WRITER_NULL;

        reply_write_node(&writer, info);
        connection_send(connection, &writer);
}

void answer_pairs(Connection *connection, const PairReports *reports) {
        Pair pairs[LIMIT_PAIRS_SHOWN];
        size_t n = pair_reports_list(reports, pairs);

        for (size_t i = 0; i < n; i++) {
                LineWriter writer = LINE_WRITER_NULL;

                reply_write_pair(&writer, &pairs[i]);
                connection_send(connection, &writer);
        }
        answer_ok(connection);
}

void answer_error(Connection *connection, ProtocolError error, const char *text) {
        LineWriter writer = LINE_WRITER_NULL;

        reply_write_error(&writer, error, text);
        connection_send(connection, &writer);
}

void answer_event(Connection *connection, bool hold, EventKind kind, Reason reason,
                  const NodeInfo *info) {
        LineWriter writer = LINE_WRITER_NULL;

        reply_write_event(&writer, kind, info, reason);
        if (hold)
                connection_hold(connection, &writer);
        else
                connection_send(connection, &writer);
}
