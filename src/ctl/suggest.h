/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* "Did you mean …?" */

#include <stddef.h>

/* The candidate that somebody who typed word may have meant: one that begins so, or else the one
 * with the fewest slips of the finger. NULL if none is near. */
const char *suggest(const char *word, const char *const candidates[], size_t n);
