/* SPDX-License-Identifier: Apache-2.0 */
/* Who holds which name on this host */

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/registry.h"

#define CREATION_MIN 4

/* A node that is held. */
typedef struct Claim {
        char node[NODE_NAME_SIZE];
        Holder holder;
        uint32_t creation;
        bool registered[_PROTO_MAX][_FAMILY_MAX];
        QuotaKind kinds[_PROTO_MAX][_FAMILY_MAX]; /* what each of them was counted as */
} Claim;

struct Registry {
        Directory *directory;
        Quota *quota;
        Claim **claims; /* sorted by node */
        size_t n_claims;
        uint64_t last_id;
        uint32_t last_creation;
};

int registry_new(Registry **ret, Directory *directory, Quota *quota, uint32_t seed) {
        Registry *registry = calloc(1, sizeof(*registry));

        if (!registry)
                return -ENOMEM;
        registry->directory = directory;
        registry->quota = quota;
        registry->last_creation = seed;
        *ret = registry;
        return 0;
}

Registry *registry_free(Registry *registry) {
        if (!registry)
                return NULL;

        assert(registry->n_claims == 0);
        free(registry->claims);
        free(registry);
        return NULL;
}

uint64_t registry_next_id(Registry *registry) {
        return ++registry->last_id;
}

static uint32_t next_creation(Registry *registry) {
        if (++registry->last_creation < CREATION_MIN)
                registry->last_creation = CREATION_MIN;
        return registry->last_creation;
}

/* --- Claims --- */

/* Where the claim of a node is, or belongs. */
static size_t find_place(const Registry *registry, const char *node) {
        size_t low = 0, high = registry->n_claims;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (strcmp(registry->claims[middle]->node, node) < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

static Claim *find_claim(const Registry *registry, const char *node) {
        size_t at = find_place(registry, node);

        return at < registry->n_claims && strcmp(registry->claims[at]->node, node) == 0
                       ? registry->claims[at]
                       : NULL;
}

/* Linear: there are hundreds, not thousands. */
static Claim *find_claim_of(const Registry *registry, uint64_t id) {
        for (size_t i = 0; i < registry->n_claims; i++)
                if (registry->claims[i]->holder.id == id)
                        return registry->claims[i];
        return NULL;
}

static Claim *add_claim(Registry *registry, const char *node, const Holder *holder) {
        size_t at = find_place(registry, node);
        Claim **grown, *claim;

        grown = reallocarray(registry->claims, registry->n_claims + 1, sizeof(*grown));
        if (!grown)
                return NULL;
        registry->claims = grown;
        claim = calloc(1, sizeof(*claim));
        if (!claim)
                return NULL;
        strcpy(claim->node, node);
        claim->holder = *holder;
        claim->creation = next_creation(registry);

        memmove(&grown[at + 1], &grown[at], (registry->n_claims - at) * sizeof(*grown));
        grown[at] = claim;
        registry->n_claims++;
        return claim;
}

static void remove_claim(Registry *registry, Claim *claim) {
        size_t at = find_place(registry, claim->node);

        registry->n_claims--;
        memmove(&registry->claims[at], &registry->claims[at + 1],
                (registry->n_claims - at) * sizeof(*registry->claims));
        free(claim);
}

static void release(Registry *registry, Claim *claim, uint64_t now_usec) {
        (void) directory_unregister(registry->directory, claim->holder.id, claim->node, now_usec);
        for (Proto proto = 0; proto < _PROTO_MAX; proto++)
                for (Family family = 0; family < _FAMILY_MAX; family++)
                        if (claim->registered[proto][family])
                                quota_give(registry->quota, claim->kinds[proto][family],
                                           claim->holder.uid);
        remove_claim(registry, claim);
}

/* --- Endpoints --- */

static int take(Registry *registry, QuotaKind kind, uid_t uid) {
        switch (quota_take(registry->quota, kind, uid)) {
        case 0:
                return 0;
        case QUOTA_E_USER:
                return REGISTRY_E_USER;
        case QUOTA_E_ALL:
                return REGISTRY_E_ALL;
        default:
                return -ENOMEM;
        }
}

/* Registers an endpoint of a node that the holder may have. It is counted as what it is now, and no
 * longer as what it was. */
static int register_endpoint(Registry *registry, Claim *claim, const Endpoint *endpoint,
                             const Address *address, uint64_t now_usec) {
        bool *registered = &claim->registered[endpoint->proto][endpoint->family];
        QuotaKind *counted = &claim->kinds[endpoint->proto][endpoint->family];
        QuotaKind kind =
                endpoint_is_announceable(endpoint, address) ? QUOTA_REGISTRATIONS : QUOTA_LOOPBACK;
        bool is_counted = *registered && *counted == kind;
        int r;

        if (!is_counted) {
                r = take(registry, kind, claim->holder.uid);
                if (r != 0)
                        return r;
        }
        r = directory_register(registry->directory, claim->holder.id, endpoint, address, now_usec);
        if (r != 0) {
                if (!is_counted)
                        quota_give(registry->quota, kind, claim->holder.uid);
                return r < 0 ? r : REGISTRY_E_DIRECTORY;
        }
        if (*registered && !is_counted)
                quota_give(registry->quota, *counted, claim->holder.uid);
        *registered = true;
        *counted = kind;
        return 0;
}

int registry_register(Registry *registry, const Holder *holder, const Endpoint *endpoint,
                      const Address *address, uint64_t now_usec, uint32_t *ret_creation) {
        Claim *claim = find_claim_of(registry, holder->id), *other;
        bool is_new = !claim;
        int r;

        assert(holder->id != 0);
        if (claim && strcmp(claim->node, endpoint->node) != 0)
                return REGISTRY_E_OTHER_NODE;

        other = find_claim(registry, endpoint->node);
        if (other && other != claim) {
                /* A node that restarts quickly: the end of the old one may still have to be read.
                 */
                if (!other->holder.is_gone || !other->holder.is_gone(other->holder.userdata))
                        return REGISTRY_E_DUPLICATE;
                release(registry, other, now_usec);
        }

        if (is_new)
                claim = add_claim(registry, endpoint->node, holder);
        if (!claim)
                return -ENOMEM;
        r = register_endpoint(registry, claim, endpoint, address, now_usec);
        if (r == 0)
                *ret_creation = claim->creation;
        else if (is_new)
                remove_claim(registry, claim);
        return r;
}

void registry_release(Registry *registry, uint64_t id, uint64_t now_usec) {
        Claim *claim = find_claim_of(registry, id);

        if (claim)
                release(registry, claim, now_usec);
}

bool registry_is_holder(const Registry *registry, uint64_t id) {
        return find_claim_of(registry, id);
}

bool registry_find_user(const Registry *registry, const char *node, uid_t *ret) {
        const Claim *claim = find_claim(registry, node);

        if (!claim)
                return false;
        *ret = claim->holder.uid;
        return true;
}
