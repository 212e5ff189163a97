/* SPDX-License-Identifier: Apache-2.0 */
/* What tells a container from a host */

#include <ifaddrs.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "ctl/container-gather.h"
#include "ctl/read-file.h"
#include "util/fd.h"

/* A hundred bytes or so for each socket. A longer table is not judged by. */
#define TABLE_MAX (4 * 1024 * 1024)

static bool is_container(void) {
        /* systemd-nspawn and LXC with systemd inside, Docker, Podman. */
        static const char *const files[] = { "/run/systemd/container", "/.dockerenv",
                                             "/run/.containerenv" };
        /* What LXC, systemd-nspawn and Podman set, and older systems of cgroups show. */
        static const char *const cgroups[] = { "docker", "kubepods", "libpod", "/lxc" };
        const char *variable = getenv("container");
        char text[4096];

        for (size_t i = 0; i < ELEMENTSOF(files); i++)
                if (access(files[i], F_OK) == 0)
                        return true;
        if (variable && *variable)
                return true;
        if (read_file("/proc/1/cgroup", text, sizeof(text)))
                for (size_t i = 0; i < ELEMENTSOF(cgroups); i++)
                        if (strstr(text, cgroups[i]))
                                return true;
        return false;
}

/* Whether who listens there does so in another network namespace. */
static bool is_outside(const char *socket) {
        char *table = malloc(TABLE_MAX);
        bool outside = table && read_file("/proc/net/unix", table, TABLE_MAX) &&
                       strlen(table) < TABLE_MAX - 1 && !container_has_listener(table, socket);

        free(table);
        return outside;
}

/* The driver tells: a bridge's, macvlan's or a card's own is no inner end. */
static bool is_inner(int fd, const char *label) {
        struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
        struct ifreq request = { .ifr_data = (void *) &info };

        snprintf(request.ifr_name, sizeof(request.ifr_name), "%.*s", (int) strcspn(label, ":"),
                 label);
        return ioctl(fd, SIOCETHTOOL, &request) == 0 &&
               (strcmp(info.driver, "veth") == 0 || strcmp(info.driver, "tun") == 0);
}

static void find_links(ContainerFacts *facts, const struct ifaddrs *addresses) {
        _cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        facts->all_inner = facts->all_bridged = fd >= 0;
        for (const struct ifaddrs *i = addresses; i && fd >= 0; i = i->ifa_next) {
                Address address = { .family = FAMILY_INET };

                if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET ||
                    i->ifa_flags & IFF_LOOPBACK || !(i->ifa_flags & IFF_UP))
                        continue;
                address.in = ((const struct sockaddr_in *) (const void *) i->ifa_addr)->sin_addr;
                if (!facts->has_address)
                        facts->address = address;
                facts->has_address = true;
                facts->all_inner &= is_inner(fd, i->ifa_name);
                facts->all_bridged &= container_is_bridged(&address);
        }
}

void container_gather(ContainerFacts *ret, const char *socket) {
        struct ifaddrs *addresses = NULL;

        *ret = (ContainerFacts){
                .is_pod = getenv("KUBERNETES_SERVICE_HOST") != NULL,
                .daemon_outside = socket && is_outside(socket),
        };
        ret->is_container = ret->is_pod || is_container();
        if (getifaddrs(&addresses) < 0)
                return;
        find_links(ret, addresses);
        freeifaddrs(addresses);
}
