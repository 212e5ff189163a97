/* SPDX-License-Identifier: Apache-2.0 */
/* "Did you mean …?": what is offered to somebody whose finger slipped. */

#include <glib.h>

#include "ctl/suggest.h"
#include "util/macro.h"

static const char *const commands[] = { "list",   "names", "resolve", "monitor", "status",
                                        "doctor", "wait",  "version", "help" };

static void check(const char *word, const char *expected) {
        g_test_message("\"%s\"", word);
        g_assert_cmpstr(suggest(word, commands, ELEMENTSOF(commands)), ==, expected);
}

/* One slip in a short word, two in a longer one. */
static void test_slips(void) {
        check("lst", "list");
        check("lsit", "list");
        check("listt", "list");
        check("resovle", "resolve");
        check("monotir", "monitor");
        check("satus", "status");
        check("docter", "doctor");
        check("wiat", "wait");
}

static void test_beginnings(void) {
        check("mon", "monitor");
        check("l", "list");
        check("doc", "doctor");
}

/* A wild guess would only annoy. */
static void test_strangers(void) {
        check("fly", NULL);
        check("x", NULL);
        check("", NULL);
        check("configure", NULL);
        check("zzzzzzzz", NULL);
}

static void test_long_word(void) {
        char word[4097];

        memset(word, 'l', sizeof(word) - 1);
        word[sizeof(word) - 1] = '\0';
        check(word, NULL);
        word[63] = '\0';
        check(word, NULL);
}

static void test_nothing_to_choose_from(void) {
        g_assert_null(suggest("list", NULL, 0));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/ctl/suggest/slips", test_slips);
        g_test_add_func("/ctl/suggest/beginnings", test_beginnings);
        g_test_add_func("/ctl/suggest/strangers", test_strangers);
        g_test_add_func("/ctl/suggest/long-word", test_long_word);
        g_test_add_func("/ctl/suggest/nothing-to-choose-from", test_nothing_to_choose_from);

        return g_test_run();
}
