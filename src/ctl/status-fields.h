/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The fields of status: the lines that people read, and the keys of docs/json.md */

#include "core/line.h"
#include "ctl/census.h"
#include "ctl/field.h"

/* What the daemon answers, and what its list of nodes adds to that. */
typedef struct Status {
        const Line *line;
        const Census *census;
} Status;

/* Of a Status. Rows of one label are one line. */
extern const Field status_fields[];
extern const size_t n_status_fields;

/* The value of a key, as a number; 0 if the daemon does not tell it. */
uint64_t status_number(const Status *status, const char *key);
