/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* All that the checks of "epmd-mdns doctor" judge by */

#include "ctl/doctor/facts-avahi.h"
#include "ctl/doctor/facts-daemon.h"
#include "ctl/doctor/facts-erlang.h"
#include "ctl/doctor/facts-host.h"
#include "ctl/doctor/facts-links.h"
#include "ctl/doctor/facts-mdns.h"
#include "ctl/doctor/facts-ports.h"

/* A plain value, gathered in parts that know nothing of each other: the checks are functions of it,
 * and look at nothing else. */
typedef struct Facts {
        FactsDaemon daemon;
        FactsAvahi avahi;
        FactsLinks links;
        FactsErlang erlang;
        FactsHost host;
        FactsMdns mdns;
        FactsPorts ports;
} Facts;

/* Looks at the machine, and asks the daemon at this socket; with_ports: tries the ports of nodes.
 * Takes two seconds or so. */
void facts_gather(Facts *ret, const char *socket, bool with_ports);
