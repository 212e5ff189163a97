/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of "epmd-mdns doctor": the machine around this host, and who else speaks mDNS there */

#include <stdio.h>
#include <string.h>

#include "ctl/doctor/checks.h"

Finding check_container(const Facts *facts) {
        ContainerKind kind = container_judge(&facts->host.container);

        switch (kind) {
        case CONTAINER_OUTSIDE:
        case CONTAINER_NAT:
                return finding_make(VERDICT_WARN, container_advice, "%s", container_text(kind));
        case CONTAINER_REACHABLE:
                return finding_make(VERDICT_OK, NULL,
                                    "this host is a container, with its host's network or one on "
                                    "the LAN, as far as can be told");
        case CONTAINER_NONE:
        default:
                return finding_make(VERDICT_OK, NULL, "this host is no container");
        }
}

/* A container on Docker Desktop has that kernel, too; what it needs is said by check_container().
 */
Finding check_wsl(const Facts *facts) {
        switch (facts->host.wsl) {
        case WSL_FIRST:
                return finding_make(VERDICT_WARN,
                                    "Use WSL 2, \"wsl --set-version DISTRIBUTION 2\", with "
                                    "networkingMode=mirrored.",
                                    "this host is WSL 1, which has no network of Linux: "
                                    "avahi-daemon may not work");
        case WSL_PLAIN:
                return finding_make(
                        VERDICT_WARN,
                        "On Windows 11 22H2 or later: networkingMode=mirrored under [wsl2] in "
                        "%UserProfile%\\.wslconfig, then \"wsl --shutdown\". Let the Hyper-V "
                        "firewall "
                        "pass UDP port 5353 and the nodes' TCP ports (New-NetFirewallHyperVRule).",
                        "this host is WSL without mirrored interfaces: behind its NAT, multicast "
                        "does "
                        "not reach the LAN, and others can't connect to its nodes");
        case WSL_MIRRORED:
                return finding_make(VERDICT_OK, NULL,
                                    "this host is WSL with mirrored interfaces; the Hyper-V "
                                    "firewall has to pass UDP port 5353 and the nodes' TCP ports");
        case WSL_NONE:
        default:
                return finding_make(VERDICT_OK, NULL, "this host is not WSL");
        }
}

/* --- Who else speaks mDNS --- */

static bool is_avahi(const MdnsUser *user) {
        if (*user->program)
                return strncmp(user->program, "avahi-daemon", strlen("avahi-daemon")) == 0;
        return strcmp(user->user, "avahi") == 0;
}

/* Without its name, a program of root may be an avahi-daemon that was told to stay root. */
static bool is_other(const FactsMdns *facts, const MdnsUser *user) {
        if (is_avahi(user))
                return false;
        if (*user->program)
                return true;
        for (size_t i = 0; i < facts->n; i++)
                if (is_avahi(&facts->users[i]))
                        return true;
        return strcmp(user->user, "root") != 0;
}

static bool is_resolved(const MdnsUser *user) {
        /* The kernel keeps 15 characters of a name. */
        return strncmp(user->program, "systemd-resolve", strlen("systemd-resolve")) == 0 ||
               strcmp(user->user, "systemd-resolve") == 0;
}

Finding check_mdns_stacks(const Facts *facts) {
        const char *advice = "Mostly harmless: multicast reaches all who share the port, but an "
                             "answer to this host alone reaches only one of them. If nodes are "
                             "missing, end it, or switch its mDNS off.";
        char list[256] = "";

        for (size_t i = 0; i < facts->mdns.n; i++) {
                const MdnsUser *user = &facts->mdns.users[i];
                char text[128];

                if (!is_other(&facts->mdns, user))
                        continue;
                if (*user->program)
                        snprintf(text, sizeof(text), "%s (process %d)", user->program,
                                 (int) user->pid);
                else
                        snprintf(text, sizeof(text), "a program of user %s", user->user);
                list_append(list, sizeof(list), text);
                if (is_resolved(user))
                        advice = "Mostly harmless: multicast reaches all who share the port, but "
                                 "an answer to this host alone reaches only one of them. Leave "
                                 "mDNS to avahi-daemon: MulticastDNS=no in "
                                 "/etc/systemd/resolved.conf, and \"systemctl restart "
                                 "systemd-resolved\".";
        }
        if (*list)
                return finding_make(VERDICT_WARN, advice,
                                    "beside avahi-daemon, UDP port 5353 is used by %s", list);
        return finding_make(VERDICT_OK, NULL, "no other program uses UDP port 5353");
}
