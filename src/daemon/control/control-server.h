/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Serves the directory on the control socket */

#include <systemd/sd-event.h>

#include "core/directory.h"
#include "core/line.h"
#include "core/pair-reports.h"
#include "core/peer-reports.h"
#include "core/quota.h"
#include "core/registry.h"
#include "core/stats.h"
#include "daemon/refusals.h"

typedef struct ControlServer ControlServer;

/* What the server works with. A plain value; all that it points to must outlive the server. */
typedef struct ControlServices {
        sd_event *event;
        Directory *directory;
        Registry *registry;
        PeerReports *reports;
        PairReports *pairs;
        Quota *quota;
        Refusals *refusals;

        /* Appends all attributes of STATUS. */
        void (*write_status)(void *userdata, LineWriter *writer);
        void *userdata;
} ControlServices;

/* fd: a listening socket, which the server owns, also when this fails. */
int control_server_new(ControlServer **ret, const ControlServices *services, int fd);

/* Closes all connections, and withdraws what they have registered. */
ControlServer *control_server_free(ControlServer *server);
DEFINE_CLEANUP(ControlServer, control_server_free);

/* Takes no new connections any more. */
void control_server_stop(ControlServer *server);

/* Sends every subscriber an EVENT_NETWORK. */
void control_server_report(ControlServer *server, Reason reason);

/* Sets what this server counts. */
void control_server_count(const ControlServer *server, Stats *stats);
