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

void message_queue_push(MessageQueue *queue, LanMessage *message) {
        message->next = NULL;

        (void) pthread_mutex_lock(&queue->lock);
        if (queue->last)
                queue->last->next = message;
        else
                queue->first = message;
        queue->last = message;
        (void) pthread_mutex_unlock(&queue->lock);

        /* Fails only if the counter is full, and then the reader is awake. */
        (void) eventfd_write(queue->event_fd, 1);
}

int message_queue_push_type(MessageQueue *queue, LanMessageType type) {
        LanMessage *message = calloc(1, sizeof(*message));

        if (!message)
                return -ENOMEM;
        message->type = type;
        message_queue_push(queue, message);
        return 0;
}

void message_queue_acknowledge(MessageQueue *queue) {
        eventfd_t count;

        (void) eventfd_read(queue->event_fd, &count);
}

/* Takes out the message behind previous, NULL: the first. */
static void unlink_message(MessageQueue *queue, LanMessage *previous, LanMessage *message) {
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
