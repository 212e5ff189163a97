/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* One question by mDNS, and who answers it (RFC 6762 section 6.7, RFC 1035 section 4) */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/address.h"

/* Bytes of a packet, at most (RFC 6762 section 17). */
#define MDNS_MESSAGE_MAX 9000

#define MDNS_QUERY_MAX 600

/*
 * Writes a query with this id for the nodes' adverts and, so that there is an answer even without
 * any, for the name of the host with this address. Returns its length.
 */
size_t mdns_message_query(uint8_t ret[static MDNS_QUERY_MAX], uint16_t id, const Address *address);

typedef struct MdnsAnswer {
        bool valid;         /* an answer to the query with this id */
        unsigned n_adverts; /* how many adverts of nodes it tells of */
} MdnsAnswer;

/* Understands a packet, which comes from the network. */
MdnsAnswer mdns_message_parse(const uint8_t *data, size_t length, uint16_t id);
