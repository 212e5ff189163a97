/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which address a node would connect to, and why not another: tests/choice-examples.txt holds the
 * order that the Erlang application is tested with, too; the reasons are tested here alone.
 */

#include <glib.h>
#include <string.h>

#include "core/choice.h"
#include "unit/util-examples.h"
#include "util/macro.h"

/* Examples of kind "addresses"; there may be more, never fewer. */
#define MIN_ADDRESSES 22

static NodeInfo make_info(Proto proto, Family family, const char *addresses, bool stale) {
        NodeInfo info = { .source = SOURCE_LAN, .stale = stale };
        g_auto(GStrv) list = g_strsplit(addresses, ",", 0);

        strcpy(info.endpoint.node, "bob@h2");
        info.endpoint.proto = proto;
        info.endpoint.family = family;
        info.endpoint.port = 40001;
        for (; list[info.n_addresses]; info.n_addresses++)
                g_assert_cmpint(
                        address_parse(list[info.n_addresses], &info.addresses[info.n_addresses]),
                        ==, 0);
        return info;
}

/* Compares with "taken 192.0.2.2, later 192.0.2.3, family fd00::2". */
static void check(const NodeInfo infos[], size_t n, Proto proto, Family family,
                  const char *expected) {
        static const char *const names[] = {
                [CHOICE_TAKEN] = "taken",
                [CHOICE_LATER] = "later",
                [CHOICE_PROTO] = "proto",
                [CHOICE_FAMILY] = "family",
        };
        g_autoptr(GString) found = g_string_new(NULL);
        Choice choices[8 * LIMIT_ADDRESSES];
        size_t n_choices = choice_make(choices, infos, n, proto, family);

        for (size_t i = 0; i < n_choices; i++) {
                char text[ADDRESS_TEXT_SIZE];

                g_string_append_printf(found, "%s%s %s", i > 0 ? ", " : "",
                                       names[choices[i].verdict],
                                       address_format(&choices[i].address, text));
                g_assert_cmpuint(strlen(choice_reason(&choices[i])), >, 10);
        }
        g_assert_cmpstr(found->str, ==, expected);
}

/* "tcp inet 40001 192.0.2.2,fd00::2 stale" */
static NodeInfo parse_info(const char *text) {
        g_auto(GStrv) words = g_strsplit(text, " ", 0);
        NodeInfo info = make_info(proto_from_string(words[0]), family_from_string(words[1]),
                                  words[3], g_strcmp0(words[4], "stale") == 0);

        info.endpoint.port = (uint16_t) g_ascii_strtoull(words[2], NULL, 10);
        return info;
}

static void check_example(const Example *example) {
        g_auto(GStrv) halves = g_strsplit(example->line->str, "|", 2);
        g_auto(GStrv) asked = g_strsplit(halves[0], " ", 2), rest = g_strsplit(halves[1], ";", 0);
        g_autoptr(GString) found = g_string_new(NULL);
        Choice choices[4 * LIMIT_ADDRESSES];
        NodeInfo infos[4];
        size_t n = 0, n_choices;

        g_test_message("%s", example->row);
        for (; rest[n]; n++)
                infos[n] = parse_info(rest[n]);
        n_choices = choice_make(choices, infos, n, proto_from_string(asked[0]),
                                family_from_string(asked[1]));
        for (size_t i = 0; i < n_choices; i++) {
                char text[ADDRESS_TEXT_SIZE];

                if (choices[i].verdict == CHOICE_TAKEN || choices[i].verdict == CHOICE_LATER)
                        g_string_append_printf(found, "%s%s:%u", found->len ? " " : "",
                                               address_format(&choices[i].address, text),
                                               choices[i].info->endpoint.port);
        }
        g_assert_cmpstr(found->len ? found->str : "none", ==, example->meaning);
}

static void test_examples(void) {
        g_assert_cmpuint(examples_check(EXAMPLES_CHOICE, "addresses", check_example), >=,
                         MIN_ADDRESSES);
}

/* The daemon gives the best address first, and OTP tries one only. */
static void test_first_address(void) {
        NodeInfo infos[] = { make_info(PROTO_TCP, FAMILY_INET, "192.0.2.2,192.0.2.3", false) };

        check(infos, 1, PROTO_TCP, FAMILY_INET, "taken 192.0.2.2, later 192.0.2.3");
}

static void test_protocol(void) {
        NodeInfo infos[] = { make_info(PROTO_TCP, FAMILY_INET, "192.0.2.2", false),
                             make_info(PROTO_TLS, FAMILY_INET, "192.0.2.3", false) };

        check(infos, 2, PROTO_TCP, FAMILY_INET, "taken 192.0.2.2, proto 192.0.2.3");
        check(infos, 2, PROTO_TLS, FAMILY_INET, "taken 192.0.2.3, proto 192.0.2.2");
}

/* An IPv4 connection can't use IPv6; what listens on IPv6 may have an IPv4 address too. */
static void test_inet(void) {
        NodeInfo infos[] = { make_info(PROTO_TCP, FAMILY_INET6, "fd00::2,192.0.2.3", false) };
        NodeInfo both[] = { make_info(PROTO_TCP, FAMILY_INET6, "192.0.2.3", false),
                            make_info(PROTO_TCP, FAMILY_INET, "192.0.2.2,fd00::2", false) };

        check(infos, 1, PROTO_TCP, FAMILY_INET, "taken 192.0.2.3, family fd00::2");
        check(both, 2, PROTO_TCP, FAMILY_INET, "taken 192.0.2.2, later 192.0.2.3, family fd00::2");
}

/* Under IPv6: IPv6 first, then IPv4 as a mapped address; a listener on IPv6 before one on IPv4. */
static void test_inet6(void) {
        NodeInfo infos[] = { make_info(PROTO_TCP, FAMILY_INET, "192.0.2.2,fd00::9", false),
                             make_info(PROTO_TCP, FAMILY_INET6, "192.0.2.3,fd00::2", false) };

        check(infos, 2, PROTO_TCP, FAMILY_INET6,
              "taken fd00::2, later 192.0.2.3, later 192.0.2.2, family fd00::9");
}

/* OTP has nowhere to put the interface of a link-local address. */
static void test_link_local(void) {
        NodeInfo infos[] = { make_info(PROTO_TCP, FAMILY_INET6, "fe80::1", false) };

        check(infos, 1, PROTO_TCP, FAMILY_INET6, "family fe80::1");
}

/* Better an address of the wrong family that is up than one that is gone. */
static void test_stale(void) {
        NodeInfo infos[] = { make_info(PROTO_TCP, FAMILY_INET, "192.0.2.2", true),
                             make_info(PROTO_TCP, FAMILY_INET6, "192.0.2.3", false) };

        check(infos, 2, PROTO_TCP, FAMILY_INET, "taken 192.0.2.3, later 192.0.2.2");
        check(infos, 1, PROTO_TCP, FAMILY_INET, "taken 192.0.2.2");
}

static void test_nothing(void) {
        check(NULL, 0, PROTO_TCP, FAMILY_INET, "");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/choice/examples", test_examples);
        g_test_add_func("/choice/first-address", test_first_address);
        g_test_add_func("/choice/protocol", test_protocol);
        g_test_add_func("/choice/inet", test_inet);
        g_test_add_func("/choice/inet6", test_inet6);
        g_test_add_func("/choice/link-local", test_link_local);
        g_test_add_func("/choice/stale", test_stale);
        g_test_add_func("/choice/nothing", test_nothing);

        return g_test_run();
}
