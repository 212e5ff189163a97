/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of sockets: /proc/net/tcp, tcp6 (proc(5)) */

#include <stdio.h>
#include <string.h>

#include "ctl/doctor/proc-net.h"

#define STATE_LISTEN 0x0A

/* Bytes of a line that are looked at: number, two addresses with their ports, and the state
 * take 98. */
#define LINE_START 128

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

/* The table's length is looked for once: a string function that is given the rest of the table may
 * look for its end each time, as sscanf() does (and as ASan's strict_string_checks make strchr()).
 */
Listener proc_net_listener(const char *table, uint16_t port) {
        Listener found = LISTENER_NONE;
        const char *end = table + strlen(table), *next;

        for (const char *line = table; line < end; line = next + 1) {
                char text[LINE_START], hex[33];
                unsigned local_port, state;
                Address address;
                size_t length;

                next = memchr(line, '\n', (size_t) (end - line));
                if (!next)
                        next = end;
                length = (size_t) (next - line);
                if (length >= sizeof(text))
                        length = sizeof(text) - 1;
                memcpy(text, line, length);
                text[length] = '\0';
                if (sscanf(text, " %*u: %32[0-9A-Fa-f]:%x %*32[0-9A-Fa-f]:%*x %x", hex, &local_port,
                           &state) != 3 ||
                    local_port != port || state != STATE_LISTEN || !parse_address(hex, &address))
                        continue;
                if (judge(&address) > found)
                        found = judge(&address);
        }
        return found;
}
