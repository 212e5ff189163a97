/* SPDX-License-Identifier: Apache-2.0 */
/* Replies and events of the control protocol */

#include <string.h>

#include "core/reply.h"

static int parse_error(Reply *reply, const Line *line) {
        if (line->n_words < 2)
                return LINE_E_MALFORMED;

        reply->kind = REPLY_ERROR;
        reply->error = line->words[1];
        /* The words came from one line, so that joined they fit into the space of one. */
        for (size_t i = 2; i < line->n_words; i++) {
                if (i > 2)
                        strcat(reply->text, " ");
                strcat(reply->text, line->words[i]);
        }
        return 0;
}

static int parse_event(Reply *reply, Line *line) {
        const char *reason;
        int r;

        if (line->n_words < 2)
                return LINE_E_MALFORMED;

        reply->event = event_kind_from_string(line->words[1]);
        reply->kind = reply->event == _EVENT_INVALID ? REPLY_IGNORED : REPLY_EVENT;
        reply->reason = _REASON_INVALID;
        if (reply->event == _EVENT_INVALID || reply->event == EVENT_SYNC)
                return 0;

        r = event_kind_has_info(reply->event) ? node_info_parse(&reply->info, line, 2)
                                              : line_split_attributes(line, 2);
        if (r != 0)
                return r;
        reason = line_get(line, "reason");
        if (reason)
                reply->reason = reason_from_string(reason);
        return 0;
}

static int parse_pair(Reply *reply, Line *line) {
        const char *reason;

        if (!pair_take_names(&reply->pair, line) || line_split_attributes(line, 3) != 0)
                return LINE_E_MALFORMED;

        reason = line_get(line, "reason");
        reply->kind = REPLY_PAIR;
        reply->pair.reason = reason ? pair_reason_from_string(reason) : _PAIR_REASON_INVALID;
        return reply->pair.reason == _PAIR_REASON_INVALID ? LINE_E_MALFORMED : 0;
}

int reply_parse(Reply *ret, Line *line) {
        const char *verb = line->words[0];

        ret->error = NULL;
        ret->text[0] = '\0';

        if (strcmp(verb, "OK") == 0) {
                ret->kind = REPLY_OK;
                return 0;
        }
        if (strcmp(verb, "ERR") == 0)
                return parse_error(ret, line);
        if (strcmp(verb, "NODE") == 0) {
                ret->kind = REPLY_NODE;
                return node_info_parse(&ret->info, line, 1);
        }
        if (strcmp(verb, "PAIR") == 0)
                return parse_pair(ret, line);
        if (strcmp(verb, "EVENT") == 0)
                return parse_event(ret, line);
        return LINE_E_MALFORMED;
}

void reply_write_error(LineWriter *writer, ProtocolError error, const char *text) {
        line_writer_word(writer, "ERR");
        line_writer_word(writer, protocol_error_to_string(error));
        line_writer_text(writer, text);
}

void reply_write_node(LineWriter *writer, const NodeInfo *info) {
        line_writer_word(writer, "NODE");
        node_info_write(info, writer);
}

void reply_write_pair(LineWriter *writer, const Pair *pair) {
        line_writer_word(writer, "PAIR");
        pair_write_names(pair, writer);
        pair_write_reason(pair, writer);
}

void reply_write_event(LineWriter *writer, EventKind kind, const NodeInfo *info, Reason reason) {
        line_writer_word(writer, "EVENT");
        line_writer_word(writer, event_kind_to_string(kind));
        if (event_kind_has_info(kind))
                node_info_write(info, writer);
        if (kind != EVENT_SYNC)
                line_writer_attribute(writer, "reason", reason_to_string(reason));
}
