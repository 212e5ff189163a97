/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells the log which nodes come and go
 *
 * Any local user can register a node and end it a thousand times a second. So there is a bound on
 * what that writes, and what was left out is counted and told: what else the daemon has to say is
 * not lost in it, and journald, which drops the lines of a service that writes too many of them,
 * has no reason to.
 */

#include <errno.h>
#include <stdlib.h>

#include "daemon/log-limit.h"
#include "daemon/node-log.h"
#include "daemon/subject.h"
#include "util/log.h"

struct NodeLog {
        sd_event_source *window; /* runs from the first line on, to the end of what is counted */
        uint64_t window_usec;
        LogLimit limit;
        bool stopped;
};

static void end_window(NodeLog *log) {
        unsigned left_out = log_limit_end(&log->limit);

        if (left_out > 0)
                log_notice("nodes of this host come and go too often: %u line%s about them left "
                           "out",
                           left_out, left_out == 1 ? "" : "s");
}

static int on_window(sd_event_source *source, uint64_t usec, void *userdata) {
        (void) source, (void) usec;
        end_window(userdata);
        return 0;
}

/* The level of the next line about a node of this host. */
static int next_level(NodeLog *log) {
        bool is_written = log_limit_take(&log->limit);

        if (log_limit_has_begun(&log->limit)) {
                (void) sd_event_source_set_time_relative(log->window, log->window_usec);
                (void) sd_event_source_set_enabled(log->window, SD_EVENT_ONESHOT);
        }
        return is_written ? LOG_INFO : LOG_DEBUG;
}

static void on_directory_event(void *userdata, const DirectoryEvent *event) {
        const Endpoint *endpoint = &event->info->endpoint;
        const char *proto = proto_to_string(endpoint->proto);
        const char *family = endpoint->family == FAMILY_INET6 ? " over IPv6" : "";
        NodeLog *log = userdata;

        if (log->stopped)
                return;
        if (event->registered && !event->was_registered)
                log_about(next_level(log), SUBJECT(endpoint), "%s is registered: %s%s, port %u",
                          endpoint->node, proto, family, endpoint->port);
        else if (event->was_registered && !event->registered)
                log_about(next_level(log), SUBJECT(endpoint), "%s is gone: %s%s", endpoint->node,
                          proto, family);
        else
                log_about(LOG_DEBUG, SUBJECT(endpoint), "%s %s %s%s port %u (%s, %s)",
                          event_kind_to_string(event->kind), endpoint->node, proto, family,
                          endpoint->port, source_to_string(event->info->source),
                          reason_to_string(event->reason));
}

int node_log_new(NodeLog **ret, sd_event *event, Directory *directory, uint64_t window_usec) {
        _cleanup_(node_log_freep) NodeLog *log = calloc(1, sizeof(*log));
        int r;

        if (!log)
                return -ENOMEM;
        log->limit.max = LIMIT_LOG_LINES;
        log->window_usec = window_usec;
        r = sd_event_add_time(event, &log->window, CLOCK_MONOTONIC, 0, 0, on_window, log);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(log->window, "node-log");
        r = sd_event_source_set_enabled(log->window, SD_EVENT_OFF);
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
        free(log);
        return NULL;
}

void node_log_stop(NodeLog *log) {
        end_window(log);
        log->stopped = true;
}
