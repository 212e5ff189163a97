/* SPDX-License-Identifier: Apache-2.0 */
/* Names of Erlang nodes */

#include <arpa/inet.h>
#include <assert.h>
#include <string.h>
#include <strings.h>

#include "core/address.h"
#include "core/node-name.h"
#include "util/macro.h"

static bool is_name_character(unsigned char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               c == '_' || c == '-';
}

bool node_name_is_valid(const char *name) {
        const unsigned char *p = (const unsigned char *) name;
        size_t characters;

        while (is_name_character(*p))
                p++;
        characters = (size_t) (p - (const unsigned char *) name);
        if (characters == 0 || characters > LIMIT_NODE_NAME_CHARS || *p++ != '@' || *p == '\0')
                return false;
        characters++;

        for (; *p; p++, characters++) {
                /* U+00A0 to U+00FF are C2 A0..BF and C3 80..BF. Nothing else outside ASCII is a
                 * Latin-1 character. */
                if (*p == 0xC2 || *p == 0xC3) {
                        unsigned char lowest = *p == 0xC2 ? 0xA0 : 0x80;

                        p++;
                        if (*p < lowest || *p > 0xBF)
                                return false;
                } else if (*p < 0x21 || *p > 0x7E || *p == '@')
                        return false;
        }

        return characters <= LIMIT_NODE_NAME_CHARS;
}

const char *node_name_host(const char *name) {
        const char *at = strchr(name, '@');

        assert(at);
        return at + 1;
}

/* The length of a host name without a trailing dot; *ret_local tells whether ".local" stands before
 * it. */
static size_t host_length(const char *host, bool *ret_local) {
        static const char local[] = ".local";
        size_t length = strlen(host), suffix = sizeof(local) - 1;

        if (length > 0 && host[length - 1] == '.')
                length--;
        *ret_local = length > suffix && strncasecmp(host + length - suffix, local, suffix) == 0;
        return length;
}

bool host_name_equal(const char *a, const char *b) {
        bool a_local, b_local;
        size_t a_length = host_length(a, &a_local), b_length = host_length(b, &b_local);

        if (a_local && !b_local)
                a_length -= strlen(".local");
        else if (b_local && !a_local)
                b_length -= strlen(".local");

        return a_length == b_length && strncasecmp(a, b, a_length) == 0;
}

/* RFC 6761 section 6.3 reserves "localhost" and all below it; the others stand in /etc/hosts on
 * Debian and Fedora. */
static bool is_loopback_name(const char *name, size_t length) {
        static const char below[] = ".localhost";
        static const char *const names[] = {
                "localhost",
                "localhost.localdomain",
                "ip6-localhost",
                "ip6-loopback",
                "localhost4",
                "localhost6",
                "localhost4.localdomain4",
                "localhost6.localdomain6",
        };
        size_t suffix = sizeof(below) - 1;

        if (length > suffix && strncasecmp(name + length - suffix, below, suffix) == 0)
                return true;
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (strlen(names[i]) == length && strncasecmp(names[i], name, length) == 0)
                        return true;
        return false;
}

static bool is_loopback_address(const char *text, size_t length) {
        char literal[NODE_NAME_SIZE];
        Address address = { .family = FAMILY_INET };

        if (length > 2 && text[0] == '[' && text[length - 1] == ']') {
                text++;
                length -= 2;
        }
        if (length >= sizeof(literal))
                return false;
        memcpy(literal, text, length);
        literal[length] = '\0';
        literal[strcspn(literal, "%")] = '\0';

        /* OTP takes "127.1" and "0x7f.1" for addresses, as inet_aton() does. */
        if (inet_aton(literal, &address.in) == 0 && address_parse(literal, &address) < 0)
                return false;
        return address_is_loopback(&address) || address_is_any(&address);
}

bool host_name_is_loopback(const char *host) {
        bool local;
        size_t length = host_length(host, &local);

        return is_loopback_name(host, length) || is_loopback_address(host, length);
}

bool node_name_is_loopback(const char *name) {
        return host_name_is_loopback(node_name_host(name));
}
