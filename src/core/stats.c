/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers of the daemon */

#include <assert.h>

#include "core/stats.h"

/* A new number is one row here, one in docs/protocol.md, and whoever counts it. */
static const StatInfo infos[_STAT_MAX] = {
        [STAT_NODES] = { "nodes", "nodes that are up", STAT_GAUGE },
        [STAT_HOSTS] = { "hosts", "hosts that they run on", STAT_GAUGE },
        [STAT_LOCAL] = { "local", "nodes registered on this host", STAT_GAUGE },
        [STAT_STALE] = { "stale", "endpoints gone from the LAN a moment ago", STAT_GAUGE },
        [STAT_ADVERTS] = { "adverts", "own adverts that Avahi has accepted", STAT_GAUGE },
        [STAT_ANNOUNCEABLE] = { "announceable", "registered endpoints that are to be announced",
                                STAT_GAUGE },
        [STAT_SIGHTINGS] = { "sightings", "adverts of others, for each interface and IP version",
                             STAT_GAUGE },
        [STAT_CONFLICTS] = { "conflicts", "node names that more than one claims", STAT_GAUGE },
        [STAT_IGNORED_NAME] = { "ignored-name", "adverts without a valid node name", STAT_COUNTER },
        [STAT_IGNORED_LOCAL] = { "ignored-local", "adverts with a name that means the host itself",
                                 STAT_COUNTER },
        [STAT_IGNORED_TXT] = { "ignored-txt", "adverts with invalid TXT data", STAT_COUNTER },
        [STAT_IGNORED_PORT] = { "ignored-port", "adverts with port 0", STAT_COUNTER },
        [STAT_IGNORED_ADDRESS] = { "ignored-address", "adverts without an address of use",
                                   STAT_COUNTER },
        [STAT_IGNORED_LIMIT] = { "ignored-limit", "adverts beyond a limit", STAT_COUNTER },
        [STAT_TTL] = { "ttl", "TTL of own adverts, in seconds", STAT_GAUGE },
        [STAT_UPTIME] = { "uptime", "seconds since the daemon's start", STAT_GAUGE },
        [STAT_REGISTRATIONS] = { "registrations", "endpoints registered on this host", STAT_GAUGE },
        [STAT_LIMIT_REGISTRATIONS] = { "limit-registrations",
                                       "limit of registered endpoints that are announced",
                                       STAT_GAUGE },
        [STAT_LIMIT_LOOPBACK] = { "limit-loopback",
                                  "limit of registered endpoints on loopback addresses",
                                  STAT_GAUGE },
        [STAT_LIMIT_CONNECTIONS] = { "limit-connections", "limit of connections", STAT_GAUGE },
        [STAT_LIMIT_ENDPOINTS] = { "limit-endpoints", "limit of endpoints", STAT_GAUGE },
        [STAT_LIMIT_SIGHTINGS] = { "limit-sightings", "limit of sightings", STAT_GAUGE },
        [STAT_CONNECTIONS] = { "connections", "connections on the control socket", STAT_GAUGE },
        [STAT_SUBSCRIBERS] = { "subscribers", "connections that follow changes", STAT_GAUGE },
        [STAT_UNHEARD] = { "unheard", "endpoints that nodes here are connected to, but not heard",
                           STAT_GAUGE },
        [STAT_LIMIT_UNHEARD] = { "limit-unheard", "limit of endpoints that are not heard",
                                 STAT_GAUGE },
        [STAT_REFUSED_REPORTS] = { "refused-reports", "reports of nodes refused for a limit",
                                   STAT_COUNTER },
        [STAT_REFUSED_CONNECTIONS] = { "refused-connections", "connections refused for a limit",
                                       STAT_COUNTER },
        [STAT_REFUSED_REGISTRATIONS] = { "refused-registrations",
                                         "registrations refused for a limit", STAT_COUNTER },
        [STAT_CUT_OFF] = { "cut-off", "connections cut off because they did not read",
                           STAT_COUNTER },
};

const StatInfo *stat_info(Stat stat) {
        assert(stat < _STAT_MAX);
        return &infos[stat];
}

void stats_write(const Stats *stats, LineWriter *writer) {
        for (Stat stat = 0; stat < _STAT_MAX; stat++)
                line_writer_attribute_u64(writer, infos[stat].key, stats->values[stat]);
}
