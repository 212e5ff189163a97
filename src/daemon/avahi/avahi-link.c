/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connection to avahi-daemon
 *
 * A client that has failed once never recovers: it is freed with all that hangs on it, and another
 * one begins from nothing. The main thread says when (LAN_CONNECT), because it has a monotonic
 * clock; Avahi's timers follow the wall clock, and stop when that is set back.
 *
 * The queue to the main thread is bounded. If it is full, the client is given up as well: what it
 * has seen is void, and the next one lists it anew.
 */

#include <avahi-client/client.h>
#include <avahi-common/error.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/avahi/avahi-error.h"
#include "daemon/avahi/avahi-link.h"
#include "daemon/avahi/avahi-sink.h"
#include "daemon/avahi/browser.h"
#include "daemon/avahi/publisher.h"
#include "daemon/avahi/readdressing.h"
#include "daemon/subject.h"
#include "util/log.h"

/* How long to wait for memory before the main thread is told again that the client is gone. There
 * is nothing else to do. */
#define NO_MEMORY_MSEC 100

struct AvahiLink {
        const AvahiPoll *poll;
        MessageQueue *inbox, *outbox;
        AvahiSink sink;
        Browser *browser;
        Publisher *publisher;
        Readdressing *readdressing;
        AvahiClient *client;
        bool failed;         /* the client has to be dropped, and nothing it says counts */
        bool stopped;        /* LAN_STOPPED has been posted, and nothing follows it */
        bool failure_logged; /* one line until it works again */
};

/* The client can't be freed from the depths of its own callbacks, so the thread wakes itself up. */
static void give_up(AvahiLink *link) {
        link->failed = true;
        browser_abandon(link->browser);
        publisher_abandon(link->publisher);
        readdressing_abandon(link->readdressing);
        message_queue_wake(link->inbox);
}

/* How many messages may wait before this one. What is merged with others, or comes once for each
 * client, has to get through. */
static size_t max_messages(const LanMessage *message) {
        bool bounded = lan_message_is_sighting(message) ||
                       (message->type == LAN_STATE && message->state != AVAHI_STATE_FAILED);

        return bounded ? LIMIT_AVAHI_MESSAGES : SIZE_MAX;
}

static void post(void *userdata, const LanMessage *message) {
        AvahiLink *link = userdata;
        int r;

        if (link->failed && lan_message_is_sighting(message))
                return;
        r = message_queue_push_copy(link->outbox, message, max_messages(message));
        if (r == 0 || link->failed)
                return;
        /* None may be left out: all have to come anew. */
        if (!link->failure_logged)
                log_warning("%s: what is on the LAN is listed anew",
                            r == -ENOMEM ? "out of memory" : "more is seen than can be taken in");
        link->failure_logged = true;
        give_up(link);
}

static void post_type(AvahiLink *link, LanMessageType type) {
        post(link, &(LanMessage){ .type = type });
}

static void fail(void *userdata, const char *what, int error) {
        AvahiLink *link = userdata;

        if (link->failed)
                return;
        if (!link->failure_logged)
                log_warning("lost avahi-daemon (%s: %s): local nodes go on, the LAN is tried again",
                            what, avahi_strerror(error));
        link->failure_logged = true;
        give_up(link);
}

/* Asks for the host's name, too. */
static LanMessage make_state(AvahiLink *link, AvahiState state) {
        LanMessage message = { .type = LAN_STATE, .state = state };
        const char *host = NULL;
        int error;

        if (link->client && state >= AVAHI_STATE_REGISTERING) {
                host = avahi_client_get_host_name_fqdn(link->client);
                error = host ? 0 : avahi_client_errno(link->client);
                if (avahi_error_is_lost(error))
                        fail(link, "asking for the host's name", error);
        }
        if (host && line_encoded_length(host) <= LIMIT_HOST)
                strcpy(message.host, host);
        return message;
}

static bool make_room(void *userdata) {
        AvahiLink *link = userdata;

        return browser_make_room(link->browser);
}

static void use_room(void *userdata) {
        AvahiLink *link = userdata;

        browser_use_room(link->browser);
}

static void on_client_state(AvahiClient *client, AvahiClientState state, void *userdata) {
        AvahiLink *link = userdata;
        LanMessage message;

        /* The first call comes from within avahi_client_new(). */
        link->client = client;
        if (link->failed)
                return;

        switch (state) {
        case AVAHI_CLIENT_S_RUNNING:
                if (link->failure_logged)
                        log_notice("avahi-daemon is back");
                link->failure_logged = false;
                message = make_state(link, AVAHI_STATE_RUNNING);
                if (!link->failed)
                        browser_start(link->browser, client);
                if (!link->failed)
                        publisher_start(link->publisher, client);
                if (!link->failed)
                        readdressing_start(link->readdressing, client);
                post(link, &message);
                break;
        case AVAHI_CLIENT_S_REGISTERING:
        case AVAHI_CLIENT_S_COLLISION:
                /* The host's name is changing, and with it what our SRV records point to. */
                message = make_state(link, AVAHI_STATE_REGISTERING);
                if (!link->failed)
                        browser_start(link->browser, client);
                publisher_stop(link->publisher);
                if (!link->failed)
                        readdressing_stop(link->readdressing);
                post(link, &message);
                break;
        case AVAHI_CLIENT_CONNECTING:
                message = make_state(link, AVAHI_STATE_CONNECTING);
                post(link, &message);
                break;
        case AVAHI_CLIENT_FAILURE:
                fail(link, "its connection ended", avahi_client_errno(client));
                break;
        }
}

static void connect_client(AvahiLink *link) {
        AvahiClient *client;
        int error = 0;

        if (link->client || link->failed)
                return;

        /* NO_FAIL: avahi-daemon may come later. */
        client = avahi_client_new(link->poll, AVAHI_CLIENT_NO_FAIL, on_client_state, link, &error);
        if (!client) {
                link->client = NULL;
                fail(link, "connecting", error);
        }
}

/* If the main thread can't be told, the thread has failed again. */
static void drop_client(AvahiLink *link) {
        LanMessage message = { .type = LAN_STATE, .state = AVAHI_STATE_FAILED };

        /* Disconnects first and then frees browsers, resolvers and groups without further calls. */
        if (link->client)
                avahi_client_free(link->client);
        link->client = NULL;
        link->failed = false;
        message_queue_discard_sightings(link->outbox);
        browser_forget(link->browser);
        publisher_forget(link->publisher);
        readdressing_forget(link->readdressing);
        post_type(link, LAN_LOST);
        post(link, &message);
}

static void handle_message(AvahiLink *link, const LanMessage *message) {
        switch (message->type) {
        case LAN_CONNECT:
                connect_client(link);
                break;
        case LAN_RESET:
                drop_client(link);
                break;
        case LAN_PUBLISH:
                if (publisher_publish(link->publisher, &message->endpoint,
                                      message->bound ? &message->address : NULL) < 0)
                        log_about(LOG_ERR, SUBJECT(&message->endpoint),
                                  "out of memory: %s is not announced", message->endpoint.node);
                break;
        case LAN_WITHDRAW:
                publisher_withdraw(link->publisher, &message->endpoint);
                break;
        case LAN_STOP:
                /* avahi-daemon says goodbye for the objects of a client that disconnects. */
                drop_client(link);
                post_type(link, LAN_STOPPED);
                link->stopped = true;
                break;
        default:
                break;
        }
}

/* Returns whether the client has been dropped, and that could be told. */
static bool recover(AvahiLink *link) {
        drop_client(link);
        if (!link->failed)
                return true;
        (void) poll(NULL, 0, NO_MEMORY_MSEC);
        message_queue_wake(link->inbox);
        return false;
}

bool avahi_link_handle_messages(AvahiLink *link) {
        while (!link->stopped) {
                LanMessage *message;

                /* First of all, so that nothing is called any more on a client that has failed. */
                if (link->failed && !recover(link))
                        break;
                message = message_queue_pop(link->inbox);
                if (!message)
                        break;
                handle_message(link, message);
                free(message);
        }
        return !link->stopped;
}

int avahi_link_new(AvahiLink **ret, const AvahiPoll *poll, MessageQueue *inbox,
                   MessageQueue *outbox, const Config *config) {
        _cleanup_(avahi_link_freep) AvahiLink *link = calloc(1, sizeof(*link));
        int r;

        if (!link)
                return -ENOMEM;
        link->poll = poll;
        link->inbox = inbox;
        link->outbox = outbox;
        link->sink = (AvahiSink){ .post = post,
                                  .fail = fail,
                                  .make_room = make_room,
                                  .room_made = use_room,
                                  .poll = poll,
                                  .userdata = link };
        r = browser_new(&link->browser, &link->sink);
        if (r == 0)
                r = publisher_new(&link->publisher, &link->sink, config);
        if (r == 0)
                r = readdressing_new(&link->readdressing, &link->sink);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(link);
        return 0;
}

AvahiLink *avahi_link_free(AvahiLink *link) {
        if (!link)
                return NULL;

        if (link->client)
                avahi_client_free(link->client);
        readdressing_free(link->readdressing);
        publisher_free(link->publisher);
        browser_free(link->browser);
        free(link);
        return NULL;
}
