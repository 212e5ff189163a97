/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the publisher has to say in the log, bounded
 *
 * Any local user can register a node that is bound to an address which is not there, again and
 * again. Who it was is not known here, so the bound is one for all.
 */

#include <avahi-common/error.h>
#include <errno.h>
#include <stdlib.h>

#include "core/limits.h"
#include "daemon/avahi/avahi-timer.h"
#include "daemon/avahi/publisher-log.h"
#include "daemon/log-limit.h"
#include "daemon/subject.h"
#include "util/log.h"

struct PublisherLog {
        AvahiTimer *window;
        LogLimit absences;
        bool refusal_logged;
};

static void on_window(void *userdata) {
        PublisherLog *log = userdata;
        unsigned left_out = log_limit_end(&log->absences);

        if (left_out > 0)
                log_warning("too many nodes are bound to addresses that are on no interface: %u "
                            "line%s about them left out",
                            left_out, left_out == 1 ? "" : "s");
}

int publisher_log_new(PublisherLog **ret, const AvahiPoll *poll) {
        _cleanup_(publisher_log_freep) PublisherLog *log = calloc(1, sizeof(*log));
        int r;

        if (!log)
                return -ENOMEM;
        log->absences.max = LIMIT_LOG_ABSENCES;
        r = avahi_timer_new(&log->window, poll, on_window, log);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(log);
        return 0;
}

PublisherLog *publisher_log_free(PublisherLog *log) {
        if (!log)
                return NULL;

        avahi_timer_free(log->window);
        free(log);
        return NULL;
}

void publisher_log_refusal(PublisherLog *log, const Endpoint *endpoint, int error) {
        if (log->refusal_logged)
                return;
        log->refusal_logged = true;
        if (error == AVAHI_ERR_NOT_PERMITTED)
                log_warning("avahi-daemon does not let us announce nodes: other hosts will not see "
                            "those of this host. Look for disable-publishing and "
                            "disable-user-service-publishing in avahi-daemon.conf(5)");
        else
                log_about(LOG_WARNING, endpoint ? SUBJECT(endpoint) : NULL,
                          "avahi-daemon does not announce %s: %s",
                          endpoint ? endpoint->node : "the service type", avahi_strerror(error));
}

void publisher_log_begin(PublisherLog *log) {
        log->refusal_logged = false;
}

void publisher_log_absence(PublisherLog *log, const Endpoint *endpoint, const Address *bound) {
        bool is_written = log_limit_take(&log->absences);
        char address[ADDRESS_TEXT_SIZE];

        if (log_limit_has_begun(&log->absences))
                avahi_timer_set(log->window,
                                avahi_timer_now() + LIMIT_LOG_WINDOW_SEC * USEC_PER_SEC);
        if (is_written)
                log_about(LOG_WARNING, SUBJECT(endpoint),
                          "%s is bound to %s, which is on no interface that avahi-daemon uses: not "
                          "announced until it is",
                          endpoint->node, address_format(bound, address));
}
