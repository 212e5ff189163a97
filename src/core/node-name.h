/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Names of Erlang nodes */

#include <stdbool.h>
#include <stddef.h>

#include "core/limits.h"

/* Long enough for any valid name, NUL included. */
#define NODE_NAME_SIZE (LIMIT_NODE_NAME_BYTES + 1)

/*
 * Whether name, in UTF-8, is one that OTP accepts: [0-9A-Za-z_-]+, "@", then one or more of U+0021
 * to U+00FF without a second
 * "@", at most 255 characters (net_kernel:valid_name_head/1, the emulator's is_node_name). The
 * control characters U+007F to U+009F, which OTP lets pass, are refused: no host is called so, and
 * they would reach terminals.
 */
bool node_name_is_valid(const char *name);

/* The part behind the "@" of a valid name. */
const char *node_name_host(const char *name);

/*
 * Whether a and b name the same host: without regard to ASCII case, to one trailing dot, and to a
 * trailing ".local" that only one of them has.
 */
bool host_name_equal(const char *a, const char *b);

/*
 * Whether every host takes this name, or address, for itself: localhost and names below it, the
 * aliases that distributions put into /etc/hosts, and loopback and unspecified addresses in all
 * spellings that inet_aton() and inet_pton() take, IPv6 ones also in brackets or with a zone. A
 * trailing dot and ASCII case don't matter.
 *
 * A node of such a name can't be told apart from its namesakes on other hosts, so it stays on its
 * own. The OTP application decides the same in epmd_mdns_choice:is_loopback/1:
 * tests/choice-examples.txt holds the two together.
 */
bool host_name_is_loopback(const char *host);

/* The same of the host part of a valid node name. */
bool node_name_is_loopback(const char *name);
