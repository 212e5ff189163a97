/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Where what is known of a node comes from */

#include <stdbool.h>

typedef enum Source {
        SOURCE_LOCAL, /* registered on this host */
        SOURCE_LAN,   /* heard by mDNS */
        SOURCE_PEER,  /* not heard, but a node of this host is connected to it */
        _SOURCE_MAX,
        _SOURCE_INVALID = -1,
} Source;

/* A row of the table of sources, the only place that lists them. */
typedef struct SourceInfo {
        const char *name;  /* source= in the control protocol and in JSON */
        const char *label; /* for people, in tables */
        const char *where; /* in a sentence: where an endpoint is known from */
        const char *why;   /* why it is taken, if nothing speaks against it */
        unsigned rank;     /* of two sources of one endpoint, the lower rank counts */
        bool lingers;      /* what has gone from it may only be unheard, and is answered a while */
} SourceInfo;

/* source: a valid one. */
const SourceInfo *source_info(Source source);

const char *source_to_string(Source source);

/* Returns _SOURCE_INVALID for an unknown name. */
Source source_from_string(const char *text);
