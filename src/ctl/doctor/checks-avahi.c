/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of "epmd-mdns doctor": avahi-daemon and its configuration */

#include <stdio.h>
#include <string.h>

#include "ctl/doctor/checks.h"

#define RESTART " in " AVAHI_CONF_PATH ", and \"systemctl restart avahi-daemon\"."

Finding check_avahi(const Facts *facts) {
        bool reached = facts->daemon.answers && strcmp(facts->daemon.avahi, "running") == 0;

        /* In a container its D-Bus may be there, and this socket not. */
        if (facts->avahi.answer == AVAHI_ABSENT && !reached)
                return finding_make(VERDICT_FAIL,
                                    "Start it: \"systemctl start avahi-daemon\"; it is in the "
                                    "package avahi-daemon.",
                                    "avahi-daemon is not running: the LAN is not seen");
        if (facts->avahi.answer == AVAHI_SILENT)
                return finding_make(VERDICT_FAIL, "Restart it: \"systemctl restart avahi-daemon\".",
                                    "avahi-daemon hangs: it takes connections and does not answer");
        if (facts->daemon.answers && strcmp(facts->daemon.avahi, "hung") == 0)
                return finding_make(VERDICT_FAIL, "Restart it: \"systemctl restart avahi-daemon\".",
                                    "avahi-daemon hangs: it does not answer on D-Bus");
        if (!facts->daemon.answers)
                return facts->avahi.answer == AVAHI_ANSWERS
                               ? finding_make(VERDICT_OK, NULL, "avahi-daemon runs and answers")
                               : (Finding){};
        if (reached)
                return finding_make(VERDICT_OK, NULL,
                                    "avahi-daemon runs and answers, and calls this host %s",
                                    *facts->daemon.host ? facts->daemon.host : "nothing yet");
        if (strcmp(facts->daemon.avahi, "registering") == 0)
                return finding_make(VERDICT_WARN,
                                    "Wait a moment. If it stays so, another host may have the "
                                    "name of this one.",
                                    "avahi-daemon is still claiming this host's name");
        return finding_make(VERDICT_FAIL,
                            "Do dbus and avahi-daemon run? Try \"systemctl restart avahi-daemon\".",
                            "epmd-mdnsd does not reach avahi-daemon through D-Bus: %s",
                            facts->daemon.avahi);
}

Finding check_publishing(const Facts *facts) {
        const AvahiConf *conf = &facts->avahi.conf;

        if (!facts->avahi.conf_known)
                return (Finding){};
        if (conf->disable_publishing)
                return finding_make(VERDICT_FAIL, "Set disable-publishing=no" RESTART,
                                    "avahi-daemon publishes nothing: disable-publishing=yes");
        if (conf->disable_user_publishing)
                return finding_make(VERDICT_FAIL, "Set disable-user-service-publishing=no" RESTART,
                                    "avahi-daemon publishes nothing for programs: "
                                    "disable-user-service-publishing=yes");
        if (!conf->publish_addresses)
                return finding_make(VERDICT_FAIL, "Set publish-addresses=yes" RESTART,
                                    "avahi-daemon does not publish this host's addresses: "
                                    "publish-addresses=no");
        return finding_make(VERDICT_OK, NULL, "avahi-daemon may publish nodes and addresses");
}

Finding check_ip_versions(const Facts *facts) {
        const AvahiConf *conf = &facts->avahi.conf;

        if (!facts->avahi.conf_known)
                return (Finding){};
        if (!conf->use_ipv4 && !conf->use_ipv6)
                return finding_make(VERDICT_FAIL, "Set use-ipv4=yes" RESTART,
                                    "avahi-daemon uses no IP at all: use-ipv4=no, use-ipv6=no");
        if (!conf->use_ipv4)
                return finding_make(VERDICT_FAIL, "Set use-ipv4=yes" RESTART,
                                    "avahi-daemon does not use IPv4, over which Erlang connects "
                                    "unless it is told otherwise: use-ipv4=no");
        return finding_make(VERDICT_OK, NULL, "avahi-daemon uses %s",
                            conf->use_ipv6 ? "IPv4 and IPv6" : "IPv4, and not IPv6");
}

Finding check_interfaces(const Facts *facts) {
        char used[256] = "", unused[256] = "";

        for (size_t i = 0; i < facts->links.n; i++) {
                const Link *link = &facts->links.all[i];

                if (link_is_used(link, &facts->avahi.conf))
                        list_append(used, sizeof(used), link->name);
                else if (link->multicast && !link->point_to_point)
                        list_append(unused, sizeof(unused), link->name);
        }
        if (*used)
                return finding_make(VERDICT_OK, NULL, "avahi-daemon uses %s", used);
        if (*unused)
                return finding_make(VERDICT_FAIL,
                                    "Look at deny-interfaces and allow-interfaces" RESTART,
                                    "avahi-daemon is told to leave out all links: %s", unused);
        return finding_make(VERDICT_FAIL, "Plug in a cable, or join a Wi-Fi.",
                            "there is no link to a LAN");
}
