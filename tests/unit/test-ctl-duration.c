/* SPDX-License-Identifier: Apache-2.0 */
/* Durations as people write them, and nothing that could be understood in two ways. */

#include <errno.h>
#include <glib.h>

#include "ctl/duration.h"
#include "util/macro.h"

static void test_units(void) {
        static const struct {
                const char *text;
                uint32_t msec;
        } cases[] = {
                { "10s", 10000 },      { "500ms", 500 },      { "2m", 120000 },
                { "1h", 3600000 },     { "10", 10000 },       { "0", 0 },
                { "0ms", 0 },          { "24h", 86400000 },   { "007s", 7000 },
                { "1440m", 86400000 }, { "86400", 86400000 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                uint32_t msec = 77;

                g_test_message("%s", cases[i].text);
                g_assert_cmpint(duration_parse(cases[i].text, &msec), ==, 0);
                g_assert_cmpuint(msec, ==, cases[i].msec);
        }
}

static void test_no_duration(void) {
        static const char *const texts[] = {
                "",
                "s",
                "ms",
                "10 s",
                " 10s",
                "10s ",
                "1.5s",
                "-1s",
                "+1s",
                "10S",
                "1d",
                "soon",
                "25h",
                "86401",
                "1e3",
                "10ss",
                "99999999999999999999",
        };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                uint32_t msec = 77;

                g_test_message("\"%s\"", texts[i]);
                g_assert_cmpint(duration_parse(texts[i], &msec), ==, -EINVAL);
                g_assert_cmpuint(msec, ==, 77);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/ctl/duration/units", test_units);
        g_test_add_func("/ctl/duration/no-duration", test_no_duration);

        return g_test_run();
}
