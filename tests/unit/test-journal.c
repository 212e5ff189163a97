/* SPDX-License-Identifier: Apache-2.0 */
/* The journal: whether stderr is it, and what is sent to it */

#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/journal.h"

/* $JOURNAL_STREAM is inherited by whatever a service starts, and says nothing once stderr leads
 * somewhere else: device and inode have to be the same. */
static void test_stream(void) {
        g_autofree char *own = NULL, *other = NULL, *longer = NULL;
        struct stat st;
        int fds[2];

        g_assert_cmpint(pipe2(fds, O_CLOEXEC), ==, 0);
        g_assert_cmpint(fstat(fds[1], &st), ==, 0);
        own = g_strdup_printf("%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT, (guint64) st.st_dev,
                              (guint64) st.st_ino);
        other = g_strdup_printf("%" G_GUINT64_FORMAT ":%" G_GUINT64_FORMAT, (guint64) st.st_dev,
                                (guint64) st.st_ino + 1);
        longer = g_strconcat(own, "0", NULL);

        g_assert_true(journal_is_stream(own, fds[1]));
        g_assert_false(journal_is_stream(other, fds[1]));
        g_assert_false(journal_is_stream(longer, fds[1]));
        g_assert_false(journal_is_stream("", fds[1]));
        g_assert_false(journal_is_stream("journal", fds[1]));
        g_assert_false(journal_is_stream(NULL, fds[1]));
        close(fds[0]);
        close(fds[1]);
        g_assert_false(journal_is_stream(own, fds[1]));
}

/* The fields of an entry, one after the other. */
static char *fields(int level, const LogSubject *subject, const char *message) {
        GString *all = g_string_new(NULL);
        JournalEntry entry;

        journal_entry_init(&entry, level, subject, message);
        for (size_t i = 0; i < entry.n_fields; i++) {
                g_string_append_len(all, entry.fields[i].iov_base,
                                    (gssize) entry.fields[i].iov_len);
                g_string_append_c(all, ';');
        }
        return g_string_free(all, FALSE);
}

/* Only what there is becomes a field. */
static void test_fields(void) {
        static const struct {
                int level;
                LogSubject subject;
                const char *fields;
        } table[] = {
                { LOG_INFO,
                  { "alice@h1", "team" },
                  "MESSAGE=m;PRIORITY=6;ERLANG_NODE=alice@h1;EPMD_MDNS_CLUSTER=team;" },
                { LOG_ERR, { "alice@h1", "" }, "MESSAGE=m;PRIORITY=3;ERLANG_NODE=alice@h1;" },
                { LOG_ERR, { "alice@h1", NULL }, "MESSAGE=m;PRIORITY=3;ERLANG_NODE=alice@h1;" },
                { LOG_DEBUG, { "", "team" }, "MESSAGE=m;PRIORITY=7;EPMD_MDNS_CLUSTER=team;" },
                { LOG_DEBUG, { NULL, NULL }, "MESSAGE=m;PRIORITY=7;" },
        };
        g_autofree char *none = fields(LOG_WARNING, NULL, "a = 50 %n"),
                        *empty = fields(LOG_WARNING, NULL, "");

        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                g_autofree char *made = fields(table[i].level, &table[i].subject, "m");

                g_assert_cmpstr(made, ==, table[i].fields);
        }
        g_assert_cmpstr(none, ==, "MESSAGE=a = 50 %n;PRIORITY=4;");
        g_assert_cmpstr(empty, ==, "PRIORITY=4;");
}

/* The longest of everything has its place, whole. */
static void test_longest(void) {
        g_autofree char *message = g_strnfill(LOG_LINE_MAX, 'm'),
                        *node = g_strnfill(LIMIT_NODE_NAME_BYTES, 'n'),
                        *cluster = g_strnfill(LIMIT_CLUSTER, 'c'),
                        *made = fields(LOG_INFO, &(LogSubject){ node, cluster }, message),
                        *expected = g_strdup_printf(
                                "MESSAGE=%s;PRIORITY=6;ERLANG_NODE=%s;EPMD_MDNS_CLUSTER=%s;",
                                message, node, cluster);

        g_assert_cmpstr(made, ==, expected);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/journal/stream", test_stream);
        g_test_add_func("/journal/fields", test_fields);
        g_test_add_func("/journal/longest", test_longest);
        return g_test_run();
}
