/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Whether this host is a container that others can't reach
 *
 * A container is not told what is around it. One thing is certain: if the daemon's socket is not in
 * this network's table of sockets, the daemon is outside, and announces the nodes of this container
 * with the addresses of its own host. With a daemon inside, a container is taken to be behind NAT
 * if all its links are the inner ends of virtual cables, and their addresses are those that
 * container engines give behind their bridges.
 */

#include <stdbool.h>
#include <stddef.h>

#include "core/address.h"

typedef enum ContainerKind {
        CONTAINER_NONE,      /* no container */
        CONTAINER_REACHABLE, /* with the host's network, or on the LAN, as far as can be told */
        CONTAINER_OUTSIDE,   /* in a network of its own, and the daemon is outside */
        CONTAINER_NAT,       /* behind its host */
} ContainerKind;

/* What is known; a plain value. */
typedef struct ContainerFacts {
        bool is_container;
        bool is_pod;         /* … of Kubernetes, whose network is never the LAN */
        bool daemon_outside; /* the daemon's socket is of another network namespace */
        bool has_address;    /* an IPv4 address that is no loopback address: */
        Address address;     /* … the first one */
        bool all_inner;      /* all links with one are inner ends: veth, tun, tap */
        bool all_bridged;    /* all these addresses are as container engines give them */
} ContainerFacts;

/* Whether container engines give such addresses to what is behind their bridges. */
bool container_is_bridged(const Address *address);

/* Whether the text of /proc/net/unix has a socket that listens at a path with the same last part,
 * as the path may differ between mounts. */
bool container_has_listener(const char *table, const char *path);

ContainerKind container_judge(const ContainerFacts *facts);

/* What is so, and what to do, for people. kind: CONTAINER_OUTSIDE or CONTAINER_NAT. */
const char *container_text(ContainerKind kind);
extern const char container_advice[];
