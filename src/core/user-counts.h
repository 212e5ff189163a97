/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* How often each user did something of late */

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/limits.h"

/*
 * Counts in windows of time: each begins with the first that is counted after the end of the one
 * before. Embedded by value. Users beyond LIMIT_COUNTED_USERS in one window count as one.
 */
typedef struct UserCounts {
        uint64_t window_usec;
        uint64_t began_usec;
        size_t n_users; /* 0: no window has begun */
        struct {
                uid_t uid;
                unsigned n;
        } users[LIMIT_COUNTED_USERS];
} UserCounts;

#define USER_COUNTS_INIT(_window_usec)                                                             \
        { .window_usec = (_window_usec) }

/* Counts one more of a user. Returns how many there are in this window, this one included. */
unsigned user_counts_add(UserCounts *counts, uid_t uid, uint64_t now_usec);
