/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the control protocol: the first thing that a hostile local user reaches. */

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "core/line.h"
#include "unit/util-examples.h"

/* Lines of kind "line" in protocol-examples.txt; there may be more, never fewer. */
#define MIN_EXAMPLES 20

/*
 * Parses a copy of text that is exactly as large as line_parse() may expect, so that the sanitizers
 * see a byte too far. The copy stays in *ret_copy, where the line's strings are.
 */
static int parse(Line *line, const char *text, size_t length, char **ret_copy) {
        char *copy = g_malloc(length + 1);

        memcpy(copy, text, length);
        copy[length] = '\n';
        *ret_copy = copy;
        return line_parse(line, copy, length);
}

static int parse_text(Line *line, const char *text, char **ret_copy) {
        return parse(line, text, strlen(text), ret_copy);
}

static void check_written(LineWriter *writer, const char *expected) {
        int length = line_writer_end(writer);

        g_assert_cmpmem(writer->text, length, expected, (int) strlen(expected));
}

static void check_example(const Example *example) {
        g_autoptr(GString) words = g_string_new(NULL);
        g_autofree char *copy = NULL;
        Line line;

        g_test_message("%s", example->row);
        if (parse(&line, example->line->str, example->line->len, &copy) == LINE_E_MALFORMED) {
                g_assert_cmpstr(example->meaning, ==, "malformed");
                return;
        }
        for (size_t i = 0; i < line.n_words; i++)
                g_string_append_printf(words, "%s|", line.words[i]);
        g_assert_cmpstr(words->str, ==, example->meaning);
        g_assert_cmpuint(line.n_attributes, ==, 0);
}

static void test_examples(void) {
        g_assert_cmpuint(examples_check(EXAMPLES_PROTOCOL, "line", check_example), >=,
                         MIN_EXAMPLES);
}

/* Which bytes may stand for themselves, and that all others but NUL may be coded. */
static void test_every_byte(void) {
        for (int c = 0; c < 256; c++) {
                g_autofree char *plain_copy = NULL, *coded_copy = NULL, *coded = NULL;
                char plain[] = { 'X', ' ', 'a', (char) c, 'b' },
                     word[] = { 'a', (char) c, 'b', '\0' };
                gboolean allowed = c > 0x20 && c < 0x7F && c != '%';
                Line line;
                int r;

                r = parse(&line, plain, sizeof(plain), &plain_copy);
                if (c == ' ') {
                        g_assert_cmpint(r, ==, 0);
                        g_assert_cmpuint(line.n_words, ==, 3);
                } else
                        g_assert_cmpint(r, ==, allowed ? 0 : LINE_E_MALFORMED);

                coded = g_strdup_printf("X a%%%02xb", (unsigned) c);
                r = parse_text(&line, coded, &coded_copy);
                g_assert_cmpint(r, ==, c == 0 ? LINE_E_MALFORMED : 0);
                if (r == 0)
                        g_assert_cmpstr(line.words[1], ==, word);
        }
}

/* A sequence that the line cuts short must not take its digits from behind the end. */
static void test_cut_sequence(void) {
        static const char text[] = "X a%41";

        for (size_t length = 3; length < strlen(text); length++) {
                g_autofree char *copy = NULL;
                Line line;

                g_assert_cmpint(parse(&line, text, length, &copy), ==,
                                length == 3 ? 0 : LINE_E_MALFORMED);
        }
}

/* n words of one byte. */
static char *make_words(size_t n) {
        char *text = g_strnfill(2 * n - 1, 'w');

        for (size_t i = 1; i < 2 * n - 1; i += 2)
                text[i] = ' ';
        return text;
}

static void test_words_limit(void) {
        g_autofree char *most = make_words(LIMIT_LINE_WORDS),
                        *more = make_words(LIMIT_LINE_WORDS + 1);
        g_autofree char *most_copy = NULL, *more_copy = NULL, *full_copy = NULL;
        g_autofree char *full = make_words(LIMIT_LINE / 2);
        Line line;

        g_assert_cmpint(parse_text(&line, most, &most_copy), ==, 0);
        g_assert_cmpuint(line.n_words, ==, LIMIT_LINE_WORDS);
        g_assert_cmpint(parse_text(&line, more, &more_copy), ==, LINE_E_MALFORMED);
        g_assert_cmpint(parse_text(&line, full, &full_copy), ==, LINE_E_MALFORMED);
}

/* One word may fill the line. */
static void test_longest_word(void) {
        g_autofree char *text = g_strnfill(LIMIT_LINE - 1, 'x'), *copy = NULL;
        Line line;

        g_assert_cmpint(parse_text(&line, text, &copy), ==, 0);
        g_assert_cmpuint(line.n_words, ==, 1);
        g_assert_cmpstr(line.words[0], ==, text);
}

static void test_attributes(void) {
        g_autofree char *copy = NULL;
        Line line;

        g_assert_cmpint(parse_text(&line, "V pos a=1 b-2= c==x=%3D z=%20", &copy), ==, 0);
        g_assert_cmpint(line_split_attributes(&line, 2), ==, 0);
        g_assert_cmpuint(line.n_attributes, ==, 4);
        g_assert_cmpstr(line_get(&line, "a"), ==, "1");
        g_assert_cmpstr(line_get(&line, "b-2"), ==, "");
        g_assert_cmpstr(line_get(&line, "c"), ==, "=x==");
        g_assert_cmpstr(line_get(&line, "z"), ==, " ");
        g_assert_null(line_get(&line, "b"));
        g_assert_null(line_get(&line, "A"));
        g_assert_null(line_get(&line, "pos"));
        g_assert_null(line_get(&line, ""));
        /* The order of arrival is kept. */
        g_assert_cmpstr(line.attributes[1].key, ==, "b-2");
}

static void test_no_attributes(void) {
        g_autofree char *copy = NULL;
        Line line;

        g_assert_cmpint(parse_text(&line, "V", &copy), ==, 0);
        g_assert_cmpint(line_split_attributes(&line, 1), ==, 0);
        g_assert_cmpuint(line.n_attributes, ==, 0);
        g_assert_null(line_get(&line, "a"));
}

static void test_attributes_malformed(void) {
        static const char *const lines[] = {
                "V word",    "V a=1 word", "V =1",       "V =",      "V A=1",    "V 1a=1",
                "V -a=1",    "V a_b=1",    "V a.b=1",    "V aB=1",   "V a%20=1", "V %C3%A5=1",
                "V a=1 a=2", "V a=1 a=1",  "V a= b= a=", "V a%25=1",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
                g_autofree char *copy = NULL;
                Line line;

                g_test_message("%s", lines[i]);
                g_assert_cmpint(parse_text(&line, lines[i], &copy), ==, 0);
                g_assert_cmpint(line_split_attributes(&line, 1), ==, LINE_E_MALFORMED);
        }
}

/* As many attributes as a line can have words, the last of which repeats the first. */
static void test_attributes_most(void) {
        for (int repeat = 0; repeat < 2; repeat++) {
                g_autoptr(GString) text = g_string_new("V");
                g_autofree char *copy = NULL;
                Line line;

                for (int i = 1; i < LIMIT_LINE_WORDS; i++)
                        g_string_append_printf(text, " k%d=v",
                                               i == LIMIT_LINE_WORDS - 1 && repeat ? 1 : i);
                g_assert_cmpint(parse_text(&line, text->str, &copy), ==, 0);
                g_assert_cmpint(line_split_attributes(&line, 1), ==, repeat ? LINE_E_MALFORMED : 0);
        }
}

static void test_writer(void) {
        LineWriter writer = LINE_WRITER_NULL;

        line_writer_word(&writer, "V");
        line_writer_word(&writer, "a@b\xC3\xA5r");
        line_writer_attribute(&writer, "k", " \n%\x7F");
        line_writer_attribute(&writer, "x", "");
        line_writer_attribute_u64(&writer, "n", UINT64_MAX);
        check_written(&writer, "V a@b%C3%A5r k=%20%0A%25%7F x= n=18446744073709551615\n");
}

/* Text for people is words already. */
static void test_writer_text(void) {
        LineWriter writer = LINE_WRITER_NULL;

        line_writer_word(&writer, "ERR");
        line_writer_word(&writer, "limit");
        line_writer_text(&writer, "too many of them");
        check_written(&writer, "ERR limit too many of them\n");
}

/* What a writer codes, a reader decodes: every byte, and as long as line_encoded_length() says. */
static void test_round_trip(void) {
        char all[256];
        LineWriter writer = LINE_WRITER_NULL;
        Line line;
        int length;

        for (int c = 1; c < 256; c++)
                all[c - 1] = (char) c;
        all[255] = '\0';

        line_writer_word(&writer, "V");
        line_writer_attribute(&writer, "k", all);
        g_assert_cmpuint(line_encoded_length(all), ==, writer.length - strlen("V k="));
        length = line_writer_end(&writer);
        g_assert_cmpint(length, >, 0);
        g_assert_cmpint(line_parse(&line, writer.text, (size_t) length - 1), ==, 0);
        g_assert_cmpint(line_split_attributes(&line, 1), ==, 0);
        g_assert_cmpstr(line_get(&line, "k"), ==, all);
}

static void test_encoded_length(void) {
        g_assert_cmpuint(line_encoded_length(""), ==, 0);
        g_assert_cmpuint(line_encoded_length("abc~!"), ==, 5);
        g_assert_cmpuint(line_encoded_length("a b%"), ==, 8);
        g_assert_cmpuint(line_encoded_length("\xC3\xA5\x7F"), ==, 9);
}

/* A full line has LIMIT_LINE bytes with its LF; one byte more is an error, not a shorter line. */
static void test_writer_overflow(void) {
        g_autofree char *longest = g_strnfill(LIMIT_LINE - 1, 'x'),
                        *longer = g_strnfill(LIMIT_LINE, 'x');
        LineWriter writer = LINE_WRITER_NULL;

        line_writer_word(&writer, longest);
        g_assert_cmpint(line_writer_end(&writer), ==, LIMIT_LINE);
        g_assert_cmpint(writer.text[LIMIT_LINE - 1], ==, '\n');

        writer = (LineWriter) LINE_WRITER_NULL;
        line_writer_word(&writer, longer);
        g_assert_cmpint(line_writer_end(&writer), ==, -E2BIG);

        /* It stays too long, whatever follows. */
        line_writer_word(&writer, "x");
        line_writer_attribute(&writer, "k", longer);
        line_writer_text(&writer, "x");
        g_assert_cmpint(line_writer_end(&writer), ==, -E2BIG);
}

/* Also where the last byte that would not fit is a part of a coded one. */
static void test_writer_overflow_in_code(void) {
        for (size_t room = 0; room < 4; room++) {
                g_autofree char *filling = g_strnfill(LIMIT_LINE - 1 - room, 'x');
                LineWriter writer = LINE_WRITER_NULL;
                g_autofree char *word = g_strconcat(filling, "\xC3", NULL);

                line_writer_word(&writer, word);
                g_assert_cmpint(line_writer_end(&writer), ==, room < 3 ? -E2BIG : LIMIT_LINE);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/line/examples", test_examples);
        g_test_add_func("/line/parse/every-byte", test_every_byte);
        g_test_add_func("/line/parse/cut-sequence", test_cut_sequence);
        g_test_add_func("/line/parse/words-limit", test_words_limit);
        g_test_add_func("/line/parse/longest-word", test_longest_word);
        g_test_add_func("/line/attributes/values", test_attributes);
        g_test_add_func("/line/attributes/none", test_no_attributes);
        g_test_add_func("/line/attributes/malformed", test_attributes_malformed);
        g_test_add_func("/line/attributes/as-many-as-words", test_attributes_most);
        g_test_add_func("/line/writer/coding", test_writer);
        g_test_add_func("/line/writer/text-for-people", test_writer_text);
        g_test_add_func("/line/writer/round-trip", test_round_trip);
        g_test_add_func("/line/writer/encoded-length", test_encoded_length);
        g_test_add_func("/line/writer/overflow-is-an-error", test_writer_overflow);
        g_test_add_func("/line/writer/overflow-in-coded-byte", test_writer_overflow_in_code);
        return g_test_run();
}
