/* SPDX-License-Identifier: Apache-2.0 */
/* Names of nodes come from the LAN and from local users: one rule decides what is let in. */

#include <glib.h>
#include <string.h>

#include "core/node-name.h"
#include "unit/util-examples.h"
#include "util/macro.h"

/* Examples of kind "loopback"; there may be more, never fewer. */
#define MIN_LOOPBACK 100

static void test_valid(void) {
        static const char *const names[] = {
                "a@b",
                "alice@h1",
                "a_B-9@h1.local",
                "0@0",
                "_@_",
                "-@-",
                "alice@192.0.2.1",
                "alice@fd00::1",
                "a@!\"#$%&'()*+,-./:;<=>?[\\]^_`{|}~",
                "a@b\xC3\xA5r",
                "a@\xC2\xA0", /* U+00A0, the lowest beyond ASCII */
                "a@\xC3\xBF", /* U+00FF, the highest */
        };

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                g_test_message("%s", names[i]);
                g_assert_true(node_name_is_valid(names[i]));
        }
}

/* Whatever could start a new line, a new word or a terminal's escape sequence is refused. */
static void test_invalid(void) {
        static const char *const names[] = {
                "",
                "@",
                "a",
                "a@",
                "@b",
                "alice",
                "a@b@c",
                "a@@b",
                "al.ice@h",
                "al ice@h",
                "a\n@h",
                "a\xC3\xA5@h",
                "a@b c",
                "a@b\n",
                "a@b\r",
                "a@b\t",
                "a@\x1B[1m",
                "a@b\x7F",
                "a@\xC2\x80",
                "a@\xC2\x9F", /* control characters */
                "a@\xC4\x80",
                "a@\xE6\x97\xA5", /* beyond U+00FF */
                "a@\xC0\xAE",
                "a@\xC1\xBF", /* overlong forms of ASCII */
                "a@\xC3",
                "a@\xC2",
                "a@\xC3\xC3\xA5", /* cut short */
                "a@\xA5",
                "a@\xFF",
                "a@\xE5", /* Latin-1, not UTF-8 */
                "a@\xC3-",
                "a@\xC2\xC0",
                "a@\xC3\xC0",
        };

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                g_test_message("%s", names[i]);
                g_assert_false(node_name_is_valid(names[i]));
        }
}

/* Every byte in each position, against the rule as docs/protocol.md words it. */
static void test_bytes(void) {
        for (int c = 1; c < 256; c++) {
                char in_name[] = { 'a', (char) c, '@', 'h', '\0' };
                char in_host[] = { 'a', '@', 'h', (char) c, '\0' };
                gboolean name = g_ascii_isalnum((char) c) || c == '_' || c == '-';
                gboolean host = c > 0x20 && c < 0x7F && c != '@';

                g_test_message("byte %02X", (unsigned) c);
                g_assert_cmpint(node_name_is_valid(in_name), ==, name);
                g_assert_cmpint(node_name_is_valid(in_host), ==, host);
        }
}

/* Every character of two bytes in the host. */
static void test_characters(void) {
        for (gunichar c = 0x80; c < 0x800; c++) {
                char name[16] = "a@";
                int length = g_unichar_to_utf8(c, name + 2);

                name[2 + length] = '\0';
                g_test_message("U+%04X", c);
                g_assert_cmpint(node_name_is_valid(name), ==, c >= 0xA0 && c <= 0xFF);
        }
}

/* A name of n characters, of which name_length stand before the "@". */
static char *make_name(size_t n, size_t name_length, const char *host_character) {
        GString *name = g_string_new(NULL);

        for (size_t i = 0; i < name_length; i++)
                g_string_append_c(name, 'n');
        g_string_append_c(name, '@');
        for (size_t i = name_length + 1; i < n; i++)
                g_string_append(name, host_character);
        return g_string_free(name, FALSE);
}

/* The limit is one of characters; bytes follow from it. */
static void test_length(void) {
        static const struct {
                size_t n, name_length;
                const char *character;
                size_t bytes;
        } cases[] = {
                { LIMIT_NODE_NAME_CHARS, 1, "h", LIMIT_NODE_NAME_CHARS },
                { LIMIT_NODE_NAME_CHARS, 1, "\xC3\xA5", LIMIT_NODE_NAME_BYTES },
                { LIMIT_NODE_NAME_CHARS, LIMIT_NODE_NAME_CHARS - 2, "h", LIMIT_NODE_NAME_CHARS },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                g_autofree char *longest = NULL, *longer = NULL;

                longest = make_name(cases[i].n, cases[i].name_length, cases[i].character);
                g_assert_cmpuint(strlen(longest), ==, cases[i].bytes);
                g_assert_cmpuint(strlen(longest), <, NODE_NAME_SIZE);
                g_assert_true(node_name_is_valid(longest));

                longer = make_name(cases[i].n + 1, cases[i].name_length, cases[i].character);
                g_assert_false(node_name_is_valid(longer));
        }
}

/* Far beyond the limit, as an advert or a request may have it. */
static void test_absurd_length(void) {
        g_autofree char *name = make_name(100000, 99998, "h"), *host = make_name(100000, 1, "h");
        g_autofree char *no_host = g_strndup(name, 99998);

        g_assert_false(node_name_is_valid(name));
        g_assert_false(node_name_is_valid(host));
        g_assert_false(node_name_is_valid(no_host));
}

static void test_host(void) {
        g_assert_cmpstr(node_name_host("alice@h1.local"), ==, "h1.local");
        g_assert_cmpstr(node_name_host("a@b\xC3\xA5r"), ==, "b\xC3\xA5r");
}

static void test_host_equal(void) {
        static const struct {
                const char *a, *b;
                gboolean equal;
        } cases[] = {
                { "h1", "h1", TRUE },
                { "h1", "H1", TRUE },
                { "h1", "h1.local", TRUE },
                { "h1", "h1.LOCAL", TRUE },
                { "h1", "h1.local.", TRUE },
                { "h1.", "h1.local", TRUE },
                { "h1.local", "h1.local.", TRUE },
                { "h1.example", "h1.example.", TRUE },
                { "", "", TRUE },
                { "h1", "h2", FALSE },
                { "h1", "h1.example", FALSE },
                { "h1.local", "h1.example", FALSE },
                { "h1", "h12", FALSE },
                { "h1", "h1..", FALSE },
                { "h1", "h1.local.local", FALSE },
                { "h1.local", "h1.local.local", FALSE },
                { "h1local", "h1", FALSE },
                { "", "h1", FALSE },
                { "", ".local", FALSE },
                { "", "local", FALSE },
                { "h\xC3\xA5", "h\xC3\x85", FALSE }, /* ASCII case only */
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                g_test_message("\"%s\" \"%s\"", cases[i].a, cases[i].b);
                g_assert_cmpint(host_name_equal(cases[i].a, cases[i].b), ==, cases[i].equal);
                g_assert_cmpint(host_name_equal(cases[i].b, cases[i].a), ==, cases[i].equal);
        }
}

static void check_loopback(const Example *example) {
        g_auto(GStrv) halves = g_strsplit(example->line->str, "|", 2);
        g_autofree char *node = g_strdup_printf("app@%s", halves[0]);
        gboolean loopback = strcmp(example->meaning, "yes") == 0;

        g_test_message("%s", example->row);
        g_assert_true(node_name_is_valid(node));
        g_assert_cmpint(host_name_is_loopback(halves[0]), ==, loopback);
        g_assert_cmpint(node_name_is_loopback(node), ==, loopback);
}

static void test_loopback(void) {
        g_assert_cmpuint(examples_check(EXAMPLES_CHOICE, "loopback", check_loopback), >=,
                         MIN_LOOPBACK);
}

/* As long as the host part of a name can be. */
static void test_long_loopback(void) {
        g_autofree char *zeros = g_strnfill(LIMIT_NODE_NAME_CHARS - strlen("a@127.1"), '0');
        g_autofree char *longest = g_strdup_printf("a@127.%s1", zeros),
                        *other = make_name(LIMIT_NODE_NAME_CHARS, 1, "\xC3\xA5");

        g_assert_true(node_name_is_valid(longest));
        g_assert_true(node_name_is_loopback(longest));
        g_assert_false(node_name_is_loopback(other));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/node-name/valid", test_valid);
        g_test_add_func("/node-name/invalid", test_invalid);
        g_test_add_func("/node-name/every-byte", test_bytes);
        g_test_add_func("/node-name/latin-1-without-controls", test_characters);
        g_test_add_func("/node-name/length-counts-characters", test_length);
        g_test_add_func("/node-name/absurd-length", test_absurd_length);
        g_test_add_func("/node-name/host", test_host);
        g_test_add_func("/host-name/equal", test_host_equal);
        g_test_add_func("/host-name/loopback", test_loopback);
        g_test_add_func("/host-name/loopback/longest", test_long_loopback);
        return g_test_run();
}
