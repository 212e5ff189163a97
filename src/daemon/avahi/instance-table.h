/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The instances on the LAN, and which of them wait for room in Avahi */

#include <avahi-client/lookup.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/sighting.h"

typedef struct Instance Instance;

/* An instance on one interface over one IP version. */
struct Instance {
        void *owner;
        SightingId id;
        AvahiServiceResolver *resolver;
        AvahiRecordBrowser *farewell; /* asks for the SRV record of one that went */
        bool local;                   /* published on this host, by whomever */
        bool seen;                    /* LAN_SEEN has been posted */
        bool awaited;                 /* LAN_LISTED waits for its resolver */

        /* The table's. */
        bool waiting;
        Instance *before, *behind; /* in the queue */
};

/* Owns its instances, at most LIMIT_INSTANCES, in the order of their ids. Embedded by value. */
typedef struct InstanceTable {
        Instance **instances;
        size_t n_instances;
        size_t n_allocated;
        Instance *first, *last; /* of those that wait, in the order in which they came */
} InstanceTable;

#define INSTANCE_TABLE_NULL                                                                        \
        { .instances = NULL }

enum {
        _INSTANCE_TABLE_E_SUCCESS,

        INSTANCE_TABLE_E_LIMIT,
};

/* Forgets all instances; their lookups must be gone. */
void instance_table_done(InstanceTable *table);

/* Returns the instance with this id, or NULL. */
Instance *instance_table_find(const InstanceTable *table, const SightingId *id);

/* Returns an instance with a resolver that can best do without: one that has not been seen, if
 * there is any. NULL: none has a resolver. */
Instance *instance_table_find_victim(const InstanceTable *table);

/* Makes an instance, of an id that is not in the table. Returns 0, INSTANCE_TABLE_E_LIMIT or
 * -ENOMEM. */
int instance_table_add(InstanceTable *table, const SightingId *id, Instance **ret);

/* Frees an instance, which may wait. */
void instance_table_remove(InstanceTable *table, Instance *instance);

/* Puts an instance at the end of the queue, or takes it out; it may be there already, or not. */
void instance_table_wait(InstanceTable *table, Instance *instance);
void instance_table_unwait(InstanceTable *table, Instance *instance);
