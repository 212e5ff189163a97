/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What nodes of this host say they are connected to */

#include <stdint.h>
#include <sys/types.h>

#include "core/directory.h"
#include "core/quota.h"

/*
 * A connection between two nodes outlives their adverts: multicast falls silent more easily than
 * TCP. So a node may report an endpoint that it is connected to and that is not heard; each report
 * that is kept is a sighting of SOURCE_PEER in the directory.
 *
 * Anybody may report anything, so reports only fill gaps. The first one of an endpoint is kept, and
 * the others are told when it goes: then they report again. None is kept of what is heard,
 * registered here, or was heard elsewhere a moment ago.
 */
typedef struct PeerReports PeerReports;

enum {
        _PEER_REPORTS_E_SUCCESS,

        PEER_REPORTS_E_ELSEWHERE, /* the LAN's last word was another address or port */
        PEER_REPORTS_E_USER,      /* as many of the user's are kept as one may have */
        PEER_REPORTS_E_ALL,       /* as many of all users' are */
        PEER_REPORTS_E_DIRECTORY, /* the directory is full */
        _PEER_REPORTS_E_MAX,
};

/* directory and quota must outlive it. */
int peer_reports_new(PeerReports **ret, Directory *directory, Quota *quota);

/* Every reporter must have been released. */
PeerReports *peer_reports_free(PeerReports *reports);
DEFINE_CLEANUP(PeerReports, peer_reports_free);

/*
 * Takes a report. reporter: any number but 0, not of two at the same time; host: the mDNS host
 * name, "" for unknown. A reporter's second report of an endpoint replaces its first. Returns 0
 * whether the report is kept or not needed, PEER_REPORTS_E_…, or -ENOMEM.
 */
int peer_reports_add(PeerReports *reports, uint64_t reporter, uid_t uid, const Endpoint *endpoint,
                     const Address *address, const char *host, uint64_t now_usec);

/* Withdraws a reporter's reports of one node; NULL: of all nodes. */
void peer_reports_withdraw(PeerReports *reports, uint64_t reporter, const char *node,
                           uint64_t now_usec);
