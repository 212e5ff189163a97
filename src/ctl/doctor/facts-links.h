/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the doctor knows of the links of this host */

#include <stdbool.h>
#include <stddef.h>

#include "ctl/doctor/question.h"

#define FACTS_LINKS QUESTION_LINKS

typedef struct FactsLinks {
        Link all[FACTS_LINKS];
        size_t n;
} FactsLinks;

/*
 * Looks for the links, and asks one mDNS question on each that avahi-daemon uses by this
 * configuration, again where the answer is not complete. conf: NULL to ask nothing. has_nodes:
 * nodes are registered here, so an answer without an advert is not complete. Takes up to two
 * seconds.
 */
void facts_links_gather(FactsLinks *ret, const AvahiConf *conf, bool has_nodes);
