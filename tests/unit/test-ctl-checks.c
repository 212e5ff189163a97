/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checks of "epmd-mdns doctor"
 *
 * Each test takes the facts of a host in order, breaks one thing, and says which checks are no
 * longer ok. tests/lan/test-doctor.py breaks real hosts.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "ctl/doctor/checks.h"

static Facts in_order(void) {
        Facts facts = {
                .socket = "/run/epmd-mdns/control",
                .socket_exists = true,
                .socket_mode = 0666,
                .directory_mode = 0755,
                .answers = true,
                .avahi = "running",
                .host = "h1.local",
                .local = 1,
                .adverts = 1,
                .sightings = 2,
                .avahi_answer = AVAHI_ANSWERS,
                .conf_known = true,
                .conf = AVAHI_CONF_DEFAULT,
                .n_links = 1,
                .links = { { .name = "eth0",
                             .multicast = true,
                             .has_ipv4 = true,
                             .has_link_local6 = true,
                             .asked = true,
                             .answered = true,
                             .answered_own = true } },
                .epmd_port = 4369,
                .cookie_exists = true,
                .cookie_mode = 0400,
                .cookie_path = "/root/.erlang.cookie",
        };

        return facts;
}

/* Compares with "socket warn, daemon fail": the checks that are not ok, in their order. A check
 * that can't be made is "none". */
static void check(const Facts *facts, const char *expected) {
        g_autoptr(GString) found = g_string_new(NULL);

        for (size_t i = 0; i < n_checks; i++) {
                Finding finding = checks[i].check(facts);
                bool bad = finding.verdict == VERDICT_WARN || finding.verdict == VERDICT_FAIL;

                if (finding.verdict != VERDICT_OK)
                        g_string_append_printf(found, "%s%s %s", found->len ? ", " : "",
                                               checks[i].name, verdict_to_string(finding.verdict));
                /* Whatever is wrong comes with what to do, and nothing else does. */
                g_assert_cmpint(*finding.advice != '\0', ==, bad);
                g_assert_cmpint(*finding.text != '\0', ==, finding.verdict != VERDICT_NONE);
        }
        g_assert_cmpstr(found->str, ==, expected);
}

static void test_in_order(void) {
        Facts facts = in_order();

        check(&facts, "");
}

#define UNKNOWN "own-advert none, conflicts none"

static void test_daemon(void) {
        Facts facts = in_order();

        facts.answers = false;
        check(&facts, "daemon fail, " UNKNOWN);
        facts.connect_error = -ECONNREFUSED;
        check(&facts, "daemon fail, " UNKNOWN);
        facts.connect_error = -ENOENT;
        facts.socket_exists = false;
        check(&facts, "daemon fail, socket none, " UNKNOWN);
        facts.connect_error = -ENAMETOOLONG;
        check(&facts, "daemon fail, socket none, " UNKNOWN);
}

static void check_says(Finding (*judge)(const Facts *facts), const Facts *facts, const char *text,
                       const char *advice) {
        Finding finding = judge(facts);

        g_assert_nonnull(strstr(finding.text, text));
        g_assert_nonnull(strstr(finding.advice, advice));
}

/* What hangs is to be restarted, and nothing else is. */
static void test_daemon_causes(void) {
        Facts facts = in_order();

        facts.answers = false;
        facts.answer_error = -ETIMEDOUT;
        check_says(check_daemon, &facts, "does not answer", "systemctl restart epmd-mdns");
        facts.answer_error = -EREMOTEIO;
        strcpy(facts.refusal, "limit: too many connections");
        check_says(check_daemon, &facts, "refuses to answer: limit: too many", "ss -xp");
        facts.answer_error = -EPROTO;
        check_says(check_daemon, &facts, "is no epmd-mdnsd", "the right socket");

        /* The queue of what hangs is full. */
        facts.answer_error = 0;
        facts.connect_error = -ETIMEDOUT;
        check_says(check_daemon, &facts, "does not answer", "systemctl restart epmd-mdns");
        facts.connect_error = -ENOENT;
        check_says(check_daemon, &facts, "is not running", "systemctl start epmd-mdns");
        facts.socket = "/tmp/other";
        check_says(check_daemon, &facts, "nobody listens at /tmp/other", "not the usual socket");
}

/* Advice is a command that can be copied. */
static void test_commands(void) {
        Facts facts = in_order();

        facts.socket_mode = 0600;
        check_says(check_socket, &facts, "0600", "\"chmod 0666 /run/epmd-mdns/control\"");
        facts.socket_mode = 0666;
        facts.directory_mode = 0700;
        check_says(check_socket, &facts, "0700", "\"chmod a+x $(dirname /run/epmd-mdns/control)\"");
        facts.cookie_owner = 1000;
        facts.user = 1001;
        check_says(check_cookie, &facts, "another user", "\"chown 1001 /root/.erlang.cookie\"");
        facts.links[0].answered_own = false;
        check_says(check_own_advert, &facts, "eth0", "\"systemctl restart epmd-mdns\"");
}

/* Whoever is refused fails; who gets in is told that others don't. */
static void test_socket(void) {
        Facts facts = in_order();

        facts.socket_mode = 0600;
        check(&facts, "socket warn");
        facts.socket_mode = 0666;
        facts.directory_mode = 0700;
        check(&facts, "socket warn");

        facts.connect_error = -EACCES;
        facts.answers = false;
        check(&facts, "daemon none, socket fail, " UNKNOWN);
        facts.socket_exists = false;
        check(&facts, "daemon none, socket fail, " UNKNOWN);
        facts.directory_mode = 0755;
        check(&facts, "daemon none, socket fail, " UNKNOWN);
}

static void test_avahi(void) {
        Facts facts = in_order();

        facts.avahi_answer = AVAHI_SILENT;
        check(&facts, "avahi fail, firewall none");
        facts.avahi_answer = AVAHI_ANSWERS;
        strcpy(facts.avahi, "registering");
        check(&facts, "avahi warn, own-advert none, firewall none");
        strcpy(facts.avahi, "failed");
        check(&facts, "avahi fail, own-advert none, firewall none");
        strcpy(facts.avahi, "hung");
        check(&facts, "avahi fail, own-advert none, firewall none");
        g_assert_true(g_pattern_match_simple("*avahi-daemon hangs*", check_avahi(&facts).text));
        strcpy(facts.avahi, "failed");
        facts.avahi_answer = AVAHI_ABSENT;
        facts.links[0].asked = facts.links[0].answered = facts.links[0].answered_own = false;
        facts.adverts = facts.sightings = 0;
        check(&facts, "avahi fail, own-advert none, firewall none");
        /* Its own socket may be missing where D-Bus is not. */
        strcpy(facts.avahi, "running");
        facts.local = 0;
        check(&facts, "firewall none");
        facts.avahi_answer = AVAHI_UNKNOWN;
        facts.answers = false;
        check(&facts, "daemon fail, avahi none, own-advert none, firewall none, conflicts none");
}

static void test_configuration(void) {
        Facts facts = in_order();

        facts.conf.disable_publishing = true;
        check(&facts, "publishing fail, firewall none");
        facts.conf.disable_publishing = false;
        facts.conf.disable_user_publishing = true;
        check(&facts, "publishing fail");
        facts.conf.disable_user_publishing = false;
        facts.conf.publish_addresses = false;
        check(&facts, "publishing fail, firewall none");
        facts.conf.publish_addresses = true;
        facts.conf.use_ipv4 = false;
        check(&facts, "ip-versions fail");
        facts.conf.use_ipv6 = false;
        check(&facts, "ip-versions fail");
        /* IPv4 alone is enough. */
        facts.conf.use_ipv4 = true;
        check(&facts, "");
        facts.conf_known = false;
        check(&facts, "publishing none, ip-versions none, firewall none");
}

static void test_interfaces(void) {
        Facts facts = in_order();

        strcpy(facts.conf.deny, ",eth0,");
        check(&facts, "interfaces fail, addresses none");
        strcpy(facts.conf.deny, ",docker0,");
        check(&facts, "");
        facts.n_links = 0;
        check(&facts, "interfaces fail, addresses none, own-advert none, firewall none");
}

/* One bad link beside a good one is a warning. */
static void test_addresses(void) {
        Facts facts = in_order();

        facts.links[0].has_ipv4 = false;
        check(&facts, "addresses fail");
        facts.links[0].has_ipv6 = true;
        check(&facts, "");
        facts.links[1] = (Link){ .name = "eth1", .multicast = true, .has_link_local6 = true };
        facts.n_links = 2;
        check(&facts, "addresses warn");
        strcpy(facts.conf.deny, ",eth1,");
        check(&facts, "");
}

static void test_virtual_interfaces(void) {
        Facts facts = in_order();

        facts.links[1] = (Link){ .name = "docker0", .multicast = true, .has_ipv4 = true };
        facts.n_links = 2;
        check(&facts, "virtual-interfaces warn");
        strcpy(facts.conf.deny, ",docker0,");
        check(&facts, "");
        *facts.conf.deny = '\0';

        /* avahi-daemon leaves out VPNs of itself, unless told otherwise. */
        strcpy(facts.links[1].name, "tun0");
        facts.links[1].point_to_point = true;
        check(&facts, "");
        facts.conf.allow_point_to_point = true;
        check(&facts, "virtual-interfaces warn");
}

static void test_own_advert(void) {
        Facts facts = in_order();

        facts.links[0].answered_own = false;
        check(&facts, "own-advert fail");
        facts.adverts = 0;
        check(&facts, "own-advert warn");
        facts.local = 0;
        check(&facts, "");
}

static void test_firewall(void) {
        Facts facts = in_order();

        facts.links[0].answered = facts.links[0].answered_own = false;
        check(&facts, "own-advert none, firewall fail");

        facts = in_order();
        facts.sightings = 0;
        check(&facts, "firewall warn");
        facts.links[0].n_others = 1;
        check(&facts, "firewall fail");
        facts.links[0].n_others = 0;
        facts.local = facts.adverts = 0;
        check(&facts, "");
}

/* A clash with a node of this host is worse than one between others. */
static void test_conflicts(void) {
        Facts facts = in_order();

        facts.conflicts = facts.n_conflict_nodes = 1;
        strcpy(facts.conflict_nodes[0], "bob@h2");
        check(&facts, "conflicts warn");
        facts.conflict_local[0] = true;
        check(&facts, "conflicts fail");
}

static void test_erlang(void) {
        Facts facts = in_order();

        facts.epmd = LISTENER_LOOPBACK;
        check(&facts, "");
        facts.epmd = LISTENER_ADDRESS;
        check(&facts, "epmd warn");
        facts.epmd = LISTENER_ALL;
        check(&facts, "epmd warn");
        facts.epmd = LISTENER_NONE;

        facts.cookie_mode = 0440;
        check(&facts, "cookie fail");
        facts.cookie_mode = 0600;
        check(&facts, "");
        facts.cookie_owner = 1000;
        check(&facts, "");
        facts.user = 1001;
        check(&facts, "cookie fail");
        facts.cookie_exists = false;
        check(&facts, "");

        strcpy(facts.module, "nosuch");
        check(&facts, "erl-flags none");
        facts.erlang_found = true;
        check(&facts, "erl-flags fail");
        facts.module_found = true;
        check(&facts, "");
}

/* Names come from outside, and may be as long as names can be. */
static void test_long_texts(void) {
        Facts facts = in_order();

        facts.conflicts = facts.n_conflict_nodes = FACTS_CONFLICTS;
        for (size_t i = 0; i < FACTS_CONFLICTS; i++)
                memset(facts.conflict_nodes[i], 'x', NODE_NAME_SIZE - 1);
        memset(facts.cookie_path, 'x', sizeof(facts.cookie_path) - 1);
        facts.cookie_mode = 0644;
        memset(facts.module, 'x', sizeof(facts.module) - 1);
        facts.erlang_found = true;
        facts.n_links = FACTS_LINKS;
        for (size_t i = 0; i < FACTS_LINKS; i++) {
                facts.links[i] = (Link){ .multicast = true, .has_ipv4 = true };
                memset(facts.links[i].name, 'x', LIMIT_INTERFACE);
        }
        check(&facts,
              "own-advert none, firewall none, conflicts warn, cookie fail, erl-flags fail");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/ctl/checks/in-order", test_in_order);
        g_test_add_func("/ctl/checks/daemon", test_daemon);
        g_test_add_func("/ctl/checks/daemon-causes", test_daemon_causes);
        g_test_add_func("/ctl/checks/commands", test_commands);
        g_test_add_func("/ctl/checks/socket", test_socket);
        g_test_add_func("/ctl/checks/avahi", test_avahi);
        g_test_add_func("/ctl/checks/configuration", test_configuration);
        g_test_add_func("/ctl/checks/interfaces", test_interfaces);
        g_test_add_func("/ctl/checks/addresses", test_addresses);
        g_test_add_func("/ctl/checks/virtual-interfaces", test_virtual_interfaces);
        g_test_add_func("/ctl/checks/own-advert", test_own_advert);
        g_test_add_func("/ctl/checks/firewall", test_firewall);
        g_test_add_func("/ctl/checks/conflicts", test_conflicts);
        g_test_add_func("/ctl/checks/erlang", test_erlang);
        g_test_add_func("/ctl/checks/long-texts", test_long_texts);

        return g_test_run();
}
