/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What a message in the log is about */

#include "core/endpoint.h"
#include "util/log.h"

/* For log_about(): the node that has this endpoint, and its cluster. */
#define SUBJECT(endpoint)                                                                          \
        (&(const LogSubject){ .node = (endpoint)->node, .cluster = (endpoint)->cluster })
