/* SPDX-License-Identifier: Apache-2.0 */
/* Which nodes are wanted: tests/choice-examples.txt, which the Erlang application is tested with,
 * too. */

#include <glib.h>
#include <string.h>

#include "core/filter.h"
#include "unit/util-examples.h"

/* Examples of kind "filter"; there may be more, never fewer. */
#define MIN_FILTERS 26

static const char *value(char **words, const char *key) {
        for (; *words; words++)
                if (g_str_has_prefix(*words, key))
                        return *words + strlen(key);
        return NULL;
}

static void copy(char *field, const char *text) {
        strcpy(field, text ? text : "");
}

static void check_example(const Example *example) {
        g_auto(GStrv) halves = g_strsplit(example->line->str, "|", 2);
        g_auto(GStrv) wanted = g_strsplit(halves[0], " ", 0), found = g_strsplit(halves[1], " ", 0);
        const char *source = value(wanted, "source=");
        Filter filter = FILTER_ALL;
        NodeInfo info = {};

        g_test_message("%s", example->row);
        filter.cluster = value(wanted, "cluster=");
        filter.host = value(wanted, "host=");
        if (source)
                filter.source = source_from_string(source);
        copy(info.endpoint.node, value(found, "node="));
        copy(info.endpoint.cluster, value(found, "cluster="));
        copy(info.host, value(found, "host="));
        info.source = source_from_string(value(found, "source="));
        g_assert_cmpint(info.source, !=, _SOURCE_INVALID);
        g_assert_cmpstr(filter_selects(&filter, &info) ? "yes" : "no", ==, example->meaning);
}

static void test_examples(void) {
        g_assert_cmpuint(examples_check(EXAMPLES_CHOICE, "filter", check_example), >=, MIN_FILTERS);
}

/* A LIST with an empty value selects all. */
static void test_empty(void) {
        NodeInfo info = { .endpoint = { .node = "bob@h2", .cluster = "team" } };
        Filter filter = { .cluster = "", .host = "", .source = _SOURCE_INVALID };

        g_assert_true(filter_selects(&filter, &info));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/filter/examples", test_examples);
        g_test_add_func("/filter/empty", test_empty);

        return g_test_run();
}
