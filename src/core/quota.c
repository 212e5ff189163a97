/* SPDX-License-Identifier: Apache-2.0 */
/* What each user holds */

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "core/quota.h"

void quota_done(Quota *quota) {
        free(quota->users);
        quota->users = NULL;
        quota->n_users = 0;
}

static QuotaUser *find_user(const Quota *quota, uid_t uid) {
        for (size_t i = 0; i < quota->n_users; i++)
                if (quota->users[i].uid == uid)
                        return &quota->users[i];
        return NULL;
}

static QuotaUser *add_user(Quota *quota, uid_t uid) {
        QuotaUser *grown = reallocarray(quota->users, quota->n_users + 1, sizeof(*grown));

        if (!grown)
                return NULL;
        quota->users = grown;
        quota->users[quota->n_users] = (QuotaUser){ .uid = uid };
        return &quota->users[quota->n_users++];
}

bool quota_is_privileged(const Quota *quota, uid_t uid) {
        return uid == 0 || uid == quota->own_uid;
}

/* Whether the others leave a user one more. */
static int check(const Quota *quota, QuotaKind kind, const QuotaUser *user, uid_t uid) {
        size_t own = user ? user->held[kind] : 0, held = quota->held[kind];
        size_t max = quota->max[kind];

        if (own >= quota->max_per_user[kind])
                return QUOTA_E_USER;
        if (quota_is_privileged(quota, uid))
                return held < max + quota->reserve[kind] ? 0 : QUOTA_E_ALL;
        if (held >= max || (!user && quota->n_users >= quota->max_users))
                return QUOTA_E_ALL;
        if (own < quota->little[kind])
                return 0;
        return held + quota->last[kind] < max && own < max - held ? 0 : QUOTA_E_USER;
}

int quota_take(Quota *quota, QuotaKind kind, uid_t uid) {
        QuotaUser *user = find_user(quota, uid);
        int r = check(quota, kind, user, uid);

        if (r != 0)
                return r;
        if (!user)
                user = add_user(quota, uid);
        if (!user)
                return -ENOMEM;

        user->held[kind]++;
        quota->held[kind]++;
        return 0;
}

void quota_give(Quota *quota, QuotaKind kind, uid_t uid) {
        QuotaUser *user = find_user(quota, uid);
        size_t held = 0;

        assert(user && user->held[kind] > 0);
        user->held[kind]--;
        quota->held[kind]--;

        for (QuotaKind k = 0; k < _QUOTA_MAX; k++)
                held += user->held[k];
        if (held == 0)
                *user = quota->users[--quota->n_users];
}

void quota_count(const Quota *quota, Stats *stats) {
        stats->values[STAT_REGISTRATIONS] =
                quota->held[QUOTA_REGISTRATIONS] + quota->held[QUOTA_LOOPBACK];
        stats->values[STAT_LIMIT_REGISTRATIONS] = quota->max[QUOTA_REGISTRATIONS];
        stats->values[STAT_LIMIT_LOOPBACK] = quota->max[QUOTA_LOOPBACK];
        stats->values[STAT_LIMIT_UNHEARD] = quota->max[QUOTA_PEERS];
        stats->values[STAT_LIMIT_CONNECTIONS] = quota->max[QUOTA_CONNECTIONS];
}
