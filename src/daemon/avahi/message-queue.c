/* SPDX-License-Identifier: Apache-2.0 */
/* A queue of messages from one thread to another */

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include "daemon/avahi/message-queue.h"
#include "util/fd.h"

int message_queue_init(MessageQueue *queue) {
        int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

        if (fd < 0)
                return -errno;
        *queue = (MessageQueue) MESSAGE_QUEUE_NULL;
        queue->event_fd = fd;
        return 0;
}

void message_queue_done(MessageQueue *queue) {
        for (LanMessage *message = queue->first, *next; message; message = next) {
                next = message->next;
                free(message);
        }
        queue->first = queue->last = NULL;
        queue->event_fd = fd_close(queue->event_fd);
        (void) pthread_mutex_destroy(&queue->lock);
}

/* Where the queued message is noted that a later one of this type and kind is merged into. NULL:
 * there is none. */
static LanMessage **find_slot(MessageQueue *queue, const LanMessage *message) {
        switch (message->type) {
        case LAN_ADVERTS:
                return &queue->adverts;
        case LAN_IGNORED:
                return &queue->ignored[message->ignored];
        default:
                return NULL;
        }
}

void message_queue_push(MessageQueue *queue, LanMessage *message) {
        LanMessage **slot = find_slot(queue, message);

        message->next = NULL;

        (void) pthread_mutex_lock(&queue->lock);
        if (queue->last)
                queue->last->next = message;
        else
                queue->first = message;
        queue->last = message;
        queue->n_messages++;
        if (slot)
                *slot = message;
        (void) pthread_mutex_unlock(&queue->lock);

        message_queue_wake(queue);
}

/* Returns whether message is now part of one that is queued. */
static bool merge(MessageQueue *queue, const LanMessage *message) {
        LanMessage **slot = find_slot(queue, message), *queued;

        if (!slot)
                return false;
        (void) pthread_mutex_lock(&queue->lock);
        queued = *slot;
        if (queued && message->type == LAN_ADVERTS)
                queued->adverts = message->adverts;
        else if (queued)
                queued->more += 1 + message->more;
        (void) pthread_mutex_unlock(&queue->lock);
        return queued;
}

static bool is_full(MessageQueue *queue, size_t max) {
        bool full;

        (void) pthread_mutex_lock(&queue->lock);
        full = queue->n_messages >= max;
        (void) pthread_mutex_unlock(&queue->lock);
        return full;
}

int message_queue_push_copy(MessageQueue *queue, const LanMessage *message, size_t max) {
        LanMessage *copy;

        if (merge(queue, message))
                return 0;
        /* Nobody else pushes: what is not full now is not full below. */
        if (is_full(queue, max))
                return -ENOBUFS;
        copy = malloc(sizeof(*copy));
        if (!copy)
                return -ENOMEM;
        *copy = *message;
        message_queue_push(queue, copy);
        return 0;
}

int message_queue_push_type(MessageQueue *queue, LanMessageType type) {
        LanMessage *message = calloc(1, sizeof(*message));

        if (!message)
                return -ENOMEM;
        message->type = type;
        message_queue_push(queue, message);
        return 0;
}

void message_queue_wake(MessageQueue *queue) {
        /* Fails only if the counter is full, and then the reader is awake. */
        (void) eventfd_write(queue->event_fd, 1);
}

void message_queue_acknowledge(MessageQueue *queue) {
        eventfd_t count;

        (void) eventfd_read(queue->event_fd, &count);
}

/* Takes out the message behind previous, NULL: the first. */
static void unlink_message(MessageQueue *queue, LanMessage *previous, LanMessage *message) {
        LanMessage **slot = find_slot(queue, message);

        if (slot)
                *slot = NULL;
        queue->n_messages--;
        if (previous)
                previous->next = message->next;
        else
                queue->first = message->next;
        if (queue->last == message)
                queue->last = previous;
}

LanMessage *message_queue_pop(MessageQueue *queue) {
        LanMessage *message;

        (void) pthread_mutex_lock(&queue->lock);
        message = queue->first;
        if (message)
                unlink_message(queue, NULL, message);
        (void) pthread_mutex_unlock(&queue->lock);
        return message;
}

void message_queue_discard_sightings(MessageQueue *queue) {
        LanMessage *previous = NULL, *next;

        (void) pthread_mutex_lock(&queue->lock);
        for (LanMessage *message = queue->first; message; message = next) {
                next = message->next;
                if (!lan_message_is_sighting(message)) {
                        previous = message;
                        continue;
                }
                unlink_message(queue, previous, message);
                free(message);
        }
        (void) pthread_mutex_unlock(&queue->lock);
}

bool message_queue_cancel_publish(MessageQueue *queue, const Endpoint *endpoint, bool *ret_first) {
        LanMessage *previous = NULL, *message;

        (void) pthread_mutex_lock(&queue->lock);
        for (message = queue->first; message; previous = message, message = message->next)
                if (message->type == LAN_PUBLISH &&
                    endpoint_compare_identity(&message->endpoint, endpoint) == 0) {
                        unlink_message(queue, previous, message);
                        break;
                }
        (void) pthread_mutex_unlock(&queue->lock);

        if (!message)
                return false;
        *ret_first = message->first;
        free(message);
        return true;
}
