/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What Avahi is asked about instances */

#include <avahi-client/client.h>
#include <avahi-client/lookup.h>
#include <stdbool.h>
#include <stddef.h>

#include "daemon/avahi/instance-table.h"
#include "daemon/avahi/interface-names.h"

/* Counts them, at most LIMIT_LOOKUPS. Embedded by value. */
typedef struct Lookups {
        size_t n;         /* resolvers and record browsers */
        size_t n_awaited; /* resolvers of the list that have not answered yet */
        bool enumerated;  /* the list is complete: later resolvers do not belong to it */
        InterfaceNames interfaces;
} Lookups;

#define LOOKUPS_NULL                                                                               \
        { .n = 0 }

/* Resolves an instance from now on. Returns 0 or AVAHI_ERR_*: AVAHI_ERR_TOO_MANY_OBJECTS also if it
 * is our own limit that is reached. */
int lookups_resolve(Lookups *lookups, AvahiClient *client, Instance *instance,
                    AvahiServiceResolverCallback callback);

/* The resolver of an instance has answered: found it or not. */
void lookups_note_answer(Lookups *lookups, Instance *instance);

/* Asks for the SRV record of an instance. Returns as lookups_resolve(). */
int lookups_ask_srv(Lookups *lookups, AvahiClient *client, Instance *instance,
                    AvahiRecordBrowserCallback callback);

/* Ends both. Returns 0, or the AVAHI_ERR_* after which the client is of no more use; what is left
 * then refers to the instance until the client is gone. */
int lookups_end(Lookups *lookups, Instance *instance);
