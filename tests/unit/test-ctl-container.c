/* SPDX-License-Identifier: Apache-2.0 */
/* Whether this host is a container that others can't reach. */

#include <glib.h>

#include "ctl/container.h"

#define HEADER "Num       RefCount Protocol Flags    Type St Inode Path\n"
#define LISTENS(path) "ffff9d1c4a8e7000: 00000002 00000000 00010000 0001 01 23456 " path "\n"
#define CONNECTED(path) "ffff9d1c4a8e7000: 00000003 00000000 00000000 0001 03 23457 " path "\n"
#define NAMELESS "ffff9d1c4a8e7000: 00000003 00000000 00000000 0001 03 23458\n"

/* Docker gives each container a network of its own, and often a socket of the host. */
static ContainerFacts in_docker(void) {
        return (ContainerFacts){
                .is_container = true, .has_address = true, .all_inner = true, .all_bridged = true
        };
}

static void test_kinds(void) {
        ContainerFacts facts = in_docker();

        g_assert_cmpint(container_judge(&facts), ==, CONTAINER_NAT);
        facts.daemon_outside = true;
        g_assert_cmpint(container_judge(&facts), ==, CONTAINER_OUTSIDE);
        /* A host whose daemon has a network of its own (PrivateNetwork=yes). */
        facts.is_container = false;
        g_assert_cmpint(container_judge(&facts), ==, CONTAINER_NONE);
        /* A host on a LAN of 172.16.0.0/12. */
        facts.daemon_outside = false;
        g_assert_cmpint(container_judge(&facts), ==, CONTAINER_NONE);
}

/* What may be on the LAN is not said to be behind NAT. */
static void test_reachable(void) {
        ContainerFacts facts = in_docker();

        /* A macvlan, or the network of its host. */
        facts.all_inner = false;
        g_assert_cmpint(container_judge(&facts), ==, CONTAINER_REACHABLE);
        /* A bridge that the LAN is part of. */
        facts.all_inner = true;
        facts.all_bridged = false;
        g_assert_cmpint(container_judge(&facts), ==, CONTAINER_REACHABLE);
        facts.is_pod = true;
        g_assert_cmpint(container_judge(&facts), ==, CONTAINER_NAT);
        facts.has_address = false;
        g_assert_cmpint(container_judge(&facts), ==, CONTAINER_REACHABLE);
}

static void test_addresses(void) {
        static const struct {
                const char *address;
                bool bridged;
        } cases[] = {
                { "172.17.0.2", true },   { "172.31.255.254", true }, { "172.32.0.1", false },
                { "10.88.0.3", true },    { "10.89.1.3", true },      { "10.90.0.3", false },
                { "10.0.3.77", true },    { "10.0.2.100", true },     { "10.0.4.1", false },
                { "192.168.1.5", false }, { "192.0.2.1", false },     { "fd00::2", false },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                Address address;

                g_test_message("%s", cases[i].address);
                g_assert_cmpint(address_parse(cases[i].address, &address), ==, 0);
                g_assert_cmpint(container_is_bridged(&address), ==, cases[i].bridged);
        }
}

/* Only who listens is a daemon of this network; between mounts a path may differ. */
static void test_listener(void) {
        static const char path[] = "/run/epmd-mdns/control";

        g_assert_false(container_has_listener("", path));
        g_assert_false(
                container_has_listener(HEADER NAMELESS CONNECTED("/run/epmd-mdns/control"), path));
        g_assert_false(container_has_listener(HEADER LISTENS("/run/other/controls"), path));
        g_assert_true(
                container_has_listener(HEADER NAMELESS LISTENS("/run/epmd-mdns/control"), path));
        g_assert_true(container_has_listener(HEADER LISTENS("/var/run/epmd mdns/control") NAMELESS,
                                             path));
        g_assert_false(container_has_listener("junk\n\n: : :\n", path));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/ctl/container/kinds", test_kinds);
        g_test_add_func("/ctl/container/reachable", test_reachable);
        g_test_add_func("/ctl/container/addresses", test_addresses);
        g_test_add_func("/ctl/container/listener", test_listener);

        return g_test_run();
}
