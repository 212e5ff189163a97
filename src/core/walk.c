/* SPDX-License-Identifier: Apache-2.0 */
/* A walk through the directory that may be interrupted */

#include "core/walk.h"

bool walk_next(Walk *walk, const Directory *directory, uint64_t now_usec, NodeInfo *ret) {
        while (walk->active) {
                walk->active =
                        directory_next(directory, walk->begun ? &walk->last : NULL, now_usec, ret);
                if (walk->active) {
                        walk->begun = true;
                        walk->last = ret->endpoint;
                        if (!ret->stale)
                                return true;
                }
        }
        return false;
}

bool walk_is_ahead(const Walk *walk, const Endpoint *endpoint) {
        return walk->active &&
               (!walk->begun || endpoint_compare_identity(endpoint, &walk->last) > 0);
}
