/* SPDX-License-Identifier: Apache-2.0 */
/* How often each user did something of late */

#include "core/user-counts.h"

unsigned user_counts_add(UserCounts *counts, uid_t uid, uint64_t now_usec) {
        size_t i;

        if (counts->n_users == 0 || now_usec - counts->began_usec >= counts->window_usec) {
                counts->n_users = 0;
                counts->began_usec = now_usec;
        }

        for (i = 0; i < counts->n_users; i++)
                if (counts->users[i].uid == uid)
                        return ++counts->users[i].n;
        if (i == LIMIT_COUNTED_USERS)
                return ++counts->users[i - 1].n;
        counts->users[i].uid = uid;
        counts->users[i].n = 1;
        counts->n_users++;
        return 1;
}
