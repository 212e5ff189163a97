/* SPDX-License-Identifier: Apache-2.0 */
/* IP addresses */

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "core/address.h"
#include "util/macro.h"

static Address address(const char *text) {
        Address parsed;

        g_assert_cmpint(address_parse(text, &parsed), ==, 0);
        return parsed;
}

static void test_family_names(void) {
        g_assert_cmpstr(family_to_string(FAMILY_INET), ==, "inet");
        g_assert_cmpstr(family_to_string(FAMILY_INET6), ==, "inet6");
        for (Family family = 0; family < _FAMILY_MAX; family++)
                g_assert_cmpint(family_from_string(family_to_string(family)), ==, family);
        g_assert_cmpint(family_from_string("inet4"), ==, _FAMILY_INVALID);
        g_assert_cmpint(family_from_string("INET"), ==, _FAMILY_INVALID);
        g_assert_cmpint(family_from_string(""), ==, _FAMILY_INVALID);
}

/* The text form is canonical: the same address always reads the same. */
static void test_round_trip(void) {
        static const struct {
                const char *text, *canonical;
                Family family;
        } cases[] = {
                { "192.0.2.1", "192.0.2.1", FAMILY_INET },
                { "0.0.0.0", "0.0.0.0", FAMILY_INET },
                { "255.255.255.255", "255.255.255.255", FAMILY_INET },
                { "::", "::", FAMILY_INET6 },
                { "fd00::1", "fd00::1", FAMILY_INET6 },
                { "FD00:0:0:0:0:0:0:1", "fd00::1", FAMILY_INET6 },
                { "::ffff:192.0.2.1", "::ffff:192.0.2.1", FAMILY_INET6 },
                { "1111:2222:3333:4444:5555:6666:7777:8888",
                  "1111:2222:3333:4444:5555:6666:7777:8888", FAMILY_INET6 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Address parsed = address(cases[i].text), again;
                char text[ADDRESS_TEXT_SIZE];

                g_assert_cmpint(parsed.family, ==, cases[i].family);
                g_assert_true(address_format(&parsed, text) == text);
                g_assert_cmpstr(text, ==, cases[i].canonical);
                again = address(text);
                g_assert_true(address_equal(&parsed, &again));
        }
}

/* Literals only: names would need a resolver, and OTP can't use a zone. */
static void test_no_address(void) {
        static const char *const texts[] = {
                "",
                "h1",
                "192.0.2",
                "192.0.2.256",
                "192.0.2.1.",
                "1.2.3.4 ",
                " 1.2.3.4",
                "0x7f.0.0.1",
                "3232235777",
                "fe80::1%eth0",
                "::1::",
                "12345::",
                "[::1]",
                "1.2.3.4/8",
                "1.2.3.04",
                ":",
                "1.2.3.4,1.2.3.5",
        };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                Address parsed = address_loopback(FAMILY_INET6), before = parsed;

                g_test_message("\"%s\"", texts[i]);
                g_assert_cmpint(address_parse(texts[i], &parsed), ==, -EINVAL);
                g_assert_true(address_equal(&parsed, &before));
        }
}

typedef enum Class { ORDINARY, LOOPBACK, LINK_LOCAL6, ANY } Class;

/* What each class of addresses means for an endpoint is in the header. */
static void test_classes(void) {
        static const struct {
                const char *text;
                Class class;
        } cases[] = {
                { "127.0.0.0", LOOPBACK },
                { "127.0.0.1", LOOPBACK },
                { "127.255.255.255", LOOPBACK },
                { "::1", LOOPBACK },
                { "126.255.255.255", ORDINARY },
                { "128.0.0.0", ORDINARY },
                { "1.0.0.127", ORDINARY },
                { "::2", ORDINARY },
                { "fe80::1", LINK_LOCAL6 },
                { "febf:ffff::1", LINK_LOCAL6 },
                { "fec0::1", ORDINARY },
                { "fe7f::1", ORDINARY },
                { "169.254.0.1", ORDINARY },
                { "0.0.0.0", ANY },
                { "::", ANY },
                { "0.0.0.1", ORDINARY },
                { "10.0.0.1", ORDINARY },
                { "fd00::1", ORDINARY },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Address parsed = address(cases[i].text);

                g_test_message("%s", cases[i].text);
                g_assert_cmpint(address_is_loopback(&parsed), ==, cases[i].class == LOOPBACK);
                g_assert_cmpint(address_is_link_local6(&parsed), ==, cases[i].class == LINK_LOCAL6);
                g_assert_cmpint(address_is_any(&parsed), ==, cases[i].class == ANY);
        }
}

/*
 * A node bound to ::ffff:127.0.0.1 can be reached from its own host alone, as one on 127.0.0.1:
 * it must not be advertised (docs/advert.md section 2).
 */
static void test_mapped_loopback(void) {
        Address mapped = address("::ffff:127.0.0.1"), ordinary = address("::ffff:192.0.2.1");

        g_assert_true(address_is_loopback(&mapped));
        g_assert_false(address_is_loopback(&ordinary));
}

static void test_loopback(void) {
        for (Family family = 0; family < _FAMILY_MAX; family++) {
                Address loopback = address_loopback(family);
                Address expected = address(family == FAMILY_INET ? "127.0.0.1" : "::1");

                g_assert_true(address_equal(&loopback, &expected));
                g_assert_true(address_is_loopback(&loopback));
        }
}

/* 0.0.0.0 and :: are made of the same bytes, and still two addresses. */
static void test_equal(void) {
        Address a = address("0.0.0.0"), b = address("::"), c = address("::1"),
                d = address("1.2.3.4");

        g_assert_true(address_equal(&a, &a));
        g_assert_true(address_equal(&c, &c));
        g_assert_false(address_equal(&a, &b));
        g_assert_false(address_equal(&b, &c));
        g_assert_false(address_equal(&a, &d));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/address/family/names", test_family_names);
        g_test_add_func("/address/parse/round-trip", test_round_trip);
        g_test_add_func("/address/parse/literals-only", test_no_address);
        g_test_add_func("/address/classes", test_classes);
        g_test_add_func("/address/classes/mapped-loopback-is-loopback", test_mapped_loopback);
        g_test_add_func("/address/loopback", test_loopback);
        g_test_add_func("/address/equal/family-counts", test_equal);
        return g_test_run();
}
