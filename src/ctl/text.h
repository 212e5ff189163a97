/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Text for people */

#include <stddef.h>
#include <stdint.h>

/* What a terminal understands (ECMA-48, SGR). */
#define TEXT_PLAIN "\033[0m"
#define TEXT_BOLD "\033[1m"
#define TEXT_RED "\033[31m"
#define TEXT_GREEN "\033[32m"
#define TEXT_YELLOW "\033[33m"

/* Bytes of the valid UTF-8 character at text that is no control character, or 0. */
size_t text_character_length(const char *text);

/*
 * Copies text without what could harm a terminal: control characters and what is not UTF-8 become
 * "\xHH". Returns a new string, or NULL without memory.
 */
char *text_safe(const char *text);

/* Columns on a terminal that safe text takes. */
size_t text_width(const char *text);

/* Bytes of the first n characters of safe text. */
size_t text_offset(const char *text, size_t n);

/* Writes out what has been printed to stdout. Returns 0, or negative errno if anything was lost. */
int text_flush(void);

/* Long enough for any age, NUL included. */
#define TEXT_AGE_SIZE 16

/* Writes an age as "42s", "7m", "3h" or "12d". Returns buffer. */
const char *text_age(uint64_t sec, char buffer[static TEXT_AGE_SIZE]);
