/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One mDNS question on each link */

#include <ifaddrs.h>
#include <stdbool.h>
#include <stddef.h>

#include "ctl/doctor/link.h"

/* A host has fewer links; more are not looked at. */
#define QUESTION_LINKS 32

/*
 * Asks on all n links on which the answer is not complete yet, and notes the answers there.
 * has_nodes: nodes are registered here, so an answer without an advert is not complete. Takes less
 * than a second. Returns whether there were any.
 */
bool question_ask(Link links[], size_t n, const struct ifaddrs *addresses, const AvahiConf *conf,
                  bool has_nodes);
