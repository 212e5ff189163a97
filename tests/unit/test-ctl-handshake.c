/* SPDX-License-Identifier: Apache-2.0 */
/* The beginning of Erlang's distribution handshake: what is sent, and what comes, from anybody. */

#include <glib.h>
#include <string.h>

#include "ctl/handshake.h"

#define OK "\0\3sok"
#define FLAGS "\0\0\0\15\7\337\7\375"
#define CHALLENGE(size, length, name) "\0" size "N" FLAGS "\1\2\3\4\5\6\7\10\0" length name

/* Of exactly that size, so that reading behind it is seen by valgrind and the sanitizers. */
static HandshakeResult parse(const void *data, size_t length, const char *name) {
        g_autofree uint8_t *copy = g_memdup2(data, length);
        char found[NODE_NAME_SIZE];
        HandshakeResult result = handshake_parse(copy, length, found);

        g_assert_cmpstr(found, ==, name);
        return result;
}

#define PARSE(text, name) parse(text, sizeof(text) - 1, name)

/* Flags are the mandatory ones of OTP 25 to 29, and not PUBLISHED, with which others were told. */
static void test_send_name(void) {
        uint8_t data[HANDSHAKE_SEND_MAX];
        size_t length = handshake_send_name(data, "h1");
        uint64_t flags = 0;

        g_assert_cmpmem(data, 3, "\0\42N", 3);
        for (int i = 0; i < 8; i++)
                flags = flags << 8 | data[3 + i];
        g_assert_cmphex(flags & 0x407070F94, ==, 0x407070F94);
        g_assert_cmphex(flags & 0x1, ==, 0);
        /* Nor NAME_ME: this node has a name. */
        g_assert_cmphex(flags & 0x200000000, ==, 0);
        g_assert_cmpmem(data + 11, (int) length - 11, "\0\0\0\1\0\23-epmd-mdns-probe@h1", 25);
}

/* An acceptor whose own name is invalid would be sent nonsense: it logs that. */
static void test_host_names(void) {
        char host[NODE_NAME_SIZE] = "";
        uint8_t data[HANDSHAKE_SEND_MAX];

        g_assert_cmpuint(handshake_send_name(data, ""), ==,
                         17 + strlen("-epmd-mdns-probe@localhost"));
        g_assert_cmpuint(handshake_send_name(data, "a@b"), ==,
                         17 + strlen("-epmd-mdns-probe@localhost"));
        memset(host, 'x', sizeof(host) - 1);
        g_assert_cmpuint(handshake_send_name(data, host), ==,
                         17 + strlen("-epmd-mdns-probe@localhost"));
}

static void test_named(void) {
        g_assert_cmpint(PARSE(OK CHALLENGE("\31", "\6", "bob@h2"), "bob@h2"), ==, HANDSHAKE_NAMED);
        g_assert_cmpint(PARSE("\0\20sok_simultaneous" CHALLENGE("\31", "\6", "bob@h2"), "bob@h2"),
                        ==, HANDSHAKE_NAMED);
        /* Later versions may append something. */
        g_assert_cmpint(PARSE(OK CHALLENGE("\32", "\6", "bob@h2.") "more", "bob@h2"), ==,
                        HANDSHAKE_NAMED);
}

/* OTP sends Latin-1. */
static void test_latin1(void) {
        g_assert_cmpint(PARSE(OK CHALLENGE("\27", "\4", "a@h\351"), "a@h\303\251"), ==,
                        HANDSHAKE_NAMED);
        g_assert_cmpint(PARSE(OK CHALLENGE("\30", "\5", "a@h\303\251"), "a@h\303\251"), ==,
                        HANDSHAKE_NAMED);
}

/* A name that no node may have is none that was looked for. */
static void test_invalid_name(void) {
        g_assert_cmpint(PARSE(OK CHALLENGE("\31", "\6", "bob-h2"), ""), ==, HANDSHAKE_NAMED);
        g_assert_cmpint(PARSE(OK CHALLENGE("\31", "\6", "bo\33@h2"), ""), ==, HANDSHAKE_NAMED);
        g_assert_cmpint(PARSE(OK CHALLENGE("\31", "\6", "b\0b@h2"), ""), ==, HANDSHAKE_NAMED);
        g_assert_cmpint(PARSE(OK CHALLENGE("\23", "\0", ""), ""), ==, HANDSHAKE_NAMED);
}

static void test_unnamed(void) {
        g_assert_cmpint(PARSE("\0\4snok", ""), ==, HANDSHAKE_BUSY);
        g_assert_cmpint(PARSE("\0\14snot_allowed", ""), ==, HANDSHAKE_UNNAMED);
        g_assert_cmpint(PARSE("\0\6salive", ""), ==, HANDSHAKE_UNNAMED);
}

static void test_foreign(void) {
        g_assert_cmpint(PARSE("HTTP/1.1 400 Bad Request\r\n", ""), ==, HANDSHAKE_FOREIGN);
        g_assert_cmpint(PARSE("SSH-2.0-OpenSSH_9.2p1\r\n", ""), ==, HANDSHAKE_FOREIGN);
        g_assert_cmpint(PARSE("\25\3\1\0\2\2\50", ""), ==, HANDSHAKE_FOREIGN);
        g_assert_cmpint(PARSE("\0\0", ""), ==, HANDSHAKE_FOREIGN);
        g_assert_cmpint(PARSE("\0\4sokk", ""), ==, HANDSHAKE_FOREIGN);
        g_assert_cmpint(PARSE(OK "\0\31r", ""), ==, HANDSHAKE_FOREIGN);
        g_assert_cmpint(PARSE(OK "\0\22N", ""), ==, HANDSHAKE_FOREIGN);
        g_assert_cmpint(PARSE(OK "\377\377N", ""), ==, HANDSHAKE_FOREIGN);
        /* Its name would go beyond the message. */
        g_assert_cmpint(PARSE(OK CHALLENGE("\31", "\7", "bob@h2") "x", ""), ==, HANDSHAKE_FOREIGN);
}

/* However it is cut, more is waited for, until all of it is there. */
static void test_cut(void) {
        static const char whole[] = OK CHALLENGE("\31", "\6", "bob@h2");

        for (size_t length = 0; length < sizeof(whole) - 1; length++)
                g_assert_cmpint(parse(whole, length, ""), ==, HANDSHAKE_UNFINISHED);
}

/* The longest answer has room, so that no node is taken for something else. */
static void test_longest(void) {
        uint8_t data[HANDSHAKE_ANSWER_MAX] = OK;
        char name[NODE_NAME_SIZE];
        size_t length = sizeof(name) - 1, n = sizeof(OK) - 1;

        strcpy(name, "a@");
        for (size_t i = 2; i < length; i += 2)
                memcpy(name + i, "\303\251", 2);
        name[length] = '\0';
        g_assert_true(node_name_is_valid(name));
        data[n++] = (uint8_t) ((19 + length) >> 8);
        data[n++] = (uint8_t) (19 + length);
        memcpy(data + n, "N" FLAGS "\1\2\3\4\5\6\7\10", 17);
        n += 17;
        data[n++] = (uint8_t) (length >> 8);
        data[n++] = (uint8_t) length;
        g_assert_cmpuint(n + length, <=, sizeof(data));
        memcpy(data + n, name, length);
        g_assert_cmpint(parse(data, n + length, name), ==, HANDSHAKE_NAMED);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/ctl/handshake/send-name", test_send_name);
        g_test_add_func("/ctl/handshake/host-names", test_host_names);
        g_test_add_func("/ctl/handshake/named", test_named);
        g_test_add_func("/ctl/handshake/latin1", test_latin1);
        g_test_add_func("/ctl/handshake/invalid-name", test_invalid_name);
        g_test_add_func("/ctl/handshake/unnamed", test_unnamed);
        g_test_add_func("/ctl/handshake/foreign", test_foreign);
        g_test_add_func("/ctl/handshake/cut", test_cut);
        g_test_add_func("/ctl/handshake/longest", test_longest);

        return g_test_run();
}
