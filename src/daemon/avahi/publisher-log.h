/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the publisher has to say in the log, bounded */

#include <avahi-common/watch.h>

#include "core/address.h"
#include "core/endpoint.h"
#include "util/macro.h"

typedef struct PublisherLog PublisherLog;

/* poll must outlive it. Returns 0 or negative errno. */
int publisher_log_new(PublisherLog **ret, const AvahiPoll *poll);
PublisherLog *publisher_log_free(PublisherLog *log);
DEFINE_CLEANUP(PublisherLog, publisher_log_free);

/* Warns that avahi-daemon does not take an advert, once for all of them until the next
 * publisher_log_begin(). endpoint: what is not announced; NULL: the service type. */
void publisher_log_refusal(PublisherLog *log, const Endpoint *endpoint, int error);

/* There is another avahi-daemon, which may refuse for other reasons. */
void publisher_log_begin(PublisherLog *log);

/* Warns of a node that is bound to an address which this host has not: at most LIMIT_LOG_ABSENCES
 * lines in LIMIT_LOG_WINDOW_SEC, at whose end it is said how many were left out. */
void publisher_log_absence(PublisherLog *log, const Endpoint *endpoint, const Address *bound);
