/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The beginning of Erlang's distribution handshake ("Distribution Protocol" in the manual of ERTS)
 *
 * The acceptor answers send_name with its status and a challenge, which contains its own name.
 * Cookies come later. A connection that is closed at this point leaves no line in its log.
 */

#include <stddef.h>
#include <stdint.h>

#include "core/node-name.h"

/* Bytes of a send_name, at most. */
#define HANDSHAKE_SEND_MAX (17 + NODE_NAME_SIZE)

/* Bytes of an acceptor's two messages, at most. */
#define HANDSHAKE_ANSWER_MAX 1024

typedef enum HandshakeResult {
        HANDSHAKE_UNFINISHED, /* more has to come */
        HANDSHAKE_NAMED,      /* an Erlang node, which has told its name */
        HANDSHAKE_UNNAMED,    /* an Erlang node that refuses to tell it */
        HANDSHAKE_BUSY,       /* an Erlang node in a handshake with a peer of the same name */
        HANDSHAKE_FOREIGN,    /* something else */
} HandshakeResult;

/*
 * Writes the send_name of a hidden node, which OTP 23 and later accept. The node's name depends on
 * host alone, because the acceptor makes an atom of it. Returns its length.
 */
size_t handshake_send_name(uint8_t ret[static HANDSHAKE_SEND_MAX], const char *host);

/*
 * Understands what the acceptor has sent so far, which comes from the network. ret: its name if the
 * result is HANDSHAKE_NAMED, "" if that is not a valid one.
 */
HandshakeResult handshake_parse(const uint8_t *data, size_t length,
                                char ret[static NODE_NAME_SIZE]);
