/* SPDX-License-Identifier: Apache-2.0 */
/* avahi-daemon.conf(5): what doctor must understand of it, in all the ways in which it is written.
 */

#include <glib.h>
#include <string.h>

#include "ctl/doctor/avahi-conf.h"

static AvahiConf parse(const char *text) {
        AvahiConf conf;

        memset(&conf, 0xAA, sizeof(conf));
        avahi_conf_parse(&conf, text);
        return conf;
}

static void test_defaults(void) {
        AvahiConf conf = parse("");

        g_assert_true(conf.use_ipv4 && conf.use_ipv6 && conf.publish_addresses);
        g_assert_false(conf.disable_publishing || conf.disable_user_publishing);
        g_assert_false(conf.allow_point_to_point);
        g_assert_true(avahi_conf_allows(&conf, "eth0"));
}

/* Debian's own file, as far as it matters. */
static void test_ordinary_file(void) {
        AvahiConf conf = parse("# This file is part of avahi.\n"
                               "[server]\n#host-name=foo\nuse-ipv4=yes\nuse-ipv6=no\n"
                               "#deny-interfaces=eth1\nratelimit-burst=1000\n\n"
                               "[wide-area]\nenable-wide-area=yes\n\n"
                               "[publish]\n#disable-publishing=no\npublish-hinfo=no\n");

        g_assert_true(conf.use_ipv4);
        g_assert_false(conf.use_ipv6);
        g_assert_false(conf.disable_publishing);
        g_assert_true(avahi_conf_allows(&conf, "eth1"));
}

static void test_faults(void) {
        AvahiConf conf = parse("[server]\nuse-ipv4=no\nallow-point-to-point=yes\n[publish]\n"
                               "disable-publishing=yes\ndisable-user-service-publishing=true\n"
                               "publish-addresses=no");

        g_assert_false(conf.use_ipv4 || conf.publish_addresses);
        g_assert_true(conf.disable_publishing && conf.disable_user_publishing);
        g_assert_true(conf.allow_point_to_point);
}

/* A key counts in its own section only. */
static void test_sections(void) {
        AvahiConf conf = parse("disable-publishing=yes\n[server]\ndisable-publishing=yes\n"
                               "[publish]\nuse-ipv4=no\ndeny-interfaces=eth0\n");

        g_assert_false(conf.disable_publishing);
        g_assert_true(conf.use_ipv4);
        g_assert_true(avahi_conf_allows(&conf, "eth0"));
}

static void test_blanks(void) {
        AvahiConf conf =
                parse("  [ server ]  \r\n\tuse-ipv4 =  no \r\n deny-interfaces = eth0 , wlan0\n");

        g_assert_false(conf.use_ipv4);
        g_assert_false(avahi_conf_allows(&conf, "eth0") || avahi_conf_allows(&conf, "wlan0"));
        g_assert_true(avahi_conf_allows(&conf, "eth1"));
}

/* Keys and sections are read whatever their case, and "on" is no yes. */
static void test_case(void) {
        AvahiConf conf = parse("% a comment\n[SERVER]\nUse-IPv4=no\nAllow-Interfaces=eth1\n"
                               "%deny-interfaces=eth1\n[Publish]\nDISABLE-PUBLISHING=Yes\n"
                               "publish-addresses=on\n");

        g_assert_false(conf.use_ipv4 || conf.publish_addresses);
        g_assert_true(conf.disable_publishing);
        g_assert_true(avahi_conf_allows(&conf, "eth1"));
        g_assert_false(avahi_conf_allows(&conf, "eth0"));
}

/* Names are whole words: eth1 is not eth10. */
static void test_interfaces(void) {
        AvahiConf conf = parse("[server]\nallow-interfaces=eth1,br-lan\ndeny-interfaces=br-lan\n");
        AvahiConf empty = parse("[server]\nallow-interfaces=\ndeny-interfaces=\n");

        g_assert_true(avahi_conf_allows(&conf, "eth1"));
        g_assert_false(avahi_conf_allows(&conf, "eth10") || avahi_conf_allows(&conf, "eth"));
        g_assert_false(avahi_conf_allows(&conf, "br-lan") || avahi_conf_allows(&conf, ""));
        g_assert_true(avahi_conf_allows(&empty, "eth0"));
}

/* The file is whatever somebody has written. */
static void test_junk(void) {
        g_autoptr(GString) text = g_string_new("[server]\ndeny-interfaces=");
        AvahiConf conf;

        for (int i = 0; i < 500; i++)
                g_string_append_printf(text, "interface%d,", i);
        g_string_append(text, "\n[publish\n=\n=yes\n[]\nno equals sign\n[server]\nuse-ipv6=no");
        conf = parse(text->str);
        g_assert_false(avahi_conf_allows(&conf, "interface0"));
        g_assert_true(avahi_conf_allows(&conf, "interface499"));
        g_assert_false(conf.use_ipv6);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/ctl/avahi-conf/defaults", test_defaults);
        g_test_add_func("/ctl/avahi-conf/ordinary-file", test_ordinary_file);
        g_test_add_func("/ctl/avahi-conf/faults", test_faults);
        g_test_add_func("/ctl/avahi-conf/sections", test_sections);
        g_test_add_func("/ctl/avahi-conf/blanks", test_blanks);
        g_test_add_func("/ctl/avahi-conf/case", test_case);
        g_test_add_func("/ctl/avahi-conf/interfaces", test_interfaces);
        g_test_add_func("/ctl/avahi-conf/junk", test_junk);

        return g_test_run();
}
