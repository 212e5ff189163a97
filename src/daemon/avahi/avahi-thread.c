/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread that talks to avahi-daemon
 *
 * Every call of libavahi-client waits for a reply on D-Bus, 25 s if avahi-daemon hangs. So all of
 * it runs here, on libavahi's own loop, and shares nothing with the main thread but two queues. The
 * main thread never takes the loop's lock, which is held while a call waits.
 *
 * A client that has failed once never recovers: it is freed with all that hangs on it, and another
 * one begins from nothing. The main thread says when (LAN_CONNECT), because it has a monotonic
 * clock; Avahi's timers follow the wall clock, and stop when that is set back.
 */

#include <avahi-client/client.h>
#include <avahi-common/error.h>
#include <avahi-common/thread-watch.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/avahi/avahi-sink.h"
#include "daemon/avahi/avahi-thread.h"
#include "daemon/avahi/browser.h"
#include "daemon/avahi/message-queue.h"
#include "daemon/avahi/publisher.h"
#include "daemon/subject.h"
#include "util/log.h"

struct AvahiThread {
        AvahiThreadedPoll *poll;
        AvahiWatch *watch;
        MessageQueue inbox, outbox;

        /* Of the thread alone. */
        AvahiSink sink;
        Browser *browser;
        Publisher *publisher;
        AvahiClient *client;
        bool failed;         /* LAN_RESET is on its way */
        bool stopped;        /* LAN_STOPPED has been posted, and nothing follows it */
        bool failure_logged; /* one line until it works again */
};

static void post(void *userdata, const LanMessage *message) {
        AvahiThread *thread = userdata;
        LanMessage *copy = malloc(sizeof(*copy));

        if (!copy) {
                log_error("out of memory: a message from Avahi is lost");
                return;
        }
        *copy = *message;
        message_queue_push(&thread->outbox, copy);
}

static void post_type(AvahiThread *thread, LanMessageType type) {
        post(thread, &(LanMessage){ .type = type });
}

static void post_state(AvahiThread *thread, AvahiState state) {
        LanMessage message = { .type = LAN_STATE, .state = state };
        const char *host = NULL;

        if (thread->client && state >= AVAHI_STATE_REGISTERING)
                host = avahi_client_get_host_name_fqdn(thread->client);
        if (host && line_encoded_length(host) <= LIMIT_HOST)
                strcpy(message.host, host);
        post(thread, &message);
}

/* The client can't be freed from the depths of its own callbacks, so the thread tells itself to. */
static void fail(void *userdata, const char *what, int error) {
        AvahiThread *thread = userdata;

        if (thread->failed)
                return;
        thread->failed = true;
        if (!thread->failure_logged)
                log_warning("lost avahi-daemon (%s: %s): local nodes go on, the LAN is tried again",
                            what, avahi_strerror(error));
        thread->failure_logged = true;
        if (message_queue_push_type(&thread->inbox, LAN_RESET) < 0)
                log_error("out of memory: the connection to Avahi is stuck");
}

static bool make_room(void *userdata) {
        AvahiThread *thread = userdata;

        return browser_make_room(thread->browser);
}

static void use_room(void *userdata) {
        AvahiThread *thread = userdata;

        browser_use_room(thread->browser);
}

static void on_client_state(AvahiClient *client, AvahiClientState state, void *userdata) {
        AvahiThread *thread = userdata;

        /* The first call comes from within avahi_client_new(). */
        thread->client = client;
        if (thread->failed)
                return;

        switch (state) {
        case AVAHI_CLIENT_S_RUNNING:
                if (thread->failure_logged)
                        log_notice("avahi-daemon is back");
                thread->failure_logged = false;
                browser_start(thread->browser, client);
                publisher_start(thread->publisher, client);
                post_state(thread, AVAHI_STATE_RUNNING);
                break;
        case AVAHI_CLIENT_S_REGISTERING:
        case AVAHI_CLIENT_S_COLLISION:
                /* The host's name is changing, and with it what our SRV records point to. */
                browser_start(thread->browser, client);
                publisher_stop(thread->publisher);
                post_state(thread, AVAHI_STATE_REGISTERING);
                break;
        case AVAHI_CLIENT_CONNECTING:
                post_state(thread, AVAHI_STATE_CONNECTING);
                break;
        case AVAHI_CLIENT_FAILURE:
                fail(thread, "its connection ended", avahi_client_errno(client));
                break;
        }
}

static void connect_client(AvahiThread *thread) {
        AvahiClient *client;
        int error = 0;

        if (thread->client || thread->failed)
                return;

        /* NO_FAIL: avahi-daemon may come later. */
        client = avahi_client_new(avahi_threaded_poll_get(thread->poll), AVAHI_CLIENT_NO_FAIL,
                                  on_client_state, thread, &error);
        if (!client) {
                thread->client = NULL;
                fail(thread, "connecting", error);
        }
}

static void drop_client(AvahiThread *thread) {
        /* Disconnects first and then frees browsers, resolvers and groups without further calls. */
        if (thread->client)
                avahi_client_free(thread->client);
        thread->client = NULL;
        thread->failed = false;
        browser_forget(thread->browser);
        publisher_forget(thread->publisher);
        post_type(thread, LAN_LOST);
        post_state(thread, AVAHI_STATE_FAILED);
}

static void handle_message(AvahiThread *thread, const LanMessage *message) {
        switch (message->type) {
        case LAN_CONNECT:
                connect_client(thread);
                break;
        case LAN_RESET:
                drop_client(thread);
                break;
        case LAN_PUBLISH:
                if (publisher_publish(thread->publisher, &message->endpoint,
                                      message->bound ? &message->address : NULL) < 0)
                        log_about(LOG_ERR, SUBJECT(&message->endpoint),
                                  "out of memory: %s is not announced", message->endpoint.node);
                break;
        case LAN_WITHDRAW:
                publisher_withdraw(thread->publisher, &message->endpoint);
                break;
        case LAN_STOP:
                /* avahi-daemon says goodbye for the objects of a client that disconnects. */
                drop_client(thread);
                post_type(thread, LAN_STOPPED);
                thread->stopped = true;
                avahi_threaded_poll_quit(thread->poll);
                break;
        default:
                break;
        }
}

static void on_inbox(AvahiWatch *watch, int fd, AvahiWatchEvent events, void *userdata) {
        AvahiThread *thread = userdata;
        LanMessage *message;

        (void) watch, (void) fd, (void) events;

        message_queue_acknowledge(&thread->inbox);
        while (!thread->stopped && (message = message_queue_pop(&thread->inbox))) {
                handle_message(thread, message);
                free(message);
        }
}

int avahi_thread_new(AvahiThread **ret, uint32_t ttl_sec) {
        _cleanup_(avahi_thread_freep) AvahiThread *thread = NULL;
        const AvahiPoll *poll;
        int r;

        thread = calloc(1, sizeof(*thread));
        if (!thread)
                return -ENOMEM;
        thread->inbox = thread->outbox = (MessageQueue) MESSAGE_QUEUE_NULL;
        r = message_queue_init(&thread->inbox);
        if (r < 0)
                return r;
        r = message_queue_init(&thread->outbox);
        if (r < 0)
                return r;
        thread->poll = avahi_threaded_poll_new();
        if (!thread->poll)
                return -ENOMEM;
        poll = avahi_threaded_poll_get(thread->poll);
        thread->sink = (AvahiSink){ .post = post,
                                    .fail = fail,
                                    .make_room = make_room,
                                    .room_made = use_room,
                                    .poll = poll,
                                    .userdata = thread };
        r = browser_new(&thread->browser, &thread->sink);
        if (r < 0)
                return r;
        r = publisher_new(&thread->publisher, &thread->sink, ttl_sec);
        if (r < 0)
                return r;

        thread->watch =
                poll->watch_new(poll, thread->inbox.event_fd, AVAHI_WATCH_IN, on_inbox, thread);
        if (!thread->watch)
                return -ENOMEM;
        if (avahi_threaded_poll_start(thread->poll) < 0)
                return -EAGAIN;

        *ret = TAKE_PTR(thread);
        return 0;
}

AvahiThread *avahi_thread_free(AvahiThread *thread) {
        if (!thread)
                return NULL;

        /* Joins the thread, if it was started. */
        if (thread->poll)
                (void) avahi_threaded_poll_stop(thread->poll);
        if (thread->client)
                avahi_client_free(thread->client);
        publisher_free(thread->publisher);
        browser_free(thread->browser);
        if (thread->watch)
                avahi_threaded_poll_get(thread->poll)->watch_free(thread->watch);
        if (thread->poll)
                avahi_threaded_poll_free(thread->poll);
        message_queue_done(&thread->inbox);
        message_queue_done(&thread->outbox);
        free(thread);
        return NULL;
}

int avahi_thread_send(AvahiThread *thread, LanMessageType type) {
        return message_queue_push_type(&thread->inbox, type);
}

static int send_endpoint(AvahiThread *thread, LanMessageType type, const Endpoint *endpoint,
                         const Address *bound, bool first) {
        LanMessage *message = calloc(1, sizeof(*message));

        if (!message)
                return -ENOMEM;
        message->type = type;
        message->endpoint = *endpoint;
        message->first = first;
        if (bound) {
                message->bound = true;
                message->address = *bound;
        }
        message_queue_push(&thread->inbox, message);
        return 0;
}

int avahi_thread_publish(AvahiThread *thread, const Endpoint *endpoint, const Address *bound,
                         bool first) {
        /* What has not been taken is replaced. */
        (void) message_queue_cancel_publish(&thread->inbox, endpoint, &first);
        return send_endpoint(thread, LAN_PUBLISH, endpoint, bound, first);
}

int avahi_thread_withdraw(AvahiThread *thread, const Endpoint *endpoint) {
        bool first;

        /* What nobody has seen needs no withdrawal, unless it was to replace something. */
        if (message_queue_cancel_publish(&thread->inbox, endpoint, &first) && first)
                return 0;
        return send_endpoint(thread, LAN_WITHDRAW, endpoint, NULL, false);
}

int avahi_thread_fd(const AvahiThread *thread) {
        return thread->outbox.event_fd;
}

void avahi_thread_acknowledge(AvahiThread *thread) {
        message_queue_acknowledge(&thread->outbox);
}

LanMessage *avahi_thread_receive(AvahiThread *thread) {
        return message_queue_pop(&thread->outbox);
}
