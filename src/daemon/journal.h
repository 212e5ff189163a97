/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Logging to the journal, with fields to search by */

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

#include "core/limits.h"
#include "util/log.h"

/* Whether fd leads to the journal: stream is what $JOURNAL_STREAM says, NULL if it is not set
 * (systemd.exec(5)). */
bool journal_is_stream(const char *stream, int fd);

/* A LogSink that sends the message as journal_entry_init() makes it. */
bool journal_write(int level, const LogSubject *subject, const char *message);

/* --- What is sent --- */

/* The fields point into the text. */
typedef struct JournalEntry {
        struct iovec fields[4];
        size_t n_fields;
        char text[LOG_LINE_MAX + LIMIT_NODE_NAME_BYTES + LIMIT_CLUSTER + 64];
        size_t used;
} JournalEntry;

/* MESSAGE=, PRIORITY=, and what there is of ERLANG_NODE= and EPMD_MDNS_CLUSTER=. */
void journal_entry_init(JournalEntry *entry, int level, const LogSubject *subject,
                        const char *message);
