/* SPDX-License-Identifier: Apache-2.0 */
/* The beginning of Erlang's distribution handshake */

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "ctl/handshake.h"
#include "util/macro.h"

/* dist.hrl of OTP's kernel. */
#define FLAGS_MANDATORY_25                                                                         \
        (UINT64_C(0x4) /* EXTENDED_REFERENCES */ | 0x10 /* FUN_TAGS */ | 0x80 /* NEW_FUN_TAGS */ | \
         0x100 /* EXTENDED_PIDS_PORTS */ | 0x200 /* EXPORT_PTR_TAG */ | 0x400 /* BIT_BINARIES */ | \
         0x800 /* NEW_FLOATS */ | 0x10000 /* UTF8_ATOMS */ | 0x20000 /* MAP_TAG */ |               \
         0x40000 /* BIG_CREATION */ | 0x1000000 /* HANDSHAKE_23 */ |                               \
         0x4000000 /* MANDATORY_25_DIGEST, which stands for the others from OTP 25 on */)
#define FLAGS_MANDATORY_26 (UINT64_C(0x2000000) /* UNLINK_ID */ | UINT64_C(0x4) << 32 /* V4_NC */)

/* What a later OTP may demand. None of it is ever used, as the connection ends before. PUBLISHED is
 * left out: the node is hidden, and no monitor reports it. */
#define FLAGS_OPTIONAL                                                                             \
        (UINT64_C(0x8) /* DIST_MONITOR */ | 0x20 /* DIST_MONITOR_NAME */ | 0x1000 /* UNICODE_IO */ \
         | 0x4000 /* SMALL_ATOM_TAGS */ | 0x80000 /* SEND_SENDER */ |                              \
         0x100000 /* BIG_SEQTRACE_LABELS */ | 0x400000 /* EXIT_PAYLOAD */ |                        \
         0x800000 /* FRAGMENTS */ | UINT64_C(0x1) << 32 /* SPAWN */ |                              \
         UINT64_C(0x8) << 32 /* ALIAS */)

/* The name of who asks, before that of its host. It comes before all names that nodes have: so of
 * two who ask under it at the same time the second is told to wait, and not the first one cut off.
 */
#define NAME "-epmd-mdns-probe"

/* Any number but 0, which is that of no incarnation of a node. */
#define CREATION 1

/* Bytes before a message: its length. */
#define HEADER 2

/* Longer than any status: "sok_simultaneous". */
#define STATUS_MAX 64

/* Bytes of a challenge before the name: "N", flags, challenge, creation, length of the name. */
#define CHALLENGE_HEADER 19

static size_t put(uint8_t *data, uint64_t value, size_t n) {
        for (size_t i = 0; i < n; i++)
                data[i] = (uint8_t) (value >> 8 * (n - 1 - i));
        return n;
}

static size_t get_u16(const uint8_t *data) {
        return (size_t) (data[0] << 8 | data[1]);
}

size_t handshake_send_name(uint8_t ret[static HANDSHAKE_SEND_MAX], const char *host) {
        char name[NODE_NAME_SIZE];
        size_t length, n = HEADER;

        if (snprintf(name, sizeof(name), NAME "@%s", host) >= (int) sizeof(name) ||
            !node_name_is_valid(name))
                strcpy(name, NAME "@localhost");
        length = strlen(name);
        ret[n++] = 'N';
        n += put(ret + n, FLAGS_MANDATORY_25 | FLAGS_MANDATORY_26 | FLAGS_OPTIONAL, 8);
        n += put(ret + n, CREATION, 4);
        n += put(ret + n, length, 2);
        memcpy(ret + n, name, length);
        n += length;
        (void) put(ret, n - HEADER, HEADER);
        return n;
}

/* OTP sends Latin-1, erl_interface what it was given: mostly UTF-8. */
static void take_name(const uint8_t *name, size_t length, char ret[static NODE_NAME_SIZE]) {
        size_t n = 0;

        *ret = '\0';
        if (length >= NODE_NAME_SIZE || memchr(name, '\0', length))
                return;
        memcpy(ret, name, length);
        ret[length] = '\0';
        if (node_name_is_valid(ret))
                return;
        for (size_t i = 0; i < length && n < NODE_NAME_SIZE - 2; i++) {
                if (name[i] >= 0x80)
                        ret[n++] = (char) (0xC0 | name[i] >> 6);
                ret[n++] = (char) (name[i] < 0x80 ? name[i] : 0x80 | (name[i] & 0x3F));
        }
        ret[n] = '\0';
        if (!node_name_is_valid(ret))
                *ret = '\0';
}

/* Whether the bytes that are there are the beginning of this, or all of it. */
static bool begins(const uint8_t *data, size_t length, uint8_t first) {
        return length <= HEADER || data[HEADER] == first;
}

static HandshakeResult take_status(const uint8_t *status, size_t length) {
        static const struct {
                const char *text;
                HandshakeResult result;
        } known[] = {
                { "ok", HANDSHAKE_UNFINISHED },
                { "ok_simultaneous", HANDSHAKE_UNFINISHED },
                { "nok", HANDSHAKE_BUSY },
                { "alive", HANDSHAKE_UNNAMED },       /* somebody of our name is connected */
                { "not_allowed", HANDSHAKE_UNNAMED }, /* net_kernel:allow/1, or our flags */
        };

        for (size_t i = 0; i < ELEMENTSOF(known); i++)
                if (strlen(known[i].text) == length && memcmp(known[i].text, status, length) == 0)
                        return known[i].result;
        return HANDSHAKE_FOREIGN;
}

static HandshakeResult take_challenge(const uint8_t *data, size_t length,
                                      char ret[static NODE_NAME_SIZE]) {
        size_t size, name;

        if (!begins(data, length, 'N'))
                return HANDSHAKE_FOREIGN;
        if (length < HEADER)
                return HANDSHAKE_UNFINISHED;
        size = get_u16(data);
        if (size < CHALLENGE_HEADER || size >= CHALLENGE_HEADER + NODE_NAME_SIZE)
                return HANDSHAKE_FOREIGN;
        if (length < HEADER + size)
                return HANDSHAKE_UNFINISHED;
        name = get_u16(data + HEADER + CHALLENGE_HEADER - 2);
        if (name > size - CHALLENGE_HEADER)
                return HANDSHAKE_FOREIGN;
        take_name(data + HEADER + CHALLENGE_HEADER, name, ret);
        return HANDSHAKE_NAMED;
}

HandshakeResult handshake_parse(const uint8_t *data, size_t length,
                                char ret[static NODE_NAME_SIZE]) {
        HandshakeResult result;
        size_t size;

        *ret = '\0';
        if (!begins(data, length, 's'))
                return HANDSHAKE_FOREIGN;
        if (length < HEADER)
                return HANDSHAKE_UNFINISHED;
        size = get_u16(data);
        if (size < 1 || size > STATUS_MAX)
                return HANDSHAKE_FOREIGN;
        if (length < HEADER + size)
                return HANDSHAKE_UNFINISHED;
        result = take_status(data + HEADER + 1, size - 1);
        if (result != HANDSHAKE_UNFINISHED)
                return result;
        return take_challenge(data + HEADER + size, length - HEADER - size, ret);
}
