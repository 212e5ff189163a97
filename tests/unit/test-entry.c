/* SPDX-License-Identifier: Apache-2.0 */
/* All that the directory knows of one endpoint, and what follows from it */

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "core/entry.h"

#define HOST "h1.local"

/* So long after all that happens here that every claim has lasted. */
#define LATER UINT64_C(1000000000)

static Address address(const char *text) {
        Address parsed;

        g_assert_cmpint(address_parse(text, &parsed), ==, 0);
        return parsed;
}

static Entry *entry_new(Family family) {
        Entry *entry = calloc(1, sizeof(*entry));

        g_assert_nonnull(entry);
        entry->info.endpoint = (Endpoint){ .node = "bob@h2", .family = family };
        return entry;
}

static void make_registered(Entry *entry, const char *bound) {
        entry->registration.owner = 1;
        entry->registered = entry->info.endpoint;
        entry->registered.port = 37061;
        entry->registration.bound = bound != NULL;
        if (bound)
                entry->registration.address = address(bound);
}

/* A sighting of the entry's endpoint. Ports tell adverts apart: 40000 and the instance's number. */
static Sighting sighting_new(const Entry *entry, int instance, int interface, const char *at,
                             const char *host) {
        Sighting sighting = {
                .id = { .source = SOURCE_LAN, .interface = interface, .transport = FAMILY_INET },
                .endpoint = entry->info.endpoint,
                .address = address(at),
        };

        g_snprintf(sighting.id.instance, sizeof(sighting.id.instance), "instance %d", instance);
        sighting.endpoint.port = (uint16_t) (40000 + instance);
        g_strlcpy(sighting.host, host, sizeof(sighting.host));
        g_snprintf(sighting.interface_name, sizeof(sighting.interface_name), "eth%d", interface);
        return sighting;
}

static void see(Entry *entry, int instance, int interface, const char *at, const char *host,
                uint64_t now) {
        Sighting sighting = sighting_new(entry, instance, interface, at, host);

        g_assert_cmpint(entry_add_sighting(entry, &sighting, now), ==, 1);
}

static void forget(Entry *entry, int instance, int interface) {
        Sighting sighting = sighting_new(entry, instance, interface, "192.0.2.2", "");

        g_assert_true(entry_remove_sighting(entry, &sighting.id));
        g_assert_false(entry_remove_sighting(entry, &sighting.id));
}

/* What is told: "PORT ADDRESS,… HOST INTERFACES", behind it "conflict" if it is one; or "nothing".
 */
static void check(const Entry *entry, const char *expected) {
        g_autoptr(GString) told = g_string_new(NULL);
        char text[ADDRESS_TEXT_SIZE];
        NodeInfo info, before;

        memset(&info, 0x5A, sizeof(info));
        before = info;
        if (!entry_compute(entry, HOST, LATER, &info)) {
                g_assert_cmpint(memcmp(&info, &before, sizeof(info)), ==, 0);
                g_assert_cmpstr("nothing", ==, expected);
                return;
        }

        g_string_append_printf(told, "%u", info.endpoint.port);
        for (size_t i = 0; i < info.n_addresses; i++)
                g_string_append_printf(told, "%s%s", i ? "," : " ",
                                       address_format(&info.addresses[i], text));
        g_string_append_printf(told, " %s %s", info.host, info.interfaces);
        if (info.conflict)
                g_string_append(told, " conflict");
        g_assert_cmpstr(told->str, ==, expected);
        g_assert_cmpint(info.source, ==, entry->registration.owner ? SOURCE_LOCAL : SOURCE_LAN);
        g_assert_cmpstr(info.endpoint.node, ==, "bob@h2");
        g_assert_false(info.stale);
}

static void test_nothing(void) {
        _cleanup_(entry_freep) Entry *entry = entry_new(FAMILY_INET);

        check(entry, "nothing");
        g_assert_null(entry_free(NULL));
}

/* A sighting is identified by instance, interface and IP version, and nothing else. */
static void test_identity(void) {
        _cleanup_(entry_freep) Entry *entry = entry_new(FAMILY_INET);
        Sighting sighting = sighting_new(entry, 1, 1, "192.0.2.2", "h2.local");

        g_assert_cmpint(entry_add_sighting(entry, &sighting, 1), ==, 1);
        sighting.address = address("192.0.2.3");
        sighting.endpoint.port = 5;
        strcpy(sighting.host, "h3.local");
        strcpy(sighting.interface_name, "lan");
        g_assert_cmpint(entry_add_sighting(entry, &sighting, 2), ==, 0);
        check(entry, "5 192.0.2.3 h3.local lan");

        sighting.id.transport = FAMILY_INET6;
        g_assert_cmpint(entry_add_sighting(entry, &sighting, 3), ==, 1);
        sighting.id.interface = 2;
        g_assert_cmpint(entry_add_sighting(entry, &sighting, 4), ==, 1);
        strcpy(sighting.id.instance, "Instance 1");
        g_assert_cmpint(entry_add_sighting(entry, &sighting, 5), ==, 1);
        g_assert_cmpuint(entry->n_sightings, ==, 4);
}

/* Whoever listens on all addresses is reached from the own host by loopback. */
static void test_registered(void) {
        _cleanup_(entry_freep) Entry *inet = entry_new(FAMILY_INET),
                                     *inet6 = entry_new(FAMILY_INET6);

        make_registered(inet, NULL);
        check(inet, "37061 127.0.0.1 h1.local ");
        make_registered(inet, "192.0.2.7");
        check(inet, "37061 192.0.2.7 h1.local ");
        make_registered(inet6, NULL);
        check(inet6, "37061 ::1 h1.local ");
        make_registered(inet6, "fd00::7");
        check(inet6, "37061 fd00::7 h1.local ");
}

/* A registration comes before all adverts. Those of this very host are its own: no conflict. */
static void test_registered_and_seen(void) {
        _cleanup_(entry_freep) Entry *entry = entry_new(FAMILY_INET);

        see(entry, 1, 1, "192.0.2.1", "H1.LOCAL", 1);
        make_registered(entry, NULL);
        check(entry, "37061 127.0.0.1 h1.local ");
        see(entry, 2, 1, "192.0.2.2", "h2.local", 2);
        check(entry, "37061 127.0.0.1 h1.local  conflict");
        forget(entry, 2, 1);
        check(entry, "37061 127.0.0.1 h1.local ");
        entry->registration = (Registration){};
        check(entry, "40001 192.0.2.1 H1.LOCAL eth1");
}

/* Of one host the newest advert wins, and if it goes the next one; which one comes first in memory
 * is nothing. */
static void test_newest(void) {
        _cleanup_(entry_freep) Entry *entry = entry_new(FAMILY_INET);

        see(entry, 1, 1, "192.0.2.1", "h2.local", 10);
        see(entry, 2, 1, "192.0.2.2", "h2.local", 30);
        see(entry, 3, 1, "192.0.2.3", "h2.local", 20);
        check(entry, "40002 192.0.2.2 h2.local eth1");
        forget(entry, 2, 1);
        check(entry, "40003 192.0.2.3 h2.local eth1");
        forget(entry, 3, 1);
        check(entry, "40001 192.0.2.1 h2.local eth1");
        forget(entry, 1, 1);
        check(entry, "nothing");
}

/* An old advert that is heard on one more interface, or anew, is as old as before. */
static void test_age_of_instance(void) {
        _cleanup_(entry_freep) Entry *entry = entry_new(FAMILY_INET);
        Sighting again;

        see(entry, 1, 1, "192.0.2.1", "h2.local", 10);
        see(entry, 2, 1, "192.0.2.2", "h2.local", 20);
        see(entry, 1, 2, "192.0.2.11", "h2.local", 30);
        again = sighting_new(entry, 1, 1, "192.0.2.21", "h2.local");
        g_assert_cmpint(entry_add_sighting(entry, &again, 40), ==, 0);
        check(entry, "40002 192.0.2.2 h2.local eth1");
        forget(entry, 2, 1);
        check(entry, "40001 192.0.2.21,192.0.2.11 h2.local eth1,eth2");

        /* Gone and come back it is new. */
        see(entry, 2, 1, "192.0.2.2", "h2.local", 50);
        forget(entry, 1, 1);
        forget(entry, 1, 2);
        see(entry, 1, 1, "192.0.2.1", "h2.local", 60);
        check(entry, "40001 192.0.2.1 h2.local eth1");
}

/* Only another host makes a conflict: a host may say goodbye late to an advert that it has
 * replaced. */
static void test_conflict(void) {
        static const struct {
                const char *other;
                gboolean conflict;
        } cases[] = {
                { "h2.local", FALSE }, { "H2.local", FALSE }, { "h2.local.", FALSE },
                { "h2", FALSE },       { "h3.local", TRUE },  { "", TRUE },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                _cleanup_(entry_freep) Entry *entry = entry_new(FAMILY_INET);

                see(entry, 1, 1, "192.0.2.1", cases[i].other, 10);
                see(entry, 2, 1, "192.0.2.2", "h2.local", 20);
                if (cases[i].conflict) {
                        g_autofree char *elder =
                                g_strdup_printf("40001 192.0.2.1 %s eth1 conflict", cases[i].other);

                        check(entry, elder);
                } else
                        check(entry, "40002 192.0.2.2 h2.local eth1");
        }
}

/* OTP can't connect an IPv4 socket to an IPv6 address: such a sighting alone tells nothing. */
static void test_unusable(void) {
        _cleanup_(entry_freep) Entry *entry = entry_new(FAMILY_INET);

        see(entry, 1, 1, "fd00::1", "h2.local", 10);
        check(entry, "nothing");
        see(entry, 2, 1, "192.0.2.2", "h3.local", 5);
        check(entry, "40002 192.0.2.2 h3.local eth1");
        see(entry, 1, 2, "192.0.2.1", "h2.local", 20);
        check(entry, "40002 192.0.2.2 h3.local eth1 conflict");
}

/* A listener on "::" takes IPv4 too. The addresses of its own family come first all the same. */
static void test_inet6(void) {
        _cleanup_(entry_freep) Entry *entry = entry_new(FAMILY_INET6);

        see(entry, 1, 1, "192.0.2.1", "h2.local", 10);
        check(entry, "40001 192.0.2.1 h2.local eth1");
        see(entry, 1, 2, "fd00::1", "h2.local", 20);
        check(entry, "40001 fd00::1,192.0.2.1 h2.local eth2,eth1");
}

/* One address that is seen twice is told once, and at most LIMIT_ADDRESSES are. */
static void test_addresses(void) {
        _cleanup_(entry_freep) Entry *entry = entry_new(FAMILY_INET);

        for (int i = 1; i <= LIMIT_ADDRESSES + 2; i++) {
                g_autofree char *at = g_strdup_printf("192.0.2.%d", i);

                see(entry, 1, 2 * i, at, "h2.local", 10);
                see(entry, 1, 2 * i + 1, at, "h2.local", 10);
        }
        g_assert_cmpint(LIMIT_ADDRESSES, ==, 4);
        check(entry, "40001 192.0.2.1,192.0.2.2,192.0.2.3,192.0.2.4 h2.local eth2,eth3");
}

/* Two interfaces at most, each once, whatever the other one's name begins with. */
static void test_interfaces(void) {
        static const struct {
                const char *names[4], *expected;
        } cases[] = {
                { { "eth0", "eth0", "wlan0", "eth1" }, "eth0,wlan0" },
                { { "eth01", "eth0", "eth0", "x" }, "eth01,eth0" },
                { { "eth0", "eth01", "h0", "eth" }, "eth0,eth01" },
                { { "eth0", "h0", "h0", "x" }, "eth0,h0" },
                { { "", "", "wlan0", "" }, "wlan0" },
                { { "", "", "", "" }, "" },
                { { "0123456789abcde", "123456789abcdef", "x", "y" },
                  "0123456789abcde,123456789abcdef" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                _cleanup_(entry_freep) Entry *entry = entry_new(FAMILY_INET);
                g_autofree char *expected =
                        g_strconcat("40001 192.0.2.1 h2.local ", cases[i].expected, NULL);

                for (int n = 0; n < 4; n++) {
                        Sighting sighting = sighting_new(entry, 1, n + 1, "192.0.2.1", "h2.local");

                        strcpy(sighting.interface_name, cases[i].names[n]);
                        g_assert_cmpint(entry_add_sighting(entry, &sighting, 1), ==, 1);
                }
                check(entry, expected);
        }
}

/* All fields as long as they may be. */
static void test_longest(void) {
        _cleanup_(entry_freep) Entry *entry = entry_new(FAMILY_INET);
        g_autofree char *host = g_strnfill(LIMIT_HOST, 'h'),
                        *instance = g_strnfill(LIMIT_LABEL, 'i');
        g_autofree char *interface = g_strnfill(LIMIT_INTERFACE, 'e');
        g_autofree char *expected = g_strconcat("40001 192.0.2.1 ", host, " ", interface, NULL);
        Sighting sighting = sighting_new(entry, 1, 1, "192.0.2.1", host);

        strcpy(sighting.id.instance, instance);
        strcpy(sighting.interface_name, interface);
        g_assert_cmpint(entry_add_sighting(entry, &sighting, 1), ==, 1);
        check(entry, expected);
}

/* A source that ends takes its own sightings along and no others, and what another source reports
 * under the same id is another sighting. */
static void test_remove_source(void) {
        Entry *entry = entry_new(FAMILY_INET);
        Sighting sighting = sighting_new(entry, 1, 1, "192.0.2.1", "h2.local");

        see(entry, 1, 1, "192.0.2.1", "h2.local", 10);
        see(entry, 2, 1, "192.0.2.2", "h2.local", 20);
        sighting.id.source = SOURCE_LOCAL; /* stands for a source of the future */
        g_assert_cmpint(entry_add_sighting(entry, &sighting, 30), ==, 1);
        g_assert_cmpuint(entry->n_sightings, ==, 3);

        g_assert_cmpuint(entry_sweep_source(entry, SOURCE_LAN, ENTRY_UNMARKED), ==, 2);
        g_assert_cmpuint(entry->n_sightings, ==, 1);
        g_assert_true(sighting_id_equal(&entry->sightings[0].sighting.id, &sighting.id));
        g_assert_cmpuint(entry_sweep_source(entry, SOURCE_LAN, ENTRY_UNMARKED), ==, 0);
        entry_free(entry);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/entry/nothing", test_nothing);
        g_test_add_func("/entry/sighting/identity", test_identity);
        g_test_add_func("/entry/registered/address", test_registered);
        g_test_add_func("/entry/registered/before-all-adverts", test_registered_and_seen);
        g_test_add_func("/entry/seen/newest-wins", test_newest);
        g_test_add_func("/entry/seen/an-instance-has-one-age", test_age_of_instance);
        g_test_add_func("/entry/seen/conflict-of-hosts", test_conflict);
        g_test_add_func("/entry/seen/unusable-address", test_unusable);
        g_test_add_func("/entry/seen/inet6-takes-ipv4", test_inet6);
        g_test_add_func("/entry/seen/addresses", test_addresses);
        g_test_add_func("/entry/seen/interfaces", test_interfaces);
        g_test_add_func("/entry/seen/longest-fields", test_longest);
        g_test_add_func("/entry/remove-source", test_remove_source);
        return g_test_run();
}
