/* SPDX-License-Identifier: Apache-2.0 */
/* What nodes of this host say they are connected to */

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/peer-reports.h"

/* A report that is kept: as long as the directory has its sighting. */
typedef struct Report {
        uint64_t reporter;
        uid_t uid;
        SightingId id;
        Endpoint endpoint;
} Report;

struct PeerReports {
        Directory *directory;
        Quota *quota;
        Report *reports; /* in no order; linear search, for there are few, and mostly none */
        size_t n_reports;
        int last_number;
};

static Report *find(const PeerReports *reports, const Endpoint *endpoint) {
        for (size_t i = 0; i < reports->n_reports; i++)
                if (endpoint_compare_identity(&reports->reports[i].endpoint, endpoint) == 0)
                        return &reports->reports[i];
        return NULL;
}

static void drop(PeerReports *reports, Report *report) {
        quota_give(reports->quota, QUOTA_PEERS, report->uid);
        *report = reports->reports[--reports->n_reports];
}

/* The directory has dropped the sighting of what is heard, or has said goodbye. */
static void on_directory_event(void *userdata, const DirectoryEvent *event) {
        PeerReports *reports = userdata;
        Report *report;

        if (event->kind != EVENT_DOWN && event->info->source == SOURCE_PEER)
                return;
        report = find(reports, &event->info->endpoint);
        if (report)
                drop(reports, report);
}

int peer_reports_new(PeerReports **ret, Directory *directory, Quota *quota) {
        PeerReports *reports = calloc(1, sizeof(*reports));

        if (!reports)
                return -ENOMEM;
        reports->directory = directory;
        reports->quota = quota;
        directory_observe(directory, on_directory_event, reports);
        *ret = reports;
        return 0;
}

PeerReports *peer_reports_free(PeerReports *reports) {
        if (!reports)
                return NULL;

        assert(reports->n_reports == 0);
        free(reports->reports);
        free(reports);
        return NULL;
}

/* What the directory shows of an endpoint. Returns whether that is anything. */
static bool find_shown(const PeerReports *reports, const Endpoint *endpoint, uint64_t now_usec,
                       NodeInfo *ret) {
        const Endpoint *after = NULL;
        Endpoint last;

        while (directory_next_of_node(reports->directory, endpoint->node, after, now_usec, ret)) {
                if (endpoint_compare_identity(&ret->endpoint, endpoint) == 0)
                        return true;
                last = ret->endpoint;
                after = &last;
        }
        return false;
}

static bool is_elsewhere(const NodeInfo *info, const Endpoint *endpoint, const Address *address) {
        if (info->endpoint.port != endpoint->port)
                return true;
        for (size_t i = 0; i < info->n_addresses; i++)
                if (address_equal(&info->addresses[i], address))
                        return false;
        return true;
}

/* Room for one more report of a user. */
static int reserve(PeerReports *reports, uid_t uid) {
        Report *grown = reallocarray(reports->reports, reports->n_reports + 1, sizeof(*grown));

        if (!grown)
                return -ENOMEM;
        reports->reports = grown;

        switch (quota_take(reports->quota, QUOTA_PEERS, uid)) {
        case 0:
                return 0;
        case QUOTA_E_USER:
                return PEER_REPORTS_E_USER;
        case QUOTA_E_ALL:
                return PEER_REPORTS_E_ALL;
        default:
                return -ENOMEM;
        }
}

/* Sightings of this source are told apart by a number in the place of an interface. */
static SightingId next_id(PeerReports *reports) {
        reports->last_number = reports->last_number < INT32_MAX ? reports->last_number + 1 : 1;
        return (SightingId){ .source = SOURCE_PEER, .interface = reports->last_number };
}

static int add(PeerReports *reports, uint64_t reporter, uid_t uid, const Endpoint *endpoint,
               Sighting *sighting, uint64_t now_usec) {
        int r = reserve(reports, uid);

        if (r != 0)
                return r;
        sighting->id = next_id(reports);
        r = directory_add_sighting(reports->directory, sighting, now_usec);
        if (r != 0) {
                quota_give(reports->quota, QUOTA_PEERS, uid);
                return r < 0 ? r : PEER_REPORTS_E_DIRECTORY;
        }
        reports->reports[reports->n_reports++] = (Report){ reporter, uid, sighting->id, *endpoint };
        return 0;
}

int peer_reports_add(PeerReports *reports, uint64_t reporter, uid_t uid, const Endpoint *endpoint,
                     const Address *address, const char *host, uint64_t now_usec) {
        Sighting sighting = { .endpoint = *endpoint, .address = *address };
        Report *report = find(reports, endpoint);
        NodeInfo info;
        int r;

        assert(reporter != 0 && strlen(host) <= LIMIT_HOST);
        strcpy(sighting.host, host);

        if (report) {
                if (report->reporter != reporter)
                        return 0;
                sighting.id = report->id;
                r = directory_add_sighting(reports->directory, &sighting, now_usec);
                return r < 0 ? r : 0;
        }
        if (find_shown(reports, endpoint, now_usec, &info)) {
                if (!info.stale)
                        return 0;
                if (is_elsewhere(&info, endpoint, address))
                        return PEER_REPORTS_E_ELSEWHERE;
        }
        return add(reports, reporter, uid, endpoint, &sighting, now_usec);
}

void peer_reports_withdraw(PeerReports *reports, uint64_t reporter, const char *node,
                           uint64_t now_usec) {
        for (size_t i = 0; i < reports->n_reports;) {
                Report *report = &reports->reports[i];

                if (report->reporter == reporter &&
                    (!node || strcmp(report->endpoint.node, node) == 0)) {
                        SightingId id = report->id;

                        drop(reports, report);
                        directory_remove_sighting(reports->directory, &id, REASON_DISCONNECTED,
                                                  now_usec);
                } else
                        i++;
        }
}
