/* SPDX-License-Identifier: Apache-2.0 */
/* "epmd-mdns wait" and "status" count nodes, and not their listeners. */

#include <glib.h>
#include <string.h>

#include "ctl/census.h"
#include "core/filter.h"
#include "ctl/node-set.h"

static NodeInfo make_info(const char *node, Proto proto, Family family) {
        NodeInfo info = { .source = SOURCE_LAN };

        strcpy(info.endpoint.node, node);
        info.endpoint.proto = proto;
        info.endpoint.family = family;
        info.endpoint.port = 1;
        return info;
}

static void add(NodeSet *set, const char *node, Proto proto, Family family, size_t expected) {
        NodeInfo info = make_info(node, proto, family);

        g_assert_cmpint(node_set_add(set, &info.endpoint), ==, 0);
        g_assert_cmpuint(set->n_nodes, ==, expected);
}

static void subtract(NodeSet *set, const char *node, Proto proto, Family family, size_t expected) {
        NodeInfo info = make_info(node, proto, family);

        node_set_remove(set, &info.endpoint);
        g_assert_cmpuint(set->n_nodes, ==, expected);
}

/* A node is up as long as one of its endpoints is. */
static void test_endpoints_of_a_node(void) {
        NodeSet set = NODE_SET_NULL;

        add(&set, "b@h", PROTO_TCP, FAMILY_INET, 1);
        add(&set, "b@h", PROTO_TLS, FAMILY_INET6, 1);
        add(&set, "a@h", PROTO_TCP, FAMILY_INET, 2);
        add(&set, "c@h", PROTO_TCP, FAMILY_INET, 3);
        add(&set, "b@h", PROTO_TCP, FAMILY_INET6, 3);
        subtract(&set, "b@h", PROTO_TCP, FAMILY_INET, 3);
        subtract(&set, "b@h", PROTO_TLS, FAMILY_INET6, 3);
        subtract(&set, "b@h", PROTO_TCP, FAMILY_INET6, 2);
        node_set_done(&set);
        g_assert_cmpuint(set.n_nodes, ==, 0);
}

static void test_said_twice(void) {
        NodeSet set = NODE_SET_NULL;

        subtract(&set, "a@h", PROTO_TCP, FAMILY_INET, 0);
        add(&set, "a@h", PROTO_TCP, FAMILY_INET, 1);
        add(&set, "a@h", PROTO_TCP, FAMILY_INET, 1);
        subtract(&set, "a@h", PROTO_TCP, FAMILY_INET, 0);
        subtract(&set, "a@h", PROTO_TCP, FAMILY_INET, 0);
        node_set_done(&set);
}

/* In any order, the number is right. */
static void test_many(void) {
        NodeSet set = NODE_SET_NULL;
        bool up[200][2] = {};

        for (int i = 0; i < 20000; i++) {
                int node = g_test_rand_int_range(0, 200), family = g_test_rand_int_range(0, 2);
                g_autofree char *name = g_strdup_printf("n%d@h", node);
                NodeInfo info = make_info(name, PROTO_TCP, family ? FAMILY_INET6 : FAMILY_INET);
                size_t expected = 0;

                up[node][family] = g_test_rand_bit();
                if (up[node][family])
                        g_assert_cmpint(node_set_add(&set, &info.endpoint), ==, 0);
                else
                        node_set_remove(&set, &info.endpoint);
                for (size_t j = 0; j < G_N_ELEMENTS(up); j++)
                        expected += up[j][0] || up[j][1];
                g_assert_cmpuint(set.n_nodes, ==, expected);
        }
        node_set_done(&set);
}

static void test_census(void) {
        NodeInfo infos[] = { make_info("a@h", PROTO_TCP, FAMILY_INET),
                             make_info("a@h", PROTO_TLS, FAMILY_INET),
                             make_info("a@h", PROTO_TLS, FAMILY_INET6),
                             make_info("b@h", PROTO_TCP, FAMILY_INET) };
        Census census = CENSUS_NULL;

        strcpy(infos[0].interfaces, "eth0,wlan0");
        strcpy(infos[1].interfaces, "eth0");
        strcpy(infos[2].interfaces, "eth");
        strcpy(infos[3].endpoint.cluster, "team");
        infos[3].endpoint.hidden = true;
        infos[3].source = SOURCE_LOCAL;
        for (size_t i = 0; i < G_N_ELEMENTS(infos); i++)
                census_add(&census, &infos[i]);

        g_assert_cmpuint(census.endpoints, ==, 4);
        g_assert_cmpuint(census.nodes, ==, 2);
        g_assert_cmpuint(census.tls, ==, 1);
        g_assert_cmpuint(census.local, ==, 1);
        g_assert_cmpuint(census.hidden, ==, 1);
        g_assert_cmpuint(census.clusters, ==, 1);
        g_assert_cmpuint(census.n_interfaces, ==, 3);
        g_assert_cmpstr(census.interfaces[0], ==, "eth0");
        g_assert_cmpstr(census.interfaces[1], ==, "wlan0");
        g_assert_cmpstr(census.interfaces[2], ==, "eth");
}

static void test_filter(void) {
        NodeInfo info = make_info("a@H1", PROTO_TCP, FAMILY_INET);
        Filter all = FILTER_ALL, filter = FILTER_ALL;

        strcpy(info.host, "box.local");
        strcpy(info.endpoint.cluster, "team");
        g_assert_true(filter_selects(&all, &info));

        filter.cluster = "team";
        g_assert_true(filter_selects(&filter, &info));
        filter.cluster = "Team";
        g_assert_false(filter_selects(&filter, &info));
        filter.cluster = NULL;

        filter.host = "h1.local";
        g_assert_true(filter_selects(&filter, &info));
        filter.host = "BOX";
        g_assert_true(filter_selects(&filter, &info));
        filter.host = "h";
        g_assert_false(filter_selects(&filter, &info));
        filter.host = NULL;

        filter.source = SOURCE_LAN;
        g_assert_true(filter_selects(&filter, &info));
        filter.source = SOURCE_LOCAL;
        g_assert_false(filter_selects(&filter, &info));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/ctl/node-set/endpoints-of-a-node", test_endpoints_of_a_node);
        g_test_add_func("/ctl/node-set/said-twice", test_said_twice);
        g_test_add_func("/ctl/node-set/many", test_many);
        g_test_add_func("/ctl/census/nodes-by-kind", test_census);
        g_test_add_func("/ctl/filter/selects", test_filter);

        return g_test_run();
}
