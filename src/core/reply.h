/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Replies and events of the control protocol */

#include "core/line.h"
#include "core/node-info.h"
#include "core/pair.h"
#include "core/request.h"

typedef enum ReplyKind {
        REPLY_OK,
        REPLY_ERROR,
        REPLY_NODE,
        REPLY_PAIR,
        REPLY_EVENT,
        REPLY_IGNORED, /* an event of a kind that is not known here */
} ReplyKind;

typedef struct Reply {
        ReplyKind kind;
        const char *error;     /* REPLY_ERROR: the token; points into the line */
        char text[LIMIT_LINE]; /* REPLY_ERROR: what it says to people, or "" */
        Pair pair;             /* REPLY_PAIR; points into the line */
        EventKind event;       /* REPLY_EVENT */
        NodeInfo info;         /* REPLY_NODE, and REPLY_EVENT if event_kind_has_info() */
        Reason reason;         /* REPLY_EVENT: _REASON_INVALID if it is not known here */
} Reply;

/* Understands a line. The attributes of REPLY_OK are not split. Returns 0 or LINE_E_MALFORMED. */
int reply_parse(Reply *ret, Line *line);

/* Write a whole line, without LF. text: plain words for people. info: NULL if
 * not event_kind_has_info(). reason: none for EVENT_SYNC. */
void reply_write_error(LineWriter *writer, ProtocolError error, const char *text);
void reply_write_node(LineWriter *writer, const NodeInfo *info);
void reply_write_pair(LineWriter *writer, const Pair *pair);
void reply_write_event(LineWriter *writer, EventKind kind, const NodeInfo *info, Reason reason);
