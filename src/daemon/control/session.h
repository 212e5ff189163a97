/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One connection on the control socket */

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "core/directory.h"
#include "core/line.h"
#include "core/pair-reports.h"
#include "core/peer-reports.h"
#include "core/registry.h"
#include "daemon/control/user-poll.h"
#include "daemon/refusals.h"

typedef struct Session Session;

/* What a session works with, and whom it tells. A plain value; all that it points to must outlive
 * the session. */
typedef struct SessionContext {
        sd_event *event;
        Directory *directory;
        Registry *registry;
        PeerReports *reports;
        PairReports *pairs;
        Refusals *refusals;
        UserPoll *poll;

        /* Appends all attributes of STATUS. */
        void (*write_status)(void *userdata, LineWriter *writer);

        /* The session waits to be freed: later, from the event loop, for this may be called from
         * within its own code, or that of the directory. */
        void (*dead)(void *userdata);

        void *userdata;
} SessionContext;

/* fd: the connected socket, which the session owns, also when this fails. */
int session_new(Session **ret, const SessionContext *context, int fd, uid_t uid);

/* Ends the registration and closes the connection. */
Session *session_free(Session *session);
DEFINE_CLEANUP(Session, session_free);

uid_t session_uid(const Session *session);
bool session_is_subscribed(const Session *session);

/* Whether it waits to be freed. */
bool session_is_dead(const Session *session);

/* A change in the directory, or, with info NULL, an EVENT_NETWORK. */
void session_handle_event(Session *session, EventKind kind, Reason reason, const NodeInfo *info);
