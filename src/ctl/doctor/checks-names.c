/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of "epmd-mdns doctor": what the nodes of this host are called */

#include <stdio.h>
#include <string.h>

#include "ctl/doctor/checks.h"

/* How others could reach it: "start it with -sname app, or -name app@h1.local". */
static void format_remedy(const FactsDaemon *facts, char *buffer, size_t size) {
        const char *node = facts->n_loopback == 1 ? facts->loopback_nodes[0] : "NAME@";
        int length = (int) (node_name_host(node) - node - 1);

        snprintf(buffer, size, "start %s with -sname %.*s, or -name %.*s@%s",
                 facts->n_loopback == 1 ? "it" : "one", length, node, length, node,
                 *facts->host ? facts->host : "HOST.local");
}

/* Such a name is the right one for many a program; with a label, somebody may wait for others. */
Finding check_loopback_names(const Facts *facts) {
        size_t n = facts->daemon.n_loopback;
        char list[256] = "", remedy[768];
        const char *verb = n == 1 ? "is" : "are", *object = n == 1 ? "it" : "them";

        if (!facts->daemon.answers)
                return (Finding){};
        if (n == 0)
                return finding_make(VERDICT_OK, NULL,
                                    "no node here has a name that means this host only");
        for (size_t i = 0; i < n && i < FACTS_LOOPBACK; i++)
                list_append(list, sizeof(list), facts->daemon.loopback_nodes[i]);
        if (n > FACTS_LOOPBACK)
                list_append(list, sizeof(list), "...");
        format_remedy(&facts->daemon, remedy, sizeof(remedy));
        if (facts->daemon.loopback_cluster) {
                remedy[0] = 'S';
                return finding_make(VERDICT_WARN, remedy,
                                    "%s %s for this host only: no other host can reach %s, and in "
                                    "spite of the label no node there joins %s",
                                    list, verb, object, object);
        }
        return finding_make(VERDICT_OK, NULL,
                            "%s %s for this host only: other hosts can't reach %s; if they should, "
                            "%s",
                            list, verb, object, remedy);
}
