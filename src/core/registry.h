/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Who holds which name on this host */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/directory.h"
#include "core/quota.h"

/*
 * Every door that nodes are registered through, the control socket for one, has its holders here: a
 * connection holds a node. The registry decides who gets a name, counts what each user holds, and
 * writes what follows into the directory.
 */
typedef struct Registry Registry;

/* A plain value. */
typedef struct Holder {
        uint64_t id; /* any number but 0, never used again, whatever the door */
        uid_t uid;

        /* Whether the peer has gone away, even if nobody has noticed yet: then another holder may
         * have the name. NULL: it never has. */
        bool (*is_gone)(const void *userdata);
        const void *userdata; /* valid as long as it holds a node */
} Holder;

enum {
        _REGISTRY_E_SUCCESS,

        REGISTRY_E_OTHER_NODE, /* the holder holds another node already */
        REGISTRY_E_DUPLICATE,  /* another holder has the name */
        REGISTRY_E_USER,       /* the user holds as many endpoints as one may */
        REGISTRY_E_ALL,        /* all users together do */
        REGISTRY_E_DIRECTORY,  /* the directory is full */
        _REGISTRY_E_MAX,
};

/* directory and quota must outlive the registry. seed: any number; creations count up from it. */
int registry_new(Registry **ret, Directory *directory, Quota *quota, uint32_t seed);

/* Every holder must have released its node. */
Registry *registry_free(Registry *registry);
DEFINE_CLEANUP(Registry, registry_free);

/* A number for the next holder. */
uint64_t registry_next_id(Registry *registry);

/*
 * Registers an endpoint for a holder, which may have one for each protocol and IP version, all of
 * the same node. address: what the node is bound to; NULL: all addresses. Registering again changes
 * what is different. Returns 0 and sets *ret_creation, REGISTRY_E_…, or -ENOMEM.
 *
 * A creation is 4 to UINT32_MAX, of the node as long as it is held, and not the same for the next
 * holders of the name. (Lower ones have a meaning of their own in old releases of OTP.)
 */
int registry_register(Registry *registry, const Holder *holder, const Endpoint *endpoint,
                      const Address *address, uint64_t now_usec, uint32_t *ret_creation);

/* Withdraws the node of a holder, if it holds one. */
void registry_release(Registry *registry, uint64_t id, uint64_t now_usec);

/* Whether a holder holds a node. */
bool registry_is_holder(const Registry *registry, uint64_t id);

/* The user who holds a node. Returns false if nobody does. */
bool registry_find_user(const Registry *registry, const char *node, uid_t *ret);
