/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* All sockets of one user, as one source of the event loop */

#include <stdint.h>
#include <systemd/sd-event.h>

#include "util/macro.h"

/*
 * The event loop gives each of its sources a turn. If each connection were a source, a user with
 * 250 of them would have 250 turns for each that another user has. So a user is a source, and a
 * turn is for one of the user's sockets, one after the other.
 */
typedef struct UserPoll UserPoll;

/* What is called when a socket is ready. Part of whoever owns the socket; must stay where it is. */
typedef struct PollItem {
        void (*ready)(void *userdata, uint32_t revents); /* EPOLLIN and so on (epoll_ctl(2)) */
        void *userdata;
} PollItem;

/* event must outlive it. Takes a descriptor. */
int user_poll_new(UserPoll **ret, sd_event *event);

/* Every socket must have been removed. Not from within a PollItem's function. */
UserPoll *user_poll_free(UserPoll *poll);
DEFINE_CLEANUP(UserPoll, user_poll_free);

/* Waits for events of a socket. EPOLLHUP and EPOLLERR are always among them. Return 0 or negative
 * errno. */
int user_poll_add(UserPoll *poll, int fd, uint32_t events, PollItem *item);
int user_poll_modify(UserPoll *poll, int fd, uint32_t events, PollItem *item);

/* To be called before fd is closed. */
void user_poll_remove(UserPoll *poll, int fd);
