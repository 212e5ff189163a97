/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers in requests and TXT records: digits, and nothing that strtoul() would let pass. */

#include <errno.h>
#include <glib.h>

#include "util/macro.h"
#include "util/parse.h"

#define UNTOUCHED 77

typedef struct Case {
        const char *text;
        uint32_t min, max;
        int result;
        uint32_t value;
} Case;

static void check(const Case *cases, size_t n) {
        for (size_t i = 0; i < n; i++) {
                uint32_t value = UNTOUCHED;

                g_test_message("\"%s\" in %u-%u", cases[i].text, cases[i].min, cases[i].max);
                g_assert_cmpint(parse_u32(cases[i].text, cases[i].min, cases[i].max, &value), ==,
                                cases[i].result);
                g_assert_cmpuint(value, ==, cases[i].result == 0 ? cases[i].value : UNTOUCHED);
        }
}

static void test_number(void) {
        static const Case cases[] = {
                { "0", 0, UINT32_MAX, 0, 0 },    { "7", 0, 9, 0, 7 },
                { "37061", 1, 65535, 0, 37061 }, { "4294967295", 0, UINT32_MAX, 0, UINT32_MAX },
                { "007", 0, 9, 0, 7 },
        };

        check(cases, ELEMENTSOF(cases));
}

/* Both bounds belong to the range. */
static void test_bounds(void) {
        static const Case cases[] = {
                { "1", 1, 65535, 0, 1 },       { "65535", 1, 65535, 0, 65535 },
                { "0", 1, 65535, -ERANGE, 0 }, { "65536", 1, 65535, -ERANGE, 0 },
                { "5", 5, 5, 0, 5 },           { "4", 5, 5, -ERANGE, 0 },
                { "6", 5, 5, -ERANGE, 0 },
        };

        check(cases, ELEMENTSOF(cases));
}

/* A number that wraps around would slip through the range. */
static void test_overflow(void) {
        static const Case cases[] = {
                { "4294967296", 0, UINT32_MAX, -ERANGE, 0 },
                { "4294967301", 0, UINT32_MAX, -ERANGE, 0 },
                { "18446744073709551616", 0, UINT32_MAX, -ERANGE, 0 },
                { "18446744073709551617", 0, UINT32_MAX, -ERANGE, 0 },
                { "99999999999999999999999999999999999999999999", 0, UINT32_MAX, -ERANGE, 0 },
                { "00000000000000000000000000000000000000000001", 0, UINT32_MAX, 0, 1 },
        };

        check(cases, ELEMENTSOF(cases));
}

static void test_no_number(void) {
        static const char *const texts[] = {
                "",    " ",   "-1",  "+1",  " 1",  "1 ", "1\n",      "0x10",
                "1e3", "1.0", "one", "1_0", "0b1", "-",  "\xD9\xA3", "99999999999999999999x",
        };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                check(&(Case){ texts[i], 0, UINT32_MAX, -EINVAL, 0 }, 1);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/parse/number", test_number);
        g_test_add_func("/parse/bounds-belong-to-range", test_bounds);
        g_test_add_func("/parse/overflow-is-out-of-range", test_overflow);
        g_test_add_func("/parse/anything-else-is-refused", test_no_number);
        return g_test_run();
}
