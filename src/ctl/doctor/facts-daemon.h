/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the doctor knows of epmd-mdnsd */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/limits.h"
#include "core/node-name.h"
#include "core/pair.h"

/* A host has fewer claims; more are not looked at. */
#define FACTS_CONFLICTS 4

/* As many nodes of this host only are listed. */
#define FACTS_LOOPBACK 4

/* Two nodes that can't connect, as one end sees it. */
typedef struct FactsPair {
        char from[NODE_NAME_SIZE];
        char to[NODE_NAME_SIZE];
        PairReason reason;
} FactsPair;

typedef struct FactsDaemon {
        const char *socket;
        int connect_error; /* negative errno of connect(), 0: connected */
        bool socket_exists;
        mode_t socket_mode, directory_mode;
        int answer_error;  /* why STATUS was not answered, as of client_receive() */
        char refusal[128]; /* of -EREMOTEIO, what it said */
        bool answers;      /* STATUS was answered, and what follows is known: */
        char avahi[16];    /* its state of the client of Avahi */
        char host[LIMIT_HOST + 1];
        uint64_t local, adverts, announceable, sightings, conflicts;
        uint64_t limit_registrations;
        uint64_t ignored_limit; /* since the daemon's start */
        char conflict_nodes[FACTS_CONFLICTS][NODE_NAME_SIZE];
        char conflict_hosts[FACTS_CONFLICTS][2][LIMIT_HOST + 1]; /* of two claims; "": unknown */
        bool conflict_local[FACTS_CONFLICTS]; /* one of them is registered here */
        size_t n_conflict_nodes;
        size_t n_loopback; /* nodes registered here whose names mean this host only */
        char loopback_nodes[FACTS_LOOPBACK][NODE_NAME_SIZE]; /* the first ones */
        bool loopback_cluster;                               /* one of them has a label */
        bool pairs_known; /* the daemon was asked for them, and knows the question */
        FactsPair pairs[LIMIT_PAIRS_SHOWN];
        size_t n_pairs;
} FactsDaemon;

/* Asks the daemon at this socket. */
void facts_daemon_gather(FactsDaemon *ret, const char *socket);

/* Whether some of the nodes registered here are not announced (yet). */
bool facts_daemon_is_announcing(const FactsDaemon *facts);

/* Whether its avahi-daemon is still claiming this host's name: it answers nothing meanwhile. */
bool facts_daemon_is_registering(const FactsDaemon *facts);
