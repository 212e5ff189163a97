/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of "epmd-mdns doctor": the table, and those of the daemon */

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ctl/doctor/checks.h"
#include "util/socket-path.h"

const Check checks[] = {
        { "daemon", check_daemon },
        { "socket", check_socket },
        { "container", check_container },
        { "wsl", check_wsl },
        { "avahi", check_avahi },
        { "publishing", check_publishing },
        { "ip-versions", check_ip_versions },
        { "interfaces", check_interfaces },
        { "addresses", check_addresses },
        { "wifi", check_wifi },
        { "virtual-interfaces", check_virtual_interfaces },
        { "own-advert", check_own_advert },
        { "firewall", check_firewall },
        { "mdns-stacks", check_mdns_stacks },
        { "ports", check_ports },
        { "pairs", check_pairs },
        { "conflicts", check_conflicts },
        { "loopback-names", check_loopback_names },
        { "registrations", check_registrations },
        { "ignored", check_ignored },
        { "epmd", check_epmd },
        { "cookie", check_cookie },
        { "erl-flags", check_erl_flags },
};

const size_t n_checks = ELEMENTSOF(checks);

const char *verdict_to_string(Verdict verdict) {
        static const char *const names[] = {
                [VERDICT_NONE] = "none",
                [VERDICT_OK] = "ok",
                [VERDICT_WARN] = "warn",
                [VERDICT_FAIL] = "fail",
        };

        return names[verdict];
}

Finding finding_make(Verdict verdict, const char *advice, const char *format, ...) {
        Finding finding = { .verdict = verdict };
        va_list arguments;

        va_start(arguments, format);
        (void) vsnprintf(finding.text, sizeof(finding.text), format, arguments);
        va_end(arguments);
        snprintf(finding.advice, sizeof(finding.advice), "%s", advice ? advice : "");
        return finding;
}

void list_append(char *list, size_t size, const char *word) {
        size_t n = strlen(list);

        snprintf(list + n, size - n, "%s%s", n > 0 ? ", " : "", word);
}

/* --- The daemon --- */

static Finding daemon_absent(const FactsDaemon *facts) {
        const char *advice = "Start it: \"systemctl start epmd-mdns\", or as root \"epmd-mdnsd\".";

        if (strcmp(facts->socket, SOCKET_PATH_DEFAULT) != 0)
                advice = "That is not the usual socket. If it is not meant: \"unset "
                         "EPMD_MDNS_SOCKET\", and no --socket; else start one there, with "
                         "\"epmd-mdnsd --socket=PATH\".";
        return finding_make(VERDICT_FAIL, advice, "epmd-mdnsd is not running: nobody listens at %s",
                            facts->socket);
}

/* It is connected to, and STATUS was not answered. */
static Finding daemon_dumb(const FactsDaemon *facts) {
        switch (-facts->answer_error) {
        case EREMOTEIO:
                return finding_make(
                        VERDICT_FAIL,
                        "Look who is connected, and end what is not needed: \"ss -xp\".",
                        "epmd-mdnsd refuses to answer: %s", facts->refusal);
        case EPROTO:
                return finding_make(
                        VERDICT_FAIL,
                        "Is that the right socket? As root, \"ss -xlp\" shows whose it "
                        "is.",
                        "what answers at %s is no epmd-mdnsd, or one of another version",
                        facts->socket);
        default:
                return finding_make(VERDICT_FAIL, "Restart it: \"systemctl restart epmd-mdns\".",
                                    "epmd-mdnsd takes connections at %s, and does not answer",
                                    facts->socket);
        }
}

Finding check_daemon(const Facts *facts) {
        switch (-facts->daemon.connect_error) {
        case 0:
                break;
        case EACCES:
        case EPERM:
                return (Finding){}; /* said by check_socket() */
        case ENOENT:
        case ECONNREFUSED:
                return daemon_absent(&facts->daemon);
        case ETIMEDOUT:
                return daemon_dumb(&facts->daemon);
        default:
                return finding_make(VERDICT_FAIL, "Is that the right socket?",
                                    "epmd-mdnsd can't be reached at %s: %s", facts->daemon.socket,
                                    strerror(-facts->daemon.connect_error));
        }
        if (!facts->daemon.answers)
                return daemon_dumb(&facts->daemon);
        return finding_make(VERDICT_OK, NULL, "epmd-mdnsd answers at %s", facts->daemon.socket);
}

Finding check_socket(const Facts *facts) {
        bool refused =
                facts->daemon.connect_error == -EACCES || facts->daemon.connect_error == -EPERM;
        Verdict verdict = refused ? VERDICT_FAIL : VERDICT_WARN;
        char advice[512];

        /* connect() takes the right to write. */
        snprintf(advice, sizeof(advice),
                 "Nodes of other users can't register: \"chmod 0666 %.128s\". If it is so again "
                 "after "
                 "a restart: SocketMode=0666 in \"systemctl edit epmd-mdns.socket\".",
                 facts->daemon.socket);
        if (facts->daemon.socket_exists && (facts->daemon.socket_mode & 0222) != 0222)
                return finding_make(verdict, advice,
                                    "not every user may connect to %s: its mode is %04o",
                                    facts->daemon.socket, (unsigned) facts->daemon.socket_mode);
        snprintf(advice, sizeof(advice), "Let all users through: \"chmod a+x $(dirname %.128s)\".",
                 facts->daemon.socket);
        if (facts->daemon.directory_mode && (facts->daemon.directory_mode & 0111) != 0111)
                return finding_make(
                        verdict, advice,
                        "not every user may reach %s: the mode of its directory is %04o",
                        facts->daemon.socket, (unsigned) facts->daemon.directory_mode);
        if (refused)
                return finding_make(VERDICT_FAIL, "Look at the permissions of its directories.",
                                    "this user may not connect to %s", facts->daemon.socket);
        if (!facts->daemon.socket_exists)
                return (Finding){};
        return finding_make(VERDICT_OK, NULL, "every user may connect to %s", facts->daemon.socket);
}

/* "bob@h2 (h2.local, h3.local)", as far as the hosts are known. */
static void format_claim(const FactsDaemon *facts, size_t i, char *buffer, size_t size) {
        const char *node = facts->conflict_nodes[i], *holder = facts->conflict_hosts[i][0],
                   *rival = facts->conflict_hosts[i][1];

        if (*holder && *rival)
                snprintf(buffer, size, "%s (%s, %s)", node, holder, rival);
        else
                snprintf(buffer, size, "%s", node);
}

Finding check_conflicts(const Facts *facts) {
        char claim[NODE_NAME_SIZE + 2 * LIMIT_HOST + 16],
                list[FACTS_CONFLICTS * sizeof(claim)] = "";
        bool local = false;

        if (!facts->daemon.answers)
                return (Finding){};
        if (facts->daemon.conflicts == 0)
                return finding_make(VERDICT_OK, NULL, "no name is claimed more than once");
        for (size_t i = 0; i < facts->daemon.n_conflict_nodes; i++) {
                format_claim(&facts->daemon, i, claim, sizeof(claim));
                list_append(list, sizeof(list), claim);
                local |= facts->daemon.conflict_local[i];
        }
        return finding_make(local ? VERDICT_FAIL : VERDICT_WARN,
                            "Rename one of them, or look for a stranger who claims the name: "
                            "\"epmd-mdns list\" shows who holds it, \"avahi-browse -rt "
                            "_erlang-dist._tcp\" who else announces it.",
                            "claimed by more than one host: %s", list);
}

/* Who is refused at the limit is too late to be helped by a warning. */
Finding check_registrations(const Facts *facts) {
        uint64_t used = facts->daemon.announceable, limit = facts->daemon.limit_registrations;

        if (!facts->daemon.answers || limit == 0)
                return (Finding){};
        if (used >= limit - limit / 10)
                return finding_make(
                        VERDICT_WARN,
                        "Stop nodes that nobody needs: \"epmd-mdns list --local\" shows "
                        "them.",
                        "%" PRIu64 " of %" PRIu64
                        " registrations are in use; at the limit, new nodes are refused",
                        used, limit);
        return finding_make(VERDICT_OK, NULL, "%" PRIu64 " of %" PRIu64 " registrations are in use",
                            used, limit);
}

Finding check_ignored(const Facts *facts) {
        if (!facts->daemon.answers)
                return (Finding){};
        if (facts->daemon.ignored_limit > 0)
                return finding_make(
                        VERDICT_WARN,
                        "Ask again in a minute. If the number grows, nodes may be missing: raise "
                        "objects-per-client-max in " AVAHI_CONF_PATH
                        ", \"systemctl restart avahi-daemon\", and look for a host that announces "
                        "too much: \"avahi-browse -rt _erlang-dist._tcp\".",
                        "a limit was reached: %" PRIu64
                        " adverts of others ignored since epmd-mdnsd started",
                        facts->daemon.ignored_limit);
        return finding_make(VERDICT_OK, NULL, "no advert was ignored for a limit");
}
