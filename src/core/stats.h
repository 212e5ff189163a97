/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The numbers of the daemon */

#include <stdint.h>

#include "core/line.h"

/* In the order of STATUS. */
typedef enum Stat {
        STAT_NODES,
        STAT_HOSTS,
        STAT_LOCAL,
        STAT_STALE,
        STAT_ADVERTS,
        STAT_SIGHTINGS,
        STAT_CONFLICTS,
        STAT_IGNORED_NAME,
        STAT_IGNORED_LOCAL,
        STAT_IGNORED_TXT,
        STAT_IGNORED_PORT,
        STAT_IGNORED_ADDRESS,
        STAT_IGNORED_LIMIT,
        STAT_ANNOUNCEABLE,
        STAT_TTL,
        STAT_UPTIME,
        STAT_REGISTRATIONS,
        STAT_LIMIT_REGISTRATIONS,
        STAT_LIMIT_CONNECTIONS,
        STAT_LIMIT_ENDPOINTS,
        STAT_LIMIT_SIGHTINGS,
        STAT_LIMIT_LOOPBACK,
        STAT_REFUSED_CONNECTIONS,
        STAT_REFUSED_REGISTRATIONS,
        STAT_CUT_OFF,
        STAT_UNHEARD,
        STAT_LIMIT_UNHEARD,
        STAT_REFUSED_REPORTS,
        STAT_CONNECTIONS,
        STAT_SUBSCRIBERS,
        _STAT_MAX,
} Stat;

typedef enum StatKind {
        STAT_GAUGE,   /* goes up and down */
        STAT_COUNTER, /* counts up from 0 since the daemon's start */
        _STAT_KIND_MAX,
} StatKind;

/* A row of the table of numbers, the only place that lists them. */
typedef struct StatInfo {
        const char *key;   /* in STATUS */
        const char *label; /* for people, in a sentence of its own: "nodes that are up" */
        StatKind kind;
} StatInfo;

/* A plain value. */
typedef struct Stats {
        uint64_t values[_STAT_MAX];
} Stats;

/* stat: a valid one. */
const StatInfo *stat_info(Stat stat);

/* Appends all of them as attributes. */
void stats_write(const Stats *stats, LineWriter *writer);
