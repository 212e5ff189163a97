/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells the log which nodes come and go
 *
 * Any local user can register a node and end it a thousand times a second. So there is a bound on
 * what one user's nodes write, and what was left out is counted and told: neither what the daemon
 * has to say of others is lost in it, nor does journald, which drops the lines of a service that
 * writes too many of them, have a reason to.
 */

#include <errno.h>
#include <stdlib.h>

#include "core/user-counts.h"
#include "daemon/clock.h"
#include "daemon/node-log.h"
#include "daemon/subject.h"
#include "daemon/timer.h"
#include "util/log.h"

struct NodeLog {
        sd_event *event;
        Registry *registry;
        sd_event_source *window; /* runs from the first line on, to the end of what is counted */
        uint64_t window_usec;
        UserCounts lines;
        unsigned left_out;
        bool stopped;
};

static void end_window(NodeLog *log) {
        if (log->left_out > 0)
                log_notice("nodes of this host come and go too often: %u line%s about them left "
                           "out",
                           log->left_out, log->left_out == 1 ? "" : "s");
        log->left_out = 0;
        /* The timer ends the window. */
        log->lines = (UserCounts) USER_COUNTS_INIT(UINT64_MAX);
}

static int on_window(sd_event_source *source, uint64_t usec, void *userdata) {
        (void) source, (void) usec;
        end_window(userdata);
        return 0;
}

/* The level of the next line about a node of this host. */
static int next_level(NodeLog *log, const char *node) {
        uid_t uid = (uid_t) -1;

        if (log->lines.n_users == 0)
                timer_arm(log->window, log->window_usec);
        (void) registry_find_user(log->registry, node, &uid);
        if (user_counts_add(&log->lines, uid, clock_now(log->event)) <= LIMIT_LOG_LINES)
                return LOG_INFO;
        log->left_out++;
        return LOG_DEBUG;
}

static void on_directory_event(void *userdata, const DirectoryEvent *event) {
        const Endpoint *endpoint = &event->info->endpoint;
        const char *proto = proto_to_string(endpoint->proto);
        const char *family = endpoint->family == FAMILY_INET6 ? " over IPv6" : "";
        NodeLog *log = userdata;

        if (log->stopped)
                return;
        if (event->registered && !event->was_registered)
                log_about(next_level(log, endpoint->node), SUBJECT(endpoint),
                          "%s is registered: %s%s, port %u", endpoint->node, proto, family,
                          endpoint->port);
        else if (event->was_registered && !event->registered)
                log_about(next_level(log, endpoint->node), SUBJECT(endpoint), "%s is gone: %s%s",
                          endpoint->node, proto, family);
        else
                log_about(LOG_DEBUG, SUBJECT(endpoint), "%s %s %s%s port %u (%s, %s)",
                          event_kind_to_string(event->kind), endpoint->node, proto, family,
                          endpoint->port, source_to_string(event->info->source),
                          reason_to_string(event->reason));
}

int node_log_new(NodeLog **ret, sd_event *event, Directory *directory, Registry *registry,
                 uint64_t window_usec) {
        _cleanup_(node_log_freep) NodeLog *log = calloc(1, sizeof(*log));
        int r;

        if (!log)
                return -ENOMEM;
        log->event = sd_event_ref(event);
        log->registry = registry;
        log->window_usec = window_usec;
        end_window(log);
        r = timer_new(&log->window, event, CLOCK_MONOTONIC, 0, on_window, "node-log", log);
        if (r < 0)
                return r;
        directory_observe(directory, on_directory_event, log);
        *ret = TAKE_PTR(log);
        return 0;
}

NodeLog *node_log_free(NodeLog *log) {
        if (!log)
                return NULL;

        sd_event_source_disable_unref(log->window);
        sd_event_unref(log->event);
        free(log);
        return NULL;
}

void node_log_stop(NodeLog *log) {
        end_window(log);
        log->stopped = true;
}
