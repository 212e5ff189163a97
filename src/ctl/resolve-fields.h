/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The fields of what a node could connect to: the columns of resolve, and its keys in JSON */

#include "core/choice.h"
#include "ctl/field.h"
#include "ctl/port-probe.h"

typedef struct Candidate {
        const Choice *choice;
        const PortProbe *probe; /* PORT_UNTRIED: its port was not tried */
} Candidate;

/* Of a Candidate. */
extern const Field resolve_fields[];
extern const size_t n_resolve_fields;
