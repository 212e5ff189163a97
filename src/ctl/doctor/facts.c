/* SPDX-License-Identifier: Apache-2.0 */
/* The foreman: who gathers which part of the facts, and when again */

#include <poll.h>

#include "ctl/doctor/facts.h"

/* How long avahi-daemon may take to claim its name: RFC 6762 section 8.1 wants 0.75 s. */
#define SETTLE_ROUNDS 10
#define SETTLE_MSEC 200

/* How long announcing a node may take: it is probed for first. */
#define ANNOUNCE_MSEC 1000

/* How often all is asked again because that began in the meantime. */
#define GATHER_ROUNDS 3

/* avahi-daemon claims its name anew whenever an address comes or goes, which takes a second: that
 * is no fault, and meanwhile it answers nobody. */
static void wait_settled(FactsDaemon *facts, const char *socket) {
        facts_daemon_gather(facts, socket);
        for (int i = 0; i < SETTLE_ROUNDS && facts_daemon_is_registering(facts); i++) {
                (void) poll(NULL, 0, SETTLE_MSEC);
                facts_daemon_gather(facts, socket);
        }
}

/* Asks again: the daemon has had the same time as the question to hear of others. A node may have
 * been registered just now. */
static void look_again(FactsDaemon *facts, const char *socket) {
        facts_daemon_gather(facts, socket);
        if (facts_daemon_is_announcing(facts)) {
                (void) poll(NULL, 0, ANNOUNCE_MSEC);
                facts_daemon_gather(facts, socket);
        }
}

void facts_gather(Facts *ret, const char *socket, bool with_ports) {
        const AvahiConf *conf;

        facts_avahi_gather(&ret->avahi);
        conf = ret->avahi.answer == AVAHI_ABSENT ? NULL : &ret->avahi.conf;
        for (int i = 0; i < GATHER_ROUNDS; i++) {
                wait_settled(&ret->daemon, socket);
                facts_links_gather(&ret->links, conf, ret->daemon.local > 0);
                if (ret->daemon.answers)
                        look_again(&ret->daemon, socket);
                if (!facts_daemon_is_registering(&ret->daemon))
                        break;
        }
        facts_erlang_gather(&ret->erlang);
        facts_host_gather(&ret->host, ret->daemon.connect_error == 0 ? socket : NULL);
        facts_mdns_gather(&ret->mdns);
        ret->ports = (FactsPorts){ .tried = false };
        if (with_ports && ret->daemon.answers)
                facts_ports_gather(&ret->ports, socket);
}
