/* SPDX-License-Identifier: Apache-2.0 */
/* Instances are found by their id, and wait in the order in which they came */

#include <glib.h>
#include <string.h>

#include "core/limits.h"
#include "daemon/avahi/instance-table.h"

static InstanceTable table = INSTANCE_TABLE_NULL;

static SightingId id(const char *label, int interface, Family transport) {
        SightingId result = { .source = SOURCE_LAN,
                              .interface = interface,
                              .transport = transport };

        g_strlcpy(result.instance, label, sizeof(result.instance));
        return result;
}

static Instance *add(const char *label, int interface, Family transport) {
        SightingId key = id(label, interface, transport);
        Instance *instance;

        g_assert_cmpint(instance_table_add(&table, &key, &instance), ==, 0);
        g_assert_true(sighting_id_equal(&instance->id, &key));
        return instance;
}

static Instance *find(const char *label, int interface, Family transport) {
        SightingId key = id(label, interface, transport);

        return instance_table_find(&table, &key);
}

/* Label, interface and IP version count, each by itself. */
static void test_find(void) {
        Instance *b = add("b", 2, FAMILY_INET), *b6 = add("b", 2, FAMILY_INET6),
                 *b1 = add("b", 1, FAMILY_INET6), *a = add("a", 2, FAMILY_INET);

        g_assert_true(find("a", 2, FAMILY_INET) == a && find("b", 2, FAMILY_INET) == b);
        g_assert_true(find("b", 2, FAMILY_INET6) == b6 && find("b", 1, FAMILY_INET6) == b1);
        g_assert_null(find("b", 1, FAMILY_INET));
        g_assert_null(find("", 2, FAMILY_INET));
        instance_table_remove(&table, b);
        g_assert_null(find("b", 2, FAMILY_INET));
        g_assert_true(find("b", 2, FAMILY_INET6) == b6 && find("a", 2, FAMILY_INET) == a);
        instance_table_done(&table);
        g_assert_null(find("a", 2, FAMILY_INET));
}

/* As many as there may be, in an order that is none, and then no more. */
static void test_limit(void) {
        Instance *instance;
        SightingId key;

        for (unsigned i = 0; i < LIMIT_INSTANCES; i++) {
                g_autofree char *label = g_strdup_printf("%u", i * 4093 % LIMIT_INSTANCES);

                (void) add(label, 1, FAMILY_INET);
        }
        key = id("one more", 1, FAMILY_INET);
        g_assert_cmpint(instance_table_add(&table, &key, &instance), ==, INSTANCE_TABLE_E_LIMIT);
        for (unsigned i = 0; i < LIMIT_INSTANCES; i++) {
                g_autofree char *label = g_strdup_printf("%u", i);

                instance = find(label, 1, FAMILY_INET);
                g_assert_cmpstr(instance->id.instance, ==, label);
                if (i % 2 == 0)
                        instance_table_remove(&table, instance);
        }
        g_assert_cmpuint(table.n_instances, ==, LIMIT_INSTANCES / 2);
        instance_table_done(&table);
}

/* First come, first served; whoever leaves the queue, at whatever place, leaves the others in their
 * order. */
static void test_queue(void) {
        Instance *a = add("a", 1, FAMILY_INET), *b = add("b", 1, FAMILY_INET),
                 *c = add("c", 1, FAMILY_INET);

        g_assert_null(table.first);
        instance_table_unwait(&table, a);
        instance_table_wait(&table, c);
        instance_table_wait(&table, a);
        instance_table_wait(&table, b);
        instance_table_wait(&table, c);
        g_assert_true(table.first == c && c->behind == a && a->behind == b && table.last == b);
        instance_table_unwait(&table, a);
        g_assert_true(table.first == c && c->behind == b && b->before == c);
        instance_table_remove(&table, b);
        g_assert_true(table.first == c && table.last == c && !c->behind);
        instance_table_wait(&table, a);
        instance_table_unwait(&table, c);
        g_assert_true(table.first == a && table.last == a && !a->before);
        instance_table_unwait(&table, a);
        g_assert_true(!table.first && !table.last);
        instance_table_done(&table);
}

/* Who has no resolver has none to give, and who has been seen comes last. */
static void test_victim(void) {
        static char resolver; /* its address serves as one */
        Instance *a = add("a", 1, FAMILY_INET), *b = add("b", 1, FAMILY_INET);

        (void) add("c", 1, FAMILY_INET);
        g_assert_null(instance_table_find_victim(&table));
        a->resolver = b->resolver = (AvahiServiceResolver *) &resolver;
        a->seen = b->seen = true;
        g_assert_true(instance_table_find_victim(&table) == a);
        b->seen = false;
        g_assert_true(instance_table_find_victim(&table) == b);
        instance_table_done(&table);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/instance-table/find", test_find);
        g_test_add_func("/instance-table/limit", test_limit);
        g_test_add_func("/instance-table/queue", test_queue);
        g_test_add_func("/instance-table/victim", test_victim);
        return g_test_run();
}
