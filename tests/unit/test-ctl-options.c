/* SPDX-License-Identifier: Apache-2.0 */
/* The command line behind a command. What people are told when it is wrong, test-command-options.py
 * looks at. */

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "ctl/options.h"

static const OptionsForm everything = {
        OPTION_JSON | OPTION_FILTER | OPTION_LEGEND | OPTION_LISTENER | OPTION_WAIT, "[NODE]"
};

/* Takes a line of words, the first of which is the command. Returns what options_parse() does. */
static int parse(Options *options, const OptionsForm *form, bool is_program, const char *line) {
        /* Leaked on purpose: the options point into it. */
        static GPtrArray *lines = NULL;
        GStrv words = g_strsplit(line, " ", 0);

        if (!lines)
                lines = g_ptr_array_new_with_free_func((GDestroyNotify) g_strfreev);
        g_ptr_array_add(lines, words);
        *options = (Options) OPTIONS_NULL;
        return options_parse(options, form, is_program, (int) g_strv_length(words), words);
}

static void test_defaults(void) {
        Options options;

        g_assert_cmpint(parse(&options, &everything, false, "x"), ==, 1);
        g_assert_null(options.socket);
        g_assert_null(options.argument);
        g_assert_false(options.json || options.no_legend || options.help);
        g_assert_null(options.filter.cluster);
        g_assert_null(options.filter.host);
        g_assert_cmpint(options.filter.source, ==, _SOURCE_INVALID);
        g_assert_cmpint(options.proto, ==, PROTO_TCP);
        g_assert_cmpint(options.family, ==, FAMILY_INET);
        g_assert_cmpuint(options.count, ==, 1);
        g_assert_cmpuint(options.timeout_msec, ==, UINT32_MAX);
}

static void test_all(void) {
        Options options;

        g_assert_cmpint(parse(&options, &everything, false,
                              "x --json --no-legend --cluster=team --host h1 --lan --proto=tls "
                              "--family inet6 --count=3 --timeout 10s --socket=/s bob@h2"),
                        ==, 15);
        g_assert_true(options.json && options.no_legend);
        g_assert_cmpstr(options.filter.cluster, ==, "team");
        g_assert_cmpstr(options.filter.host, ==, "h1");
        g_assert_cmpint(options.filter.source, ==, SOURCE_LAN);
        g_assert_cmpint(options.proto, ==, PROTO_TLS);
        g_assert_cmpint(options.family, ==, FAMILY_INET6);
        g_assert_cmpuint(options.count, ==, 3);
        g_assert_cmpuint(options.timeout_msec, ==, 10000);
        g_assert_cmpstr(options.socket, ==, "/s");
        g_assert_cmpstr(options.argument, ==, "bob@h2");
}

/* Options may stand behind the argument, the last of two counts, and a beginning is enough. */
static void test_liberties(void) {
        Options options;

        g_assert_cmpint(
                parse(&options, &everything, false, "x bob@h2 --local --lan --count=1 --js"), ==,
                6);
        g_assert_cmpstr(options.argument, ==, "bob@h2");
        g_assert_cmpint(options.filter.source, ==, SOURCE_LAN);
        g_assert_true(options.json);
        g_assert_cmpint(parse(&options, &everything, false, "x -- --json"), ==, 3);
        g_assert_cmpstr(options.argument, ==, "--json");
}

static void test_wrong(void) {
        static const OptionsForm bare = { 0, NULL }, needy = { 0, "NODE" };
        static const char *const lines[] = {
                "x --jsn",        "x -x",          "x --count",       "x --count=-1",
                "x --count=many", "x --timeout=x", "x --proto=udp",   "x --family=ip",
                "x --cluster=",   "x --host=",     "x --json=1",      "x a b",
                "x --socket=",    "x --l",         "x --cluster=a/b",
        };
        Options options;

        for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
                g_test_message("%s", lines[i]);
                g_assert_cmpint(parse(&options, &everything, false, lines[i]), ==, -EINVAL);
        }
        g_assert_cmpint(parse(&options, &bare, false, "x --json"), ==, -EINVAL);
        g_assert_cmpint(parse(&options, &bare, false, "x a"), ==, -EINVAL);
        g_assert_cmpint(parse(&options, &needy, false, "x"), ==, -EINVAL);
        g_assert_cmpint(parse(&options, &needy, false, "x --help"), ==, 2);
        g_assert_true(options.help);
}

/* The program's own options end at the command. */
static void test_program(void) {
        static const OptionsForm program = { 0, NULL };
        Options options;

        g_assert_cmpint(parse(&options, &program, true, "epmd-mdns --socket /s list --json"), ==,
                        3);
        g_assert_cmpstr(options.socket, ==, "/s");
        g_assert_false(options.json);
        g_assert_cmpint(parse(&options, &program, true, "epmd-mdns"), ==, 1);
        g_assert_cmpint(parse(&options, &program, true, "epmd-mdns --json list"), ==, -EINVAL);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/ctl/options/defaults", test_defaults);
        g_test_add_func("/ctl/options/all", test_all);
        g_test_add_func("/ctl/options/liberties", test_liberties);
        g_test_add_func("/ctl/options/wrong", test_wrong);
        g_test_add_func("/ctl/options/program", test_program);

        return g_test_run();
}
