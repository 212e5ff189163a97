/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Which address a node would connect to
 *
 * The OTP application decides the same in epmd_mdns_choice:addresses/3, without reasons:
 * tests/choice-examples.txt holds the two together.
 */

#include <stdbool.h>
#include <stddef.h>

#include "core/node-info.h"

typedef enum ChoiceVerdict {
        CHOICE_TAKEN,
        CHOICE_LATER,  /* it could be connected to, and another comes first */
        CHOICE_PROTO,  /* it speaks another distribution protocol */
        CHOICE_FAMILY, /* it can't be connected to over this family */
} ChoiceVerdict;

typedef struct Choice {
        const NodeInfo *info;
        Address address;
        ChoiceVerdict verdict;
        unsigned rank; /* 0: of the family asked for; 1 and 2: in its place */
} Choice;

/*
 * Judges all addresses of n endpoints of one node, in the order of the daemon, for a connection by
 * proto over family. The result, best first and the impossible ones last, goes to *ret, with room
 * for LIMIT_ADDRESSES for each endpoint. Returns how many there are.
 */
size_t choice_make(Choice ret[], const NodeInfo infos[], size_t n, Proto proto, Family family);

/* Why, in words. */
const char *choice_reason(const Choice *choice);
