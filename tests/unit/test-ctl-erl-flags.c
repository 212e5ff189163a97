/* SPDX-License-Identifier: Apache-2.0 */
/* ERL_FLAGS: the module that it names, and where that may be. */

#include <glib.h>

#include "ctl/doctor/erl-flags.h"

static void check(const char *text, const char *module, const char *paths) {
        g_autoptr(GString) found = g_string_new(NULL);
        ErlFlags flags = ERL_FLAGS_NULL;

        g_test_message("%s", text);
        erl_flags_parse(&flags, text);
        for (size_t i = 0; i < flags.n_paths; i++)
                g_string_append_printf(found, "%s|", flags.paths[i]);
        g_assert_cmpstr(flags.module, ==, module);
        g_assert_cmpstr(found->str, ==, paths);
}

static void test_module(void) {
        check("", "", "");
        check("+S 2 -sname x", "", "");
        check("-epmd_module epmd_mdns", "epmd_mdns", "");
        check("  -start_epmd false\t-epmd_module  epmd_mdns -sname x\n", "epmd_mdns", "");
        check("-epmd_module", "", "");
        check("-epmd_module -sname x", "", "");
        check("-sname epmd_module", "", "");
}

/* init:get_argument/1: the first flag, and its first value. */
static void test_first_counts(void) {
        ErlFlags flags = ERL_FLAGS_NULL;

        check("-epmd_module a b -epmd_module c", "a", "");
        erl_flags_parse(&flags, "-epmd_module a");
        erl_flags_parse(&flags, "-epmd_module b");
        g_assert_cmpstr(flags.module, ==, "a");
}

static void test_paths(void) {
        check("-pa /a /b -epmd_module m -pz c", "m", "/a|/b|c|");
        check("-pa -pz x", "", "x|");
}

static void test_quotes(void) {
        check("-epmd_module \"m\" -pa '/with blank/ebin' /a\\ b", "m", "/with blank/ebin|/a b|");
        check("-pa \"open", "", "open|");
        check("-pa x\\", "", "x\\|");
}

static void test_too_much(void) {
        g_autofree char *word = g_strnfill(5000, 'w');
        g_autofree char *text = g_strdup_printf("-epmd_module %s -pa a", word);
        g_autofree char *cut = g_strndup(word, ERL_FLAGS_WORD - 1);
        g_autoptr(GString) many = g_string_new("-pa");
        ErlFlags flags = ERL_FLAGS_NULL;

        check(text, cut, "a|");
        for (int i = 0; i < 1000; i++)
                g_string_append(many, " d");
        erl_flags_parse(&flags, many->str);
        g_assert_cmpuint(flags.n_paths, ==, ERL_FLAGS_PATHS);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/ctl/erl-flags/module", test_module);
        g_test_add_func("/ctl/erl-flags/first-counts", test_first_counts);
        g_test_add_func("/ctl/erl-flags/paths", test_paths);
        g_test_add_func("/ctl/erl-flags/quotes", test_quotes);
        g_test_add_func("/ctl/erl-flags/too-much", test_too_much);

        return g_test_run();
}
