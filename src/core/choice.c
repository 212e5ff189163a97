/* SPDX-License-Identifier: Apache-2.0 */
/* Which address a node would connect to */

#include "core/choice.h"

/* Ranks of the impossible: behind all others. */
#define RANK_FAMILY 3
#define RANK_PROTO 4

/* Under IPv6, OTP takes an IPv4 address as a mapped one. */
static unsigned rank(Family family, Family listener, const Address *address) {
        if (family == FAMILY_INET)
                return address->family == FAMILY_INET6 ? RANK_FAMILY
                       : listener == FAMILY_INET       ? 0
                                                       : 1;
        if (address->family == FAMILY_INET6)
                return listener == FAMILY_INET6 && !address_is_link_local6(address) ? 0
                                                                                    : RANK_FAMILY;
        return listener == FAMILY_INET6 ? 1 : 2;
}

/* Negative, 0 or positive, as in a sort: what is up goes before what is stale. */
static int compare(const Choice *a, const Choice *b) {
        bool a_possible = a->rank < RANK_FAMILY, b_possible = b->rank < RANK_FAMILY;

        if (a_possible != b_possible)
                return b_possible - a_possible;
        if (a->info->stale != b->info->stale)
                return a->info->stale - b->info->stale;
        return (int) a->rank - (int) b->rank;
}

/* Keeps the order of equals. */
static void insert(Choice choices[], size_t n, const Choice *choice) {
        while (n > 0 && compare(choice, &choices[n - 1]) < 0) {
                choices[n] = choices[n - 1];
                n--;
        }
        choices[n] = *choice;
}

static ChoiceVerdict verdict(const Choice *choice, bool first) {
        if (choice->rank == RANK_PROTO)
                return CHOICE_PROTO;
        if (choice->rank == RANK_FAMILY)
                return CHOICE_FAMILY;
        return first ? CHOICE_TAKEN : CHOICE_LATER;
}

size_t choice_make(Choice ret[], const NodeInfo infos[], size_t n, Proto proto, Family family) {
        size_t n_choices = 0;

        for (size_t i = 0; i < n; i++)
                for (size_t j = 0; j < infos[i].n_addresses; j++) {
                        const Endpoint *endpoint = &infos[i].endpoint;
                        Choice choice = { .info = &infos[i], .address = infos[i].addresses[j] };

                        choice.rank = endpoint->proto == proto
                                              ? rank(family, endpoint->family, &choice.address)
                                              : RANK_PROTO;
                        insert(ret, n_choices++, &choice);
                }
        for (size_t i = 0; i < n_choices; i++)
                ret[i].verdict = verdict(&ret[i], i == 0);
        return n_choices;
}

static const char *reason_taken(const Choice *choice) {
        if (choice->info->stale)
                return "gone a moment ago; nothing better is known";
        if (choice->info->conflict)
                return "claimed more than once; this claim holds";
        if (choice->rank > 0)
                return "there is none of the family asked for";
        return source_info(choice->info->source)->why;
}

const char *choice_reason(const Choice *choice) {
        switch (choice->verdict) {
        case CHOICE_TAKEN:
                return reason_taken(choice);
        case CHOICE_LATER:
                return choice->info->stale ? "gone from the LAN: only if nothing is up"
                       : choice->rank > 0  ? "another family: if there is none better"
                                           : "OTP tries one only, and another is first";
        case CHOICE_PROTO:
                return choice->info->endpoint.proto == PROTO_TLS ? "this listener speaks TLS"
                                                                 : "this listener speaks no TLS";
        case CHOICE_FAMILY:
        default:
                return choice->address.family == FAMILY_INET6 ? "this connection can't use IPv6"
                                                              : "this connection can't use IPv4";
        }
}
