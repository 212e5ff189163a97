/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Durations that people write */

#include <stdint.h>

/*
 * Parses "10s", "500ms", "2m", "1h" or "10", which are seconds: digits and one unit, at most a day.
 * Returns 0, or -EINVAL with *ret untouched.
 */
int duration_parse(const char *text, uint32_t *ret_msec);
