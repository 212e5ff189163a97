/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/net/tcp, udp: who has a port, and for whom. The lines are the kernel's, of a machine with
 * the lowest byte first. */

#include <glib.h>

#include "ctl/doctor/proc-net.h"

#define HEADER "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid\n"
#define REST " 00000000:00000000 00:00000000 00000000     0        0 123 1 0000 100 0 0 10 0\n"
#define LISTENS(address) "   0: " address ":1111 00000000:0000 0A" REST
#define LISTENS6(address) "   0: " address ":1111 00000000000000000000000000000000:0000 0A" REST

static void test_none(void) {
        g_assert_cmpint(proc_net_listener("", 4369), ==, LISTENER_NONE);
        g_assert_cmpint(proc_net_listener(HEADER, 4369), ==, LISTENER_NONE);
        g_assert_cmpint(proc_net_listener(HEADER LISTENS("00000000"), 4368), ==, LISTENER_NONE);
}

/* A connection from or to that port is no listener. */
static void test_connection(void) {
        g_assert_cmpint(proc_net_listener(HEADER "   0: 00000000:1111 0100007F:9C40 01" REST
                                                 "   1: 0100007F:9C40 00000000:1111 0A" REST,
                                          4369),
                        ==, LISTENER_NONE);
}

static void test_who_reaches_it(void) {
        if (G_BYTE_ORDER == G_BIG_ENDIAN) {
                g_test_skip("these lines are of a machine with the lowest byte first");
                return;
        }
        g_assert_cmpint(proc_net_listener(HEADER LISTENS("00000000"), 4369), ==, LISTENER_ALL);
        g_assert_cmpint(proc_net_listener(HEADER LISTENS("0100007F"), 4369), ==, LISTENER_LOOPBACK);
        g_assert_cmpint(proc_net_listener(HEADER LISTENS("020200C0"), 4369), ==, LISTENER_ADDRESS);
        g_assert_cmpint(
                proc_net_listener(HEADER LISTENS6("00000000000000000000000000000000"), 4369), ==,
                LISTENER_ALL);
        g_assert_cmpint(
                proc_net_listener(HEADER LISTENS6("00000000000000000000000001000000"), 4369), ==,
                LISTENER_LOOPBACK);
}

/* Whoever most can reach decides. */
static void test_several(void) {
        g_assert_cmpint(proc_net_listener(HEADER LISTENS("0100007F") LISTENS("00000000")
                                                  LISTENS("0100007F"),
                                          4369),
                        ==, LISTENER_ALL);
}

static void test_junk(void) {
        static const char *const texts[] = { "\n\n\n", "0: :1111 0", "   0: 0000:1111 0:0 0A\n",
                                             "   0: 000000000:1111 00000000:0000 0A" REST,
                                             "   0: 00000000:11110000000 00000000:0000 0A" REST };

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
                g_assert_cmpint(proc_net_listener(texts[i], 4369), ==, LISTENER_NONE);
}

#define UDP(local, user, inode)                                                                    \
        " 1234: " local " 00000000:0000 07 00000000:00000000 00:00000000 00000000 " user           \
        " 0 " inode " 2 0000000000000000 0\n"
#define UDP6(local, user, inode)                                                                   \
        " 1234: 00000000000000000000000000000000:" local                                           \
        " 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000 " user   \
        " 0 " inode " 2 0000000000000000 0\n"

/* Who has a port for UDP: 5353 is 14E9. */
static void test_udp(void) {
        static const char table[] = HEADER UDP("00000000:14E9", "  108", "23456")
                UDP("0100007F:0035", "  101", "23457") UDP("FB0000E0:14E9", " 1000", "4294967297");
        UdpSocket found[4];

        g_assert_cmpuint(proc_net_udp(table, 5353, found, 4), ==, 2);
        g_assert_cmpuint(found[0].inode, ==, 23456);
        g_assert_cmpuint(found[0].user, ==, 108);
        g_assert_cmpuint(found[1].inode, ==, 4294967297);
        g_assert_cmpuint(found[1].user, ==, 1000);
        g_assert_cmpuint(proc_net_udp(table, 5353, found, 1), ==, 1);
        g_assert_cmpuint(proc_net_udp(table, 5354, found, 4), ==, 0);
        g_assert_cmpuint(proc_net_udp(UDP6("14E9", "  108", "7"), 5353, found, 4), ==, 1);
        g_assert_cmpuint(found[0].inode, ==, 7);
        g_assert_cmpuint(proc_net_udp("", 5353, found, 4), ==, 0);
        g_assert_cmpuint(proc_net_udp(" 1: 00000000:14E9 00000000:0000 07\n", 5353, found, 4), ==,
                         0);
}

/* A busy server has tens of thousands of connections: the time grows with the table, not with its
 * square. The bound is a hundred times what that takes. */
static void test_long(void) {
        enum { LINES = 200000 };
        g_autoptr(GString) table = g_string_new(HEADER);
        int64_t start, took;

        for (int i = 0; i < LINES; i++)
                g_string_append(table, "   1: 0100007F:9C40 0100007F:1112 01" REST);
        g_string_append(table, LISTENS("00000000"));
        start = g_get_monotonic_time();
        g_assert_cmpint(proc_net_listener(table->str, 4369), ==, LISTENER_ALL);
        took = g_get_monotonic_time() - start;
        g_test_message("%d lines took %" G_GINT64_FORMAT " us", LINES, took);
        g_assert_cmpint(took, <, 20 * G_USEC_PER_SEC);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/ctl/proc-net/none", test_none);
        g_test_add_func("/ctl/proc-net/connection", test_connection);
        g_test_add_func("/ctl/proc-net/who-reaches-it", test_who_reaches_it);
        g_test_add_func("/ctl/proc-net/several", test_several);
        g_test_add_func("/ctl/proc-net/junk", test_junk);
        g_test_add_func("/ctl/proc-net/udp", test_udp);
        g_test_add_func("/ctl/proc-net/long", test_long);

        return g_test_run();
}
