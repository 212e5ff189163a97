/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A link of this host, and what one mDNS question on it found */

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/limits.h"
#include "ctl/doctor/avahi-conf.h"
#include "ctl/doctor/wifi.h"

/* A plain value. */
typedef struct Link {
        char name[LIMIT_INTERFACE + 1];
        bool multicast; /* up, and neither loopback nor without multicast */
        bool point_to_point;
        bool running;  /* it has a carrier */
        bool is_lower; /* part of a bridge or a bond, or below a VLAN: addresses are on those */
        Wifi wifi;
        bool has_ipv4;
        bool has_ipv6;        /* one that Erlang can use */
        bool has_link_local6; /* one that it can't use */
        struct in_addr ipv4;  /* the first one */
        struct in6_addr ipv6; /* the first one, of those that Erlang can use if there is one */

        /* One mDNS question was asked here, over IPv4, or over IPv6 where there is no IPv4: */
        bool asked;
        bool answered;     /* by this host's own avahi-daemon */
        bool answered_own; /* … with an advert of a node */
        size_t n_others;   /* other hosts that answered with one */
} Link;

/* Whether avahi-daemon uses this link, by its configuration. */
bool link_is_used(const Link *link, const AvahiConf *conf);

/* Whether nobody else may be on this link: containers, virtual machines, VPNs, by the names that
 * their programs give them. */
bool link_is_virtual(const Link *link);
