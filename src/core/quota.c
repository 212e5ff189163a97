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

int quota_take(Quota *quota, QuotaKind kind, uid_t uid) {
        QuotaUser *user = find_user(quota, uid);

        if (user && user->held[kind] >= quota->max_per_user[kind])
                return QUOTA_E_USER;
        if (quota->held[kind] >= quota->max[kind])
                return QUOTA_E_ALL;
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
