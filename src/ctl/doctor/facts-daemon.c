/* SPDX-License-Identifier: Apache-2.0 */
/* What the doctor knows of epmd-mdnsd */

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ctl/client.h"
#include "ctl/doctor/facts-daemon.h"

static uint64_t number(const Line *line, const char *key) {
        const char *value = line_get(line, key);

        return value ? strtoull(value, NULL, 10) : 0;
}

static void take_status(FactsDaemon *facts, const Line *line) {
        const char *avahi = line_get(line, "avahi"), *host = line_get(line, "host");

        facts->answers = true;
        snprintf(facts->avahi, sizeof(facts->avahi), "%s", avahi ? avahi : "");
        snprintf(facts->host, sizeof(facts->host), "%s", host ? host : "");
        facts->local = number(line, "local");
        facts->adverts = number(line, "adverts");
        facts->announceable = number(line, "announceable");
        facts->sightings = number(line, "sightings");
        facts->conflicts = number(line, "conflicts");
        facts->limit_registrations = number(line, "limit-registrations");
        facts->ignored_limit = number(line, "ignored-limit");
}

static void take_conflict(FactsDaemon *facts, const NodeInfo *info) {
        size_t n = facts->n_conflict_nodes;

        /* A node may have several listeners; they come one after the other. */
        if (n > 0 && strcmp(facts->conflict_nodes[n - 1], info->endpoint.node) == 0) {
                facts->conflict_local[n - 1] |= info->source == SOURCE_LOCAL;
                return;
        }
        if (n == FACTS_CONFLICTS)
                return;
        strcpy(facts->conflict_nodes[n], info->endpoint.node);
        strcpy(facts->conflict_hosts[n][0], info->host);
        strcpy(facts->conflict_hosts[n][1], info->rival);
        facts->conflict_local[n] = info->source == SOURCE_LOCAL;
        facts->n_conflict_nodes++;
}

/* Returns as client_receive(). */
static int take_nodes(FactsDaemon *facts, Client *client) {
        Request request = { .verb = VERB_LIST, .filter = FILTER_ALL };
        char last[NODE_NAME_SIZE] = "";
        Reply reply;
        int r = client_send(client, &request);

        while (r == 0) {
                const NodeInfo *info = &reply.info;

                r = client_receive(client, &reply);
                if (r != 0 || reply.kind != REPLY_NODE)
                        return r;
                if (info->conflict)
                        take_conflict(facts, info);
                if (info->source != SOURCE_LOCAL || !node_name_is_loopback(info->endpoint.node))
                        continue;
                facts->loopback_cluster |= *info->endpoint.cluster != '\0';
                if (strcmp(last, info->endpoint.node) == 0)
                        continue;
                strcpy(last, info->endpoint.node);
                if (facts->n_loopback < FACTS_LOOPBACK)
                        strcpy(facts->loopback_nodes[facts->n_loopback], last);
                facts->n_loopback++;
        }
        return r;
}

/* A daemon that was not restarted after an upgrade may not know the question. */
static void take_pairs(FactsDaemon *facts, Client *client) {
        Request request = { .verb = VERB_PAIRS };
        Reply reply;
        int r = client_send(client, &request);

        while (r == 0) {
                FactsPair *pair = &facts->pairs[facts->n_pairs];

                r = client_receive(client, &reply);
                facts->pairs_known = r == 0 && reply.kind == REPLY_OK;
                if (r != 0 || reply.kind != REPLY_PAIR || facts->n_pairs == LIMIT_PAIRS_SHOWN)
                        return;
                strcpy(pair->from, reply.pair.from);
                strcpy(pair->to, reply.pair.to);
                pair->reason = reply.pair.reason;
                facts->n_pairs++;
        }
}

void facts_daemon_gather(FactsDaemon *facts, const char *socket) {
        Request request = { .verb = VERB_STATUS };
        _cleanup_(client_freep) Client *client = NULL;
        struct stat status;
        char *path;
        Reply reply;

        *facts = (FactsDaemon){ .socket = socket };
        if (stat(facts->socket, &status) == 0) {
                facts->socket_exists = true;
                facts->socket_mode = status.st_mode & 07777;
        }
        path = strdup(facts->socket);
        if (path && stat(dirname(path), &status) == 0)
                facts->directory_mode = status.st_mode & 07777;
        free(path);

        facts->connect_error = client_new(&client, facts->socket, true);
        if (facts->connect_error < 0)
                return;
        facts->answer_error = client_send(client, &request);
        if (facts->answer_error != 0)
                return;
        facts->answer_error = client_receive(client, &reply);
        if (facts->answer_error == -EREMOTEIO)
                snprintf(facts->refusal, sizeof(facts->refusal), "%.32s: %.80s", reply.error,
                         reply.text);
        if (facts->answer_error != 0)
                return;
        take_status(facts, client_line(client));
        if (take_nodes(facts, client) == 0)
                take_pairs(facts, client);
}

bool facts_daemon_is_announcing(const FactsDaemon *facts) {
        return facts->answers && strcmp(facts->avahi, "running") == 0 &&
               facts->announceable > facts->adverts;
}

bool facts_daemon_is_registering(const FactsDaemon *facts) {
        return facts->answers && strcmp(facts->avahi, "registering") == 0;
}
