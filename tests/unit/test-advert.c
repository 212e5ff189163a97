/* SPDX-License-Identifier: Apache-2.0 */
/* The advert of an endpoint: what goes out, and what anybody on the LAN may send in. */

#include <glib.h>
#include <stdarg.h>
#include <string.h>

#include "core/advert.h"

#define A_RING "\xC3\xA5"
#define ID "0123456789ab"

/* --- Labels --- */

static char *make_node(const char *head, const char *character, size_t n) {
        GString *node = g_string_new(head);

        while (n-- > 0)
                g_string_append(node, character);
        return g_string_free(node, FALSE);
}

static void check_label(const char *node, uint64_t id, const char *expected) {
        char label[ADVERT_LABEL_SIZE];

        advert_format_label(node, id, label);
        g_assert_cmpstr(label, ==, expected);
        g_assert_true(advert_label_id(label) == label + strlen(label) - ADVERT_ID_LENGTH);
        g_assert_cmpuint(strlen(label), <=, LIMIT_LABEL);
        g_assert_true(g_utf8_validate(label, -1, NULL));
}

static void test_label(void) {
        check_label("alice@h1", UINT64_C(0x0123456789AB), "alice@h1 " ID);
        check_label("alice@h1", 0, "alice@h1 000000000000");
        check_label("alice@h1", 0xF, "alice@h1 00000000000f");
        /* 48 bits of the number count. */
        check_label("alice@h1", UINT64_MAX, "alice@h1 ffffffffffff");
        check_label("a@b" A_RING "r", 1, "a@b" A_RING "r 000000000001");
}

/* 50 bytes are left for the name: all of 50, the beginning of 51, and no half character. */
static void test_label_cut(void) {
        g_autofree char *fits = make_node("a@", "h", 48), *longer = make_node("a@", "h", 49);
        g_autofree char *even = make_node("a@", A_RING, 24), *odd = make_node("ab@", A_RING, 24);
        g_autofree char *odd_cut = make_node("ab@", A_RING, 23),
                        *longest = make_node("a@", A_RING, 253);
        g_autofree char *fits_label = g_strconcat(fits, " " ID, NULL);
        g_autofree char *even_label = g_strconcat(even, " " ID, NULL);
        g_autofree char *odd_label = g_strconcat(odd_cut, " " ID, NULL);

        g_assert_cmpuint(strlen(fits_label), ==, LIMIT_LABEL);
        check_label(fits, UINT64_C(0x0123456789AB), fits_label);
        check_label(longer, UINT64_C(0x0123456789AB), fits_label);
        check_label(even, UINT64_C(0x0123456789AB), even_label);
        check_label(odd, UINT64_C(0x0123456789AB), odd_label);
        check_label(longest, UINT64_C(0x0123456789AB), even_label);
}

/* --- TXT --- */

/*
 * Parses an advert from strings in wire form (RFC 1035 section 3.3.14). Each is copied into memory
 * of just its length, so that the sanitizers see a byte too far.
 */
static int parse_wire(Endpoint *ret, const char *label, uint16_t port, const uint8_t *wire,
                      size_t length) {
        TxtString strings[LIMIT_TXT] = {};
        size_t n = 0;
        int r;

        for (size_t at = 0; at < length; at += 1 + (size_t) wire[at], n++) {
                g_assert_cmpuint(at + 1 + wire[at], <=, length);
                strings[n] = (TxtString){ g_memdup2(wire + at + 1, wire[at]), wire[at] };
        }
        r = advert_parse(ret, label, port, strings, n);
        for (size_t i = 0; i < n; i++)
                g_free((void *) strings[i].data);
        return r;
}

/* Parses an advert from strings of text, the last of which is followed by NULL. */
static int parse(Endpoint *ret, const char *label, ...) {
        g_autoptr(GByteArray) wire = g_byte_array_new();
        const char *string;
        va_list strings;

        va_start(strings, label);
        while ((string = va_arg(strings, const char *))) {
                uint8_t length = (uint8_t) strlen(string);

                g_assert_cmpuint(strlen(string), <=, LIMIT_TXT_STRING);
                g_byte_array_append(wire, &length, 1);
                g_byte_array_append(wire, (const uint8_t *) string, length);
        }
        va_end(strings);
        return parse_wire(ret, label, 40001, wire->data, wire->len);
}

#define check_refused(error, ...)                                                                  \
        do {                                                                                       \
                Endpoint _endpoint = { .node = "before" }, _before = _endpoint;                    \
                                                                                                   \
                g_assert_cmpint(parse(&_endpoint, __VA_ARGS__, NULL), ==, (error));                \
                g_assert_true(endpoint_equal(&_endpoint, &_before));                               \
        } while (0)

#define check_node(expected, ...)                                                                  \
        do {                                                                                       \
                Endpoint _endpoint;                                                                \
                                                                                                   \
                g_assert_cmpint(parse(&_endpoint, __VA_ARGS__, NULL), ==, 0);                      \
                g_assert_cmpstr(_endpoint.node, ==, (expected));                                   \
        } while (0)

/* The version first (RFC 6763 section 6.7), then the table of docs/advert.md; defaults are left
 * out. */
static void test_txt(void) {
        static const char plain[] = "\x09txtvers=1"
                                    "\x0Dnode=alice@h1"
                                    "\x0B"
                                    "family=inet"
                                    "\x09proto=tcp";
        static const char rich[] = "\x09txtvers=1"
                                   "\x0Dnode=alice@h1"
                                   "\x0C"
                                   "family=inet6"
                                   "\x09proto=tls"
                                   "\x0Btype=hidden"
                                   "\x0C"
                                   "cluster=team"
                                   "\x06otp=27"
                                   "\x08"
                                   "dist=5-6";
        Endpoint endpoint = { .node = "alice@h1", .port = 1 };
        uint8_t txt[LIMIT_TXT];

        g_assert_cmpmem(txt, (int) advert_encode_txt(&endpoint, txt), plain, sizeof(plain) - 1);
        endpoint.proto = PROTO_TLS;
        endpoint.family = FAMILY_INET6;
        endpoint.hidden = true;
        strcpy(endpoint.cluster, "team");
        strcpy(endpoint.otp, "27");
        endpoint.dist.low = 5;
        endpoint.dist.high = 6;
        g_assert_cmpmem(txt, (int) advert_encode_txt(&endpoint, txt), rich, sizeof(rich) - 1);
}

/* What goes out comes in again: all fields as long as they may be, behind a name of some length. */
static void check_round_trip(const char *head, const char *character, size_t n) {
        g_autofree char *node = make_node(head, character, n);
        Endpoint endpoint = { .proto = PROTO_TLS,
                              .family = FAMILY_INET6,
                              .port = 65535,
                              .hidden = true,
                              .dist.low = 255,
                              .dist.high = 255 },
                 parsed;
        uint8_t txt[LIMIT_TXT];
        size_t length;

        g_test_message("%zu bytes", strlen(node));
        strcpy(endpoint.node, node);
        memset(endpoint.cluster, 'c', LIMIT_CLUSTER);
        memset(endpoint.otp, 'o', LIMIT_OTP);
        length = advert_encode_txt(&endpoint, txt);
        g_assert_cmpuint(length, <=, LIMIT_TXT);
        g_assert_cmpint(parse_wire(&parsed, "", 65535, txt, length), ==, 0);
        g_assert_true(endpoint_equal(&parsed, &endpoint));
        g_assert_cmpint(g_strstr_len((const char *) txt, (gssize) length, "node2=") != NULL, ==,
                        strlen(node) > 250);
}

/* Around the 250 bytes where node2= begins, with one character that is cut into two. */
static void test_round_trip(void) {
        check_round_trip("a@", "h", 1);
        for (size_t n = 247; n <= 253; n++)
                check_round_trip("a@", "h", n);
        for (size_t n = 123; n <= 126; n++) {
                check_round_trip("a@", A_RING, n);
                check_round_trip("ab@", A_RING, n);
        }
}

/* A name of 255 characters may have 508 bytes: more than two strings can hold. */
static void test_longest_name(void) {
        for (size_t n = 240; n <= 253; n++)
                check_round_trip("a@", A_RING, n);
}

/* --- Adverts of others --- */

/* The least that works is a label that is the node's name. */
static void test_label_fallback(void) {
        Endpoint endpoint, expected = { .node = "bob@h2", .port = 40001 };

        g_assert_cmpint(parse(&endpoint, "bob@h2", NULL), ==, 0);
        g_assert_true(endpoint_equal(&endpoint, &expected));
        check_node("bob@h2", "bob@h2", "cluster=team", "", "node");
        check_node("bob@h2", "carol@h3", "node=bob@h2");

        check_refused(ADVERT_E_NAME, "");
        check_refused(ADVERT_E_NAME, "bob@h2 0123456789ab");
        check_refused(ADVERT_E_NAME, "My Printer");
        check_refused(ADVERT_E_NAME, "bob@h2", "node=");
        check_refused(ADVERT_E_NAME, "bob@h2", "node=bob");
        /* node2= alone continues nothing. */
        check_node("bob@h2", "bob@h2", "node2=x");
        check_refused(ADVERT_E_NAME, "bob@", "node2=h2");
}

/* Whoever announces such a name, it means the host that reads it, whatever else the advert says. */
static void test_loopback_name(void) {
        check_refused(ADVERT_E_LOOPBACK, "app@127.0.0.1", "");
        check_refused(ADVERT_E_LOOPBACK, "bob@h2", "node=app@localhost");
        check_refused(ADVERT_E_LOOPBACK, "bob@h2", "node=app@local", "node2=host");
        check_refused(ADVERT_E_LOOPBACK, "bob@h2", "node=app@::1", "proto=quic");
        check_node("app@127.0.0.1.example", "", "node=app@127.0.0.1.example");
        check_node("localhost@h2", "localhost@h2", "");
}

static void test_absurd_label(void) {
        g_autofree char *longest = make_node("a@", A_RING, 253),
                        *longer = make_node("a@", A_RING, 254);
        g_autofree char *absurd = g_strnfill(100000, 'x');

        check_node(longest, longest, "");
        check_refused(ADVERT_E_NAME, longer, "");
        check_refused(ADVERT_E_NAME, absurd, "");
}

static void test_attributes(void) {
        Endpoint endpoint, expected = { .node = "bob@h2",
                                        .proto = PROTO_TLS,
                                        .family = FAMILY_INET6,
                                        .port = 40001,
                                        .hidden = true,
                                        .cluster = "Team",
                                        .otp = "29-rc1",
                                        .dist.low = 6,
                                        .dist.high = 6 };

        g_assert_cmpint(parse(&endpoint, "x", "dist=6-6", "otp=29-rc1", "unknown=1", "cluster=Team",
                              "type=hidden", "family=inet6", "proto=tls", "node=bob@h2",
                              "txtvers=1", NULL),
                        ==, 0);
        g_assert_true(endpoint_equal(&endpoint, &expected));
        g_assert_cmpint(parse(&endpoint, "bob@h2", "type=visible", NULL), ==, 0);
        g_assert_false(endpoint.hidden);
}

/* RFC 6763 section 6.4: keys without regard to case, values with it, and the first one counts. */
static void test_keys(void) {
        check_node("Bob@H2", "", "NODE=Bob@H2");
        check_node("bob@h2", "", "nOdE=bob@h2", "node=carol@h3", "NODE=");
        check_node("bob@h2", "", "xnode=carol@h3", "node =carol@h3", "nodes=carol@h3",
                   "node=bob@h2");
        check_refused(ADVERT_E_NAME, "bob@h2", "node=", "node=bob@h2");
        check_refused(ADVERT_E_TXT, "bob@h2", "proto=TCP");
        check_refused(ADVERT_E_TXT, "bob@h2", "proto=quic", "proto=tcp");
        check_node("bob@h2", "bob@h2", "proto=tcp", "proto=quic");
}

/* A string without "=" is no value, an empty string is nothing, "=" alone has no key. */
static void test_ignored_strings(void) {
        check_node("bob@h2", "bob@h2", "", "node", "proto", "=", "=node", "=carol@h3", "txtvers",
                   "f");
        check_node("bob@h2", "bob@h2", "nod=carol@h3", "node+=carol@h3");
}

static void test_invalid_value(void) {
        static const char *const strings[] = {
                "proto=",      "proto=udp",  "family=",     "family=4", "type=",
                "type=secret", "cluster=",   "cluster=a b", "otp=",     "otp=0123456789abcdefg",
                "dist=",       "dist=6",     "dist=6-5",    "txtvers=", "txtvers=2",
                "txtvers=1.0", "txtvers=11", "TXTVERS=0",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(strings); i++) {
                g_test_message("%s", strings[i]);
                check_refused(ADVERT_E_TXT, "bob@h2", strings[i]);
        }
}

/* Names that would be lines, words, or escape sequences elsewhere. */
static void test_hostile_names(void) {
        static const char *const strings[] = {
                "node=bob@h2 port=1", "node=bob@h2\nOK",
                "node=bob@h2\r",      "node=\tbob@h2",
                "node= bob@h2",       "node=bob@\x1B]0;h2\x07",
                "node=bob@h2\x7F",    "node=bob@\xC2\x9B[1m",
                "node=../../etc@h2",  "node=bob@\xFF\xFE",
                "node=bob@h\xC3",     "node=bob@h@2",
                "node=%s%n@h",        "node=@",
                "node=bob@",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(strings); i++)
                check_refused(ADVERT_E_NAME, "bob@h2", strings[i]);
        /* No format string is made from it. */
        check_node("a@%s%n", "", "node=a@%s%n");
}

/* Bytes that end a string of C too early. */
static void test_nul(void) {
        static const struct {
                const char *wire;
                size_t length;
                int result;
        } cases[] = {
                { "\x0Dnode=bob@h2\0x", 14, ADVERT_E_NAME },
                { "\x0Cnode=bob@h2\0", 13, ADVERT_E_NAME },
                { "\x06node=\0", 7, ADVERT_E_NAME },
                { "\x0Bnode=bob@h2\x08node2=\0x", 21, ADVERT_E_NAME },
                { "\x0Bnode=bob@h2\x0Bproto=tcp\0x", 24, ADVERT_E_TXT },
                { "\x0Bnode=bob@h2\x0Atxtvers=1\0", 23, ADVERT_E_TXT },
                /* A key with a NUL is another key. */
                { "\x0Bnode=bob@h2\x0Aproto\0=udp", 23, 0 },
                { "\0\0\0\x0Bnode=bob@h2\0", 16, 0 },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                Endpoint endpoint = {};

                g_test_message("case %zu", i);
                g_assert_cmpint(parse_wire(&endpoint, "", 1, (const uint8_t *) cases[i].wire,
                                           cases[i].length),
                                ==, cases[i].result);
        }
}

/* Strings as long as they can be, for each key. */
static void test_long_strings(void) {
        static const char *const keys[] = { "proto", "family", "type",   "cluster",
                                            "otp",   "dist",   "txtvers" };
        g_autofree char *node = make_node("node=a@", "h", 248),
                        *rest = make_node("node2=", "h", 249);

        for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
                g_autofree char *head = g_strconcat(keys[i], "=", NULL);
                g_autofree char *string = make_node(head, "x", LIMIT_TXT_STRING - strlen(head));

                check_refused(ADVERT_E_TXT, "bob@h2", string);
        }

        g_assert_cmpuint(strlen(node), ==, LIMIT_TXT_STRING);
        check_node(node + 5, "", node);
        check_node(node + 5, "", node, "node2=");
        check_refused(ADVERT_E_NAME, "", node, rest);
}

/* The two parts together have 255 characters at most, and room for 508 bytes. */
static void test_node2(void) {
        g_autofree char *node = make_node("node=a@", "h", 248), *five = make_node("a@", "h", 253);
        g_autofree char *wide = make_node("node=a@", A_RING, 124);
        g_autofree char *wide_rest = make_node("node2=", A_RING, 124);
        g_autofree char *longest = make_node("a@", A_RING, 248);

        check_node("bob@h2.local", "", "node=bob@h2", "node2=.local");
        check_node("bob@h2", "", "node2=@h2", "node=bob");
        check_node("b"
                   "@" A_RING,
                   "", "node=b@\xC3", "node2=\xA5");
        check_node(five, "", node, "node2=hhhhh");
        check_refused(ADVERT_E_NAME, "", node, "node2=hhhhhh");
        check_refused(ADVERT_E_NAME, "", "node=bob@h2", "node2=@h3");
        check_refused(ADVERT_E_NAME, "", "node=bob@h2", "node2= ");
        check_node(longest, "", wide, wide_rest);
}

/* A third string holds what the second one has no room for; nothing follows what is not there. */
static void test_node3(void) {
        g_autofree char *node = make_node("node=a@", A_RING, 124);
        g_autofree char *node2 = make_node("node2=", A_RING, 124);
        g_autofree char *node3 = make_node("node3=", A_RING, 5);
        g_autofree char *longer = make_node("node3=", A_RING, 6);
        g_autofree char *absurd = make_node("node3=", "x", LIMIT_TXT_STRING - 6);
        g_autofree char *longest = make_node("a@", A_RING, 253);

        check_node(longest, "", node, node2, node3);
        check_node(longest, "", node3, node2, node);
        check_refused(ADVERT_E_NAME, "", node, node2, longer);
        check_refused(ADVERT_E_NAME, "", node, node2, absurd);
        check_node("bob@h2", "", "node=b", "NODE2=ob@", "node3=h2");
        check_node("bob@h2", "", "node=bob@h2", "node3=x");
        check_node("bob@h2", "bob@h2", "node3=x", "node2=y");
}

static void test_port(void) {
        Endpoint endpoint = { .node = "before" };

        g_assert_cmpint(advert_parse(&endpoint, "bob@h2", 0, NULL, 0), ==, ADVERT_E_PORT);
        g_assert_cmpstr(endpoint.node, ==, "before");
        g_assert_cmpint(advert_parse(&endpoint, "bob@h2", 65535, NULL, 0), ==, 0);
        g_assert_cmpuint(endpoint.port, ==, 65535);
}

/* --- Names in wire form --- */

static void check_name(const char *label, const char *name, const char *expected, size_t length) {
        uint8_t wire[ADVERT_NAME_MAX];

        g_test_message("\"%s\" \"%s\"", label, name);
        g_assert_cmpuint(advert_encode_name(label, name, wire), ==, length);
        g_assert_cmpint(memcmp(wire, expected, length), ==, 0);
}

static void test_name(void) {
        static const char type[] = "\x0C_erlang-dist\x04_tcp\x05local";
        static const char instance[] = "\x0C"
                                       "a.b@h 0 c\\d.\x01x";

        check_name(NULL, ADVERT_TYPE "." ADVERT_DOMAIN, type, sizeof(type));
        check_name(NULL, ADVERT_TYPE "." ADVERT_DOMAIN ".", type, sizeof(type));
        /* The first label is taken as it is: a dot and a backslash in it are bytes. */
        check_name("a.b@h 0 c\\d.", "x", instance, sizeof(instance));
        check_name("x", "", "\x01x", 3);
        check_name(A_RING, "", "\x02" A_RING, 4);
}

static void test_name_invalid(void) {
        static const char *const names[] = { "", ".", "..", ".a", "a..b", "a..", ".local" };

        for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
                check_name(NULL, names[i], "", 0);
        check_name("", "local", "", 0);
        check_name("x", "a..b", "", 0);
}

/* A label has at most 63 bytes, a name 255 with its length bytes and the root. */
static void test_name_limits(void) {
        g_autofree char *most = g_strnfill(LIMIT_LABEL, 'x'),
                        *more = g_strnfill(LIMIT_LABEL + 1, 'x');
        g_autofree char *three = g_strjoin(".", most, most, most, NULL);
        g_autofree char *last = g_strnfill(ADVERT_NAME_MAX - 1 - 3 * (1 + LIMIT_LABEL) - 1, 'y');
        g_autofree char *full = g_strjoin(".", three, last, NULL),
                        *full_dot = g_strconcat(full, ".", NULL);
        g_autofree char *longer = g_strconcat(full, "y", NULL),
                        *one_more = g_strconcat(full, ".y", NULL);
        uint8_t wire[ADVERT_NAME_MAX];

        g_assert_cmpuint(advert_encode_name(most, "", wire), ==, 1 + LIMIT_LABEL + 1);
        g_assert_cmpuint(advert_encode_name(more, "", wire), ==, 0);
        g_assert_cmpuint(advert_encode_name(NULL, most, wire), ==, 1 + LIMIT_LABEL + 1);
        g_assert_cmpuint(advert_encode_name("a", more, wire), ==, 0);
        g_assert_cmpuint(advert_encode_name(NULL, full, wire), ==, ADVERT_NAME_MAX);
        g_assert_cmpuint(advert_encode_name(NULL, full_dot, wire), ==, ADVERT_NAME_MAX);
        g_assert_cmpuint(wire[ADVERT_NAME_MAX - 1], ==, 0);
        g_assert_cmpuint(advert_encode_name(NULL, longer, wire), ==, 0);
        g_assert_cmpuint(advert_encode_name(NULL, one_more, wire), ==, 0);
        g_assert_cmpuint(advert_encode_name("y", full, wire), ==, 0);
}

/* Priority, weight and port in network order, then the name. */
static void test_srv(void) {
        static const char expected[] = "\0\0\0\0\x9C\x41\x02h1\x05local";
        uint8_t wire[ADVERT_SRV_MAX];

        g_assert_cmpmem(wire, (int) advert_encode_srv(40001, "h1.local", wire), expected,
                        sizeof(expected));
        g_assert_cmpuint(advert_encode_srv(40001, "", wire), ==, 0);
        g_assert_cmpuint(advert_encode_srv(40001, "h1..local", wire), ==, 0);
}

/* The host behind a target is what follows the advert's own <id>. All other names are left alone,
 * whatever they look like: they are a host's. */
static void test_host(void) {
        static const struct {
                const char *label, *target, *host;
        } table[] = {
                { "alice@h1 " ID, ID ".h1.local", "h1.local" },
                { "alice@h1 " ID, "0123456789AB.H1.local.", "H1.local." },
                { "alice@h1 " ID, ID ".h1.example", "h1.example" },
                { " " ID, ID ".h1", "h1" },
                { "alice@h1 " ID, "h1.local", "h1.local" },
                { "alice@h1 " ID, "0123456789ac.h1.local", "0123456789ac.h1.local" },
                { "alice@h1 " ID, ID "c.local", ID "c.local" },
                { "alice@h1 " ID, ID ".", ID "." },
                { "alice@h1 " ID, ID, ID },
                { "alice@h1 " ID, "", "" },
                { "alice@h1 0123456789AB", ID ".h1.local", ID ".h1.local" },
                { "alice@h1-" ID, ID ".h1.local", ID ".h1.local" },
                { "alice@h1 " ID " ", ID ".h1.local", ID ".h1.local" },
                { ID, ID ".h1.local", ID ".h1.local" },
                { "alice@h1", "alice@h1.h1.local", "alice@h1.h1.local" },
                { "", "h1.local", "h1.local" },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                g_test_message("%s: %s", table[i].label, table[i].target);
                g_assert_cmpstr(advert_host(table[i].label, table[i].target), ==, table[i].host);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/advert/label/form", test_label);
        g_test_add_func("/advert/label/cut-at-character", test_label_cut);
        g_test_add_func("/advert/label/host", test_host);
        g_test_add_func("/advert/txt/form", test_txt);
        g_test_add_func("/advert/txt/round-trip", test_round_trip);
        g_test_add_func("/advert/txt/longest-name", test_longest_name);
        g_test_add_func("/advert/parse/label-is-the-least", test_label_fallback);
        g_test_add_func("/advert/name/loopback", test_loopback_name);
        g_test_add_func("/advert/parse/absurd-label", test_absurd_label);
        g_test_add_func("/advert/parse/attributes", test_attributes);
        g_test_add_func("/advert/parse/first-key-counts-whatever-its-case", test_keys);
        g_test_add_func("/advert/parse/ignored-strings", test_ignored_strings);
        g_test_add_func("/advert/parse/invalid-value", test_invalid_value);
        g_test_add_func("/advert/parse/hostile-names", test_hostile_names);
        g_test_add_func("/advert/parse/nul-bytes", test_nul);
        g_test_add_func("/advert/parse/long-strings", test_long_strings);
        g_test_add_func("/advert/parse/node2", test_node2);
        g_test_add_func("/advert/parse/node3", test_node3);
        g_test_add_func("/advert/parse/port", test_port);
        g_test_add_func("/advert/name/form", test_name);
        g_test_add_func("/advert/name/invalid", test_name_invalid);
        g_test_add_func("/advert/name/limits", test_name_limits);
        g_test_add_func("/advert/name/srv", test_srv);
        return g_test_run();
}
