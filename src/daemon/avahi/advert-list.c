/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be announced, and what is announced instead until then */

#include <stdlib.h>

#include "daemon/avahi/advert-list.h"

static void advert_done(Advert *advert) {
        advert_group_free(advert->previous);
        advert_group_free(advert->group);
}

void advert_list_done(AdvertList *list) {
        for (size_t i = 0; i < list->n_adverts; i++)
                advert_done(&list->adverts[i]);
        free(list->adverts);
        *list = (AdvertList) ADVERT_LIST_NULL;
}

Advert *advert_list_find(AdvertList *list, const Endpoint *endpoint) {
        for (size_t i = 0; i < list->n_adverts; i++)
                if (endpoint_compare_identity(advert_group_endpoint(list->adverts[i].group),
                                              endpoint) == 0)
                        return &list->adverts[i];
        return NULL;
}

Advert *advert_list_add(AdvertList *list, AdvertGroup *group) {
        Advert *grown = reallocarray(list->adverts, list->n_adverts + 1, sizeof(*grown));

        if (!grown)
                return NULL;
        list->adverts = grown;
        grown[list->n_adverts] = (Advert){ .group = group };
        return &grown[list->n_adverts++];
}

void advert_list_remove(AdvertList *list, Advert *advert) {
        advert_done(advert);
        *advert = list->adverts[--list->n_adverts];
}

size_t advert_list_count_established(const AdvertList *list) {
        size_t n = 0;

        for (size_t i = 0; i < list->n_adverts; i++) {
                const Advert *advert = &list->adverts[i];

                n += advert_group_is_established(advert->group) ||
                     (advert->previous && advert_group_is_established(advert->previous));
        }
        return n;
}

bool advert_list_has_failed(const AdvertList *list) {
        for (size_t i = 0; i < list->n_adverts; i++)
                if (advert_group_has_failed(list->adverts[i].group))
                        return true;
        return false;
}

void advert_list_release(AdvertList *list) {
        for (size_t i = 0; i < list->n_adverts; i++)
                list->adverts[i].held_usec = 0;
}

uint64_t advert_list_next_held(const AdvertList *list) {
        uint64_t next = 0;

        for (size_t i = 0; i < list->n_adverts; i++) {
                uint64_t usec = list->adverts[i].held_usec;

                if (usec > 0 && (next == 0 || usec < next))
                        next = usec;
        }
        return next;
}

void advert_replace(Advert *advert, AdvertGroup *group) {
        if (advert_group_is_announced(advert->group))
                advert->previous = advert->group;
        else
                advert_group_free(advert->group);
        advert->group = group;
        advert->held_usec = 0;
        advert->absence_logged = false;
}

bool advert_group_is(const AdvertGroup *group, const Endpoint *endpoint, const Address *bound) {
        const Address *now = advert_group_bound(group);

        return endpoint_equal(advert_group_endpoint(group), endpoint) &&
               (now && bound ? address_equal(now, bound) : now == bound);
}
