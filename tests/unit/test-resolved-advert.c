/* SPDX-License-Identifier: Apache-2.0 */
/* What a resolver has found, and which of its names are passed on */

#include <glib.h>
#include <string.h>

#include "daemon/avahi/resolved-advert.h"

static const SightingId id = {
        .source = SOURCE_LAN, .instance = "bob@h2", .interface = 3, .transport = FAMILY_INET
};

/* An advert of bob@h2. Returns whether it is a sighting. */
static bool parse(const char *at, const char *interface_name, bool own, uint16_t port,
                  Sighting *ret, Ignored *ret_why) {
        AvahiStringList *txt = avahi_string_list_new("node=bob@h2", NULL);
        AvahiAddress address;
        ResolvedAdvert advert = { .host = "h2.local",
                                  .address = &address,
                                  .port = port,
                                  .txt = txt,
                                  .interface_name = interface_name,
                                  .own_address = own };
        bool seen;

        g_assert_nonnull(avahi_address_parse(at, AVAHI_PROTO_UNSPEC, &address));
        seen = resolved_advert_parse(&advert, &id, ret, ret_why);
        avahi_string_list_free(txt);
        return seen;
}

/* An interface name that is too long, percent-coded, is left out. */
static void test_interface_names(void) {
        static const struct {
                const char *name, *told;
        } table[] = {
                { "eth0", "eth0" },         { "fifteen-bytes-0", "fifteen-bytes-0" },
                { "sixteen-bytes-00", "" }, { "a b c d", "a b c d" },
                { "a b c d e f", "" },      { "", "" },
        };

        g_assert_cmpuint(strlen(table[1].name), ==, LIMIT_INTERFACE);
        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                Ignored why = _IGNORED_MAX;
                Sighting sighting;

                g_assert_true(parse("192.0.2.2", table[i].name, false, 1, &sighting, &why));
                g_assert_cmpstr(sighting.interface_name, ==, table[i].told);
                g_assert_cmpstr(sighting.host, ==, "h2.local");
                g_assert_true(sighting_id_equal(&sighting.id, &id));
                g_assert_cmpint(why, ==, _IGNORED_MAX);
        }
}

/* The IP version of the address does not depend on that of the packets. */
static void test_addresses(void) {
        static const char *addresses[] = { "192.0.2.2", "fd00::2", "169.254.1.2",
                                           "::ffff:1.2.3.4" };
        char text[ADDRESS_TEXT_SIZE];

        for (size_t i = 0; i < G_N_ELEMENTS(addresses); i++) {
                Sighting sighting;
                Ignored why;

                g_assert_true(parse(addresses[i], "", false, 1, &sighting, &why));
                g_assert_cmpstr(address_format(&sighting.address, text), ==, addresses[i]);
                g_assert_cmpint(sighting.address.family, ==,
                                strchr(addresses[i], ':') ? FAMILY_INET6 : FAMILY_INET);
        }
}

/* If the advert is ignored, the sighting is untouched. */
static void test_ignored(void) {
        static const struct {
                const char *at;
                bool own;
                uint16_t port;
                Ignored why;
        } table[] = {
                { "fe80::2", false, 1, IGNORED_ADDRESS }, { "::", false, 1, IGNORED_ADDRESS },
                { "0.0.0.0", false, 1, IGNORED_ADDRESS }, { "192.0.2.2", true, 1, IGNORED_ADDRESS },
                { "192.0.2.2", false, 0, IGNORED_PORT },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                Sighting sighting, before;
                Ignored why = _IGNORED_MAX;

                memset(&sighting, 0x5A, sizeof(sighting));
                before = sighting;
                g_assert_false(
                        parse(table[i].at, "", table[i].own, table[i].port, &sighting, &why));
                g_assert_cmpint(why, ==, table[i].why);
                g_assert_cmpmem(&sighting, sizeof(sighting), &before, sizeof(before));
        }
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/resolved-advert/interface-names", test_interface_names);
        g_test_add_func("/resolved-advert/addresses", test_addresses);
        g_test_add_func("/resolved-advert/ignored", test_ignored);
        return g_test_run();
}
