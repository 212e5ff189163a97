/* SPDX-License-Identifier: Apache-2.0 */
/* Where what is known of a node comes from: the table, and what the directory makes of it. */

#include <glib.h>

#include "unit/util-directory.h"

static void test_names(void) {
        for (Source source = 0; source < _SOURCE_MAX; source++) {
                g_assert_cmpint(source_from_string(source_to_string(source)), ==, source);
                g_assert_cmpstr(source_info(source)->label, !=, "");
        }
        g_assert_cmpint(source_from_string("wan"), ==, _SOURCE_INVALID);
        g_assert_cmpint(source_from_string("LAN"), ==, _SOURCE_INVALID);
        g_assert_cmpint(source_from_string(""), ==, _SOURCE_INVALID);
}

/* What is registered here always counts before what anybody says on the network, and that before
 * what other users say. */
static void test_ranks(void) {
        for (Source source = 0; source < _SOURCE_MAX; source++)
                for (Source other = 0; other < source; other++)
                        g_assert_cmpuint(source_info(source)->rank, !=, source_info(other)->rank);
        g_assert_cmpuint(source_info(SOURCE_LOCAL)->rank, <, source_info(SOURCE_LAN)->rank);
        g_assert_cmpuint(source_info(SOURCE_LAN)->rank, <, source_info(SOURCE_PEER)->rank);
}

/* Two sources report one advert under the same id: neither takes the other's away. */
static void test_sources_are_apart(void) {
        SightingId a = { .source = SOURCE_LAN, .instance = "x", .interface = 1 }, b = a;

        g_assert_true(sighting_id_equal(&a, &b));
        b.source = SOURCE_PEER;
        g_assert_false(sighting_id_equal(&a, &b));
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/source/names", test_names);
        g_test_add_func("/source/ranks", test_ranks);
        g_test_add_func("/source/sources-are-apart", test_sources_are_apart);

        return g_test_run();
}
