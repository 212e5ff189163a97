/* SPDX-License-Identifier: Apache-2.0 */
/* Some of the nodes on the LAN: of as many hosts as possible. */

#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "ctl/doctor/port-sample.h"

static NodeInfo info_of(unsigned node, unsigned host) {
        NodeInfo info = { .source = SOURCE_LAN, .n_addresses = 1 };

        snprintf(info.endpoint.node, sizeof(info.endpoint.node), "n%u@h%u", node, host);
        snprintf(info.host, sizeof(info.host), "h%u.local", host);
        return info;
}

static void add(PortSample *sample, unsigned node, unsigned host) {
        NodeInfo info = info_of(node, host);

        port_sample_add(sample, &info);
}

static size_t count(const PortSample *sample, const char *host) {
        size_t n = 0;

        for (size_t i = 0; i < sample->n; i++)
                n += strcmp(sample->infos[i].host, host) == 0;
        return n;
}

static void test_few(void) {
        PortSample sample = PORT_SAMPLE_NULL;

        add(&sample, 1, 1);
        add(&sample, 2, 1);
        /* Another listener of the same node. */
        add(&sample, 2, 1);
        g_assert_cmpuint(sample.n, ==, 2);
}

/* Those of this host, and those that are gone, are no matter. */
static void test_others_only(void) {
        PortSample sample = PORT_SAMPLE_NULL;
        NodeInfo info = info_of(1, 1);

        info.source = SOURCE_LOCAL;
        port_sample_add(&sample, &info);
        info.source = SOURCE_LAN;
        info.stale = true;
        port_sample_add(&sample, &info);
        info.stale = false;
        info.n_addresses = 0;
        port_sample_add(&sample, &info);
        g_assert_cmpuint(sample.n, ==, 0);
}

/* Hosts that come late have their turn, whoever has many nodes. */
static void test_many_hosts(void) {
        PortSample sample = PORT_SAMPLE_NULL;

        for (unsigned i = 0; i < 100; i++)
                add(&sample, i, 1);
        g_assert_cmpuint(sample.n, ==, PORT_SAMPLE_MAX);
        for (unsigned host = 2; host < 4; host++)
                for (unsigned i = 0; i < 10; i++)
                        add(&sample, i, host);
        g_assert_cmpuint(sample.n, ==, PORT_SAMPLE_MAX);
        g_assert_cmpuint(count(&sample, "h2.local"), ==, 1);
        g_assert_cmpuint(count(&sample, "h3.local"), ==, 1);
        for (unsigned host = 4; host < 50; host++)
                add(&sample, 1, host);
        g_assert_cmpuint(sample.n, ==, PORT_SAMPLE_MAX);
        g_assert_cmpuint(count(&sample, "h1.local"), ==, 1);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/ctl/port-sample/few", test_few);
        g_test_add_func("/ctl/port-sample/others-only", test_others_only);
        g_test_add_func("/ctl/port-sample/many-hosts", test_many_hosts);

        return g_test_run();
}
