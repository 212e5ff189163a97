/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Lines that answer a client's request (docs/protocol.md) */

#include "core/node-info.h"
#include "core/request.h"
#include "daemon/control/connection.h"

void answer_ok(Connection *connection);
void answer_version(Connection *connection);
void answer_creation(Connection *connection, uint32_t creation);
void answer_node(Connection *connection, const NodeInfo *info);

/* text: plain words for people. */
void answer_error(Connection *connection, ProtocolError error, const char *text);
