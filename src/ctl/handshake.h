/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The beginning of Erlang's distribution handshake ("Distribution Protocol" in the manual of ERTS)
 *
 * After send_name the acceptor answers with its status and a challenge, which has its own name in
 * it. That is before cookies count: whoever ends the connection then has asked who is there, and
 * the node logs nothing.
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
        HANDSHAKE_UNNAMED,    /* an Erlang node, which doesn't tell it */
        HANDSHAKE_BUSY,       /* … which is telling it to somebody of the same name just now */
        HANDSHAKE_FOREIGN,    /* something else */
} HandshakeResult;

/*
 * Writes the send_name of a hidden node on this host, of OTP 25 or later. The name is the same at
 * all times: the acceptor makes an atom of it. Returns its length.
 */
size_t handshake_send_name(uint8_t ret[static HANDSHAKE_SEND_MAX], const char *host);

/*
 * Understands what the acceptor has sent so far, which comes from the network. ret: its name if the
 * result is HANDSHAKE_NAMED, or "" if that is none that a node may have.
 */
HandshakeResult handshake_parse(const uint8_t *data, size_t length,
                                char ret[static NODE_NAME_SIZE]);
