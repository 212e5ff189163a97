/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Takes connections from a listening socket, and tells greedy users from others */

#include <stddef.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "core/quota.h"
#include "daemon/refusals.h"

typedef struct Acceptor Acceptor;

/* Takes a connection, which it owns, also when it fails. It counts for QUOTA_CONNECTIONS until
 * the taker gives that back; when it fails, it doesn't. Returns 0 or negative errno. */
typedef int (*AcceptorTake)(void *userdata, int fd, uid_t uid);

/* fd: a listening socket, which the acceptor owns, also when this fails. All else must outlive it.
 */
int acceptor_new(Acceptor **ret, sd_event *event, int fd, Quota *quota, Refusals *refusals,
                 AcceptorTake take, void *userdata);
Acceptor *acceptor_free(Acceptor *acceptor);
DEFINE_CLEANUP(Acceptor, acceptor_free);
