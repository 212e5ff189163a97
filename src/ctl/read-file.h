/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Small files, read whole */

#include <stdbool.h>
#include <stddef.h>

/* Reads a file, at most size - 1 bytes, as a string. Returns whether that worked. */
bool read_file(const char *path, char *buffer, size_t size);
