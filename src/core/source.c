/* SPDX-License-Identifier: Apache-2.0 */
/* Where what is known of a node comes from */

#include <assert.h>
#include <string.h>

#include "core/source.h"

/* A new source is one row here, and whoever feeds it. */
static const SourceInfo sources[_SOURCE_MAX] = {
        [SOURCE_LOCAL] = { "local", "local", "on this host", "registered on this host", 0, false },
        [SOURCE_LAN] = { "lan", "LAN", "heard on the LAN", "up, and of the family asked for", 1,
                         true },
        [SOURCE_PEER] = { "peer", "connected, not heard", "connected, not heard",
                          "not heard, but a node of this host is connected to it", 2, false },
};

const SourceInfo *source_info(Source source) {
        assert(source >= 0 && source < _SOURCE_MAX);
        return &sources[source];
}

const char *source_to_string(Source source) {
        return source_info(source)->name;
}

Source source_from_string(const char *text) {
        for (Source source = 0; source < _SOURCE_MAX; source++)
                if (strcmp(sources[source].name, text) == 0)
                        return source;
        return _SOURCE_INVALID;
}
