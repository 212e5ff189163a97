/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* JSON, with the keys of docs/json.md */

#include <json-c/json.h>
#include <stdbool.h>

#include "util/macro.h"

/* json-c's json_object_put(), for _cleanup_(). */
static inline void json_putp(struct json_object **object) {
        json_object_put(*object);
}

/* Text from outside, without what is no UTF-8 and without control characters: each such byte
 * becomes U+FFFD. "" and NULL become null. */
struct json_object *json_text(const char *text);

/* Writes to stdout, on one line or on as many as people like, and lets go of the object. Returns 0
 * or negative errno, which people have been told. */
int json_print_line(struct json_object *object);
int json_print(struct json_object *object);
