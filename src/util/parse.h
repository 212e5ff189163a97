/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Strict parsing of small values */

#include <stdint.h>

/*
 * Parses a decimal number in [min, max] and sets *ret. Digits only: no sign, no space, no base
 * prefix, at least one digit. Returns 0, -EINVAL if text is no such number, -ERANGE if it is out of
 * range; *ret is then untouched.
 */
int parse_u32(const char *text, uint32_t min, uint32_t max, uint32_t *ret);
