/* SPDX-License-Identifier: Apache-2.0 */
/* Examples that the tests in C and in Erlang share */

#include <string.h>

#include "unit/util-examples.h"

/* Undoes the escapes of the file, which a string of C can't hold as they may stand for a NUL. */
static GString *unescape(const char *text) {
        GString *out = g_string_new(NULL);

        for (const char *p = text; *p; p++) {
                if (*p != '\\')
                        g_string_append_c(out, *p);
                else if (p[1] == '\\') {
                        g_string_append_c(out, '\\');
                        p++;
                } else {
                        g_assert_cmpint(p[1], ==, 'x');
                        g_assert_true(g_ascii_isxdigit(p[2]) && g_ascii_isxdigit(p[3]));
                        g_string_append_c(out, (char) (g_ascii_xdigit_value(p[2]) * 16 +
                                                       g_ascii_xdigit_value(p[3])));
                        p += 3;
                }
        }
        return out;
}

static void check_row(const char *row, char *const *columns,
                      void (*check)(const Example *example)) {
        GString *line = unescape(columns[1]), *meaning = unescape(columns[2]);

        g_assert_cmpuint(strlen(meaning->str), ==, meaning->len);
        check(&(Example){ columns[0], line, meaning->str, row });
        g_string_free(line, TRUE);
        g_string_free(meaning, TRUE);
}

size_t examples_check(const char *file, const char *kind, void (*check)(const Example *example)) {
        g_autofree char *path = NULL, *content = NULL;
        g_autoptr(GError) error = NULL;
        g_auto(GStrv) rows = NULL;
        size_t n = 0;

        path = g_test_build_filename(G_TEST_DIST, "tests", file, NULL);
        g_file_get_contents(path, &content, NULL, &error);
        g_assert_no_error(error);

        rows = g_strsplit(content, "\n", -1);
        for (char **row = rows; *row; row++) {
                g_auto(GStrv) columns = NULL;

                if (**row == '#' || **row == '\0')
                        continue;
                columns = g_strsplit(*row, "\t", -1);
                g_assert_cmpuint(g_strv_length(columns), ==, 3);
                if (strcmp(columns[0], kind) != 0)
                        continue;
                check_row(*row, columns, check);
                n++;
        }
        return n;
}
