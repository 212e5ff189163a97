/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logging to the journal, with fields to search by
 *
 * What a service writes to stderr is a message and nothing else to the journal. Its own protocol
 * has fields besides, so that "journalctl ERLANG_NODE=…" finds all that was ever said of a node. It
 * is spoken through a socket in the file system: neither a private network nor a sandbox that has
 * AF_UNIX stands in its way.
 */

#define SD_JOURNAL_SUPPRESS_LOCATION

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "daemon/journal.h"

/* Where sd_journal_sendv() sends to. */
#define JOURNAL_SOCKET "/run/systemd/journal/socket"

bool journal_is_stream(const char *stream, int fd) {
        struct stat st;
        char expected[64];

        if (!stream || fstat(fd, &st) < 0)
                return false;
        (void) snprintf(expected, sizeof(expected), "%ju:%ju", (uintmax_t) st.st_dev,
                        (uintmax_t) st.st_ino);
        return strcmp(stream, expected) == 0;
}

static void add_field(JournalEntry *entry, const char *key, const char *value) {
        char *field = entry->text + entry->used;
        size_t left = sizeof(entry->text) - entry->used;
        int length;

        if (!value || !*value)
                return;
        length = snprintf(field, left, "%s%s", key, value);
        if (length < 0 || (size_t) length >= left)
                return;
        entry->fields[entry->n_fields++] = (struct iovec){ field, (size_t) length };
        entry->used += (size_t) length;
}

void journal_entry_init(JournalEntry *entry, int level, const LogSubject *subject,
                        const char *message) {
        char priority[] = { (char) ('0' + level), '\0' };

        entry->n_fields = 0;
        entry->used = 0;
        add_field(entry, "MESSAGE=", message);
        add_field(entry, "PRIORITY=", priority);
        if (!subject)
                return;
        add_field(entry, "ERLANG_NODE=", subject->node);
        add_field(entry, "EPMD_MDNS_CLUSTER=", subject->cluster);
}

bool journal_write(int level, const LogSubject *subject, const char *message) {
        JournalEntry entry;

        /* Without the socket sd_journal_sendv() would do nothing, and call that a success. */
        if (access(JOURNAL_SOCKET, F_OK) < 0)
                return false;
        journal_entry_init(&entry, level, subject, message);
        return sd_journal_sendv(entry.fields, (int) entry.n_fields) >= 0;
}
