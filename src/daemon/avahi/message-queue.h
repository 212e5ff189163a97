/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* A queue of messages from one thread to another */

#include <pthread.h>
#include <stdbool.h>

#include "daemon/avahi/lan-message.h"

/* Embedded by value. The eventfd is readable while there may be messages. One thread pushes,
 * another one takes. */
typedef struct MessageQueue {
        pthread_mutex_t lock;
        LanMessage *first;
        LanMessage *last;
        size_t n_messages;
        LanMessage *adverts;               /* the LAN_ADVERTS that is queued */
        LanMessage *ignored[_IGNORED_MAX]; /* the LAN_IGNORED of each kind */
        int event_fd;
} MessageQueue;

#define MESSAGE_QUEUE_NULL                                                                         \
        { .lock = PTHREAD_MUTEX_INITIALIZER, .event_fd = -1 }

int message_queue_init(MessageQueue *queue);

/* Frees what is still queued. No other thread may use the queue any more. */
void message_queue_done(MessageQueue *queue);

/* Appends a message, which the queue now owns, and wakes the reader. */
void message_queue_push(MessageQueue *queue, LanMessage *message);

/*
 * Appends a copy of message, unless that would make more than max of them. Where only the sum or
 * the last one counts, a queued message is changed instead. Returns 0, -ENOBUFS or -ENOMEM.
 */
int message_queue_push_copy(MessageQueue *queue, const LanMessage *message, size_t max);

/* Makes a message of a type that needs no more than that, and appends it. Returns 0 or -ENOMEM. */
int message_queue_push_type(MessageQueue *queue, LanMessageType type);

/* Wakes the reader, whatever is in the queue. */
void message_queue_wake(MessageQueue *queue);

/* To be called before the messages are taken: what is pushed later wakes the reader again. */
void message_queue_acknowledge(MessageQueue *queue);

/* Takes the first message, to be freed with free(), or NULL. */
LanMessage *message_queue_pop(MessageQueue *queue);

/* Removes all that was seen and has not been taken: LAN_SEEN, LAN_GONE and LAN_LISTED. */
void message_queue_discard_sightings(MessageQueue *queue);

/* Removes a LAN_PUBLISH of the same identity that has not been taken yet. Returns whether there was
 * one; *ret_first is then what it said. */
bool message_queue_cancel_publish(MessageQueue *queue, const Endpoint *endpoint, bool *ret_first);
