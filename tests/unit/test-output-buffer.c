/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that wait to be sent: none lost, none twice, and never more than the limit. */

#include <glib.h>
#include <string.h>

#include "core/limits.h"
#include "core/output-buffer.h"

static void check_content(const OutputBuffer *buffer, const char *expected, size_t length) {
        const char *data;

        g_assert_cmpuint(output_buffer_peek(buffer, &data), ==, length);
        if (length > 0)
                g_assert_true(memcmp(data, expected, length) == 0);
}

static void append(OutputBuffer *buffer, const char *text) {
        g_assert_cmpint(output_buffer_append(buffer, text, strlen(text)), ==, 0);
}

static void test_fifo(void) {
        OutputBuffer buffer = OUTPUT_BUFFER_NULL;

        check_content(&buffer, "", 0);
        append(&buffer, "OK\n");
        append(&buffer, "EVENT sync\n");
        check_content(&buffer, "OK\nEVENT sync\n", 14);
        output_buffer_consume(&buffer, 4);
        check_content(&buffer, "VENT sync\n", 10);
        append(&buffer, "x");
        check_content(&buffer, "VENT sync\nx", 11);
        output_buffer_done(&buffer);
        check_content(&buffer, "", 0);
}

/* An idle connection holds no memory: there may be thousands. */
static void test_memory_is_given_back(void) {
        OutputBuffer buffer = OUTPUT_BUFFER_NULL;

        append(&buffer, "OK\n");
        output_buffer_consume(&buffer, 2);
        g_assert_cmpuint(buffer.allocated, >, 0);
        output_buffer_consume(&buffer, 1);
        g_assert_cmpuint(buffer.allocated, ==, 0);
        g_assert_null(buffer.data);

        append(&buffer, "OK\n");
        check_content(&buffer, "OK\n", 3);
        output_buffer_done(&buffer);
        output_buffer_done(&buffer);
}

/* Nothing may be appended to nothing, and nothing sent of it. */
static void test_nothing(void) {
        OutputBuffer buffer = OUTPUT_BUFFER_NULL;

        g_assert_cmpint(output_buffer_append(&buffer, "", 0), ==, 0);
        check_content(&buffer, "", 0);
        output_buffer_consume(&buffer, 0);
        append(&buffer, "x");
        g_assert_cmpint(output_buffer_append(&buffer, "", 0), ==, 0);
        output_buffer_consume(&buffer, 0);
        check_content(&buffer, "x", 1);
        output_buffer_done(&buffer);
}

/* LIMIT_OUTPUT bytes may wait. What would not fit is not appended in part: lines stay whole. */
static void test_limit(void) {
        g_autofree char *most = g_strnfill(LIMIT_OUTPUT, 'x');
        OutputBuffer buffer = OUTPUT_BUFFER_NULL;

        g_assert_cmpint(output_buffer_append(&buffer, most, LIMIT_OUTPUT - 1), ==, 0);
        g_assert_cmpint(output_buffer_append(&buffer, "yz", 2), ==, OUTPUT_BUFFER_E_FULL);
        check_content(&buffer, most, LIMIT_OUTPUT - 1);
        g_assert_cmpint(output_buffer_append(&buffer, "x", 1), ==, 0);
        check_content(&buffer, most, LIMIT_OUTPUT);
        g_assert_cmpint(output_buffer_append(&buffer, "x", 1), ==, OUTPUT_BUFFER_E_FULL);
        g_assert_cmpuint(buffer.allocated, <=, LIMIT_OUTPUT);

        /* What has been sent counts no more. */
        output_buffer_consume(&buffer, 10);
        g_assert_cmpint(output_buffer_append(&buffer, most, 11), ==, OUTPUT_BUFFER_E_FULL);
        g_assert_cmpint(output_buffer_append(&buffer, most, 10), ==, 0);
        check_content(&buffer, most, LIMIT_OUTPUT);
        g_assert_cmpuint(buffer.allocated, <=, LIMIT_OUTPUT);
        output_buffer_done(&buffer);
}

/* One append may be as large as the limit, and not a byte larger. */
static void test_limit_at_once(void) {
        g_autofree char *more = g_strnfill(LIMIT_OUTPUT + 1, 'x');
        OutputBuffer buffer = OUTPUT_BUFFER_NULL;

        g_assert_cmpint(output_buffer_append(&buffer, more, LIMIT_OUTPUT + 1), ==,
                        OUTPUT_BUFFER_E_FULL);
        check_content(&buffer, "", 0);
        g_assert_cmpint(output_buffer_append(&buffer, more, LIMIT_OUTPUT), ==, 0);
        output_buffer_consume(&buffer, LIMIT_OUTPUT);
        check_content(&buffer, "", 0);
}

/* A queue that is always a little behind does not grow: sent bytes make room for new ones. */
static void test_does_not_creep(void) {
        OutputBuffer buffer = OUTPUT_BUFFER_NULL;

        append(&buffer, "0123456789");
        for (int i = 0; i < 100000; i++) {
                append(&buffer, "0123456789");
                output_buffer_consume(&buffer, 10);
                check_content(&buffer, "0123456789", 10);
        }
        g_assert_cmpuint(buffer.allocated, <=, 512);
        output_buffer_done(&buffer);
}

/* Appends and partial sends at random, against a plain string. */
static void test_random(void) {
        g_autoptr(GRand) rand = g_rand_new_with_seed(2);
        g_autoptr(GString) expected = g_string_new(NULL);
        OutputBuffer buffer = OUTPUT_BUFFER_NULL;

        for (int i = 0; i < 5000; i++) {
                char chunk[LIMIT_LINE];
                size_t length = (size_t) g_rand_int_range(rand, 1, sizeof(chunk));
                gboolean fits = expected->len + length <= LIMIT_OUTPUT;

                memset(chunk, 'a' + i % 26, length);
                g_assert_cmpint(output_buffer_append(&buffer, chunk, length), ==,
                                fits ? 0 : OUTPUT_BUFFER_E_FULL);
                if (fits)
                        g_string_append_len(expected, chunk, (gssize) length);
                length = (size_t) g_rand_int_range(rand, 0, i / 1000 % 2 ? 3000 : 1500);
                length = MIN(length, expected->len);
                output_buffer_consume(&buffer, length);
                g_string_erase(expected, 0, (gssize) length);
                check_content(&buffer, expected->str, expected->len);
        }
        output_buffer_done(&buffer);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/output-buffer/first-in-first-out", test_fifo);
        g_test_add_func("/output-buffer/memory-is-given-back", test_memory_is_given_back);
        g_test_add_func("/output-buffer/nothing", test_nothing);
        g_test_add_func("/output-buffer/limit", test_limit);
        g_test_add_func("/output-buffer/limit-at-once", test_limit_at_once);
        g_test_add_func("/output-buffer/does-not-creep", test_does_not_creep);
        g_test_add_func("/output-buffer/random", test_random);
        return g_test_run();
}
