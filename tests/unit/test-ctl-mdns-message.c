/* SPDX-License-Identifier: Apache-2.0 */
/* One question by mDNS, and its answers, which anybody on the link may have made. */

#include <glib.h>
#include <string.h>

#include "ctl/doctor/mdns-message.h"

#define ID 0x1234

/* "_erlang-dist._tcp.local", in wire form. */
#define TYPE_NAME "\14_erlang-dist\4_tcp\5local"

static void append(GByteArray *packet, const void *data, size_t length) {
        g_byte_array_append(packet, data, (guint) length);
}

static void append_u16(GByteArray *packet, unsigned value) {
        const uint8_t data[] = { (uint8_t) (value >> 8), (uint8_t) value };

        append(packet, data, sizeof(data));
}

static GByteArray *begin(unsigned id, unsigned flags, unsigned questions, unsigned answers) {
        GByteArray *packet = g_byte_array_new();

        append_u16(packet, id);
        append_u16(packet, flags);
        append_u16(packet, questions);
        append_u16(packet, answers);
        append_u16(packet, 0);
        append_u16(packet, 0);
        return packet;
}

static void append_record(GByteArray *packet, const void *name, size_t length, unsigned type) {
        append(packet, name, length);
        append_u16(packet, type);
        append_u16(packet, 1);
        append(packet, "\0\0\0\36", 4);
        append_u16(packet, 4);
        append(packet, "\1x\300\14", 4);
}

static MdnsAnswer parse(const GByteArray *packet) {
        /* Of just that size, so that reading behind it is seen by valgrind and the sanitizers. */
        g_autofree uint8_t *copy = g_memdup2(packet->data, packet->len);

        return mdns_message_parse(copy, packet->len, ID);
}

/* Two questions, both for PTR: who announces a node, and what the host with this address is called.
 */
static void test_query(void) {
        static const char expected[] = "\x12\x34\0\0\0\2\0\0\0\0\0\0" TYPE_NAME "\0\0\14\0\1"
                                       "\1"
                                       "7\1"
                                       "2\1"
                                       "0\3"
                                       "192\7in-addr\4arpa\0\0\14\0\1";
        uint8_t query[MDNS_QUERY_MAX];
        Address address;
        size_t length;

        g_assert_cmpint(address_parse("192.0.2.7", &address), ==, 0);
        length = mdns_message_query(query, ID, &address);
        g_assert_cmpmem(query, (int) length, expected, (int) sizeof(expected) - 1);
}

/* Over IPv6 the name is made of the digits of the address, backwards (RFC 3596). */
static void test_query_ipv6(void) {
        static const char expected[] = "\1"
                                       "7\1"
                                       "0\1"
                                       "0\1"
                                       "0\1"
                                       "a\1"
                                       "b\1"
                                       "0\1"
                                       "0";
        static const char end[] = "\1"
                                  "0\1"
                                  "d\1"
                                  "f\3ip6\4arpa\0\0\14\0\1";
        uint8_t query[MDNS_QUERY_MAX];
        size_t start = 12 + sizeof(TYPE_NAME) + 4, length;
        Address address;

        g_assert_cmpint(address_parse("fd00::ba:7", &address), ==, 0);
        length = mdns_message_query(query, ID, &address);
        g_assert_cmpuint(length, ==, start + 64 + sizeof("\3ip6\4arpa") + 4);
        g_assert_cmpmem(query + start, (int) sizeof(expected) - 1, expected,
                        (int) sizeof(expected) - 1);
        g_assert_cmpmem(query + length - sizeof(end) + 1, (int) sizeof(end) - 1, end,
                        (int) sizeof(end) - 1);
}

/* Answers repeat the question, to which their names point back; case has no meaning. */
static void test_adverts(void) {
        g_autoptr(GByteArray) packet = begin(ID, 0x8400, 1, 3);
        MdnsAnswer answer;

        append(packet, TYPE_NAME "\0\0\14\0\1", sizeof(TYPE_NAME) + 4);
        append_record(packet, "\300\14", 2, 12);
        append_record(packet, "\14_ERLANG-dist\300\31", 15, 12);
        append_record(packet, "\1h\5local", 9, 1);
        answer = parse(packet);
        g_assert_true(answer.valid);
        g_assert_cmpuint(answer.n_adverts, ==, 2);
}

static void test_other_types(void) {
        g_autoptr(GByteArray) packet = begin(ID, 0x8400, 0, 3);
        MdnsAnswer answer;

        append_record(packet, TYPE_NAME, sizeof(TYPE_NAME), 33);
        append_record(packet, "\5_http\4_tcp\5local", 18, 12);
        append_record(packet, "\14_erlang-dist\4_tcp\5loca", 24, 12);
        answer = parse(packet);
        g_assert_true(answer.valid);
        g_assert_cmpuint(answer.n_adverts, ==, 0);
}

/* Nobody else's answers, and no questions. */
static void test_not_for_us(void) {
        g_autoptr(GByteArray) other = begin(ID + 1, 0x8400, 0, 1);
        g_autoptr(GByteArray) query = begin(ID, 0, 1, 0);

        append_record(other, TYPE_NAME, sizeof(TYPE_NAME), 12);
        append(query, TYPE_NAME "\0\0\14\0\1", sizeof(TYPE_NAME) + 4);
        g_assert_false(parse(other).valid);
        g_assert_false(parse(query).valid);
}

/* Names that point at themselves, at each other, or out of the packet. */
static void test_pointers(void) {
        static const char *const names[] = { "\300\14", "\300\377", "\377\377", "\1a\300\14" };

        for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
                g_autoptr(GByteArray) packet = begin(ID, 0x8400, 0, 1);

                append_record(packet, names[i], strlen(names[i]), 12);
                g_assert_cmpuint(parse(packet).n_adverts, ==, 0);
        }
}

/* A NUL in a label is a character like others, and no end of the name. */
static void test_nul(void) {
        g_autoptr(GByteArray) packet = begin(ID, 0x8400, 0, 1);
        char name[sizeof(TYPE_NAME) + 33] = TYPE_NAME "\40";

        append_record(packet, name, sizeof(name), 12);
        g_assert_cmpuint(parse(packet).n_adverts, ==, 0);
}

/* A packet that ends anywhere is taken as far as it goes. */
static void test_cut(void) {
        g_autoptr(GByteArray) packet = begin(ID, 0x8400, 1, 2);
        guint whole;

        append(packet, TYPE_NAME "\0\0\14\0\1", sizeof(TYPE_NAME) + 4);
        append_record(packet, "\300\14", 2, 12);
        append_record(packet, "\300\14", 2, 12);
        whole = packet->len;
        for (guint length = 0; length <= whole; length++) {
                g_byte_array_set_size(packet, length);
                g_assert_cmpuint(parse(packet).n_adverts, ==,
                                 length == whole        ? 2
                                 : length >= whole - 16 ? 1
                                                        : 0);
                g_byte_array_set_size(packet, whole);
        }
}

static void test_random(void) {
        for (int i = 0; i < 20000; i++) {
                g_autoptr(GByteArray) packet = begin(ID, 0x8400, (unsigned) i % 3, 3);
                int length = g_test_rand_int_range(0, 100);

                for (int j = 0; j < length; j++) {
                        /* Small numbers are lengths, large ones pointers. */
                        uint8_t byte = (uint8_t) (g_test_rand_bit() ? g_test_rand_int_range(0, 32)
                                                                    : g_test_rand_int());

                        append(packet, &byte, 1);
                }
                g_assert_cmpuint(parse(packet).n_adverts, <=, 3);
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/ctl/mdns-message/query", test_query);
        g_test_add_func("/ctl/mdns-message/query-ipv6", test_query_ipv6);
        g_test_add_func("/ctl/mdns-message/adverts", test_adverts);
        g_test_add_func("/ctl/mdns-message/other-types", test_other_types);
        g_test_add_func("/ctl/mdns-message/not-for-us", test_not_for_us);
        g_test_add_func("/ctl/mdns-message/pointers", test_pointers);
        g_test_add_func("/ctl/mdns-message/nul", test_nul);
        g_test_add_func("/ctl/mdns-message/cut", test_cut);
        g_test_add_func("/ctl/mdns-message/random", test_random);

        return g_test_run();
}
