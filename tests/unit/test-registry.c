/* SPDX-License-Identifier: Apache-2.0 */
/* Who holds which name on this host */

#include <glib.h>
#include <string.h>

#include "core/registry.h"

#define ALICE 1000
#define BOB 1001

typedef struct Fixture {
        Directory *directory;
        Quota quota;
        Registry *registry;
} Fixture;

static void set_up(Fixture *f, gconstpointer data) {
        (void) data;
        f->quota = (Quota) QUOTA_INIT(1);
        g_assert_cmpint(directory_new(&f->directory), ==, 0);
        g_assert_cmpint(registry_new(&f->registry, f->directory, &f->quota, UINT32_MAX - 1), ==, 0);
}

static void tear_down(Fixture *f, gconstpointer data) {
        (void) data;
        for (QuotaKind kind = 0; kind < _QUOTA_MAX; kind++)
                g_assert_cmpuint(f->quota.held[kind], ==, 0);
        g_assert_null(registry_free(f->registry));
        directory_free(f->directory);
        quota_done(&f->quota);
}

static bool is_gone(const void *userdata) {
        return *(const bool *) userdata;
}

static Holder holder(Fixture *f, uid_t uid) {
        return (Holder){ .id = registry_next_id(f->registry), .uid = uid };
}

/* A port at which it listens on the LAN; on 127.0.0.1 if bound. */
static int hold_at(Fixture *f, const Holder *who, const char *node, Family family, uint16_t port,
                   bool bound, uint32_t *ret_creation) {
        Endpoint endpoint = { .family = family, .port = port };
        Address loopback;

        strcpy(endpoint.node, node);
        g_assert_cmpint(address_parse("127.0.0.1", &loopback), ==, 0);
        return registry_register(f->registry, who, &endpoint, bound ? &loopback : NULL, 0,
                                 ret_creation);
}

static int hold(Fixture *f, const Holder *who, const char *node, Family family, uint16_t port) {
        uint32_t creation = 0;
        int r = hold_at(f, who, node, family, port, false, &creation);

        g_assert_cmpint(r == 0, ==, creation >= 4);
        return r;
}

static void release(Fixture *f, const Holder *who) {
        registry_release(f->registry, who->id, 0);
}

static size_t count(const Fixture *f) {
        DirectoryStats stats;

        directory_get_stats(f->directory, &stats);
        return stats.local;
}

/* RabbitMQ registers its node again every minute: that must change nothing, the creation least of
 * all. */
static void test_repetition(Fixture *f, gconstpointer data) {
        Holder alice = holder(f, ALICE);
        uint32_t first, again;

        (void) data;
        g_assert_cmpint(hold_at(f, &alice, "a@h1", FAMILY_INET, 4000, false, &first), ==, 0);
        g_assert_cmpuint(first, >=, 4);
        g_assert_cmpint(hold_at(f, &alice, "a@h1", FAMILY_INET, 4000, false, &again), ==, 0);
        g_assert_cmpuint(again, ==, first);
        g_assert_cmpint(hold_at(f, &alice, "a@h1", FAMILY_INET6, 4001, false, &again), ==, 0);
        g_assert_cmpuint(again, ==, first);
        g_assert_cmpuint(f->quota.held[QUOTA_REGISTRATIONS], ==, 2);
        release(f, &alice);
}

/* A creation tells one incarnation of a node from the next, also where the numbers begin anew. */
static void test_new_creation(Fixture *f, gconstpointer data) {
        Holder alice = holder(f, ALICE);
        uint32_t creations[5];

        (void) data;
        for (size_t i = 0; i < G_N_ELEMENTS(creations); i++) {
                g_assert_cmpint(hold_at(f, &alice, "a@h1", FAMILY_INET, 4000, false, &creations[i]),
                                ==, 0);
                g_assert_cmpuint(creations[i], >=, 4);
                for (size_t j = 0; j < i; j++)
                        g_assert_cmpuint(creations[i], !=, creations[j]);
                release(f, &alice);
        }
}

/* One holder is one node: its end is the end of that node and of nothing else. */
static void test_other_node(Fixture *f, gconstpointer data) {
        Holder alice = holder(f, ALICE);

        (void) data;
        g_assert_cmpint(hold(f, &alice, "a@h1", FAMILY_INET, 4000), ==, 0);
        g_assert_cmpint(hold(f, &alice, "b@h1", FAMILY_INET, 4001), ==, REGISTRY_E_OTHER_NODE);
        g_assert_cmpuint(count(f), ==, 1);
        release(f, &alice);
        g_assert_cmpint(hold(f, &alice, "b@h1", FAMILY_INET, 4001), ==, 0);
        release(f, &alice);
}

/* A name has one holder. When that lets go, the next one gets it. */
static void test_duplicate(Fixture *f, gconstpointer data) {
        Holder first = holder(f, ALICE), second = holder(f, ALICE);

        (void) data;
        g_assert_cmpint(hold(f, &first, "a@h1", FAMILY_INET, 4000), ==, 0);
        g_assert_cmpint(hold(f, &second, "a@h1", FAMILY_INET6, 4001), ==, REGISTRY_E_DUPLICATE);
        release(f, &first);
        g_assert_cmpint(hold(f, &second, "a@h1", FAMILY_INET6, 4001), ==, 0);
        release(f, &second);
}

/* One that is gone loses the node to the next, with all its endpoints and what they counted for. */
static void test_gone(Fixture *f, gconstpointer data) {
        bool gone = false;
        Holder old = holder(f, ALICE), new = holder(f, BOB);
        uid_t uid;

        (void) data;
        old.is_gone = is_gone;
        old.userdata = &gone;
        g_assert_cmpint(hold(f, &old, "a@h1", FAMILY_INET, 4000), ==, 0);
        g_assert_cmpint(hold(f, &old, "a@h1", FAMILY_INET6, 4000), ==, 0);
        g_assert_cmpint(hold(f, &new, "a@h1", FAMILY_INET, 4001), ==, REGISTRY_E_DUPLICATE);
        gone = true;
        g_assert_cmpint(hold(f, &new, "a@h1", FAMILY_INET, 4001), ==, 0);
        g_assert_cmpuint(f->quota.held[QUOTA_REGISTRATIONS], ==, 1);
        g_assert_true(registry_find_user(f->registry, "a@h1", &uid));
        g_assert_cmpuint(uid, ==, BOB);

        /* Its end comes late, and takes nothing of the new one's. */
        release(f, &old);
        g_assert_cmpuint(count(f), ==, 1);
        release(f, &new);
        g_assert_false(registry_find_user(f->registry, "a@h1", &uid));
}

/* What is refused, and what is released, counts against nobody: after any number of both a user
 * still has the full number of registrations. */
static void test_quota(Fixture *f, gconstpointer data) {
        static Holder holders[LIMIT_REGISTRATIONS_PER_UID];
        Holder late = holder(f, ALICE);
        char node[32];

        (void) data;
        for (int round = 0; round < 2; round++) {
                for (unsigned i = 0; i < LIMIT_REGISTRATIONS_PER_UID; i++) {
                        holders[i] = holder(f, ALICE);
                        g_snprintf(node, sizeof(node), "n%u@h1", i);
                        g_assert_cmpint(hold(f, &holders[i], node, FAMILY_INET, 4000), ==, 0);
                        if (i == 0)
                                g_assert_cmpint(hold(f, &late, "n0@h1", FAMILY_INET, 4000), ==,
                                                REGISTRY_E_DUPLICATE);
                }
                g_assert_cmpint(hold(f, &late, "late@h1", FAMILY_INET, 4000), ==, REGISTRY_E_USER);
                /* Who holds an endpoint may still change it. */
                g_assert_cmpint(hold(f, &holders[0], "n0@h1", FAMILY_INET, 4001), ==, 0);

                for (unsigned i = 0; i < LIMIT_REGISTRATIONS_PER_UID; i++)
                        release(f, &holders[i]);
                g_assert_cmpuint(count(f), ==, 0);
        }
}

/* Two users who take all that they can leave something for the next ones, and for root. */
static void test_greedy_users(Fixture *f, gconstpointer data) {
        static Holder holders[2 * LIMIT_REGISTRATIONS_PER_UID];
        Holder bob = holder(f, BOB), root = holder(f, 0);
        char node[32];

        (void) data;
        for (unsigned i = 0; i < G_N_ELEMENTS(holders); i++) {
                holders[i] = holder(f, i % 2 ? 2000 : 2001);
                g_snprintf(node, sizeof(node), "n%u@h1", i);
                (void) hold(f, &holders[i], node, FAMILY_INET, 4000);
        }
        g_assert_cmpint(hold(f, &bob, "bob@h1", FAMILY_INET, 4000), ==, 0);
        g_assert_cmpint(hold(f, &bob, "bob@h1", FAMILY_INET6, 4000), ==, 0);
        g_assert_cmpint(hold(f, &root, "root@h1", FAMILY_INET, 4000), ==, 0);
        for (unsigned i = 0; i < G_N_ELEMENTS(holders); i++)
                release(f, &holders[i]);
        release(f, &bob);
        release(f, &root);
}

/* A name that means the host itself is never announced, wherever its node listens. */
static void test_loopback_name(Fixture *f, gconstpointer data) {
        Holder alice = holder(f, ALICE);

        (void) data;
        g_assert_cmpint(hold(f, &alice, "a@localhost", FAMILY_INET, 4000), ==, 0);
        g_assert_cmpint(hold(f, &alice, "a@localhost", FAMILY_INET6, 4000), ==, 0);
        g_assert_cmpuint(f->quota.held[QUOTA_LOOPBACK], ==, 2);
        g_assert_cmpuint(f->quota.held[QUOTA_REGISTRATIONS], ==, 0);
        release(f, &alice);
        g_assert_cmpuint(f->quota.held[QUOTA_LOOPBACK], ==, 0);
}

/* What can't be reached from the LAN is counted apart, as what it is now. */
static void test_loopback(Fixture *f, gconstpointer data) {
        Holder alice = holder(f, ALICE);
        uint32_t creation;

        (void) data;
        g_assert_cmpint(hold_at(f, &alice, "a@h1", FAMILY_INET, 4000, true, &creation), ==, 0);
        g_assert_cmpuint(f->quota.held[QUOTA_LOOPBACK], ==, 1);
        g_assert_cmpuint(f->quota.held[QUOTA_REGISTRATIONS], ==, 0);
        g_assert_cmpint(hold_at(f, &alice, "a@h1", FAMILY_INET, 4000, false, &creation), ==, 0);
        g_assert_cmpuint(f->quota.held[QUOTA_LOOPBACK], ==, 0);
        g_assert_cmpuint(f->quota.held[QUOTA_REGISTRATIONS], ==, 1);

        /* A change that is refused leaves all as it was. */
        f->quota.max_per_user[QUOTA_LOOPBACK] = 0;
        g_assert_cmpint(hold_at(f, &alice, "a@h1", FAMILY_INET, 4001, true, &creation), ==,
                        REGISTRY_E_USER);
        g_assert_cmpuint(f->quota.held[QUOTA_REGISTRATIONS], ==, 1);
        g_assert_cmpuint(count(f), ==, 1);
        release(f, &alice);
}

/* A full directory takes nobody, and whoever is refused has taken nothing. */
static void test_full_directory(Fixture *f, gconstpointer data) {
        Holder alice = holder(f, ALICE);
        Sighting sighting = { .id = { .source = SOURCE_LAN, .interface = 1 },
                              .endpoint = { .port = 4000 } };

        (void) data;
        g_assert_cmpint(address_parse("192.0.2.1", &sighting.address), ==, 0);
        for (unsigned i = 0; i < LIMIT_ENTRIES; i++) {
                g_snprintf(sighting.endpoint.node, NODE_NAME_SIZE, "n%u@lan", i);
                sighting.id.interface = 1 + (int) i;
                g_assert_cmpint(directory_add_sighting(f->directory, &sighting, 0), ==, 0);
        }
        g_assert_cmpint(hold(f, &alice, "a@h1", FAMILY_INET, 4000), ==, REGISTRY_E_DIRECTORY);
        g_assert_cmpuint(f->quota.held[QUOTA_REGISTRATIONS], ==, 0);
        g_assert_false(registry_find_user(f->registry, "a@h1", &(uid_t){ 0 }));
        directory_remove_source(f->directory, SOURCE_LAN, 0);
        (void) directory_expire(f->directory, UINT64_C(1000000) * (LIMIT_STALE_SEC + 1));
        g_assert_cmpint(hold(f, &alice, "a@h1", FAMILY_INET, 4000), ==, 0);
        release(f, &alice);
}

/* Releasing nothing is no mistake: the connection of a command line tool ends like any other. */
static void test_release_nothing(Fixture *f, gconstpointer data) {
        Holder alice = holder(f, ALICE);

        (void) data;
        release(f, &alice);
        release(f, &alice);
        g_assert_cmpuint(count(f), ==, 0);
}

int main(int argc, char *argv[]) {
        static const struct {
                const char *name;
                void (*test)(Fixture *f, gconstpointer data);
        } tests[] = {
                { "/registry/repetition", test_repetition },
                { "/registry/new-creation", test_new_creation },
                { "/registry/other-node", test_other_node },
                { "/registry/duplicate", test_duplicate },
                { "/registry/gone", test_gone },
                { "/registry/quota", test_quota },
                { "/registry/greedy-users", test_greedy_users },
                { "/registry/loopback", test_loopback },
                { "/registry/loopback-name", test_loopback_name },
                { "/registry/full-directory", test_full_directory },
                { "/registry/release-nothing", test_release_nothing },
        };

        g_test_init(&argc, &argv, NULL);
        for (size_t i = 0; i < G_N_ELEMENTS(tests); i++)
                g_test_add(tests[i].name, Fixture, NULL, set_up, tests[i].test, tear_down);
        return g_test_run();
}
