/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the control protocol: words and attributes */

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/line.h"

static bool is_plain(unsigned char c) {
        return c >= 0x21 && c <= 0x7E;
}

static int hex_value(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        return -1;
}

/* Decodes the byte at *p, which end is behind, and moves *p past it. Returns -1 if it is malformed.
 */
static int decode_byte(const char **p, const char *end) {
        int high, low;

        if (!is_plain((unsigned char) **p))
                return -1;
        if (**p != '%')
                return *(*p)++;

        if (end - *p < 3)
                return -1;
        high = hex_value((*p)[1]);
        low = hex_value((*p)[2]);
        /* A NUL would end the string early for us, and not for another reader of the same line. */
        if (high < 0 || low < 0 || high + low == 0)
                return -1;
        *p += 3;
        return high * 16 + low;
}

int line_parse(Line *ret, char *text, size_t length) {
        const char *p = text, *end = text + length;
        char *out = text;

        ret->n_words = 0;
        ret->n_attributes = 0;

        /* Decoding never lengthens, so the words are written over the text that they are read from.
         */
        do {
                char *word = out;

                while (p < end && *p != ' ') {
                        int c = decode_byte(&p, end);

                        if (c < 0)
                                return LINE_E_MALFORMED;
                        *out++ = (char) c;
                }
                if (out == word || ret->n_words == LIMIT_LINE_WORDS)
                        return LINE_E_MALFORMED;
                *out++ = '\0';
                ret->words[ret->n_words++] = word;
        } while (p++ < end);

        return 0;
}

static bool is_key(const char *key) {
        if (*key < 'a' || *key > 'z')
                return false;
        return key[strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

int line_split_attributes(Line *line, size_t first) {
        line->n_attributes = 0;

        for (size_t i = first; i < line->n_words; i++) {
                char *key = line->words[i], *equals = strchr(key, '=');

                if (!equals)
                        return LINE_E_MALFORMED;
                *equals = '\0';
                if (!is_key(key) || line_get(line, key))
                        return LINE_E_MALFORMED;
                line->attributes[line->n_attributes++] = (Attribute){ key, equals + 1 };
        }
        return 0;
}

const char *line_get(const Line *line, const char *key) {
        for (size_t i = 0; i < line->n_attributes; i++)
                if (strcmp(line->attributes[i].key, key) == 0)
                        return line->attributes[i].value;
        return NULL;
}

static bool is_coded(char c) {
        return !is_plain((unsigned char) c) || c == '%';
}

size_t line_encoded_length(const char *text) {
        size_t length = 0;

        for (; *text; text++)
                length += is_coded(*text) ? 3 : 1;
        return length;
}

static void put(LineWriter *writer, char c) {
        /* The last byte is kept for the LF. */
        if (writer->length < sizeof(writer->text) - 1)
                writer->text[writer->length++] = c;
        else
                writer->overflow = true;
}

static void put_coded(LineWriter *writer, const char *text) {
        static const char digits[] = "0123456789ABCDEF";

        for (; *text; text++) {
                if (is_coded(*text)) {
                        put(writer, '%');
                        put(writer, digits[(unsigned char) *text >> 4]);
                        put(writer, digits[(unsigned char) *text & 15]);
                } else
                        put(writer, *text);
        }
}

static void put_space(LineWriter *writer) {
        if (writer->length > 0)
                put(writer, ' ');
}

void line_writer_word(LineWriter *writer, const char *word) {
        put_space(writer);
        put_coded(writer, word);
}

void line_writer_attribute(LineWriter *writer, const char *key, const char *value) {
        line_writer_word(writer, key);
        put(writer, '=');
        put_coded(writer, value);
}

void line_writer_attribute_u64(LineWriter *writer, const char *key, uint64_t value) {
        char text[21];

        snprintf(text, sizeof(text), "%" PRIu64, value);
        line_writer_attribute(writer, key, text);
}

void line_writer_text(LineWriter *writer, const char *text) {
        put_space(writer);
        for (; *text; text++) {
                assert(*text == ' ' || !is_coded(*text));
                put(writer, *text);
        }
}

int line_writer_end(LineWriter *writer) {
        if (writer->overflow)
                return -E2BIG;
        writer->text[writer->length++] = '\n';
        return (int) writer->length;
}
