/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes in, lines out: however they are cut up on their way. */

#include <glib.h>
#include <string.h>

#include "core/input-buffer.h"

/* Feeds what fits, and returns how much that was. */
static size_t feed(InputBuffer *buffer, const char *data, size_t length) {
        char *room;
        size_t n = MIN(input_buffer_reserve(buffer, &room), length);

        memcpy(room, data, n);
        input_buffer_commit(buffer, n);
        return n;
}

static void check_line(InputBuffer *buffer, const char *expected) {
        char *line;
        size_t length;

        g_assert_cmpint(input_buffer_take_line(buffer, &line, &length), ==, 0);
        g_assert_cmpmem(line, (int) length, expected, (int) strlen(expected));
        /* line_parse() puts a NUL there. */
        line[length] = '\0';
}

static void check_none(InputBuffer *buffer, int reason) {
        char *line;
        size_t length;

        g_assert_cmpint(input_buffer_take_line(buffer, &line, &length), ==, reason);
}

static void test_empty(void) {
        InputBuffer buffer = INPUT_BUFFER_NULL;
        char *room;

        check_none(&buffer, INPUT_BUFFER_E_PENDING);
        g_assert_cmpuint(input_buffer_reserve(&buffer, &room), ==, LIMIT_LINE);
        input_buffer_commit(&buffer, 0);
        check_none(&buffer, INPUT_BUFFER_E_PENDING);
}

/* Requests may come together in one read. */
static void test_many_in_one_read(void) {
        static const char text[] = "STATUS\n\nLIST\nHEL";
        InputBuffer buffer = INPUT_BUFFER_NULL;

        feed(&buffer, text, strlen(text));
        check_line(&buffer, "STATUS");
        check_line(&buffer, "");
        check_line(&buffer, "LIST");
        check_none(&buffer, INPUT_BUFFER_E_PENDING);
        feed(&buffer, "LO 1\n", 5);
        check_line(&buffer, "HELLO 1");
        check_none(&buffer, INPUT_BUFFER_E_PENDING);
}

/* One request may come in as many reads as it has bytes. */
static void test_byte_by_byte(void) {
        static const char text[] = "LOOKUP bob@h2\nSTATUS\n";
        InputBuffer buffer = INPUT_BUFFER_NULL;

        for (size_t i = 0; i < strlen(text); i++) {
                feed(&buffer, text + i, 1);
                if (i == 13)
                        check_line(&buffer, "LOOKUP bob@h2");
                else if (i == 20)
                        check_line(&buffer, "STATUS");
                else
                        check_none(&buffer, INPUT_BUFFER_E_PENDING);
        }
}

/* LIMIT_LINE bytes with the LF are a line, without it they are none and never will be. */
static void test_longest(void) {
        g_autofree char *longest = g_strnfill(LIMIT_LINE - 1, 'x'),
                        *longer = g_strnfill(LIMIT_LINE, 'x');
        InputBuffer buffer = INPUT_BUFFER_NULL;

        g_assert_cmpuint(feed(&buffer, longest, LIMIT_LINE - 1), ==, LIMIT_LINE - 1);
        check_none(&buffer, INPUT_BUFFER_E_PENDING);
        g_assert_cmpuint(feed(&buffer, "\n", 1), ==, 1);
        check_line(&buffer, longest);

        g_assert_cmpuint(feed(&buffer, longer, LIMIT_LINE), ==, LIMIT_LINE);
        check_none(&buffer, INPUT_BUFFER_E_TOO_LONG);
        g_assert_cmpuint(feed(&buffer, "\n", 1), ==, 0);
        check_none(&buffer, INPUT_BUFFER_E_TOO_LONG);
}

/* The longest line still fits behind the rest of another, whose place it takes. */
static void test_longest_behind_another(void) {
        g_autofree char *longest = g_strnfill(LIMIT_LINE - 1, 'x');
        g_autofree char *text = g_strconcat("STATUS\n", longest, "\n", NULL);
        InputBuffer buffer = INPUT_BUFFER_NULL;
        size_t n = feed(&buffer, text, strlen(text));

        g_assert_cmpuint(n, ==, LIMIT_LINE);
        check_line(&buffer, "STATUS");
        check_none(&buffer, INPUT_BUFFER_E_PENDING);
        g_assert_cmpuint(feed(&buffer, text + n, strlen(text) - n), ==, strlen(text) - n);
        check_line(&buffer, longest);
}

/* Before the rest of a full buffer is taken, there is no room: the reader has to wait, not to fail.
 */
static void test_full_of_lines(void) {
        g_autofree char *text = g_strnfill(LIMIT_LINE, '\n');
        InputBuffer buffer = INPUT_BUFFER_NULL;
        char *room;

        feed(&buffer, text, LIMIT_LINE);
        g_assert_cmpuint(input_buffer_reserve(&buffer, &room), ==, 0);
        for (int i = 0; i < LIMIT_LINE; i++)
                check_line(&buffer, "");
        check_none(&buffer, INPUT_BUFFER_E_PENDING);
        g_assert_cmpuint(input_buffer_reserve(&buffer, &room), ==, LIMIT_LINE);
}

/* A NUL is a byte as any other here; to refuse it is for line_parse(). */
static void test_nul(void) {
        InputBuffer buffer = INPUT_BUFFER_NULL;
        char *line;
        size_t length;

        feed(&buffer, "a\0b\n", 4);
        g_assert_cmpint(input_buffer_take_line(&buffer, &line, &length), ==, 0);
        g_assert_cmpmem(line, (int) length, "a\0b", 3);
}

/* A stream of lines of all lengths, cut up at random, against a plain split. */
static void test_random_chunks(void) {
        g_autoptr(GRand) rand = g_rand_new_with_seed(1);
        g_autoptr(GString) stream = g_string_new(NULL), taken = g_string_new(NULL);
        InputBuffer buffer = INPUT_BUFFER_NULL;
        size_t fed = 0;

        for (int i = 0; i < 2000; i++) {
                int length = g_rand_int_range(rand, 0, i % 10 == 0 ? LIMIT_LINE : 60);

                while (length-- > 0)
                        g_string_append_c(stream, (char) g_rand_int_range(rand, 'a', 'z'));
                g_string_append_c(stream, '\n');
        }

        while (fed < stream->len || taken->len < stream->len) {
                size_t chunk = (size_t) g_rand_int_range(rand, 0, 3000), length;
                char *line;

                fed += feed(&buffer, stream->str + fed, MIN(chunk, stream->len - fed));
                /* A reader may stop between two lines and go on later. */
                while (g_rand_int_range(rand, 0, 8) > 0 &&
                       input_buffer_take_line(&buffer, &line, &length) == 0) {
                        g_string_append_len(taken, line, (gssize) length);
                        g_string_append_c(taken, '\n');
                        line[length] = '\0';
                }
        }
        g_assert_true(g_string_equal(taken, stream));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/input-buffer/empty", test_empty);
        g_test_add_func("/input-buffer/many-lines-in-one-read", test_many_in_one_read);
        g_test_add_func("/input-buffer/byte-by-byte", test_byte_by_byte);
        g_test_add_func("/input-buffer/longest-line", test_longest);
        g_test_add_func("/input-buffer/longest-line-behind-another", test_longest_behind_another);
        g_test_add_func("/input-buffer/full-of-lines", test_full_of_lines);
        g_test_add_func("/input-buffer/nul-is-a-byte", test_nul);
        g_test_add_func("/input-buffer/random-chunks", test_random_chunks);
        return g_test_run();
}
