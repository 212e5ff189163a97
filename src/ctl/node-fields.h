/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The fields of an endpoint: the columns of list, and the keys that docs/json.md calls an
 * endpoint's */

#include "core/node-info.h"
#include "ctl/field.h"

/* Of a NodeInfo. */
extern const Field node_fields[];
extern const size_t n_node_fields;

/* Adds an endpoint's keys to an object, or makes an object of its own. */
void node_fields_add_json(struct json_object *json, const void *info);
struct json_object *node_fields_json(const NodeInfo *info);
