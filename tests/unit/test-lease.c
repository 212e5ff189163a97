/* SPDX-License-Identifier: Apache-2.0 */
/* The node that a connection holds */

#include <string.h>

#include "core/limits.h"
#include "daemon/control/lease.h"
#include "unit/util-event.h"

static Request request(const char *node, Family family, uint16_t port) {
        Request request = { .verb = VERB_REGISTER, .endpoint = { .family = family, .port = port } };

        strcpy(request.endpoint.node, node);
        return request;
}

static int hold(Lease *lease, const char *node, Family family, uint16_t port) {
        Request wanted = request(node, family, port);
        const char *why = NULL;
        int r = lease_register(lease, &wanted, 0, &why);

        /* Whoever is refused is told in words. */
        g_assert_cmpint(r != 0, ==, why != NULL);
        return r;
}

static size_t count(Server *server) {
        DirectoryStats stats;

        directory_get_stats(server->directory, &stats);
        return stats.local;
}

/* RabbitMQ registers its node again every minute: that must change nothing, the creation least of
 * all. */
static void test_repetition(void) {
        _cleanup_(server_freep) Server *server = server_new();
        Lease lease = LEASE_INIT(server->control, 1, 1000);
        uint32_t creation;

        g_assert_cmpint(hold(&lease, "a@h1", FAMILY_INET, 4000), ==, 0);
        creation = lease.creation;
        g_assert_cmpuint(creation, >=, 4);
        g_assert_cmpint(hold(&lease, "a@h1", FAMILY_INET, 4000), ==, 0);
        g_assert_cmpint(hold(&lease, "a@h1", FAMILY_INET6, 4001), ==, 0);
        g_assert_cmpuint(lease.creation, ==, creation);
        lease_release(&lease, 0);
}

/* A creation tells one incarnation of a node from the next. */
static void test_new_creation(void) {
        _cleanup_(server_freep) Server *server = server_new();
        Lease lease = LEASE_INIT(server->control, 1, 1000);
        uint32_t creation;

        g_assert_cmpint(hold(&lease, "a@h1", FAMILY_INET, 4000), ==, 0);
        creation = lease.creation;
        lease_release(&lease, 0);
        g_assert_cmpint(hold(&lease, "a@h1", FAMILY_INET, 4000), ==, 0);
        g_assert_cmpuint(lease.creation, !=, creation);
        lease_release(&lease, 0);
}

/* One connection is one node: its end is the end of that node and of nothing else. */
static void test_other_node(void) {
        _cleanup_(server_freep) Server *server = server_new();
        Lease lease = LEASE_INIT(server->control, 1, 1000);

        g_assert_cmpint(hold(&lease, "a@h1", FAMILY_INET, 4000), ==, 0);
        g_assert_cmpint(hold(&lease, "b@h1", FAMILY_INET, 4001), ==, PROTOCOL_E_OTHER_NODE);
        g_assert_cmpuint(count(server), ==, 1);
        lease_release(&lease, 0);
        g_assert_cmpint(hold(&lease, "b@h1", FAMILY_INET, 4001), ==, 0);
        lease_release(&lease, 0);
}

/* A name has one holder. When that lets go, the next one gets it. */
static void test_duplicate(void) {
        _cleanup_(server_freep) Server *server = server_new();
        Lease first = LEASE_INIT(server->control, 1, 1000);
        Lease second = LEASE_INIT(server->control, 2, 1000);

        g_assert_cmpint(hold(&first, "a@h1", FAMILY_INET, 4000), ==, 0);
        g_assert_cmpint(hold(&second, "a@h1", FAMILY_INET6, 4001), ==, PROTOCOL_E_DUPLICATE_NAME);
        lease_release(&first, 0);
        g_assert_cmpint(hold(&second, "a@h1", FAMILY_INET6, 4001), ==, 0);
        lease_release(&second, 0);
}

/* What is refused, and what is released, counts against nobody: after any number of both a user
 * still has the full number of registrations. */
static void test_quota(void) {
        _cleanup_(server_freep) Server *server = server_new();
        static Lease leases[LIMIT_REGISTRATIONS_PER_UID];
        Lease late = LEASE_INIT(server->control, 1000, 1000);
        char node[32];

        for (int round = 0; round < 2; round++) {
                for (unsigned i = 0; i < LIMIT_REGISTRATIONS_PER_UID; i++) {
                        leases[i] = (Lease) LEASE_INIT(server->control, i + 1, 1000);
                        g_snprintf(node, sizeof(node), "n%u@h1", i);
                        g_assert_cmpint(hold(&leases[i], node, FAMILY_INET, 4000), ==, 0);
                        if (i == 0)
                                g_assert_cmpint(hold(&late, "n0@h1", FAMILY_INET, 4000), ==,
                                                PROTOCOL_E_DUPLICATE_NAME);
                }
                g_assert_cmpint(hold(&late, "late@h1", FAMILY_INET, 4000), ==, PROTOCOL_E_LIMIT);
                /* Who holds an endpoint may still change it. */
                g_assert_cmpint(hold(&leases[0], "n0@h1", FAMILY_INET, 4001), ==, 0);

                for (unsigned i = 0; i < LIMIT_REGISTRATIONS_PER_UID; i++)
                        lease_release(&leases[i], 0);
                g_assert_cmpuint(count(server), ==, 0);
        }
}

/* Releasing nothing is no mistake: the connection of a command line tool ends like any other. */
static void test_release_nothing(void) {
        _cleanup_(server_freep) Server *server = server_new();
        Lease lease = LEASE_INIT(server->control, 1, 1000);

        lease_release(&lease, 0);
        lease_release(&lease, 0);
        g_assert_cmpuint(count(server), ==, 0);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/lease/repetition", test_repetition);
        g_test_add_func("/lease/new-creation", test_new_creation);
        g_test_add_func("/lease/other-node", test_other_node);
        g_test_add_func("/lease/duplicate", test_duplicate);
        g_test_add_func("/lease/quota", test_quota);
        g_test_add_func("/lease/release-nothing", test_release_nothing);

        return g_test_run();
}
