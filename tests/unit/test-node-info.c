/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of one endpoint */

#include <glib.h>
#include <string.h>

#include "core/node-info.h"
#include "core/reply.h"

static NodeInfo info_new(void) {
        NodeInfo info = {
                .endpoint = { .node = "bob@h2", .port = 40001 },
                .n_addresses = 1,
                .source = SOURCE_LAN,
                .host = "h2.local",
                .interfaces = "eth0,wlan0",
                .age_sec = 12,
        };

        g_assert_cmpint(address_parse("192.0.2.2", &info.addresses[0]), ==, 0);
        return info;
}

/* Parses the attributes of bob@h2, behind those that a line must have, or behind nothing. */
static int parse(NodeInfo *info, const char *base, const char *more) {
        g_autofree char *text = g_strconcat("NODE ", base, more, NULL);
        Line line;

        g_assert_cmpint(line_parse(&line, text, strlen(text)), ==, 0);
        return node_info_parse(info, &line, 1);
}

#define BASE "bob@h2 port=40001 family=inet proto=tcp addr=192.0.2.2 source=lan"

static void test_names(void) {
        for (EventKind kind = 0; kind < _EVENT_MAX; kind++)
                g_assert_cmpint(event_kind_from_string(event_kind_to_string(kind)), ==, kind);
        for (Reason reason = 0; reason < _REASON_MAX; reason++)
                g_assert_cmpint(reason_from_string(reason_to_string(reason)), ==, reason);
        g_assert_cmpint(event_kind_from_string("Up"), ==, _EVENT_INVALID);
        g_assert_cmpint(reason_from_string(""), ==, _REASON_INVALID);
}

static char *longest_of(const char *(*name)(int), int max) {
        const char *longest = "";

        for (int i = 0; i < max; i++)
                if (strlen(name(i)) > strlen(longest))
                        longest = name(i);
        return g_strdup(longest);
}

static const char *kind_name(int i) {
        return event_kind_to_string((EventKind) i);
}

static const char *reason_name(int i) {
        return reason_to_string((Reason) i);
}

/* As long as each field may be, whether or not they can be so together. */
static NodeInfo longest_info(const char *host_character, const char *interface_character) {
        NodeInfo info = {
                .endpoint = { .node = "a@",
                              .proto = PROTO_TLS,
                              .family = FAMILY_INET6,
                              .port = 65535,
                              .hidden = true,
                              .dist.low = 255,
                              .dist.high = 255 },
                .n_addresses = LIMIT_ADDRESSES,
                .source = SOURCE_LOCAL,
                .age_sec = UINT32_MAX,
                .conflict = true,
                .stale = true,
        };

        for (int i = 2; i < LIMIT_NODE_NAME_CHARS; i++)
                strcat(info.endpoint.node, "\xC3\xA5");
        g_assert_cmpuint(strlen(info.endpoint.node), ==, LIMIT_NODE_NAME_BYTES);
        g_assert_true(node_name_is_valid(info.endpoint.node));
        memset(info.endpoint.cluster, 'c', LIMIT_CLUSTER);
        memset(info.endpoint.otp, 'o', LIMIT_OTP);
        for (size_t i = 0; i < LIMIT_ADDRESSES; i++)
                g_assert_cmpint(address_parse("fd00:1111:2222:3333:4444:5555:6666:7777",
                                              &info.addresses[i]),
                                ==, 0);

        /* Their limits hold for what is written. */
        while (line_encoded_length(info.host) + line_encoded_length(host_character) <= LIMIT_HOST)
                strcat(info.host, host_character);
        for (size_t i = 0; i < LIMIT_INTERFACES; i++) {
                if (i > 0)
                        strcat(info.interfaces, ",");
                for (size_t n = 0; n + line_encoded_length(interface_character) <= LIMIT_INTERFACE;
                     n += line_encoded_length(interface_character))
                        strcat(info.interfaces, interface_character);
        }
        return info;
}

/* A claim to a name that leaves room for it may have a rival, too. */
static void test_longest_rival(void) {
        NodeInfo info = longest_info("h", "i");
        LineWriter writer = LINE_WRITER_NULL;

        while (line_encoded_length(info.endpoint.node) > LIMIT_RIVAL_NODE)
                info.endpoint.node[strlen(info.endpoint.node) - 2] = '\0';
        strcpy(info.rival, info.host);
        reply_write_event(&writer, EVENT_DOWN, &info, REASON_UNREGISTERED);
        g_assert_cmpint(line_writer_end(&writer), >, 0);
}

/*
 * LIMIT_LINE is large enough for the longest line there is: nothing that the network says can make
 * one that does not fit. And what fits is read back.
 */
static void test_longest_line(void) {
        static const char *const characters[][2] = {
                { "h", "i" },
                { "\xC3\xA5", "\xC3" },
                { "%", " " },
        };
        g_autofree char *kind = longest_of(kind_name, _EVENT_MAX);
        g_autofree char *reason = longest_of(reason_name, _REASON_MAX);

        for (size_t i = 0; i < G_N_ELEMENTS(characters); i++) {
                NodeInfo info = longest_info(characters[i][0], characters[i][1]);
                LineWriter writer = LINE_WRITER_NULL;
                Reply reply;
                Line line;
                int length;

                reply_write_event(&writer, event_kind_from_string(kind), &info,
                                  reason_from_string(reason));
                length = line_writer_end(&writer);
                g_test_message("%d bytes", length);
                g_assert_cmpint(length, >, 0);
                g_assert_cmpint(length, <=, LIMIT_LINE);

                g_assert_cmpint(line_parse(&line, writer.text, (size_t) length - 1), ==, 0);
                g_assert_cmpint(reply_parse(&reply, &line), ==, 0);
                g_assert_true(node_info_equal(&reply.info, &info));
                g_assert_cmpuint(reply.info.age_sec, ==, UINT32_MAX);
        }
}

/* The addresses of the longest text form. */
static void test_longest_address(void) {
        NodeInfo info = info_new(), parsed;
        LineWriter writer = LINE_WRITER_NULL;
        Line line;
        int length;

        info.n_addresses = LIMIT_ADDRESSES;
        for (size_t i = 0; i < LIMIT_ADDRESSES; i++)
                g_assert_cmpint(address_parse("1111:2222:3333:4444:5555:6666:255.255.255.255",
                                              &info.addresses[i]),
                                ==, 0);
        line_writer_word(&writer, "NODE");
        node_info_write(&info, &writer);
        length = line_writer_end(&writer);
        g_assert_cmpint(length, >, 0);
        g_assert_cmpint(line_parse(&line, writer.text, (size_t) length - 1), ==, 0);
        g_assert_cmpint(node_info_parse(&parsed, &line, 1), ==, 0);
        g_assert_true(node_info_equal(&parsed, &info));
}

/* port, family, proto, addr and source are always there; the rest has a default. */
static void test_required(void) {
        static const char *const missing[] = {
                "bob@h2 family=inet proto=tcp addr=192.0.2.2 source=lan",
                "bob@h2 port=40001 proto=tcp addr=192.0.2.2 source=lan",
                "bob@h2 port=40001 family=inet addr=192.0.2.2 source=lan",
                "bob@h2 port=40001 family=inet proto=tcp source=lan",
                "bob@h2 port=40001 family=inet proto=tcp addr=192.0.2.2",
        };
        NodeInfo info = info_new(), before = info_new();

        for (size_t i = 0; i < G_N_ELEMENTS(missing); i++) {
                g_assert_cmpint(parse(&info, missing[i], ""), ==, LINE_E_MALFORMED);
                g_assert_true(node_info_equal(&info, &before));
        }

        g_assert_cmpint(parse(&info, BASE, ""), ==, 0);
        g_assert_cmpstr(info.host, ==, "");
        g_assert_cmpstr(info.interfaces, ==, "");
        g_assert_cmpuint(info.age_sec, ==, 0);
        g_assert_false(info.conflict);
        g_assert_false(info.stale);
}

static void test_invalid_value(void) {
        static const char *const attributes[] = {
                " age=-1",        " age=", " age=4294967296", " type=secret", " cluster=",
                " cluster=a%20b", " otp=", " dist=6",         " dist=0-1",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(attributes); i++) {
                NodeInfo info = info_new(), before = info_new();

                g_test_message("%s", attributes[i]);
                g_assert_cmpint(parse(&info, BASE, attributes[i]), ==, LINE_E_MALFORMED);
                g_assert_true(node_info_equal(&info, &before));
        }
}

static void test_addresses(void) {
        static const struct {
                const char *list;
                size_t n; /* 0: malformed */
        } cases[] = {
                { "1.1.1.1", 1 },
                { "fd00::1,1.1.1.1", 2 },
                { "1.1.1.1,1.1.1.2,1.1.1.3,1.1.1.4", 4 },
                { "1.1.1.1,1.1.1.2,1.1.1.3,1.1.1.4,1.1.1.5", 0 },
                { "", 0 },
                { ",", 0 },
                { "1.1.1.1,", 0 },
                { ",1.1.1.1", 0 },
                { "1.1.1.1,,1.1.1.2", 0 },
                { "h1", 0 },
                { "1111:2222:3333:4444:5555:6666:255.255.255.2555", 0 },
                { "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb", 0 },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                g_autofree char *base = g_strconcat(
                        "bob@h2 port=1 family=inet proto=tcp source=lan addr=", cases[i].list,
                        NULL);
                NodeInfo info;

                g_test_message("%s", base);
                g_assert_cmpint(parse(&info, base, ""), ==, cases[i].n ? 0 : LINE_E_MALFORMED);
                if (cases[i].n)
                        g_assert_cmpuint(info.n_addresses, ==, cases[i].n);
        }
}

/* Text that a newer server makes longer than this reader has room for is unknown to it, not cut. */
static void test_long_text(void) {
        g_autofree char *host = g_strnfill(LIMIT_HOST, 'h'),
                        *longer = g_strnfill(LIMIT_HOST + 1, 'h');
        g_autofree char *fits = g_strconcat(" host=", host, " if=eth0,wlan0", NULL);
        g_autofree char *too_long = g_strconcat(" host=", longer, " if=", longer, NULL);
        NodeInfo info;

        g_assert_cmpint(parse(&info, BASE, fits), ==, 0);
        g_assert_cmpstr(info.host, ==, host);
        g_assert_cmpstr(info.interfaces, ==, "eth0,wlan0");
        g_assert_cmpint(parse(&info, BASE, too_long), ==, 0);
        g_assert_cmpstr(info.host, ==, "");
        g_assert_cmpstr(info.interfaces, ==, "");
}

/* Whether observers are told of a change hangs on this: each field counts, the age does not. */
static void test_equal(void) {
        NodeInfo a = info_new(), variants[10];

        for (size_t i = 0; i < G_N_ELEMENTS(variants); i++)
                variants[i] = info_new();
        variants[0].endpoint.port++;
        variants[1].endpoint.hidden = true;
        variants[2].n_addresses = 2;
        variants[3].addresses[0] = address_loopback(FAMILY_INET);
        variants[4].source = SOURCE_LOCAL;
        strcpy(variants[5].host, "h3.local");
        strcpy(variants[6].interfaces, "eth0");
        variants[7].conflict = true;
        variants[8].stale = true;
        strcpy(variants[9].rival, "h3.local");

        for (size_t i = 0; i < G_N_ELEMENTS(variants); i++)
                g_assert_false(node_info_equal(&a, &variants[i]));

        variants[0] = info_new();
        variants[0].age_sec++;
        variants[0].addresses[1] = address_loopback(FAMILY_INET6);
        g_assert_true(node_info_equal(&a, &variants[0]));
}

/* Order is kept: the best address stays the first. */
static void test_restrict(void) {
        static const char *const texts[] = { "fd00::1", "192.0.2.1", "fd00::2", "192.0.2.2" };
        NodeInfo all = info_new(), info;

        all.n_addresses = G_N_ELEMENTS(texts);
        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
                g_assert_cmpint(address_parse(texts[i], &all.addresses[i]), ==, 0);

        info = all;
        g_assert_true(node_info_restrict(&info, _FAMILY_INVALID));
        g_assert_true(node_info_equal(&info, &all));
        for (Family family = 0; family < _FAMILY_MAX; family++) {
                size_t first = family == FAMILY_INET6 ? 0 : 1;

                info = all;
                g_assert_true(node_info_restrict(&info, family));
                g_assert_cmpuint(info.n_addresses, ==, 2);
                g_assert_true(address_equal(&info.addresses[0], &all.addresses[first]));
                g_assert_true(address_equal(&info.addresses[1], &all.addresses[first + 2]));
                g_assert_false(node_info_restrict(&info, 1 - family));
                g_assert_cmpuint(info.n_addresses, ==, 0);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/node-info/names", test_names);
        g_test_add_func("/node-info/longest-line-fits", test_longest_line);
        g_test_add_func("/node-info/longest-rival-fits", test_longest_rival);
        g_test_add_func("/node-info/longest-address-fits", test_longest_address);
        g_test_add_func("/node-info/parse/required", test_required);
        g_test_add_func("/node-info/parse/invalid-value", test_invalid_value);
        g_test_add_func("/node-info/parse/addresses", test_addresses);
        g_test_add_func("/node-info/parse/long-text-is-unknown", test_long_text);
        g_test_add_func("/node-info/equal/every-field-but-age", test_equal);
        g_test_add_func("/node-info/restrict", test_restrict);
        return g_test_run();
}
