/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One mDNS question on each link
 *
 * Whether multicast reaches avahi-daemon can't be told from outside it, so a question is asked: one
 * packet on each link, from a port of our own. Who is asked so answers to that port (RFC 6762
 * section 6.7), and this host's own avahi-daemon, which hears us as others would, must be among
 * them.
 */

#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>

#include "core/address.h"
#include "ctl/doctor/mdns-message.h"
#include "ctl/doctor/question.h"
#include "util/fd.h"

#define MDNS_PORT 5353
#define MDNS_GROUP 0xE00000FB /* 224.0.0.251 */

/* ff02::fb */
#define MDNS_GROUP6                                                                                \
        {                                                                                          \
                {                                                                                  \
                        { 0xFF, 0x02, [15] = 0xFB }                                                \
                }                                                                                  \
        }

/* Answers come within 120 ms (RFC 6762 section 6); the rest is for a busy machine. */
#define ANSWERS_MSEC 700

/* Answers that are read; a LAN that sends more than that is told of as if it had sent these. */
#define ANSWERS_MAX 4096

/* Send it, and return the socket on which answers come, or -1. */
static int ask_ipv4(const Link *link, uint16_t id) {
        _cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        const Address own = { .family = FAMILY_INET, .in = link->ipv4 };
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr = link->ipv4 };
        struct ip_mreqn interface = { .imr_address = link->ipv4 };
        uint8_t query[MDNS_QUERY_MAX], ttl = 255;
        size_t length = mdns_message_query(query, id, &own);

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

static int ask_ipv6(const Link *link, uint16_t id) {
        _cleanup_close_ int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        const Address own = { .family = FAMILY_INET6, .in6 = link->ipv6 };
        struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_addr = link->ipv6 };
        unsigned interface = if_nametoindex(link->name);
        uint8_t query[MDNS_QUERY_MAX];
        size_t length = mdns_message_query(query, id, &own);
        int ttl = 255;

        address.sin6_scope_id = interface;
        if (fd < 0 || bind(fd, (const struct sockaddr *) &address, sizeof(address)) < 0 ||
            setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &interface, sizeof(interface)) < 0 ||
            setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &ttl, sizeof(ttl)) < 0)
                return -1;
        address.sin6_addr = (struct in6_addr) MDNS_GROUP6;
        address.sin6_port = htons(MDNS_PORT);
        if (sendto(fd, query, length, 0, (const struct sockaddr *) &address, sizeof(address)) < 0)
                return -1;
        return TAKE_FD(fd);
}

/* Returns whether it is one of IP. */
static bool take_address(const struct sockaddr *sockaddr, Address *ret) {
        if (sockaddr->sa_family == AF_INET)
                *ret = (Address){
                        .family = FAMILY_INET,
                        .in = ((const struct sockaddr_in *) (const void *) sockaddr)->sin_addr,
                };
        else if (sockaddr->sa_family == AF_INET6)
                *ret = (Address){
                        .family = FAMILY_INET6,
                        .in6 = ((const struct sockaddr_in6 *) (const void *) sockaddr)->sin6_addr,
                };
        return sockaddr->sa_family == AF_INET || sockaddr->sa_family == AF_INET6;
}

/* A link may have several addresses; it is for avahi-daemon to choose the one that it answers from.
 */
static bool is_own(const struct ifaddrs *addresses, const Address *address) {
        for (const struct ifaddrs *i = addresses; i; i = i->ifa_next) {
                Address own;

                if (i->ifa_addr && take_address(i->ifa_addr, &own) && address_equal(&own, address))
                        return true;
        }
        return false;
}

/* Takes one answer. Returns false if there is none just now. */
static bool take_answer(const struct ifaddrs *addresses, Link *link, int fd, uint16_t id) {
        static uint8_t data[MDNS_MESSAGE_MAX];
        struct sockaddr_storage from = {};
        socklen_t size = sizeof(from);
        ssize_t n = recvfrom(fd, data, sizeof(data), 0, (struct sockaddr *) &from, &size);
        MdnsAnswer answer;
        Address address;

        if (n < 0)
                return false;
        answer = mdns_message_parse(data, (size_t) n, id);
        /* sin_port and sin6_port are at the same place. */
        if (!answer.valid || !take_address((const struct sockaddr *) &from, &address) ||
            ((const struct sockaddr_in *) (const void *) &from)->sin_port != htons(MDNS_PORT))
                return true;
        if (is_own(addresses, &address)) {
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

static void take_answers(Link links[], size_t n, const struct ifaddrs *addresses,
                         struct pollfd fds[], uint16_t id) {
        int64_t deadline = now_msec() + ANSWERS_MSEC, left;
        size_t n_answers = 0;

        while ((left = deadline - now_msec()) > 0 && n_answers < ANSWERS_MAX) {
                if (poll(fds, n, (int) left) <= 0)
                        continue;
                for (size_t i = 0; i < n; i++)
                        if (fds[i].revents)
                                while (take_answer(addresses, &links[i], fds[i].fd, id) &&
                                       n_answers < ANSWERS_MAX)
                                        n_answers++;
        }
}

static int ask(const Link *link, const AvahiConf *conf, bool has_nodes, uint16_t id) {
        bool complete = link->answered && (link->answered_own || !has_nodes);

        if (complete || !link_is_used(link, conf))
                return -1;
        if (conf->use_ipv4 && link->has_ipv4)
                return ask_ipv4(link, id);
        if (conf->use_ipv6 && (link->has_ipv6 || link->has_link_local6))
                return ask_ipv6(link, id);
        return -1;
}

bool question_ask(Link links[], size_t n, const struct ifaddrs *addresses, const AvahiConf *conf,
                  bool has_nodes) {
        struct pollfd fds[QUESTION_LINKS];
        bool any = false;
        uint16_t id = 1;

        (void) getrandom(&id, sizeof(id), GRND_NONBLOCK);
        for (size_t i = 0; i < n; i++) {
                fds[i] = (struct pollfd){ .fd = ask(&links[i], conf, has_nodes, id),
                                          .events = POLLIN };
                if (fds[i].fd < 0)
                        continue;
                links[i].asked = true;
                links[i].n_others = 0;
                any = true;
        }
        if (any)
                take_answers(links, n, addresses, fds, id);
        for (size_t i = 0; i < n; i++)
                (void) fd_close(fds[i].fd);
        return any;
}
