/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers of the daemon */

#include <glib.h>
#include <string.h>

#include "core/stats.h"

/* Each has a key of its own that fits the protocol, and words for people. */
static void test_table(void) {
        for (Stat stat = 0; stat < _STAT_MAX; stat++) {
                const StatInfo *info = stat_info(stat);

                g_assert_nonnull(info->key);
                g_assert_cmpstr(info->label, !=, NULL);
                g_assert_cmpuint(info->kind, <, _STAT_KIND_MAX);
                g_assert_cmpuint(strspn(info->key, "abcdefghijklmnopqrstuvwxyz-"), ==,
                                 strlen(info->key));
                for (Stat other = 0; other < stat; other++)
                        g_assert_cmpstr(info->key, !=, stat_info(other)->key);
        }
}

/* A number stands under its own key. */
static void test_values(void) {
        for (Stat stat = 0; stat < _STAT_MAX; stat++) {
                LineWriter writer = LINE_WRITER_NULL;
                Stats stats = {};
                Line line;
                int length;

                stats.values[stat] = UINT64_C(1000000) + stat;
                line_writer_word(&writer, "OK");
                stats_write(&stats, &writer);
                length = line_writer_end(&writer);
                g_assert_cmpint(length, >, 0);
                g_assert_cmpint(line_parse(&line, writer.text, (size_t) length - 1), ==, 0);
                g_assert_cmpint(line_split_attributes(&line, 1), ==, 0);
                for (Stat other = 0; other < _STAT_MAX; other++) {
                        g_autofree char *expected =
                                g_strdup_printf("%" G_GUINT64_FORMAT, stats.values[other]);

                        g_assert_cmpstr(line_get(&line, stat_info(other)->key), ==, expected);
                }
        }
}

/* The longest STATUS fits into a line, and has few enough words. */
static void test_longest(void) {
        LineWriter writer = LINE_WRITER_NULL;
        Stats stats;

        for (Stat stat = 0; stat < _STAT_MAX; stat++)
                stats.values[stat] = UINT64_MAX;
        stats_write(&stats, &writer);
        g_assert_cmpint(line_writer_end(&writer), <, LIMIT_LINE / 2);
        g_assert_cmpuint(_STAT_MAX, <, LIMIT_LINE_WORDS - 8);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/stats/table", test_table);
        g_test_add_func("/stats/values", test_values);
        g_test_add_func("/stats/longest", test_longest);

        return g_test_run();
}
