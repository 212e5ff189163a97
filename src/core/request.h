/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Requests of the control protocol (docs/protocol.md section 3) */

#include <stdbool.h>
#include <stdint.h>

#include "core/endpoint.h"
#include "core/filter.h"
#include "core/line.h"
#include "core/pair.h"

#define PROTOCOL_VERSION 1

typedef enum Verb {
        VERB_HELLO,
        VERB_REGISTER,
        VERB_LOOKUP,
        VERB_LIST,
        VERB_SUBSCRIBE,
        VERB_STATUS,
        VERB_CONNECTED,
        VERB_DISCONNECTED,
        VERB_APART,
        VERB_TOGETHER,
        VERB_PAIRS,
        _VERB_MAX,
        _VERB_INVALID = -1,
} Verb;

/* The tokens of ERR. */
typedef enum ProtocolError {
        _PROTOCOL_E_SUCCESS,

        PROTOCOL_E_MALFORMED,
        PROTOCOL_E_TOO_LONG,
        PROTOCOL_E_UNKNOWN_VERB,
        PROTOCOL_E_BAD_ARGUMENT,
        PROTOCOL_E_VERSION,
        PROTOCOL_E_NOT_FOUND,
        PROTOCOL_E_DUPLICATE_NAME,
        PROTOCOL_E_OTHER_NODE,
        PROTOCOL_E_LIMIT,
        _PROTOCOL_E_MAX,
} ProtocolError;

/* A request. Fields that its verb has no use for are 0. */
typedef struct Request {
        Verb verb;
        uint32_t version;   /* HELLO */
        Endpoint endpoint;  /* REGISTER, CONNECTED: all of it; LOOKUP, DISCONNECTED: the node */
        bool bound;         /* REGISTER: listens on one address only */
        Address address;    /* REGISTER: which; CONNECTED: of the endpoint */
        const char *host;   /* CONNECTED: "" for unknown; points into the line */
        Family family;      /* LOOKUP: _FAMILY_INVALID for any */
        Proto proto;        /* LOOKUP: _PROTO_INVALID for any */
        uint32_t wait_msec; /* LOOKUP: 0 to LIMIT_WAIT_MSEC */
        Filter filter;      /* LIST; points into the line */
        Pair pair;          /* APART; TOGETHER: the names; points into the line */
} Request;

const char *verb_to_string(Verb verb);
Verb verb_from_string(const char *text);

/* "malformed", "too-long", … */
const char *protocol_error_to_string(ProtocolError error);

/* Understands a line, whose attributes it splits. Returns 0, or the positive ProtocolError to
 * answer with; *ret_text is then what to tell people. */
int request_parse(Request *ret, Line *line, const char **ret_text);

/* Appends a whole request, without LF. */
void request_write(const Request *request, LineWriter *writer);
