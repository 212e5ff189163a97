/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The instances on the LAN, and which of them wait for room in Avahi
 *
 * A sorted array: whatever names a hostile neighbour picks, an instance is found in a few steps.
 */

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/limits.h"
#include "daemon/avahi/instance-table.h"

static int compare_ids(const SightingId *a, const SightingId *b) {
        int r = strcmp(a->instance, b->instance);

        if (r == 0)
                r = (a->interface > b->interface) - (a->interface < b->interface);
        if (r == 0)
                r = (a->transport > b->transport) - (a->transport < b->transport);
        return r;
}

/* The position of the first instance whose id is not before this one. */
static size_t lower_bound(const InstanceTable *table, const SightingId *id) {
        size_t low = 0, high = table->n_instances;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (compare_ids(&table->instances[middle]->id, id) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

static bool is_at(const InstanceTable *table, size_t at, const SightingId *id) {
        return at < table->n_instances && compare_ids(&table->instances[at]->id, id) == 0;
}

static int reserve(InstanceTable *table) {
        size_t n = table->n_allocated ? table->n_allocated * 2 : 16;
        Instance **grown;

        if (table->n_instances < table->n_allocated)
                return 0;
        grown = reallocarray(table->instances, n, sizeof(Instance *));
        if (!grown)
                return -ENOMEM;
        table->instances = grown;
        table->n_allocated = n;
        return 0;
}

void instance_table_done(InstanceTable *table) {
        for (size_t i = 0; i < table->n_instances; i++)
                free(table->instances[i]);
        free(table->instances);
        *table = (InstanceTable) INSTANCE_TABLE_NULL;
}

Instance *instance_table_find(const InstanceTable *table, const SightingId *id) {
        size_t at = lower_bound(table, id);

        return is_at(table, at, id) ? table->instances[at] : NULL;
}

Instance *instance_table_find_victim(const InstanceTable *table) {
        Instance *victim = NULL;

        for (size_t i = 0; i < table->n_instances && !(victim && !victim->seen); i++) {
                Instance *instance = table->instances[i];

                if (instance->resolver && (!victim || !instance->seen))
                        victim = instance;
        }
        return victim;
}

int instance_table_add(InstanceTable *table, const SightingId *id, Instance **ret) {
        size_t at = lower_bound(table, id);
        Instance *instance;
        int r;

        assert(!is_at(table, at, id));
        if (table->n_instances >= LIMIT_INSTANCES)
                return INSTANCE_TABLE_E_LIMIT;
        r = reserve(table);
        if (r < 0)
                return r;
        instance = calloc(1, sizeof(*instance));
        if (!instance)
                return -ENOMEM;
        instance->id = *id;

        memmove(table->instances + at + 1, table->instances + at,
                (table->n_instances - at) * sizeof(Instance *));
        table->instances[at] = instance;
        table->n_instances++;
        *ret = instance;
        return 0;
}

void instance_table_remove(InstanceTable *table, Instance *instance) {
        size_t at = lower_bound(table, &instance->id);

        assert(is_at(table, at, &instance->id) && table->instances[at] == instance);
        instance_table_unwait(table, instance);
        table->n_instances--;
        memmove(table->instances + at, table->instances + at + 1,
                (table->n_instances - at) * sizeof(Instance *));
        free(instance);
}

void instance_table_wait(InstanceTable *table, Instance *instance) {
        if (instance->waiting)
                return;
        instance->waiting = true;
        instance->before = table->last;
        instance->behind = NULL;
        if (table->last)
                table->last->behind = instance;
        else
                table->first = instance;
        table->last = instance;
}

void instance_table_unwait(InstanceTable *table, Instance *instance) {
        if (!instance->waiting)
                return;
        instance->waiting = false;
        if (instance->before)
                instance->before->behind = instance->behind;
        else
                table->first = instance->behind;
        if (instance->behind)
                instance->behind->before = instance->before;
        else
                table->last = instance->before;
}
