/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What is to be announced, and what is announced instead until then */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/avahi/advert-group.h"

typedef struct Advert {
        AdvertGroup *group;    /* what is to be announced */
        AdvertGroup *previous; /* what is announced until then; NULL: nothing */
        uint64_t held_usec;    /* group waits for this time; 0: for none */
        bool absence_logged;   /* of its address; one line until it is there */
} Advert;

/* One advert for each identity; its address is valid until the list changes. Embedded by value. */
typedef struct AdvertList {
        Advert *adverts;
        size_t n_adverts;
} AdvertList;

#define ADVERT_LIST_NULL                                                                           \
        { .adverts = NULL }

/* All groups must be withdrawn or forgotten, here and whenever one is freed. */
void advert_list_done(AdvertList *list);

/* Returns the advert with the identity of an endpoint, or NULL. */
Advert *advert_list_find(AdvertList *list, const Endpoint *endpoint);

/* Adds an advert, and takes the group over. Returns it, or NULL without memory. */
Advert *advert_list_add(AdvertList *list, AdvertGroup *group);

/* Frees an advert. */
void advert_list_remove(AdvertList *list, Advert *advert);

/* How many are established, on their way out or not. */
size_t advert_list_count_established(const AdvertList *list);

/* Whether Avahi gave one up that is to be announced. */
bool advert_list_has_failed(const AdvertList *list);

/* No advert waits for its time any longer. */
void advert_list_release(AdvertList *list);

/* The first time that an advert waits for, which may be past; 0: none does. */
uint64_t advert_list_next_held(const AdvertList *list);

/* Another group is to be announced in the place of the present one, which stays as the previous one
 * if it is announced, and is freed if not. It waits for nothing. */
void advert_replace(Advert *advert, AdvertGroup *group);

/* Whether a group announces just that. */
bool advert_group_is(const AdvertGroup *group, const Endpoint *endpoint, const Address *bound);
