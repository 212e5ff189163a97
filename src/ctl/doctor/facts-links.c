/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the doctor knows of the links
 *
 * Whether multicast reaches avahi-daemon can't be told from outside it, so a question is asked: one
 * packet on each link, from a port of our own. Who is asked so answers to that port (RFC 6762
 * section 6.7), and this host's own avahi-daemon, which hears us as others would, must be among
 * them.
 */

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>

#include "core/address.h"
#include "ctl/doctor/facts-links.h"
#include "ctl/doctor/mdns-message.h"
#include "util/fd.h"

#define MDNS_PORT 5353
#define MDNS_GROUP 0xE00000FB /* 224.0.0.251 */

/* Answers come within 120 ms (RFC 6762 section 6); the rest is for a busy machine. */
#define ANSWERS_MSEC 700

/* How often it is asked, for packets are lost, an avahi-daemon that has just started does not
 * answer before it has made sure of its name, and a node may just have been registered. */
#define ROUNDS 3

/* Answers that are read; a LAN that sends more than that is told of as if it had sent these. */
#define ANSWERS_MAX 4096

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

                address.in6 = ((const struct sockaddr_in6 *) (const void *) sockaddr)->sin6_addr;
                if (address_is_link_local6(&address))
                        link->has_link_local6 = true;
                else
                        link->has_ipv6 = true;
        }
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
                if (i->ifa_addr)
                        take_address(link, i->ifa_addr);
        }
}

/* --- The question --- */

/* Sends it, and returns the socket on which answers come, or -1. */
static int ask(const Link *link, uint16_t id) {
        _cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = link->ipv4 };
        struct ip_mreqn interface = { .imr_address = link->ipv4 };
        uint8_t query[MDNS_QUERY_MAX], ttl = 255;
        size_t length = mdns_message_query(query, id, link->ipv4);

        interface.imr_ifindex = (int) if_nametoindex(link->name);
        if (fd < 0 || bind(fd, (const struct sockaddr *) &address, sizeof(address)) < 0 ||
            setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &interface, sizeof(interface)) < 0 ||
            setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &ttl, sizeof(ttl)) < 0)
                return -1;
        address.sin_addr.s_addr = htonl(MDNS_GROUP);
        address.sin_port = htons(MDNS_PORT);
        if (sendto(fd, query, length, 0, (const struct sockaddr *) &address, sizeof(address)) < 0)
                return -1;
        return TAKE_FD(fd);
}

/* A link may have several addresses; it is for avahi-daemon to choose the one that it answers from.
 */
static bool is_own(const struct ifaddrs *addresses, const struct in_addr *address) {
        for (const struct ifaddrs *i = addresses; i; i = i->ifa_next)
                if (i->ifa_addr && i->ifa_addr->sa_family == AF_INET &&
                    ((const struct sockaddr_in *) (const void *) i->ifa_addr)->sin_addr.s_addr ==
                            address->s_addr)
                        return true;
        return false;
}

/* Takes one answer. Returns false if there is none just now. */
static bool take_answer(const struct ifaddrs *addresses, Link *link, int fd, uint16_t id) {
        static uint8_t data[MDNS_MESSAGE_MAX];
        struct sockaddr_in from = {};
        socklen_t size = sizeof(from);
        ssize_t n = recvfrom(fd, data, sizeof(data), 0, (struct sockaddr *) &from, &size);
        MdnsAnswer answer;

        if (n < 0)
                return false;
        answer = mdns_message_parse(data, (size_t) n, id);
        if (!answer.valid || ntohs(from.sin_port) != MDNS_PORT)
                return true;
        if (is_own(addresses, &from.sin_addr)) {
                link->answered = true;
                link->answered_own |= answer.n_adverts > 0;
        } else
                link->n_others += answer.n_adverts > 0;
        return true;
}

static int64_t now_msec(void) {
        struct timespec now;

        (void) clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void take_answers(FactsLinks *facts, const struct ifaddrs *addresses, struct pollfd fds[],
                         uint16_t id) {
        int64_t deadline = now_msec() + ANSWERS_MSEC, left;
        size_t n_answers = 0;

        while ((left = deadline - now_msec()) > 0 && n_answers < ANSWERS_MAX) {
                if (poll(fds, facts->n, (int) left) <= 0)
                        continue;
                for (size_t i = 0; i < facts->n; i++)
                        if (fds[i].revents)
                                while (take_answer(addresses, &facts->all[i], fds[i].fd, id) &&
                                       n_answers < ANSWERS_MAX)
                                        n_answers++;
        }
}

static bool is_to_be_asked(const Link *link, const AvahiConf *conf, bool has_nodes) {
        bool complete = link->answered && (link->answered_own || !has_nodes);

        return conf->use_ipv4 && link->has_ipv4 && !complete && link_is_used(link, conf);
}

/* Asks on all links on which the answer is not complete yet. Returns whether there were any. */
static bool ask_links(FactsLinks *facts, const struct ifaddrs *addresses, const AvahiConf *conf,
                      bool has_nodes) {
        struct pollfd fds[FACTS_LINKS];
        bool any = false;
        uint16_t id = 1;

        (void) getrandom(&id, sizeof(id), GRND_NONBLOCK);
        for (size_t i = 0; i < facts->n; i++) {
                Link *link = &facts->all[i];

                fds[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
                if (!is_to_be_asked(link, conf, has_nodes))
                        continue;
                fds[i].fd = ask(link, id);
                link->asked |= fds[i].fd >= 0;
                link->n_others = 0;
                any |= fds[i].fd >= 0;
        }
        if (any)
                take_answers(facts, addresses, fds, id);
        for (size_t i = 0; i < facts->n; i++)
                (void) fd_close(fds[i].fd);
        return any;
}

void facts_links_gather(FactsLinks *ret, const AvahiConf *conf, bool has_nodes) {
        struct ifaddrs *addresses = NULL;

        *ret = (FactsLinks){ .n = 0 };
        if (getifaddrs(&addresses) < 0)
                return;
        find_links(ret, addresses);
        for (int i = 0; conf && i < ROUNDS && ask_links(ret, addresses, conf, has_nodes); i++)
                ;
        freeifaddrs(addresses);
}
