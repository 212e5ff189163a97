/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The names of this host's interfaces, as avahi-daemon tells
 *
 * The kernel can't be asked: the packaged unit has a network namespace of its own. */

#include <stddef.h>

#include "core/limits.h"

/* What has been asked; with more interfaces than this some are asked for again. */
#define INTERFACE_NAMES_MAX 32

/* A plain value, which holds no resources. It is as old as the Avahi client: an interface that is
 * renamed meanwhile keeps its name here. */
typedef struct InterfaceNames {
        size_t n; /* ever asked for */
        struct {
                int index;
                char name[LIMIT_INTERFACE + 1];
        } known[INTERFACE_NAMES_MAX];
} InterfaceNames;

/* The name of an interface; "" if avahi-daemon does not tell it within a second, and then it is not
 * asked again: one that hangs must not hold up each advert. Blocks meanwhile; a dbus-daemon that
 * hangs is waited for as long as sd-bus does, and so do all other calls of this thread. Belongs to
 * names, and is valid until the next call. Source: GetNetworkInterfaceNameByIndex of
 * org.freedesktop.Avahi.Server. */
const char *interface_names_get(InterfaceNames *names, int index);
