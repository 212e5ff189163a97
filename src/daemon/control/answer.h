/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Lines to a client: what answers a request, and events (docs/protocol.md) */

#include "core/node-info.h"
#include "core/pair-reports.h"
#include "core/request.h"
#include "daemon/control/connection.h"

void answer_ok(Connection *connection);
void answer_version(Connection *connection);
void answer_creation(Connection *connection, uint32_t creation);
void answer_pairs(Connection *connection, const PairReports *reports);
void answer_node(Connection *connection, const NodeInfo *info);

/* Tells of a change. hold: behind the reply that is being written (connection_hold()). */
void answer_event(Connection *connection, bool hold, EventKind kind, Reason reason,
                  const NodeInfo *info);

/* text: plain words for people. */
void answer_error(Connection *connection, ProtocolError error, const char *text);
