/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of sockets: /proc/net/tcp, tcp6, udp, udp6 (proc(5)) */

#include <stdio.h>
#include <string.h>

#include "ctl/doctor/proc-net.h"

#define STATE_LISTEN 0x0A

/* Bytes of a line that are looked at: up to the inode of a socket over IPv6 there are less than
 * 190.
 */
#define LINE_START 256

/* The kernel prints addresses as words of 32 bits, in the order of the machine. */
static bool parse_address(const char *hex, Address *ret) {
        uint32_t words[4] = {};
        size_t n = strlen(hex) / 8;

        if (strlen(hex) != 8 && strlen(hex) != 32)
                return false;
        for (size_t i = 0; i < n; i++)
                if (sscanf(hex + 8 * i, "%8x", &words[i]) != 1)
                        return false;
        *ret = (Address){ .family = n == 1 ? FAMILY_INET : FAMILY_INET6 };
        if (n == 1)
                memcpy(&ret->in, words, sizeof(ret->in));
        else
                memcpy(&ret->in6, words, sizeof(ret->in6));
        return true;
}

static Listener judge(const Address *address) {
        if (address_is_any(address))
                return LISTENER_ALL;
        return address_is_loopback(address) ? LISTENER_LOOPBACK : LISTENER_ADDRESS;
}

/* A table and how far it has been read. Its length is looked for once: a string function that is
 * given the rest of the table may look for its end each time, as sscanf() does (and as ASan's
 * strict_string_checks make strchr()). */
typedef struct Lines {
        const char *next, *end;
} Lines;

static Lines lines_of(const char *table) {
        return (Lines){ table, table + strlen(table) };
}

/* Takes the beginning of the next line. Returns false if there is none. */
static bool lines_take(Lines *lines, char ret[static LINE_START]) {
        const char *line = lines->next, *end;
        size_t length;

        if (line >= lines->end)
                return false;
        end = memchr(line, '\n', (size_t) (lines->end - line));
        if (!end)
                end = lines->end;
        length = (size_t) (end - line);
        if (length >= LINE_START)
                length = LINE_START - 1;
        memcpy(ret, line, length);
        ret[length] = '\0';
        lines->next = end + 1;
        return true;
}

Listener proc_net_listener(const char *table, uint16_t port) {
        Lines lines = lines_of(table);
        Listener found = LISTENER_NONE;
        char text[LINE_START];

        while (lines_take(&lines, text)) {
                unsigned local_port, state;
                Address address;
                char hex[33];

                if (sscanf(text, " %*u: %32[0-9A-Fa-f]:%x %*32[0-9A-Fa-f]:%*x %x", hex, &local_port,
                           &state) != 3 ||
                    local_port != port || state != STATE_LISTEN || !parse_address(hex, &address))
                        continue;
                if (judge(&address) > found)
                        found = judge(&address);
        }
        return found;
}

size_t proc_net_udp(const char *table, uint16_t port, UdpSocket ret[], size_t max) {
        Lines lines = lines_of(table);
        char text[LINE_START];
        size_t n = 0;

        while (n < max && lines_take(&lines, text)) {
                unsigned local_port, user;
                unsigned long inode;

                if (sscanf(text,
                           " %*u: %*32[0-9A-Fa-f]:%x %*32[0-9A-Fa-f]:%*x %*x %*x:%*x %*x:%*x %*x "
                           "%u "
                           "%*d %lu",
                           &local_port, &user, &inode) == 3 &&
                    local_port == port)
                        ret[n++] = (UdpSocket){ .inode = inode, .user = user };
        }
        return n;
}
