/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What each user holds */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/limits.h"
#include "core/stats.h"

typedef enum QuotaKind {
        QUOTA_CONNECTIONS,
        QUOTA_REGISTRATIONS, /* of nodes that are announced on the LAN */
        QUOTA_LOOPBACK,      /* of nodes that this host alone can reach */
        QUOTA_PEERS,         /* reports of endpoints that a node is connected to */
        QUOTA_PAIRS,         /* reports of nodes that can't connect */
        _QUOTA_MAX,
} QuotaKind;

typedef struct QuotaUser {
        uid_t uid;
        size_t held[_QUOTA_MAX];
} QuotaUser;

/*
 * Embedded by value. Users who hold nothing take no space.
 *
 * Nobody may hold more than what is left, and the last of it is for users who hold little: so the
 * first greedy user gets half, the second a quarter, and a great many others still get what a few
 * nodes need. Root, and the user that the daemon runs as, don't depend on others: they have a
 * reserve besides.
 */
typedef struct Quota {
        QuotaUser *users;
        size_t n_users;
        size_t max_users;
        uid_t own_uid;           /* who the daemon runs as */
        size_t held[_QUOTA_MAX]; /* by all together */
        size_t max[_QUOTA_MAX];  /* for all together, but for the reserve */
        size_t reserve[_QUOTA_MAX];
        size_t max_per_user[_QUOTA_MAX];
        size_t little[_QUOTA_MAX]; /* what a user may hold of the last ones */
        size_t last[_QUOTA_MAX];   /* how many are the last ones */
} Quota;

/* The bounds of limits.h. */
#define QUOTA_INIT(_own_uid)                                                                       \
        {                                                                                          \
                .max_users = LIMIT_USERS, .own_uid = (_own_uid),                                   \
                .max = { LIMIT_CONNECTIONS, LIMIT_REGISTRATIONS, LIMIT_LOOPBACK, LIMIT_PEERS,      \
                         LIMIT_PAIRS },                                                            \
                .reserve = { LIMIT_CONNECTIONS_RESERVE, LIMIT_REGISTRATIONS_RESERVE,               \
                             LIMIT_REGISTRATIONS_RESERVE, LIMIT_PEERS_RESERVE,                     \
                             LIMIT_PAIRS_RESERVE },                                                \
                .max_per_user = { LIMIT_CONNECTIONS_PER_UID, LIMIT_REGISTRATIONS_PER_UID,          \
                                  LIMIT_LOOPBACK_PER_UID, LIMIT_PEERS_PER_UID,                     \
                                  LIMIT_PAIRS_PER_UID },                                           \
                .little = { LIMIT_CONNECTIONS_LITTLE, LIMIT_REGISTRATIONS_LITTLE,                  \
                            LIMIT_REGISTRATIONS_LITTLE, LIMIT_PEERS_LITTLE, LIMIT_PAIRS_LITTLE },  \
                .last = { LIMIT_CONNECTIONS_LAST, LIMIT_REGISTRATIONS_LAST,                        \
                          LIMIT_REGISTRATIONS_LAST, LIMIT_PEERS_LAST, LIMIT_PAIRS_LAST },          \
        }

enum {
        _QUOTA_E_SUCCESS,

        QUOTA_E_USER, /* this user holds as many as one may */
        QUOTA_E_ALL,  /* all users together do */
};

void quota_done(Quota *quota);

/* Whether a user has the reserve. */
bool quota_is_privileged(const Quota *quota, uid_t uid);

/* Takes one. Returns 0, QUOTA_E_USER, QUOTA_E_ALL or -ENOMEM. */
int quota_take(Quota *quota, QuotaKind kind, uid_t uid);

/* Gives back one that was taken. */
void quota_give(Quota *quota, QuotaKind kind, uid_t uid);

/* Sets what is counted here. */
void quota_count(const Quota *quota, Stats *stats);
