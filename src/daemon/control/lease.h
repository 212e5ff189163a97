/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a connection holds: a node that it has registered, and what that reports of others */

#include "core/pair-reports.h"
#include "core/peer-reports.h"
#include "core/registry.h"
#include "core/request.h"
#include "daemon/control/connection.h"
#include "daemon/refusals.h"

/* A plain value. All of it ends with the connection. */
typedef struct Lease {
        Registry *registry;
        PeerReports *reports;
        PairReports *pairs;
        Refusals *refusals;
        Holder holder;
} Lease;

/* Each carries out a request, and answers it. */
void lease_register(const Lease *lease, Connection *connection, const Request *request,
                    uint64_t now_usec);
void lease_report(const Lease *lease, Connection *connection, const Request *request,
                  uint64_t now_usec);
void lease_withdraw(const Lease *lease, Connection *connection, const Request *request,
                    uint64_t now_usec);
void lease_report_pair(const Lease *lease, Connection *connection, const Request *request,
                       uint64_t now_usec);
void lease_withdraw_pair(const Lease *lease, Connection *connection, const Request *request,
                         uint64_t now_usec);

/* Gives up all that is held. */
void lease_end(const Lease *lease, uint64_t now_usec);
