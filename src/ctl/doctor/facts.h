/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* All that the checks of "epmd-mdns doctor" judge by */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/node-info.h"
#include "ctl/doctor/avahi-conf.h"
#include "ctl/doctor/proc-net.h"

/* A host has fewer links and claims; more are not looked at. */
#define FACTS_LINKS 32
#define FACTS_CONFLICTS 4

typedef struct Link {
        char name[LIMIT_INTERFACE + 1];
        bool multicast; /* up, and neither loopback nor without multicast */
        bool point_to_point;
        bool has_ipv4;
        bool has_ipv6;        /* one that Erlang can use */
        bool has_link_local6; /* one that it can't use */
        struct in_addr ipv4;  /* the first one */

        /* One mDNS question was asked here, over IPv4: */
        bool asked;
        bool answered;     /* by this host's own avahi-daemon */
        bool answered_own; /* … which told of a node */
        size_t n_others;   /* other hosts that told of a node */
} Link;

typedef enum AvahiAnswer {
        AVAHI_UNKNOWN, /* it could not be asked */
        AVAHI_ABSENT,
        AVAHI_SILENT,
        AVAHI_ANSWERS,
} AvahiAnswer;

/* A plain value: the checks are functions of it, and look at nothing else. */
typedef struct Facts {
        /* the daemon */
        const char *socket;
        int connect_error; /* negative errno of connect(), 0: connected */
        bool socket_exists;
        mode_t socket_mode, directory_mode;
        int answer_error;  /* why STATUS was not answered, as of client_receive() */
        char refusal[128]; /* of -EREMOTEIO, what it said */
        bool answers;      /* STATUS was answered, and what follows is known: */
        char avahi[16];    /* its state of the client of Avahi */
        char host[LIMIT_HOST + 1];
        uint64_t local, adverts, sightings, conflicts;
        char conflict_nodes[FACTS_CONFLICTS][NODE_NAME_SIZE];
        bool conflict_local[FACTS_CONFLICTS]; /* one of them is registered here */
        size_t n_conflict_nodes;

        /* avahi-daemon */
        AvahiAnswer avahi_answer;
        bool conf_known;
        AvahiConf conf;

        /* links */
        Link links[FACTS_LINKS];
        size_t n_links;

        /* Erlang */
        uint16_t epmd_port;
        Listener epmd;
        bool cookie_exists;
        char cookie_path[512];
        mode_t cookie_mode;
        uid_t cookie_owner, user;
        char module[256];  /* of -epmd_module in ERL_FLAGS; "": none */
        bool module_found; /* its beam is where Erlang would look */
        bool erlang_found; /* it is known where that is */
} Facts;

/* Looks at the machine, and asks the daemon at this socket. Takes about a second. */
void facts_gather(Facts *ret, const char *socket);

/* --- Its parts, each in a file of its own --- */

void facts_gather_daemon(Facts *facts);
void facts_gather_avahi(Facts *facts);
void facts_gather_links(Facts *facts);
void facts_gather_erlang(Facts *facts);

/* Whether avahi-daemon uses this link, by its configuration. */
bool facts_uses_link(const Facts *facts, const Link *link);

/* Reads a file, at most size - 1 bytes, as a string. Returns whether that worked. */
bool facts_read_file(const char *path, char *buffer, size_t size);
