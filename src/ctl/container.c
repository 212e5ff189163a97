/* SPDX-License-Identifier: Apache-2.0 */
/* Whether this host is a container that others can't reach */

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "ctl/container.h"
#include "util/macro.h"

/* Of the flags of /proc/net/unix: it listens (__SO_ACCEPTCON). */
#define FLAG_LISTENS 0x10000

const char container_advice[] =
        "Use the host's network (--network host), or a macvlan: docs/containers.md. A port that is "
        "published under the same number lets others in, too.";

bool container_is_bridged(const Address *address) {
        static const struct {
                uint32_t network, mask;
        } ranges[] = {
                { 0xAC100000, 0xFFF00000 }, /* 172.16.0.0/12: Docker */
                { 0x0A580000, 0xFFFE0000 }, /* 10.88.0.0/15: Podman */
                { 0x0A000200, 0xFFFFFF00 }, /* 10.0.2.0/24: slirp4netns */
                { 0x0A000300, 0xFFFFFF00 }, /* 10.0.3.0/24: LXC */
        };

        for (size_t i = 0; address->family == FAMILY_INET && i < ELEMENTSOF(ranges); i++)
                if ((ntohl(address->in.s_addr) & ranges[i].mask) == ranges[i].network)
                        return true;
        return false;
}

static const char *last_part(const char *path) {
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}

/* Num RefCount Protocol Flags Type St Inode Path, and the path may have blanks. */
bool container_has_listener(const char *table, const char *path) {
        const char *name = last_part(path), *next;

        for (const char *line = table; line; line = next ? next + 1 : NULL) {
                char text[256];
                unsigned flags;
                int at = 0;

                next = strchr(line, '\n');
                snprintf(text, sizeof(text), "%.*s",
                         next ? (int) (next - line) : (int) strlen(line), line);
                if (sscanf(text, "%*x: %*x %*x %x %*x %*x %*u %n", &flags, &at) == 1 && at > 0 &&
                    flags & FLAG_LISTENS && strcmp(last_part(text + at), name) == 0)
                        return true;
        }
        return false;
}

ContainerKind container_judge(const ContainerFacts *facts) {
        if (!facts->is_container)
                return CONTAINER_NONE;
        if (facts->daemon_outside)
                return CONTAINER_OUTSIDE;
        if (facts->has_address && facts->all_inner && (facts->all_bridged || facts->is_pod))
                return CONTAINER_NAT;
        return CONTAINER_REACHABLE;
}

const char *container_text(ContainerKind kind) {
        if (kind == CONTAINER_OUTSIDE)
                return "this host is a container with a network of its own, behind the host of "
                       "epmd-mdnsd: its nodes are announced with that host's addresses, and others "
                       "can't reach them there unless their ports are published";
        return "this host is a container behind NAT: others can't reach its nodes, and mDNS does "
               "not leave its host";
}
