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
                .daemon = {
                        .socket = "/run/epmd-mdns/control",
                        .socket_exists = true,
                        .socket_mode = 0666,
                        .directory_mode = 0755,
                        .answers = true,
                        .avahi = "running",
                        .host = "h1.local",
                        .local = 1,
                        .adverts = 1,
                        .announceable = 1,
                        .sightings = 2,
                        .limit_registrations = 384,
                        .pairs_known = true,
                },
                .avahi = {
                        .answer = AVAHI_ANSWERS,
                        .conf_known = true,
                        .conf = AVAHI_CONF_DEFAULT,
                },
                .links = {
                        .n = 1,
                        .all = { { .name = "eth0",
                                   .multicast = true,
                                   .running = true,
                                   .has_ipv4 = true,
                                   .has_link_local6 = true,
                                   .asked = true,
                                   .answered = true,
                                   .answered_own = true } },
                },
                .erlang = {
                        .epmd_port = 4369,
                        .cookie_exists = true,
                        .cookie_mode = 0400,
                        .cookie_path = "/root/.erlang.cookie",
                },
                .mdns = {
                        .n = 1,
                        .users = { { .program = "avahi-daemon", .pid = 321, .user = "avahi" } },
                },
                .ports = {
                        .tried = true,
                        .n = 2,
                        .probes = { { .node = "bob@h2", .port = 40001, .state = PORT_OPEN },
                                    { .node = "carol@h3", .port = 40002, .state = PORT_OPEN } },
                },
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

#define UNKNOWN                                                                                    \
        "own-advert none, conflicts none, loopback-names none, registrations none, ignored none"

static void test_daemon(void) {
        Facts facts = in_order();

        facts.daemon.answers = false;
        check(&facts, "daemon fail, " UNKNOWN);
        facts.daemon.connect_error = -ECONNREFUSED;
        check(&facts, "daemon fail, " UNKNOWN);
        facts.daemon.connect_error = -ENOENT;
        facts.daemon.socket_exists = false;
        check(&facts, "daemon fail, socket none, " UNKNOWN);
        facts.daemon.connect_error = -ENAMETOOLONG;
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

        facts.daemon.answers = false;
        facts.daemon.answer_error = -ETIMEDOUT;
        check_says(check_daemon, &facts, "does not answer", "systemctl restart epmd-mdns");
        facts.daemon.answer_error = -EREMOTEIO;
        strcpy(facts.daemon.refusal, "limit: too many connections");
        check_says(check_daemon, &facts, "refuses to answer: limit: too many", "ss -xp");
        facts.daemon.answer_error = -EPROTO;
        check_says(check_daemon, &facts, "is no epmd-mdnsd", "the right socket");

        /* The queue of what hangs is full. */
        facts.daemon.answer_error = 0;
        facts.daemon.connect_error = -ETIMEDOUT;
        check_says(check_daemon, &facts, "does not answer", "systemctl restart epmd-mdns");
        facts.daemon.connect_error = -ENOENT;
        check_says(check_daemon, &facts, "is not running", "systemctl start epmd-mdns");
        facts.daemon.socket = "/tmp/other";
        check_says(check_daemon, &facts, "nobody listens at /tmp/other", "not the usual socket");
}

/* Advice is a command that can be copied. */
static void test_commands(void) {
        Facts facts = in_order();

        facts.daemon.socket_mode = 0600;
        check_says(check_socket, &facts, "0600", "\"chmod 0666 /run/epmd-mdns/control\"");
        facts.daemon.socket_mode = 0666;
        facts.daemon.directory_mode = 0700;
        check_says(check_socket, &facts, "0700", "\"chmod a+x $(dirname /run/epmd-mdns/control)\"");
        facts.erlang.cookie_owner = 1000;
        facts.erlang.user = 1001;
        check_says(check_cookie, &facts, "another user", "\"chown 1001 /root/.erlang.cookie\"");
        facts.links.all[0].answered_own = false;
        check_says(check_own_advert, &facts, "eth0", "\"systemctl restart epmd-mdns\"");
}

/* Whoever is refused fails; who gets in is told that others don't. */
static void test_socket(void) {
        Facts facts = in_order();

        facts.daemon.socket_mode = 0600;
        check(&facts, "socket warn");
        facts.daemon.socket_mode = 0666;
        facts.daemon.directory_mode = 0700;
        check(&facts, "socket warn");

        facts.daemon.connect_error = -EACCES;
        facts.daemon.answers = false;
        check(&facts, "daemon none, socket fail, " UNKNOWN);
        facts.daemon.socket_exists = false;
        check(&facts, "daemon none, socket fail, " UNKNOWN);
        facts.daemon.directory_mode = 0755;
        check(&facts, "daemon none, socket fail, " UNKNOWN);
}

static void test_avahi(void) {
        Facts facts = in_order();

        facts.avahi.answer = AVAHI_SILENT;
        check(&facts, "avahi fail, firewall none");
        facts.avahi.answer = AVAHI_ANSWERS;
        strcpy(facts.daemon.avahi, "registering");
        check(&facts, "avahi warn, own-advert none, firewall none");
        strcpy(facts.daemon.avahi, "failed");
        check(&facts, "avahi fail, own-advert none, firewall none");
        strcpy(facts.daemon.avahi, "hung");
        check(&facts, "avahi fail, own-advert none, firewall none");
        g_assert_true(g_pattern_match_simple("*avahi-daemon hangs*", check_avahi(&facts).text));
        strcpy(facts.daemon.avahi, "failed");
        facts.avahi.answer = AVAHI_ABSENT;
        facts.links.all[0].asked = facts.links.all[0].answered = facts.links.all[0].answered_own =
                false;
        facts.daemon.adverts = facts.daemon.sightings = 0;
        check(&facts, "avahi fail, own-advert none, firewall none");
        /* Its own socket may be missing where D-Bus is not. */
        strcpy(facts.daemon.avahi, "running");
        facts.daemon.local = 0;
        check(&facts, "firewall none");
        facts.avahi.answer = AVAHI_UNKNOWN;
        facts.daemon.answers = false;
        check(&facts, "daemon fail, avahi none, own-advert none, firewall none, conflicts none, "
                      "loopback-names none, registrations none, ignored none");
}

static void test_configuration(void) {
        Facts facts = in_order();

        facts.avahi.conf.disable_publishing = true;
        check(&facts, "publishing fail, firewall none");
        facts.avahi.conf.disable_publishing = false;
        facts.avahi.conf.disable_user_publishing = true;
        check(&facts, "publishing fail");
        facts.avahi.conf.disable_user_publishing = false;
        facts.avahi.conf.publish_addresses = false;
        check(&facts, "publishing fail, firewall none");
        facts.avahi.conf.publish_addresses = true;
        facts.avahi.conf.use_ipv4 = false;
        check(&facts, "ip-versions fail");
        facts.avahi.conf.use_ipv6 = false;
        check(&facts, "ip-versions fail");
        /* IPv4 alone is enough. */
        facts.avahi.conf.use_ipv4 = true;
        check(&facts, "");
        facts.avahi.conf_known = false;
        check(&facts, "publishing none, ip-versions none, firewall none");
}

static void test_interfaces(void) {
        Facts facts = in_order();

        strcpy(facts.avahi.conf.deny, ",eth0,");
        check(&facts, "interfaces fail, addresses none");
        strcpy(facts.avahi.conf.deny, ",docker0,");
        check(&facts, "");
        facts.links.n = 0;
        check(&facts, "interfaces fail, addresses none, own-advert none, firewall none");
}

/* A link that is up, to which nobody gave an address. */
static void test_no_address(void) {
        Facts facts = in_order();

        facts.links.all[0].has_ipv4 = facts.links.all[0].has_link_local6 = false;
        check(&facts, "addresses fail");
        check_says(check_addresses, &facts, "eth0 has no address", "DHCP");
        /* Beside a good one it is a warning. */
        facts.links.all[1] = facts.links.all[0];
        strcpy(facts.links.all[1].name, "eth1");
        facts.links.n = 2;
        check_says(check_addresses, &facts, "eth0, eth1 have no address", "");
        facts.links.all[0].has_ipv4 = true;
        check(&facts, "addresses warn");
        check_says(check_addresses, &facts, "eth1 has no address", "");
        /* Part of a bridge, or without a cable, it needs none. */
        facts.links.all[1].is_lower = true;
        check(&facts, "");
        facts.links.all[1].is_lower = facts.links.all[1].running = false;
        check(&facts, "");
}

static void test_wifi(void) {
        Facts facts = in_order();

        facts.links.all[0].wifi = WIFI_SAVING;
        check(&facts, "wifi warn");
        check_says(check_wifi, &facts, "saves power on eth0", "\"iw dev eth0 set power_save off\"");
        strcpy(facts.avahi.conf.deny, ",eth0,");
        g_assert_cmpint(check_wifi(&facts).verdict, ==, VERDICT_OK);
        *facts.avahi.conf.deny = '\0';
        facts.links.all[0].wifi = WIFI_AWAKE;
        check(&facts, "");
        check_says(check_wifi, &facts, "does not save power", "");
        facts.links.all[0].wifi = WIFI_UNKNOWN;
        check(&facts, "");
        check_says(check_wifi, &facts, "can't be read", "");
}

static void test_container(void) {
        Facts facts = in_order();

        facts.host.container = (ContainerFacts){ .is_container = true, .has_address = true };
        check(&facts, "");
        facts.host.container.all_inner = facts.host.container.all_bridged = true;
        check(&facts, "container warn");
        check_says(check_container, &facts, "behind NAT", "docs/containers.md");
        facts.host.container.daemon_outside = true;
        check(&facts, "container warn");
        check_says(check_container, &facts, "that host's addresses", "docs/containers.md");
}

/* The kernel of WSL is named after who builds it: WSL 2 and WSL 1. */
static void test_wsl(void) {
        Facts facts = in_order();

        g_assert_cmpint(wsl_judge("6.1.0-37-amd64\n", true), ==, WSL_NONE);
        g_assert_cmpint(wsl_judge("5.15.153.1-microsoft-standard-WSL2\n", false), ==, WSL_PLAIN);
        g_assert_cmpint(wsl_judge("5.15.153.1-microsoft-standard-WSL2\n", true), ==, WSL_MIRRORED);
        g_assert_cmpint(wsl_judge("4.4.0-19041-Microsoft\n", false), ==, WSL_FIRST);
        facts.host.wsl = WSL_PLAIN;
        check(&facts, "wsl warn");
        check_says(check_wsl, &facts, "multicast", "networkingMode=mirrored");
        facts.host.wsl = WSL_FIRST;
        check(&facts, "wsl warn");
        facts.host.wsl = WSL_MIRRORED;
        check(&facts, "");
}

static void use_mdns(Facts *facts, const char *program, pid_t pid, const char *user) {
        MdnsUser *added = &facts->mdns.users[facts->mdns.n++];

        *added = (MdnsUser){ .pid = pid };
        g_strlcpy(added->program, program, sizeof(added->program));
        g_strlcpy(added->user, user, sizeof(added->user));
}

/* Who else has the port is named, as far as this user may know. */
static void test_mdns_stacks(void) {
        Facts facts = in_order();

        use_mdns(&facts, "systemd-resolve", 77, "systemd-resolve");
        check(&facts, "mdns-stacks warn");
        check_says(check_mdns_stacks, &facts, "by systemd-resolve (process 77)", "MulticastDNS=no");
        use_mdns(&facts, "chromium", 88, "me");
        check_says(check_mdns_stacks, &facts, "(process 77), chromium (process 88)", "");

        facts = in_order();
        use_mdns(&facts, "chromium", 88, "me");
        check(&facts, "mdns-stacks warn");
        check_says(check_mdns_stacks, &facts, "chromium", "Mostly harmless");

        /* A user who may look into nobody's process knows who runs it. */
        facts = in_order();
        facts.mdns.n = 0;
        use_mdns(&facts, "", 0, "avahi");
        check(&facts, "");
        use_mdns(&facts, "", 0, "systemd-resolve");
        check(&facts, "mdns-stacks warn");
        check_says(check_mdns_stacks, &facts, "a program of user systemd-resolve",
                   "MulticastDNS=no");
}

/* An avahi-daemon that stays root is no second one. */
static void test_mdns_root(void) {
        Facts facts = in_order();

        facts.mdns.n = 0;
        check(&facts, "");
        use_mdns(&facts, "", 0, "root");
        check(&facts, "");
        use_mdns(&facts, "", 0, "avahi");
        check(&facts, "mdns-stacks warn");
}

/* Ports of others: what is said is what is worst. */
static void test_ports(void) {
        Facts facts = in_order();

        facts.ports.probes[1].state = PORT_FILTERED;
        check(&facts, "ports warn");
        check_says(check_ports, &facts, "carol@h3 at 0.0.0.0 port 40002 is filtered",
                   "inet_dist_listen_min");
        facts.ports.probes[0].state = PORT_SILENT;
        check_says(check_ports, &facts, "bob@h2 at 0.0.0.0 port 40001 is silent",
                   "inet_dist_listen_min");
        facts.ports.probes[1].state = PORT_OTHER_NODE;
        strcpy(facts.ports.probes[1].answered, "dave@h4");
        check_says(check_ports, &facts, "not this node: dave@h4", "docs/containers.md");
        facts.ports.probes[1].state = PORT_OPEN;
        check_says(check_ports, &facts, "silent", "hang");

        /* Where nobody is, or nobody can be tried, there is nothing to say. */
        facts.ports.n = 0;
        check(&facts, "");
        facts.ports.tried = false;
        check(&facts, "ports none");
}

static void add_pair(Facts *facts, const char *from, const char *to, PairReason reason) {
        FactsPair *pair = &facts->daemon.pairs[facts->daemon.n_pairs++];

        strcpy(pair->from, from);
        strcpy(pair->to, to);
        pair->reason = reason;
}

/* Nodes that can't connect: each pair once, as the first end sees it; a few by name. */
static void test_pairs(void) {
        Facts facts = in_order();

        add_pair(&facts, "a@h1", "c@h3", PAIR_TIMED_OUT);
        add_pair(&facts, "c@h3", "a@h1", PAIR_CLOSED);
        check(&facts, "pairs warn");
        g_assert_cmpstr(check_pairs(&facts).text, ==,
                        "a@h1 can't reach c@h3 (timed out); OTP's global may disconnect others "
                        "because of that");
        check_says(check_pairs, &facts, "", "docs/cluster.md");
        add_pair(&facts, "d@h4", "a@h1", PAIR_CLOSED);
        add_pair(&facts, "d@h4", "b@h2", PAIR_CLOSED);
        add_pair(&facts, "d@h4", "e@h5", PAIR_CLOSED);
        add_pair(&facts, "d@h4", "f@h6", PAIR_CLOSED);
        check_says(check_pairs, &facts,
                   "(timed out), d@h4 can't reach a@h1 (refused), d@h4 can't reach b@h2 (refused), "
                   "and 2 more; OTP",
                   "TCP");

        /* A node that has ended may have left its report a moment longer. */
        facts.daemon.local = 0;
        check_says(check_pairs, &facts, "a@h1 can't reach c@h3", "TCP");
        facts.daemon.n_pairs = 0;
        g_assert_nonnull(strstr(check_pairs(&facts).text, "no node runs here"));
        facts.daemon.pairs_known = false;
        g_assert_cmpint(check_pairs(&facts).verdict, ==, VERDICT_NONE);
}

/* One bad link beside a good one is a warning. */
static void test_addresses(void) {
        Facts facts = in_order();

        facts.links.all[0].has_ipv4 = false;
        check(&facts, "addresses fail");
        facts.links.all[0].has_ipv6 = true;
        check(&facts, "");
        facts.links.all[1] = (Link){ .name = "eth1", .multicast = true, .has_link_local6 = true };
        facts.links.n = 2;
        check(&facts, "addresses warn");
        strcpy(facts.avahi.conf.deny, ",eth1,");
        check(&facts, "");
}

static void test_virtual_interfaces(void) {
        Facts facts = in_order();

        facts.links.all[1] = (Link){ .name = "docker0", .multicast = true, .has_ipv4 = true };
        facts.links.n = 2;
        check(&facts, "virtual-interfaces warn");
        strcpy(facts.avahi.conf.deny, ",docker0,");
        check(&facts, "");
        *facts.avahi.conf.deny = '\0';

        /* avahi-daemon leaves out VPNs of itself, unless told otherwise. */
        strcpy(facts.links.all[1].name, "tun0");
        facts.links.all[1].point_to_point = true;
        check(&facts, "");
        facts.avahi.conf.allow_point_to_point = true;
        check(&facts, "virtual-interfaces warn");
}

static void test_own_advert(void) {
        Facts facts = in_order();

        facts.links.all[0].answered_own = false;
        check(&facts, "own-advert fail");
        facts.daemon.adverts = 0;
        check(&facts, "own-advert warn");
        facts.daemon.local = 0;
        check(&facts, "");
}

/* What is announced on no link at all is missing although others are found. */
static void test_announceable(void) {
        Facts facts = in_order();

        facts.daemon.announceable = 3;
        check(&facts, "own-advert warn");
        check_says(check_own_advert, &facts, "2 of 3", "objects-per-client-max");
        /* While avahi-daemon claims its name, nothing is announced. */
        strcpy(facts.daemon.avahi, "registering");
        check(&facts, "avahi warn, own-advert none, firewall none");
        /* Nodes bound to a loopback address are not counted. */
        facts = in_order();
        facts.daemon.local = 2;
        check(&facts, "");
        /* Some links miss all of them: that is worse. */
        facts.daemon.announceable = 3;
        facts.links.all[0].answered_own = false;
        check(&facts, "own-advert fail");
}

/* That is in order, unless somebody may wait for other hosts. */
static void test_loopback_names(void) {
        Facts facts = in_order();

        facts.daemon.n_loopback = 1;
        strcpy(facts.daemon.loopback_nodes[0], "app@127.0.0.1");
        check(&facts, "");
        check_says(check_loopback_names, &facts,
                   "app@127.0.0.1 is for this host only: other hosts can't reach it; if they "
                   "should, start it with -sname app, or -name app@h1.local",
                   "");
        facts.daemon.loopback_cluster = true;
        check(&facts, "loopback-names warn");
        check_says(check_loopback_names, &facts, "label", "Start it with -sname app");
        facts.daemon.loopback_cluster = false;

        /* They are not expected to be announced. */
        facts.daemon.announceable = facts.daemon.adverts = 0;
        check(&facts, "");
        check_says(check_own_advert, &facts, "this host only", "");

        facts.daemon.n_loopback = facts.daemon.local = FACTS_LOOPBACK + 1;
        for (size_t i = 0; i < FACTS_LOOPBACK; i++)
                g_snprintf(facts.daemon.loopback_nodes[i], NODE_NAME_SIZE, "n%zu@localhost", i);
        check(&facts, "");
        check_says(check_loopback_names, &facts,
                   "n2@localhost, n3@localhost, ... are for this host only: other hosts can't "
                   "reach them; if they should, start one with -sname NAME, or -name NAME@h1.local",
                   "");
}

static void test_registrations(void) {
        Facts facts = in_order();

        facts.daemon.announceable = facts.daemon.adverts = 345;
        check(&facts, "");
        facts.daemon.announceable = facts.daemon.adverts = 346;
        check(&facts, "registrations warn");
        check_says(check_registrations, &facts, "346 of 384", "epmd-mdns list --local");
        facts.daemon.announceable = facts.daemon.adverts = facts.daemon.limit_registrations =
                UINT64_MAX;
        check(&facts, "registrations warn");
        /* A daemon that doesn't report its limit. */
        facts.daemon.limit_registrations = 0;
        check(&facts, "registrations none");
}

static void test_ignored(void) {
        Facts facts = in_order();

        facts.daemon.ignored_limit = 7;
        check(&facts, "ignored warn");
        check_says(check_ignored, &facts, "7 adverts", "objects-per-client-max");
}

static void test_firewall(void) {
        Facts facts = in_order();

        facts.links.all[0].answered = facts.links.all[0].answered_own = false;
        check(&facts, "own-advert none, firewall fail");

        facts = in_order();
        facts.daemon.sightings = 0;
        check(&facts, "firewall warn");
        facts.links.all[0].n_others = 1;
        check(&facts, "firewall fail");
        facts.links.all[0].n_others = 0;
        facts.daemon.local = facts.daemon.adverts = 0;
        check(&facts, "");
}

/* A clash with a node of this host is worse than one between others. */
static void test_conflicts(void) {
        Facts facts = in_order();

        facts.daemon.conflicts = facts.daemon.n_conflict_nodes = 1;
        strcpy(facts.daemon.conflict_nodes[0], "bob@h2");
        check(&facts, "conflicts warn");
        g_assert_cmpstr(check_conflicts(&facts).text, ==, "claimed by more than one host: bob@h2");
        facts.daemon.conflict_local[0] = true;
        strcpy(facts.daemon.conflict_hosts[0][0], "h2.local");
        strcpy(facts.daemon.conflict_hosts[0][1], "h3.local");
        check(&facts, "conflicts fail");
        g_assert_cmpstr(check_conflicts(&facts).text, ==,
                        "claimed by more than one host: bob@h2 (h2.local, h3.local)");
}

static void test_erlang(void) {
        Facts facts = in_order();

        facts.erlang.epmd = LISTENER_LOOPBACK;
        check(&facts, "");
        facts.erlang.epmd = LISTENER_ADDRESS;
        check(&facts, "epmd warn");
        facts.erlang.epmd = LISTENER_ALL;
        check(&facts, "epmd warn");
        facts.erlang.epmd = LISTENER_NONE;

        facts.erlang.cookie_mode = 0440;
        check(&facts, "cookie fail");
        facts.erlang.cookie_mode = 0600;
        check(&facts, "");
        facts.erlang.cookie_owner = 1000;
        check(&facts, "");
        facts.erlang.user = 1001;
        check(&facts, "cookie fail");
        facts.erlang.cookie_exists = false;
        check(&facts, "");

        strcpy(facts.erlang.module, "nosuch");
        check(&facts, "erl-flags none");
        facts.erlang.erlang_found = true;
        check(&facts, "erl-flags fail");
        facts.erlang.module_found = true;
        check(&facts, "");
}

/* Names come from outside, and may be as long as names can be. */
static void test_long_texts(void) {
        Facts facts = in_order();

        facts.daemon.conflicts = facts.daemon.n_conflict_nodes = FACTS_CONFLICTS;
        for (size_t i = 0; i < FACTS_CONFLICTS; i++)
                memset(facts.daemon.conflict_nodes[i], 'x', NODE_NAME_SIZE - 1);
        memset(facts.erlang.cookie_path, 'x', sizeof(facts.erlang.cookie_path) - 1);
        facts.erlang.cookie_mode = 0644;
        memset(facts.erlang.module, 'x', sizeof(facts.erlang.module) - 1);
        facts.erlang.erlang_found = true;
        facts.links.n = FACTS_LINKS;
        for (size_t i = 0; i < FACTS_LINKS; i++) {
                facts.links.all[i] =
                        (Link){ .multicast = true, .has_ipv4 = true, .wifi = WIFI_SAVING };
                memset(facts.links.all[i].name, 'x', LIMIT_INTERFACE);
        }
        facts.mdns.n = FACTS_MDNS_USERS;
        for (size_t i = 0; i < FACTS_MDNS_USERS; i++)
                memset(facts.mdns.users[i].program, 'x', sizeof(facts.mdns.users[i].program) - 1);
        facts.ports.n = PORT_SAMPLE_MAX;
        for (size_t i = 0; i < PORT_SAMPLE_MAX; i++) {
                facts.ports.probes[i].node = facts.daemon.conflict_nodes[0];
                facts.ports.probes[i].state = PORT_OTHER_NODE;
                memset(facts.ports.probes[i].answered, 'x', NODE_NAME_SIZE - 1);
        }
        check(&facts, "wifi warn, own-advert none, firewall none, mdns-stacks warn, ports warn, "
                      "conflicts warn, cookie fail, erl-flags fail");
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
        g_test_add_func("/ctl/checks/no-address", test_no_address);
        g_test_add_func("/ctl/checks/wifi", test_wifi);
        g_test_add_func("/ctl/checks/container", test_container);
        g_test_add_func("/ctl/checks/wsl", test_wsl);
        g_test_add_func("/ctl/checks/mdns-stacks", test_mdns_stacks);
        g_test_add_func("/ctl/checks/mdns-root", test_mdns_root);
        g_test_add_func("/ctl/checks/ports", test_ports);
        g_test_add_func("/ctl/checks/pairs", test_pairs);
        g_test_add_func("/ctl/checks/virtual-interfaces", test_virtual_interfaces);
        g_test_add_func("/ctl/checks/own-advert", test_own_advert);
        g_test_add_func("/ctl/checks/announceable", test_announceable);
        g_test_add_func("/ctl/checks/loopback-names", test_loopback_names);
        g_test_add_func("/ctl/checks/registrations", test_registrations);
        g_test_add_func("/ctl/checks/ignored", test_ignored);
        g_test_add_func("/ctl/checks/firewall", test_firewall);
        g_test_add_func("/ctl/checks/conflicts", test_conflicts);
        g_test_add_func("/ctl/checks/erlang", test_erlang);
        g_test_add_func("/ctl/checks/long-texts", test_long_texts);

        return g_test_run();
}
