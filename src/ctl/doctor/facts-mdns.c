/* SPDX-License-Identifier: Apache-2.0 */
/* What the doctor knows of the programs that use UDP port 5353 */

#include <ctype.h>
#include <dirent.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/doctor/facts-mdns.h"
#include "ctl/doctor/proc-net.h"
#include "ctl/read-file.h"
#include "util/macro.h"

#define MDNS_PORT 5353

/* avahi-daemon has one socket for each version of IP, others one for each address. */
#define SOCKETS_MAX 64

/* What is longer is not looked at. */
#define TABLE_MAX (1024 * 1024)

typedef struct Sockets {
        UdpSocket all[SOCKETS_MAX];
        pid_t pids[SOCKETS_MAX]; /* whose they are; 0: not known */
        size_t n;
} Sockets;

static void find_sockets(Sockets *sockets) {
        static const char *const tables[] = { "/proc/net/udp", "/proc/net/udp6" };
        char *text = malloc(TABLE_MAX);

        for (size_t i = 0; text && i < ELEMENTSOF(tables); i++)
                if (read_file(tables[i], text, TABLE_MAX))
                        sockets->n += proc_net_udp(text, MDNS_PORT, sockets->all + sockets->n,
                                                   SOCKETS_MAX - sockets->n);
        free(text);
}

/* Notes which of the sockets are open in a process. */
static void look_into(Sockets *sockets, pid_t pid) {
        char path[64];
        DIR *directory;

        snprintf(path, sizeof(path), "/proc/%d/fd", (int) pid);
        directory = opendir(path);
        if (!directory)
                return;
        for (const struct dirent *entry; (entry = readdir(directory));) {
                char link[64];
                unsigned long inode;
                ssize_t length =
                        readlinkat(dirfd(directory), entry->d_name, link, sizeof(link) - 1);

                if (length < 0)
                        continue;
                link[length] = '\0';
                if (sscanf(link, "socket:[%lu]", &inode) != 1)
                        continue;
                for (size_t i = 0; i < sockets->n; i++)
                        if (sockets->all[i].inode == inode && sockets->pids[i] == 0)
                                sockets->pids[i] = pid;
        }
        (void) closedir(directory);
}

static void find_processes(Sockets *sockets) {
        DIR *directory = opendir("/proc");

        if (!directory)
                return;
        for (const struct dirent *entry; (entry = readdir(directory));)
                if (isdigit((unsigned char) entry->d_name[0]))
                        look_into(sockets, (pid_t) strtol(entry->d_name, NULL, 10));
        (void) closedir(directory);
}

static MdnsUser describe(const UdpSocket *socket, pid_t pid) {
        const struct passwd *entry = getpwuid(socket->user);
        MdnsUser user = { .pid = pid };
        char path[64], name[sizeof(user.program)] = "";

        if (entry)
                snprintf(user.user, sizeof(user.user), "%s", entry->pw_name);
        else
                snprintf(user.user, sizeof(user.user), "%u", (unsigned) socket->user);
        snprintf(path, sizeof(path), "/proc/%d/comm", (int) pid);
        if (pid > 0 && read_file(path, name, sizeof(name)))
                snprintf(user.program, sizeof(user.program), "%.*s", (int) strcspn(name, "\n"),
                         name);
        return user;
}

static bool is_known(const FactsMdns *facts, const MdnsUser *user) {
        for (size_t i = 0; i < facts->n; i++)
                if (facts->users[i].pid == user->pid &&
                    strcmp(facts->users[i].user, user->user) == 0)
                        return true;
        return false;
}

void facts_mdns_gather(FactsMdns *ret) {
        Sockets sockets = { .n = 0 };

        *ret = (FactsMdns){ .n = 0 };
        find_sockets(&sockets);
        if (sockets.n > 0)
                find_processes(&sockets);
        for (size_t i = 0; i < sockets.n && ret->n < FACTS_MDNS_USERS; i++) {
                MdnsUser user = describe(&sockets.all[i], sockets.pids[i]);

                if (!is_known(ret, &user))
                        ret->users[ret->n++] = user;
        }
}
