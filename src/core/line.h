/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Lines of the control protocol: words and attributes (docs/protocol.md section 1) */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/limits.h"
#include "util/macro.h"

typedef struct Attribute {
        const char *key;
        const char *value;
} Attribute;

/* A line that was taken apart. The strings lie in the buffer that line_parse() was given. */
typedef struct Line {
        char *words[LIMIT_LINE_WORDS];
        size_t n_words;
        Attribute attributes[LIMIT_LINE_WORDS];
        size_t n_attributes;
} Line;

enum {
        _LINE_E_SUCCESS,

        LINE_E_MALFORMED,
};

/*
 * Takes apart text, which has length bytes without LF, and decodes its words in place. text[length]
 * is overwritten by a NUL. Returns 0 or LINE_E_MALFORMED.
 */
int line_parse(Line *ret, char *text, size_t length);

/*
 * Takes the words from position first on as attributes. Returns 0, or LINE_E_MALFORMED if one is
 * not key=value or a key stands twice.
 */
int line_split_attributes(Line *line, size_t first);

/* The value of an attribute, or NULL. */
const char *line_get(const Line *line, const char *key);

/* Bytes that text takes when it is percent-coded. */
size_t line_encoded_length(const char *text);

/* A line under construction. Too much text sets overflow, and nothing more is written. */
typedef struct LineWriter {
        char text[LIMIT_LINE];
        size_t length;
        bool overflow;
} LineWriter;

#define LINE_WRITER_NULL                                                                           \
        { .length = 0 }

/* Appends a word, percent-coded as needed. */
void line_writer_word(LineWriter *writer, const char *word);
void line_writer_attribute(LineWriter *writer, const char *key, const char *value);
void line_writer_attribute_u64(LineWriter *writer, const char *key, uint64_t value);

/* Appends text as it is, behind a space: for the free text of ERR, which must be plain printable
 * words. */
void line_writer_text(LineWriter *writer, const char *text);

/* Ends the line with LF. Returns its length, or -E2BIG if it did not fit. */
int line_writer_end(LineWriter *writer);
