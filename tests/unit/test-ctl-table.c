/* SPDX-License-Identifier: Apache-2.0 */
/* Tables and text for terminals: aligned, cut only where asked for, and harmless. */

#include <glib.h>
#include <string.h>

#include "ctl/table.h"
#include "ctl/text.h"

/* The widest column gives way first, and none below what can still be read; the last one, in which
 * there may be a warning, only after all others. */
static void test_fit(void) {
        size_t widths[] = { 30, 10, 5 }, warning[] = { 12, 9, 30 };

        table_fit(widths, 3, 80);
        g_assert_cmpuint(widths[0], ==, 30);
        table_fit(widths, 3, 39);
        g_assert_cmpuint(widths[0], ==, 20);
        g_assert_cmpuint(widths[1], ==, 10);
        table_fit(widths, 3, 1);
        g_assert_cmpuint(widths[0], ==, 8);
        g_assert_cmpuint(widths[1], ==, 8);
        g_assert_cmpuint(widths[2], ==, 5);

        table_fit(warning, 3, 51);
        g_assert_cmpuint(warning[0], ==, 8);
        g_assert_cmpuint(warning[1], ==, 9);
        g_assert_cmpuint(warning[2], ==, 30);
        table_fit(warning, 3, 40);
        g_assert_cmpuint(warning[0], ==, 8);
        g_assert_cmpuint(warning[1], ==, 8);
        g_assert_cmpuint(warning[2], ==, 20);
}

static void test_offset(void) {
        g_assert_cmpuint(text_offset("abc", 2), ==, 2);
        g_assert_cmpuint(text_offset("h\u00e9llo", 2), ==, 3);
        g_assert_cmpuint(text_offset("h\u00e9", 2), ==, 3);
        g_assert_cmpuint(text_offset("ab", 9), ==, 2);
        g_assert_cmpuint(text_offset("\u00e9", 0), ==, 0);
}

static void test_safe(void) {
        static const char *const cases[][2] = {
                { "alice@h\u00e9", "alice@h\u00e9" },
                { "\033[31mred", "\\x1B[31mred" },
                { "a\nb\x7F", "a\\x0Ab\\x7F" },
                { "\xC2\x85\xFF", "\\xC2\\x85\\xFF" },
                { "\xC3", "\\xC3" },
                { "\xED\xA0\x80", "\\xED\\xA0\\x80" },
                { "\xF4\x90\x80\x80", "\\xF4\\x90\\x80\\x80" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                char *safe = text_safe(cases[i][0]);

                g_assert_cmpstr(safe, ==, cases[i][1]);
                free(safe);
        }
}

static void test_age(void) {
        char buffer[TEXT_AGE_SIZE];

        g_assert_cmpstr(text_age(0, buffer), ==, "0s");
        g_assert_cmpstr(text_age(59, buffer), ==, "59s");
        g_assert_cmpstr(text_age(60, buffer), ==, "1m");
        g_assert_cmpstr(text_age(7199, buffer), ==, "1h");
        g_assert_cmpstr(text_age(864000, buffer), ==, "10d");
        (void) text_age(UINT64_MAX, buffer);
}

/* Wide cells, in the terminal's columns: "é" is one. */
static void test_print(void) {
        if (g_test_subprocess()) {
                static const char *const headers[] = { "NODE", "WHERE" };
                static const char *const rows[][2] = { { "a@h\u00e9", "local" },
                                                       { "a-very-long-name@h2", "" } };
                Table *table = table_new(headers, 2);

                for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
                        g_assert_cmpint(table_add(table, rows[i]), ==, 0);
                table_print(table, &(TableStyle){ .legend = true });
                table_print(table, &(TableStyle){ .legend = false, .width = 19 });
                table_print(table, &(TableStyle){ .legend = true, .colour = true, .width = 80 });
                table_free(table);
                return;
        }
        g_test_trap_subprocess(NULL, 0, 0);
        g_test_trap_assert_passed();
        g_test_trap_assert_stdout("*NODE                 WHERE\n"
                                  "a@h\u00e9                 local\n"
                                  "a-very-long-name@h2  -\n"
                                  "a@h\u00e9          local\n"
                                  "a-very-long\u2026  -\n"
                                  "\033[1mNODE                 WHERE\n\033[0m*");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/ctl/table/fit", test_fit);
        g_test_add_func("/ctl/table/print", test_print);
        g_test_add_func("/ctl/text/offset", test_offset);
        g_test_add_func("/ctl/text/safe", test_safe);
        g_test_add_func("/ctl/text/age", test_age);

        return g_test_run();
}
