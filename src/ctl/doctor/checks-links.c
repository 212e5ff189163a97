/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of "epmd-mdns doctor": links, and what goes over them */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ctl/doctor/checks.h"

static bool is_link(const Facts *facts, const Link *link) {
        return link_is_used(link, &facts->avahi.conf) && !link_is_virtual(link);
}

/* Without a cable there can be no address, and what is below others needs none. */
static bool lacks_address(const Link *link) {
        return link->running && !link->is_lower && !link->has_ipv4 && !link->has_ipv6 &&
               !link->has_link_local6;
}

Finding check_addresses(const Facts *facts) {
        char good[256] = "", bad[256] = "", none[256] = "";

        for (size_t i = 0; i < facts->links.n; i++) {
                const Link *link = &facts->links.all[i];

                if (!is_link(facts, link))
                        continue;
                if (link->has_ipv4 || link->has_ipv6)
                        list_append(good, sizeof(good), link->name);
                else if (link->has_link_local6)
                        list_append(bad, sizeof(bad), link->name);
                else if (lacks_address(link))
                        list_append(none, sizeof(none), link->name);
        }
        if (*none)
                return finding_make(*good ? VERDICT_WARN : VERDICT_FAIL,
                                    "Does DHCP answer there, and does a program ask it? If the "
                                    "link is not to be used, take it down: \"ip link set LINK "
                                    "down\".",
                                    strchr(none, ',') ? "%s have no address" : "%s has no address",
                                    none);
        if (*bad)
                return finding_make(*good ? VERDICT_WARN : VERDICT_FAIL,
                                    "Give it an IPv4 address (DHCP, or 169.254.0.0/16 by "
                                    "avahi-autoipd), or an IPv6 address of a wider scope.",
                                    "only a link-local IPv6 address, which Erlang can't use, on %s",
                                    bad);
        if (!*good)
                return (Finding){};
        return finding_make(VERDICT_OK, NULL, "an address that Erlang can use on %s", good);
}

/* Most laptops save power so: nothing is wrong as long as nodes are not missed. */
Finding check_wifi(const Facts *facts) {
        char saving[256] = "", unknown[256] = "", awake[256] = "", advice[512];

        for (size_t i = 0; i < facts->links.n; i++) {
                const Link *link = &facts->links.all[i];
                char *list = link->wifi == WIFI_SAVING    ? saving
                             : link->wifi == WIFI_UNKNOWN ? unknown
                                                          : awake;

                if (link->wifi != WIFI_NONE && is_link(facts, link))
                        list_append(list, sizeof(saving), link->name);
        }
        snprintf(advice, sizeof(advice),
                 "If nodes are lost and found again: \"iw dev %.*s set power_save off\"; for good, "
                 "wifi.powersave=2 under [connection] in NetworkManager.conf.",
                 (int) strcspn(saving, ","), saving);
        if (*saving)
                return finding_make(VERDICT_WARN, advice,
                                    "Wi-Fi saves power on %s: multicast comes late there, or gets "
                                    "lost",
                                    saving);
        if (*unknown)
                return finding_make(VERDICT_OK, NULL,
                                    "Wi-Fi on %s; whether it saves power, which multicast suffers "
                                    "from, can't be read",
                                    unknown);
        if (*awake)
                return finding_make(VERDICT_OK, NULL, "Wi-Fi on %s does not save power", awake);
        return finding_make(VERDICT_OK, NULL, "no link is known to be Wi-Fi");
}

Finding check_virtual_interfaces(const Facts *facts) {
        char list[256] = "", csv[256] = "", advice[512];

        for (size_t i = 0; i < facts->links.n; i++) {
                const Link *link = &facts->links.all[i];

                if (link_is_used(link, &facts->avahi.conf) && link_is_virtual(link) &&
                    (link->has_ipv4 || link->has_ipv6)) {
                        size_t n = strlen(csv);

                        list_append(list, sizeof(list), link->name);
                        snprintf(csv + n, sizeof(csv) - n, "%s%s", n > 0 ? "," : "", link->name);
                }
        }
        if (!*list)
                return finding_make(VERDICT_OK, NULL,
                                    "no bridge of containers, and no VPN, is announced");
        snprintf(advice, sizeof(advice),
                 "If no nodes are to be found there, add %s to deny-interfaces= in " AVAHI_CONF_PATH
                 ", and \"systemctl restart avahi-daemon\".",
                 csv);
        return finding_make(VERDICT_WARN, advice,
                            "nodes are announced on what looks like a bridge of containers or a "
                            "VPN: %s",
                            list);
}

/* --- What the question found --- */

/* An avahi-daemon that is still claiming its name answers nothing, and announces nothing. */
static bool is_settled(const Facts *facts) {
        return !facts->daemon.answers || strcmp(facts->daemon.avahi, "running") == 0;
}

Finding check_own_advert(const Facts *facts) {
        char found[256] = "", missing[256] = "";

        if (!facts->daemon.answers)
                return (Finding){};
        if (facts->daemon.local == 0)
                return finding_make(VERDICT_OK, NULL, "no node runs here, so none is announced");
        if (facts->daemon.local == facts->daemon.n_loopback)
                return finding_make(VERDICT_OK, NULL,
                                    "all nodes here have names that mean this host only, so none "
                                    "is announced");
        if (!is_settled(facts))
                return (Finding){};
        if (facts->daemon.adverts == 0)
                return finding_make(VERDICT_WARN,
                                    "If they are to be reached by others: is publishing allowed "
                                    "(see above), and inet_dist_use_interface no loopback address?",
                                    "no node of this host is announced");

        for (size_t i = 0; i < facts->links.n; i++)
                if (facts->links.all[i].answered_own)
                        list_append(found, sizeof(found), facts->links.all[i].name);
                else if (facts->links.all[i].answered && !link_is_virtual(&facts->links.all[i]))
                        list_append(missing, sizeof(missing), facts->links.all[i].name);
        if (*missing)
                return finding_make(VERDICT_FAIL, "\"systemctl restart epmd-mdns\", and ask again.",
                                    "the nodes of this host are not announced on %s", missing);
        if (facts_daemon_is_announcing(&facts->daemon))
                return finding_make(
                        VERDICT_WARN,
                        "Others can't find them. \"journalctl -u epmd-mdns\" shows what "
                        "avahi-daemon refuses; for too many objects, raise "
                        "objects-per-client-max in " AVAHI_CONF_PATH
                        ", and \"systemctl restart avahi-daemon\". A node bound to an "
                        "address is announced only while this host has it.",
                        "%" PRIu64 " of %" PRIu64
                        " listeners of this host's nodes are not announced",
                        facts->daemon.announceable - facts->daemon.adverts,
                        facts->daemon.announceable);
        if (*found)
                return finding_make(VERDICT_OK, NULL, "the nodes of this host are found on %s",
                                    found);
        return (Finding){};
}

Finding check_firewall(const Facts *facts) {
        const char *advice = "Allow UDP port 5353 in: \"ufw allow 5353/udp\", \"firewall-cmd "
                             "--add-service=mdns\", or in nftables \"udp dport 5353 accept\".";
        char deaf[256] = "";
        size_t n_asked = 0, n_others = 0;

        for (size_t i = 0; i < facts->links.n; i++) {
                const Link *link = &facts->links.all[i];

                n_asked += link->asked;
                n_others += link->n_others;
                if (link->asked && !link->answered && !link_is_virtual(link))
                        list_append(deaf, sizeof(deaf), link->name);
        }
        if (n_asked == 0 || !is_settled(facts) || facts->avahi.answer != AVAHI_ANSWERS ||
            !facts->avahi.conf_known || facts->avahi.conf.disable_publishing ||
            !facts->avahi.conf.publish_addresses)
                return (Finding){};
        if (*deaf)
                return finding_make(VERDICT_FAIL, advice,
                                    "a question by mDNS does not reach avahi-daemon on %s: a "
                                    "firewall of this host drops it",
                                    deaf);
        if (facts->daemon.answers && facts->daemon.sightings == 0 && n_others > 0)
                return finding_make(VERDICT_FAIL, advice,
                                    "others answer a question from here, but what they announce "
                                    "does not arrive: a firewall of this host drops it");
        if (facts->daemon.answers && facts->daemon.sightings == 0 && facts->daemon.adverts > 0)
                return finding_make(VERDICT_WARN,
                                    "If others run nodes: do they allow UDP port 5353, and does "
                                    "the switch or the Wi-Fi between pass multicast?",
                                    "adverts leave this host, and none arrives from others");
        return finding_make(VERDICT_OK, NULL, "UDP port 5353 is open");
}
