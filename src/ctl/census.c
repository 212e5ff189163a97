/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes counted by kind, from a LIST */

#include <string.h>

#include "ctl/census.h"

static void add_interface(Census *census, const char *name, size_t length) {
        if (length == 0 || length > LIMIT_INTERFACE)
                return;
        for (size_t i = 0; i < census->n_interfaces; i++)
                if (strncmp(census->interfaces[i], name, length) == 0 &&
                    census->interfaces[i][length] == '\0')
                        return;
        if (census->n_interfaces < CENSUS_INTERFACES) {
                char *copy = census->interfaces[census->n_interfaces++];

                memcpy(copy, name, length);
                copy[length] = '\0';
        }
}

void census_add(Census *census, const NodeInfo *info) {
        const Endpoint *endpoint = &info->endpoint;

        census->endpoints++;
        for (const char *p = info->interfaces; *p;) {
                size_t length = strcspn(p, ",");

                add_interface(census, p, length);
                p += length + (p[length] == ',');
        }

        if (strcmp(census->last, endpoint->node) != 0) {
                strcpy(census->last, endpoint->node);
                census->last_tls = false;
                census->nodes++;
                census->local += info->source == SOURCE_LOCAL;
                census->hidden += endpoint->hidden;
                census->clusters += *endpoint->cluster != '\0';
        }
        if (endpoint->proto == PROTO_TLS && !census->last_tls) {
                census->last_tls = true;
                census->tls++;
        }
}
