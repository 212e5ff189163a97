/* SPDX-License-Identifier: Apache-2.0 */
/* What the doctor knows of the links */

#include <glob.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/address.h"
#include "ctl/doctor/facts-links.h"
#include "ctl/doctor/question.h"
#include "ctl/read-file.h"

/* How often it is asked, for packets are lost, an avahi-daemon that has just started does not
 * answer before it has made sure of its name, and a node may just have been registered. */
#define ROUNDS 3

/* An address may have a label, "eth0:1"; no interface has a colon in its name. */
static Link *get_link(FactsLinks *facts, const char *label) {
        char name[LIMIT_INTERFACE + 1];
        size_t length = strcspn(label, ":");

        if (length > LIMIT_INTERFACE)
                return NULL;
        snprintf(name, sizeof(name), "%.*s", (int) length, label);
        for (size_t i = 0; i < facts->n; i++)
                if (strcmp(facts->all[i].name, name) == 0)
                        return &facts->all[i];
        if (facts->n == FACTS_LINKS)
                return NULL;
        strcpy(facts->all[facts->n].name, name);
        return &facts->all[facts->n++];
}

static void take_address(Link *link, const struct sockaddr *sockaddr) {
        if (sockaddr->sa_family == AF_INET) {
                if (!link->has_ipv4)
                        link->ipv4 =
                                ((const struct sockaddr_in *) (const void *) sockaddr)->sin_addr;
                link->has_ipv4 = true;
        } else if (sockaddr->sa_family == AF_INET6) {
                Address address = { .family = FAMILY_INET6 };
                bool first = !link->has_ipv6 && !link->has_link_local6;

                address.in6 = ((const struct sockaddr_in6 *) (const void *) sockaddr)->sin6_addr;
                if (first || (!link->has_ipv6 && !address_is_link_local6(&address)))
                        link->ipv6 = address.in6;
                if (address_is_link_local6(&address))
                        link->has_link_local6 = true;
                else
                        link->has_ipv6 = true;
        }
}

/* What is above a link, this directory names: upper_br0. If the directory is that of another
 * network namespace it says nothing of this link. */
static bool is_lower(const char *name) {
        char pattern[64], text[16] = "";
        glob_t found = {};
        bool any;

        snprintf(pattern, sizeof(pattern), "/sys/class/net/%s/ifindex", name);
        if (!read_file(pattern, text, sizeof(text)) ||
            strtoul(text, NULL, 10) != if_nametoindex(name))
                return false;
        snprintf(pattern, sizeof(pattern), "/sys/class/net/%s/upper_*", name);
        any = glob(pattern, GLOB_NOSORT, NULL, &found) == 0;
        globfree(&found);
        return any;
}

static void find_links(FactsLinks *facts, const struct ifaddrs *addresses) {
        for (const struct ifaddrs *i = addresses; i; i = i->ifa_next) {
                Link *link;

                if (!(i->ifa_flags & IFF_UP) || i->ifa_flags & IFF_LOOPBACK)
                        continue;
                link = get_link(facts, i->ifa_name);
                if (!link)
                        continue;
                link->multicast = i->ifa_flags & IFF_MULTICAST;
                link->point_to_point = i->ifa_flags & IFF_POINTOPOINT;
                link->running = i->ifa_flags & IFF_RUNNING;
                if (i->ifa_addr)
                        take_address(link, i->ifa_addr);
        }
        for (size_t i = 0; i < facts->n; i++) {
                facts->all[i].is_lower = is_lower(facts->all[i].name);
                facts->all[i].wifi = wifi_look(facts->all[i].name);
        }
}

void facts_links_gather(FactsLinks *ret, const AvahiConf *conf, bool has_nodes) {
        struct ifaddrs *addresses = NULL;

        *ret = (FactsLinks){ .n = 0 };
        if (getifaddrs(&addresses) < 0)
                return;
        find_links(ret, addresses);
        for (int i = 0;
             conf && i < ROUNDS && question_ask(ret->all, ret->n, addresses, conf, has_nodes); i++)
                ;
        freeifaddrs(addresses);
}
