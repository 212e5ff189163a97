/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* avahi-daemon.conf(5), as far as it decides whether nodes are announced */

#include <stdbool.h>
#include <stddef.h>

#define AVAHI_CONF_PATH "/etc/avahi/avahi-daemon.conf"

/* Bytes of the file that are looked at: far more than it ever has. */
#define AVAHI_CONF_MAX 65536

/* Bytes of a list of interfaces, NUL included; what is longer is cut. */
#define AVAHI_CONF_LIST 512

typedef struct AvahiConf {
        bool use_ipv4;
        bool use_ipv6;
        bool disable_publishing;
        bool disable_user_publishing;
        bool publish_addresses;
        bool allow_point_to_point;
        bool has_allow; /* allow-interfaces stands there, and names some */
        char allow[AVAHI_CONF_LIST];
        char deny[AVAHI_CONF_LIST];
} AvahiConf;

/* What avahi-daemon does without a file. */
#define AVAHI_CONF_DEFAULT                                                                         \
        { .use_ipv4 = true, .use_ipv6 = true, .publish_addresses = true }

/* Reads the text of the file, on top of the defaults. What it doesn't know, it passes over. */
void avahi_conf_parse(AvahiConf *ret, const char *text);

/* Whether allow-interfaces and deny-interfaces leave this interface. */
bool avahi_conf_allows(const AvahiConf *conf, const char *interface);
