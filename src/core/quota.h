/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What each user holds */

#include <stddef.h>
#include <sys/types.h>

#include "core/limits.h"

typedef enum QuotaKind {
        QUOTA_CONNECTIONS,
        QUOTA_REGISTRATIONS,
        _QUOTA_MAX,
} QuotaKind;

typedef struct QuotaUser {
        uid_t uid;
        size_t held[_QUOTA_MAX];
} QuotaUser;

/* Embedded by value. Users who hold nothing take no space. */
typedef struct Quota {
        QuotaUser *users;
        size_t n_users;
        size_t held[_QUOTA_MAX]; /* by all together */
        size_t max[_QUOTA_MAX];  /* for all together */
        size_t max_per_user[_QUOTA_MAX];
} Quota;

/* The bounds of limits.h. */
#define QUOTA_INIT                                                                                 \
        {                                                                                          \
                .max = { LIMIT_CONNECTIONS, LIMIT_REGISTRATIONS },                                 \
                .max_per_user = { LIMIT_CONNECTIONS_PER_UID, LIMIT_REGISTRATIONS_PER_UID },        \
        }

enum {
        _QUOTA_E_SUCCESS,

        QUOTA_E_USER, /* this user holds as many as one may */
        QUOTA_E_ALL,  /* all users together do */
};

void quota_done(Quota *quota);

/* Takes one. Returns 0, QUOTA_E_USER, QUOTA_E_ALL or -ENOMEM. */
int quota_take(Quota *quota, QuotaKind kind, uid_t uid);

/* Gives back one that was taken. */
void quota_give(Quota *quota, QuotaKind kind, uid_t uid);
