/* SPDX-License-Identifier: Apache-2.0 */
/* A sorted array of entries */

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "core/entry-table.h"

static Endpoint endpoint_new(const char *node, Proto proto, Family family) {
        Endpoint endpoint = { .proto = proto, .family = family };

        g_strlcpy(endpoint.node, node, sizeof(endpoint.node));
        return endpoint;
}

static Entry *get(EntryTable *table, const char *node, Proto proto, Family family) {
        Endpoint endpoint = endpoint_new(node, proto, family);
        Entry *entry = NULL;

        g_assert_cmpint(entry_table_get(table, &endpoint, &entry), ==, 0);
        g_assert_cmpint(endpoint_compare_identity(&entry->info.endpoint, &endpoint), ==, 0);
        return entry;
}

static Entry *get_numbered(EntryTable *table, size_t n) {
        g_autofree char *node = g_strdup_printf("n%05zu@h", n);

        return get(table, node, PROTO_TCP, FAMILY_INET);
}

static void check_order(const EntryTable *table) {
        for (size_t i = 1; i < table->n_entries; i++)
                g_assert_cmpint(endpoint_compare_identity(&table->entries[i - 1]->info.endpoint,
                                                          &table->entries[i]->info.endpoint),
                                <, 0);
}

/* A new entry is empty; the same endpoint always gives the same entry. */
static void test_get(void) {
        EntryTable table = ENTRY_TABLE_NULL;
        Entry *entry = get(&table, "a@h", PROTO_TCP, FAMILY_INET), *again;
        Endpoint other_port = endpoint_new("a@h", PROTO_TCP, FAMILY_INET);

        g_assert_cmpint(entry->state, ==, ENTRY_HIDDEN);
        g_assert_cmpuint(entry->registration.owner, ==, 0);
        g_assert_cmpuint(entry->n_sightings, ==, 0);

        other_port.port = 5;
        g_assert_cmpint(entry_table_get(&table, &other_port, &again), ==, 0);
        g_assert_true(again == entry);
        g_assert_true(get(&table, "a@h", PROTO_TLS, FAMILY_INET) != entry);
        g_assert_true(get(&table, "a@h", PROTO_TCP, FAMILY_INET6) != entry);
        g_assert_true(get(&table, "a@H", PROTO_TCP, FAMILY_INET) != entry);
        g_assert_cmpuint(table.n_entries, ==, 4);
        check_order(&table);
        entry_table_done(&table);
        g_assert_cmpuint(table.n_entries, ==, 0);
        entry_table_done(&table);
}

/* Whether the bounds stand where a linear search finds them, for keys that are there and others. */
static void check_bounds(const EntryTable *table, const Endpoint *key) {
        size_t lower = 0, upper = 0, node = 0;

        for (size_t i = 0; i < table->n_entries; i++) {
                const Endpoint *endpoint = &table->entries[i]->info.endpoint;

                lower += endpoint_compare_identity(endpoint, key) < 0;
                upper += endpoint_compare_identity(endpoint, key) <= 0;
                node += strcmp(endpoint->node, key->node) < 0;
                g_assert_cmpint(entry_table_is_node(table, i, key->node), ==,
                                strcmp(endpoint->node, key->node) == 0);
        }
        g_assert_cmpuint(entry_table_lower_bound(table, key), ==, lower);
        g_assert_cmpuint(entry_table_upper_bound(table, key), ==, upper);
        g_assert_cmpuint(entry_table_lower_bound_node(table, key->node), ==, node);
        g_assert_false(entry_table_is_node(table, table->n_entries, key->node));
}

/* Entries come and go at random; after each step the order and all bounds are as they should be. */
static void test_random(void) {
        static const char *const nodes[] = {
                "A@h", "a@h", "a@h1", "a@h\xC3\xA5", "aa@h", "b-1@h", "b@h", "b_1@h", "z@h",
        };
        g_autoptr(GRand) rand = g_rand_new_with_seed(4);
        EntryTable table = ENTRY_TABLE_NULL;

        for (int i = 0; i < 3000; i++) {
                const char *node = nodes[g_rand_int_range(rand, 0, G_N_ELEMENTS(nodes))];
                Proto proto = (Proto) g_rand_int_range(rand, 0, _PROTO_MAX);
                Family family = (Family) g_rand_int_range(rand, 0, _FAMILY_MAX);
                Endpoint key = endpoint_new(node, proto, family);

                check_bounds(&table, &key);
                if (g_rand_boolean(rand))
                        get(&table, node, proto, family);
                else if (table.n_entries > 0) {
                        gint32 at = g_rand_int_range(rand, 0, (gint32) table.n_entries);

                        entry_table_remove(&table, table.entries[at]);
                }
                check_order(&table);
        }
        entry_table_done(&table);
}

static EntryTable full_table(void) {
        EntryTable table = ENTRY_TABLE_NULL;

        /* Odd ones first, so that the even ones go in between. */
        for (size_t i = 1; i < LIMIT_ENTRIES; i += 2)
                get_numbered(&table, i)->state = ENTRY_UP;
        for (size_t i = 0; i < LIMIT_ENTRIES; i += 2)
                get_numbered(&table, i)->state = ENTRY_UP;
        g_assert_cmpuint(table.n_entries, ==, LIMIT_ENTRIES);
        return table;
}

static void check_full(EntryTable *table) {
        Endpoint endpoint = endpoint_new("one-more@h", PROTO_TCP, FAMILY_INET);
        Entry *entry = NULL;

        g_assert_cmpint(entry_table_get(table, &endpoint, &entry), ==, ENTRY_TABLE_E_LIMIT);
        g_assert_null(entry);
}

/* LIMIT_ENTRIES is the most there is. Known ones are found in a full table as in any. */
static void test_limit(void) {
        EntryTable table = full_table();
        Entry *first = table.entries[0];

        check_order(&table);
        check_full(&table);
        g_assert_true(get_numbered(&table, 0) == first);

        entry_table_remove(&table, first);
        get_numbered(&table, LIMIT_ENTRIES);
        check_full(&table);
        entry_table_done(&table);
}

/* The living come first: what is stale makes room, but not what may come back on its own. */
static void test_stale_makes_room(void) {
        EntryTable table = full_table();
        Entry *stale = get_numbered(&table, 7), *seen = get_numbered(&table, 9);
        Entry *hidden = get_numbered(&table, 11);

        seen->state = hidden->state = ENTRY_STALE;
        seen->sightings = calloc(1, sizeof(*seen->sightings));
        seen->n_sightings = 1;
        hidden->state = ENTRY_HIDDEN;
        check_full(&table);

        stale->state = ENTRY_STALE;
        get(&table, "a@h", PROTO_TCP, FAMILY_INET)->state = ENTRY_UP;
        g_assert_cmpuint(table.n_entries, ==, LIMIT_ENTRIES);
        check_order(&table);
        check_full(&table);
        g_assert_true(get_numbered(&table, 9) == seen);
        g_assert_true(get_numbered(&table, 11) == hidden);
        entry_table_done(&table);
}

/* The place of the new entry is looked up after the stale ones before it have gone. */
static void test_stale_before(void) {
        EntryTable table = full_table();

        for (size_t i = 0; i < 100; i++)
                get_numbered(&table, i * 50)->state = ENTRY_STALE;
        get(&table, "z@h", PROTO_TCP, FAMILY_INET);
        get(&table, "n04000a@h", PROTO_TCP, FAMILY_INET);
        g_assert_cmpuint(table.n_entries, ==, LIMIT_ENTRIES - 98);
        check_order(&table);
        entry_table_done(&table);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/entry-table/get", test_get);
        g_test_add_func("/entry-table/random", test_random);
        g_test_add_func("/entry-table/limit", test_limit);
        g_test_add_func("/entry-table/stale-makes-room", test_stale_makes_room);
        g_test_add_func("/entry-table/stale-before-the-new-one", test_stale_before);
        return g_test_run();
}
