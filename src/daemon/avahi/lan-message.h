/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the main thread and the Avahi thread tell each other */

#include "core/directory.h"
#include "core/endpoint.h"
#include "core/sighting.h"

typedef enum AvahiState {
        AVAHI_STATE_FAILED,      /* no client; LAN_CONNECT makes one */
        AVAHI_STATE_CONNECTING,  /* avahi-daemon does not answer */
        AVAHI_STATE_REGISTERING, /* avahi-daemon is claiming its host name */
        AVAHI_STATE_RUNNING,
        _AVAHI_STATE_MAX,
} AvahiState;

typedef enum LanMessageType {
        /* main thread → Avahi thread */
        LAN_CONNECT,  /* make a client, if there is none */
        LAN_RESET,    /* drop the client and all that hangs on it */
        LAN_PUBLISH,  /* endpoint: to be advertised; bound, address: with this address only */
        LAN_WITHDRAW, /* endpoint: no longer; only its identity counts */
        LAN_STOP,     /* drop the client and end the thread */

        /* Avahi thread → main thread */
        LAN_STATE,       /* state, host */
        LAN_SEEN,        /* sighting */
        LAN_GONE,        /* sighting.id, reason */
        LAN_IGNORED,     /* ignored, more */
        LAN_LISTED,      /* every advert that was found has been resolved, or has failed to */
        LAN_LOST,        /* the client is gone; the next one lists anew what it sees */
        LAN_ADVERTS,     /* adverts: how many are established */
        LAN_READDRESSED, /* this host has other addresses than before */
        LAN_STOPPED,     /* nothing more will come */
} LanMessageType;

/* Once it is in a queue only the queue changes it. Owned by whoever took it out. */
typedef struct LanMessage LanMessage;

struct LanMessage {
        LanMessage *next; /* the queue's */
        LanMessageType type;
        union {
                struct {
                        Endpoint endpoint;
                        bool first; /* LAN_PUBLISH: nothing of this identity is announced */
                        bool bound;
                        Address address;
                };
                struct {
                        Sighting sighting;
                        Reason reason;
                };
                struct {
                        AvahiState state;
                        char host[LIMIT_HOST + 1]; /* mDNS name of this host, "" while unknown */
                };
                struct {
                        Ignored ignored;
                        uint64_t more; /* how many further times */
                };
                size_t adverts;
        };
};

/* Whether it is about what is seen on the LAN, so that LAN_LOST makes it void. */
static inline bool lan_message_is_sighting(const LanMessage *message) {
        return message->type == LAN_SEEN || message->type == LAN_GONE ||
               message->type == LAN_LISTED;
}
