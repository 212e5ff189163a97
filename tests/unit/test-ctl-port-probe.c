/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tries ports of this machine, over loopback
 *
 * The acceptors here say at once what they have to say, before they are asked: the prober does not
 * mind. Real nodes are tried in tests/lan.
 */

#include <arpa/inet.h>
#include <glib.h>
#include <string.h>
#include <sys/socket.h>

#include "ctl/port-probe.h"
#include "util/fd.h"

#define BOB "\0\3sok\0\31N\0\0\0\15\7\337\7\375\1\2\3\4\5\6\7\10\0\6bob@h2"

/* A socket bound to a port of loopback; backlog: -1 if it does not listen. */
static int bind_port(int backlog, uint16_t *ret_port) {
        struct sockaddr_in address = { .sin_family = AF_INET };
        socklen_t size = sizeof(address);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        g_assert_cmpint(fd, >=, 0);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        g_assert_cmpint(bind(fd, (const struct sockaddr *) &address, sizeof(address)), ==, 0);
        if (backlog >= 0)
                g_assert_cmpint(listen(fd, backlog), ==, 0);
        g_assert_cmpint(getsockname(fd, (struct sockaddr *) &address, &size), ==, 0);
        *ret_port = ntohs(address.sin_port);
        return fd;
}

static PortProbe probe_of(uint16_t port, Proto proto) {
        return (PortProbe){ .node = "bob@h2",
                            .address = address_loopback(FAMILY_INET),
                            .port = port,
                            .proto = proto };
}

/* An acceptor of one connection, which says this and closes. */
typedef struct Acceptor {
        int fd;
        const char *says;
        size_t length;
} Acceptor;

static gpointer accept_one(gpointer data) {
        const Acceptor *acceptor = data;
        _cleanup_close_ int fd = accept4(acceptor->fd, NULL, NULL, SOCK_CLOEXEC);
        char asked[256];

        g_assert_cmpint(fd, >=, 0);
        if (acceptor->length > 0)
                g_assert_cmpint(send(fd, acceptor->says, acceptor->length, MSG_NOSIGNAL), ==,
                                (ssize_t) acceptor->length);
        /* Closing before all is read would be a reset. */
        g_assert_cmpint(recv(fd, asked, sizeof(asked), 0), >, 0);
        return NULL;
}

static PortProbe try_one(const char *says, size_t length) {
        Acceptor acceptor = { .says = says, .length = length };
        PortProbe probe;
        GThread *thread;
        uint16_t port;

        acceptor.fd = bind_port(1, &port);
        probe = probe_of(port, PROTO_TCP);
        thread = g_thread_new("acceptor", accept_one, &acceptor);
        port_probe(&probe, 1);
        g_thread_join(thread);
        (void) fd_close(acceptor.fd);
        return probe;
}

static void test_open(void) {
        PortProbe probe = try_one(BOB, sizeof(BOB) - 1);

        g_assert_cmpint(probe.state, ==, PORT_OPEN);
        g_assert_cmpstr(probe.answered, ==, "bob@h2");
}

static void test_other_node(void) {
        static const char says[] =
                "\0\3sok\0\33N\0\0\0\15\7\337\7\375\1\2\3\4\5\6\7\10\0\10carol@h2";
        PortProbe probe = try_one(says, sizeof(says) - 1);

        g_assert_cmpint(probe.state, ==, PORT_OTHER_NODE);
        g_assert_cmpstr(probe.answered, ==, "carol@h2");
}

static void test_unnamed(void) {
        g_assert_cmpint(try_one("\0\14snot_allowed", 14).state, ==, PORT_OPEN);
}

static gpointer accept_two(gpointer data) {
        Acceptor acceptor = *(const Acceptor *) data;

        (void) accept_one(&(Acceptor){ .fd = acceptor.fd, .says = "\0\4snok", .length = 6 });
        return accept_one(&acceptor);
}

/* Who answers somebody else of the same name is asked again. */
static void test_busy(void) {
        Acceptor acceptor = { .says = BOB, .length = sizeof(BOB) - 1 };
        PortProbe probe;
        GThread *thread;
        uint16_t port;

        acceptor.fd = bind_port(2, &port);
        probe = probe_of(port, PROTO_TCP);
        thread = g_thread_new("acceptor", accept_two, &acceptor);
        port_probe(&probe, 1);
        g_thread_join(thread);
        (void) fd_close(acceptor.fd);
        g_assert_cmpint(probe.state, ==, PORT_OPEN);
        g_assert_cmpstr(probe.answered, ==, "bob@h2");
}

/* Those who speak something else, or nothing. */
static void test_foreign(void) {
        g_assert_cmpint(try_one("HTTP/1.1 400 Bad Request\r\n", 26).state, ==, PORT_FOREIGN);
        g_assert_cmpint(try_one(NULL, 0).state, ==, PORT_FOREIGN);
        g_assert_cmpint(try_one(BOB, sizeof(BOB) - 2).state, ==, PORT_FOREIGN);
}

/* The kernel takes the connection; that is all that is looked for over TLS. */
static void test_silent(void) {
        PortProbe probes[2];
        uint16_t port;
        int fd = bind_port(8, &port);

        probes[0] = probe_of(port, PROTO_TLS);
        probes[1] = probe_of(port, PROTO_TCP);
        port_probe(probes, 2);
        g_assert_cmpint(probes[0].state, ==, PORT_OPEN);
        g_assert_cmpint(probes[1].state, ==, PORT_SILENT);
        g_assert_cmpstr(probes[1].answered, ==, "");
        (void) fd_close(fd);
}

static void test_refused(void) {
        uint16_t port;
        int fd = bind_port(-1, &port);
        PortProbe probe = probe_of(port, PROTO_TCP);

        port_probe(&probe, 1);
        g_assert_cmpint(probe.state, ==, PORT_REFUSED);
        (void) fd_close(fd);
}

/* All of them together take the time of one; a queue that is full does not answer. */
static void test_side_by_side(void) {
        PortProbe probes[PORT_PROBES_MAX + 1];
        uint16_t port;
        int fd = bind_port(0, &port);
        int64_t start = g_get_monotonic_time(), took;

        for (size_t i = 0; i < G_N_ELEMENTS(probes); i++)
                probes[i] = probe_of(port, PROTO_TCP);
        port_probe(probes, G_N_ELEMENTS(probes));
        took = g_get_monotonic_time() - start;
        g_test_message("%zu took %" G_GINT64_FORMAT " us", G_N_ELEMENTS(probes), took);
        g_assert_cmpint(took, >=, PORT_PROBE_MSEC * 1000);
        g_assert_cmpint(took, <, 5 * PORT_PROBE_MSEC * 1000);
        g_assert_cmpint(probes[PORT_PROBES_MAX - 1].state, ==, PORT_FILTERED);
        g_assert_cmpint(probes[PORT_PROBES_MAX].state, ==, PORT_UNTRIED);
        (void) fd_close(fd);
}

/* Nobody can connect to it, as no interface is named with it. */
static void test_link_local(void) {
        PortProbe probe = probe_of(1, PROTO_TCP);

        g_assert_cmpint(address_parse("fe80::1", &probe.address), ==, 0);
        port_probe(&probe, 1);
        g_assert_cmpint(probe.state, ==, PORT_UNTRIED);
}

/* Each state has a word for programs and one for people, and what is bad has an advice. */
static void test_words(void) {
        char buffer[PORT_STATE_SIZE];

        g_assert_null(port_state_to_string(PORT_UNTRIED));
        for (PortState state = PORT_UNTRIED + 1; state < _PORT_STATE_MAX; state++) {
                g_assert_nonnull(port_state_to_string(state));
                g_assert_nonnull(port_state_show(state, "", buffer));
                if (!port_state_is_good(state))
                        g_assert_nonnull(port_state_advice(state));
        }
        g_assert_cmpstr(port_state_show(PORT_FILTERED, "", buffer), ==,
                        "filtered (no answer in 1 s)");
        g_assert_cmpstr(port_state_show(PORT_OTHER_NODE, "carol@h2", buffer), ==,
                        "not this node: carol@h2");
        g_assert_cmpstr(port_state_show(PORT_OPEN, "bob@h2", buffer), ==, "open");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/ctl/port-probe/open", test_open);
        g_test_add_func("/ctl/port-probe/other-node", test_other_node);
        g_test_add_func("/ctl/port-probe/unnamed", test_unnamed);
        g_test_add_func("/ctl/port-probe/busy", test_busy);
        g_test_add_func("/ctl/port-probe/foreign", test_foreign);
        g_test_add_func("/ctl/port-probe/silent", test_silent);
        g_test_add_func("/ctl/port-probe/refused", test_refused);
        g_test_add_func("/ctl/port-probe/side-by-side", test_side_by_side);
        g_test_add_func("/ctl/port-probe/link-local", test_link_local);
        g_test_add_func("/ctl/port-probe/words", test_words);

        return g_test_run();
}
