/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread that talks to avahi-daemon
 *
 * Every call of libavahi-client waits for a reply on D-Bus, 25 s if avahi-daemon hangs. So all of
 * it runs here, on libavahi's own loop, and shares nothing with the main thread but two queues. The
 * main thread never takes the loop's lock, which is held while a call waits.
 */

#include <avahi-common/thread-watch.h>
#include <errno.h>
#include <stdlib.h>

#include "daemon/avahi/avahi-link.h"
#include "daemon/avahi/avahi-thread.h"
#include "daemon/avahi/message-queue.h"

struct AvahiThread {
        AvahiThreadedPoll *poll;
        AvahiWatch *watch;
        MessageQueue inbox, outbox;
        AvahiLink *link; /* of the thread alone */
};

static void on_inbox(AvahiWatch *watch, int fd, AvahiWatchEvent events, void *userdata) {
        AvahiThread *thread = userdata;

        (void) watch, (void) fd, (void) events;

        message_queue_acknowledge(&thread->inbox);
        if (!avahi_link_handle_messages(thread->link))
                avahi_threaded_poll_quit(thread->poll);
}

int avahi_thread_new(AvahiThread **ret, const Config *config) {
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
        r = avahi_link_new(&thread->link, poll, &thread->inbox, &thread->outbox, config);
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
        avahi_link_free(thread->link);
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

void avahi_thread_defer(AvahiThread *thread) {
        message_queue_wake(&thread->outbox);
}

LanMessage *avahi_thread_receive(AvahiThread *thread) {
        return message_queue_pop(&thread->outbox);
}
