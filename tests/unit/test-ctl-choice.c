/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which address a node would connect to: the cases are those of epmd_mdns_table_tests, so that the
 * command tells what the application does.
 */

#include <glib.h>
#include <string.h>

#include "ctl/choice.h"
#include "util/macro.h"

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

        g_test_add_func("/ctl/choice/first-address", test_first_address);
        g_test_add_func("/ctl/choice/protocol", test_protocol);
        g_test_add_func("/ctl/choice/inet", test_inet);
        g_test_add_func("/ctl/choice/inet6", test_inet6);
        g_test_add_func("/ctl/choice/link-local", test_link_local);
        g_test_add_func("/ctl/choice/stale", test_stale);
        g_test_add_func("/ctl/choice/nothing", test_nothing);

        return g_test_run();
}
