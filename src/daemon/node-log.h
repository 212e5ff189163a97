/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Tells the log which nodes come and go */

#include <stdint.h>
#include <systemd/sd-event.h>

#include "core/directory.h"
#include "core/registry.h"

/* Nodes of this host are told at level info, those of one user at most LIMIT_LOG_LINES times in
 * window_usec; the rest, and nodes of the LAN, at level debug without a bound. */
typedef struct NodeLog NodeLog;

/* Observes the directory, so that it must not be freed while that changes. registry: knows whose
 * the nodes are. Returns 0 or negative errno. */
int node_log_new(NodeLog **ret, sd_event *event, Directory *directory, Registry *registry,
                 uint64_t window_usec);
NodeLog *node_log_free(NodeLog *log);
DEFINE_CLEANUP(NodeLog, node_log_free);

/* From now on it tells nothing: what ends is the daemon, not the nodes. */
void node_log_stop(NodeLog *log);
