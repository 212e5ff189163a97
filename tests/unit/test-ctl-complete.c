/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be completed. What it may become, test-command-completion.py looks at. */

#include <glib.h>
#include <string.h>

#include "ctl/complete.h"

/* Compares with "KIND typed", for words with spaces between them; "none typed" for no kind. */
static Completion check(const char *line, const char *expected) {
        /* Kept until the end: the result points into it. */
        static GPtrArray *lines = NULL;
        GStrv words = g_strsplit(line, " ", 0);
        Completion completion = completion_of(g_strv_length(words), words);
        g_autofree char *found = g_strdup_printf(
                "%s %s", completion.kind ? completion.kind : "none", completion.typed);

        if (!lines)
                lines = g_ptr_array_new_with_free_func((GDestroyNotify) g_strfreev);
        g_ptr_array_add(lines, words);
        g_test_message("%s", line);
        g_assert_cmpstr(found, ==, expected);
        return completion;
}

static void test_command(void) {
        g_assert_null(check("li", "COMMAND li").command);
        g_assert_null(check("--socket /s li", "COMMAND li").command);
        g_assert_null(check("-", "OPTION -").command);
        check("--he", "OPTION --he");
        check("help li", "[COMMAND] li");
        /* Nobody knows what belongs to it. */
        check("nonsense --", "none --");
}

static void test_argument(void) {
        g_assert_cmpstr(check("resolve b", "NODE b").command->name, ==, "resolve");
        check("names --socket=/s h", "[HOST] h");
        check("resolve --proto tls b", "NODE b");
        check("resolve --json b", "NODE b");
        /* One is enough, and some commands have none. */
        check("resolve bob@h2 x", "OPTION x");
        check("status x", "OPTION x");
        check("resolve --", "OPTION --");
}

static void test_value(void) {
        g_assert_cmpuint(check("list --host=h", "HOST h").prefix, ==, strlen("--host="));
        g_assert_cmpuint(check("list --host h", "HOST h").prefix, ==, 0);
        check("list --cluster=", "LABEL ");
        check("list --cluster --local", "LABEL --local");
        check("resolve --family=", "FAMILY ");
        check("wait --count=1", "N 1");
        check("--socket=/r", "PATH /r");
        check("list --nonsense=", "none ");
        /* It takes none. */
        check("list --json=", "none ");
}

static void test_socket(void) {
        g_assert_null(check("list --host=", "HOST ").socket);
        g_assert_cmpstr(check("--socket=/a list --host=", "HOST ").socket, ==, "/a");
        g_assert_cmpstr(check("--socket /a list --host=", "HOST ").socket, ==, "/a");
        g_assert_cmpstr(check("--socket /a names --socket=/b h", "[HOST] h").socket, ==, "/b");
        g_assert_null(check("names --socket=/b", "PATH /b").socket);
}

/* Every kind of value that --help shows is one that candidates are known for, or a number. */
static void test_kinds(void) {
        static const char *const kinds[] = { "LABEL", "HOST", "NODE", "PROTO", "FAMILY",
                                             "PATH",  "N",    "TIME", NULL };

        for (size_t i = 0; i < options_n_known; i++)
                if (options_known[i].value)
                        g_assert_true(g_strv_contains(kinds, options_known[i].value));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/ctl/complete/command", test_command);
        g_test_add_func("/ctl/complete/argument", test_argument);
        g_test_add_func("/ctl/complete/value", test_value);
        g_test_add_func("/ctl/complete/socket", test_socket);
        g_test_add_func("/ctl/complete/kinds", test_kinds);

        return g_test_run();
}
