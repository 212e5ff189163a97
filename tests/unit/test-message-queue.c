/* SPDX-License-Identifier: Apache-2.0 */
/* A queue between two threads: nothing is lost, nothing overtakes, and the reader is woken */

#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

#include "daemon/avahi/message-queue.h"
#include "unit/util-event.h"

#define MANY 20000

static LanMessage *new_message(LanMessageType type, size_t number) {
        LanMessage *message = calloc(1, sizeof(*message));

        message->type = type;
        if (type == LAN_ADVERTS)
                message->adverts = number;
        else {
                g_snprintf(message->endpoint.node, sizeof(message->endpoint.node), "n%zu@h",
                           number);
                message->endpoint.port = 1;
        }
        return message;
}

/* Takes the first message, which must be this one. */
static void expect(MessageQueue *queue, LanMessageType type, size_t number) {
        LanMessage *wanted = new_message(type, number), *message = message_queue_pop(queue);

        g_assert_nonnull(message);
        g_assert_cmpint(message->type, ==, type);
        if (type == LAN_ADVERTS)
                g_assert_cmpuint(message->adverts, ==, number);
        else
                g_assert_cmpstr(message->endpoint.node, ==, wanted->endpoint.node);
        free(message);
        free(wanted);
}

static bool is_readable(const MessageQueue *queue, int timeout_msec) {
        struct pollfd p = { .fd = queue->event_fd, .events = POLLIN };

        return poll(&p, 1, timeout_msec) == 1;
}

/* First in, first out, and the queue can be used again when it was empty. */
static void test_order(void) {
        MessageQueue queue = MESSAGE_QUEUE_NULL;

        g_assert_cmpint(message_queue_init(&queue), ==, 0);
        for (int round = 0; round < 2; round++) {
                g_assert_null(message_queue_pop(&queue));
                for (size_t i = 0; i < 3; i++)
                        message_queue_push(&queue, new_message(LAN_ADVERTS, i));
                expect(&queue, LAN_ADVERTS, 0);
                message_queue_push(&queue, new_message(LAN_ADVERTS, 3));
                for (size_t i = 1; i < 4; i++)
                        expect(&queue, LAN_ADVERTS, i);
        }
        g_assert_cmpint(message_queue_push_type(&queue, LAN_STOP), ==, 0);
        message_queue_push(&queue, new_message(LAN_ADVERTS, 1));
        /* What is left is freed. */
        message_queue_done(&queue);
}

/* Readable while there may be messages; what comes after the acknowledgement wakes again, so that
 * no message is overlooked. */
static void test_wake_up(void) {
        MessageQueue queue = MESSAGE_QUEUE_NULL;

        g_assert_cmpint(message_queue_init(&queue), ==, 0);
        g_assert_false(is_readable(&queue, 0));
        message_queue_push(&queue, new_message(LAN_ADVERTS, 0));
        message_queue_push(&queue, new_message(LAN_ADVERTS, 1));
        g_assert_true(is_readable(&queue, 0));
        message_queue_acknowledge(&queue);
        g_assert_false(is_readable(&queue, 0));
        message_queue_acknowledge(&queue);
        message_queue_push(&queue, new_message(LAN_ADVERTS, 2));
        g_assert_true(is_readable(&queue, 0));
        message_queue_done(&queue);
}

static bool cancel(MessageQueue *queue, size_t number) {
        g_autofree LanMessage *message = new_message(LAN_PUBLISH, number);
        bool first;

        /* The identity counts, and nothing else. */
        message->endpoint.port = 9;
        return message_queue_cancel_publish(queue, &message->endpoint, &first);
}

/* A publish is cancelled wherever it stands, and only that: withdrawals of the same node stay. */
static void test_cancel(void) {
        MessageQueue queue = MESSAGE_QUEUE_NULL;

        g_assert_cmpint(message_queue_init(&queue), ==, 0);
        g_assert_false(cancel(&queue, 0));
        for (size_t i = 0; i < 4; i++) {
                message_queue_push(&queue, new_message(LAN_WITHDRAW, i));
                message_queue_push(&queue, new_message(LAN_PUBLISH, i));
        }
        g_assert_true(cancel(&queue, 3)); /* the last */
        g_assert_false(cancel(&queue, 3));
        g_assert_true(cancel(&queue, 1));
        message_queue_push(&queue, new_message(LAN_PUBLISH, 4));
        expect(&queue, LAN_WITHDRAW, 0);
        g_assert_true(cancel(&queue, 0)); /* the first */
        expect(&queue, LAN_WITHDRAW, 1);
        expect(&queue, LAN_WITHDRAW, 2);
        expect(&queue, LAN_PUBLISH, 2);
        expect(&queue, LAN_WITHDRAW, 3);
        g_assert_true(cancel(&queue, 4)); /* the only one */
        g_assert_null(message_queue_pop(&queue));
        message_queue_push(&queue, new_message(LAN_PUBLISH, 5));
        expect(&queue, LAN_PUBLISH, 5);
        message_queue_done(&queue);
}

static int push_copy(MessageQueue *queue, LanMessageType type, size_t number, size_t max) {
        g_autofree LanMessage *message = new_message(type, number);

        return message_queue_push_copy(queue, message, max);
}

/* The queue can be bounded, and takes more when some have been taken. */
static void test_bound(void) {
        MessageQueue queue = MESSAGE_QUEUE_NULL;

        g_assert_cmpint(message_queue_init(&queue), ==, 0);
        for (size_t round = 0; round < 2; round++) {
                for (size_t i = 0; i < 3; i++)
                        g_assert_cmpint(push_copy(&queue, LAN_SEEN, i, 3), ==, 0);
                g_assert_cmpint(push_copy(&queue, LAN_SEEN, 3, 3), ==, -ENOBUFS);
                g_assert_cmpint(push_copy(&queue, LAN_SEEN, 3, 4), ==, 0);
                g_assert_true(is_readable(&queue, 0));
                for (size_t i = 0; i < 4; i++)
                        expect(&queue, LAN_SEEN, i);
                message_queue_acknowledge(&queue);
        }
        message_queue_done(&queue);
}

/* However often something is ignored, or the number of adverts changes: one message tells it, and
 * no count is lost. */
static void test_merged(void) {
        MessageQueue queue = MESSAGE_QUEUE_NULL;
        LanMessage ignored = { .type = LAN_IGNORED }, *message;

        g_assert_cmpint(message_queue_init(&queue), ==, 0);
        for (size_t round = 0; round < 2; round++) {
                for (size_t i = 0; i < 1000; i++) {
                        ignored.ignored = i % 4 == 0 ? IGNORED_PORT : IGNORED_TXT;
                        g_assert_cmpint(message_queue_push_copy(&queue, &ignored, 3), ==, 0);
                        g_assert_cmpint(push_copy(&queue, LAN_ADVERTS, i, 3), ==, 0);
                }
                message = message_queue_pop(&queue);
                g_assert_cmpint(message->ignored, ==, IGNORED_PORT);
                g_assert_cmpuint(message->more, ==, 249);
                free(message);
                expect(&queue, LAN_ADVERTS, 999);
                message = message_queue_pop(&queue);
                g_assert_cmpint(message->ignored, ==, IGNORED_TXT);
                g_assert_cmpuint(message->more, ==, 749);
                free(message);
                g_assert_null(message_queue_pop(&queue));
        }
        message_queue_done(&queue);
}

/* What was seen is void, and the rest is not. */
static void test_discard(void) {
        MessageQueue queue = MESSAGE_QUEUE_NULL;

        g_assert_cmpint(message_queue_init(&queue), ==, 0);
        message_queue_discard_sightings(&queue);
        for (size_t i = 0; i < 3; i++) {
                g_assert_cmpint(push_copy(&queue, LAN_SEEN, i, 9), ==, 0);
                g_assert_cmpint(push_copy(&queue, LAN_ADVERTS, i, 9), ==, 0);
                g_assert_cmpint(push_copy(&queue, LAN_GONE, i, 9), ==, 0);
                g_assert_cmpint(push_copy(&queue, LAN_LISTED, i, 9), ==, 0);
                message_queue_discard_sightings(&queue);
        }
        g_assert_cmpint(push_copy(&queue, LAN_SEEN, 3, 2), ==, 0);
        expect(&queue, LAN_ADVERTS, 2);
        expect(&queue, LAN_SEEN, 3);
        g_assert_null(message_queue_pop(&queue));
        message_queue_done(&queue);
}

static void *push_many(void *userdata) {
        for (size_t i = 0; i < MANY; i++)
                message_queue_push(userdata, new_message(LAN_ADVERTS, i));
        return NULL;
}

/* One thread pushes, the other sleeps until it is woken: all arrive, in order. */
static void test_two_threads(void) {
        MessageQueue queue = MESSAGE_QUEUE_NULL;
        pthread_t thread;
        size_t next = 0;

        g_assert_cmpint(message_queue_init(&queue), ==, 0);
        g_assert_cmpint(pthread_create(&thread, NULL, push_many, &queue), ==, 0);
        while (next < MANY) {
                LanMessage *message;

                g_assert_true(is_readable(&queue, 60000));
                message_queue_acknowledge(&queue);
                while ((message = message_queue_pop(&queue))) {
                        g_assert_cmpuint(message->adverts, ==, next++);
                        free(message);
                }
        }
        g_assert_cmpint(pthread_join(thread, NULL), ==, 0);
        message_queue_done(&queue);
}

static void *pop_until_stop(void *userdata) {
        MessageQueue *queue = userdata;
        size_t taken = 0;

        for (;;) {
                LanMessage *message;

                g_assert_true(is_readable(queue, 60000));
                message_queue_acknowledge(queue);
                while ((message = message_queue_pop(queue))) {
                        LanMessageType type = message->type;

                        free(message);
                        if (type == LAN_STOP)
                                return GSIZE_TO_POINTER(taken);
                        taken++;
                }
        }
}

/* One thread takes while the other pushes and cancels: each publish is either taken or cancelled,
 * never both, never neither. */
static void test_cancel_while_taken(void) {
        MessageQueue queue = MESSAGE_QUEUE_NULL;
        size_t cancelled = 0;
        pthread_t thread;
        void *taken;

        g_assert_cmpint(message_queue_init(&queue), ==, 0);
        g_assert_cmpint(pthread_create(&thread, NULL, pop_until_stop, &queue), ==, 0);
        for (size_t i = 0; i < MANY; i++) {
                message_queue_push(&queue, new_message(LAN_PUBLISH, i));
                cancelled += cancel(&queue, i);
        }
        g_assert_cmpint(message_queue_push_type(&queue, LAN_STOP), ==, 0);
        g_assert_cmpint(pthread_join(thread, &taken), ==, 0);
        g_assert_cmpuint(GPOINTER_TO_SIZE(taken) + cancelled, ==, MANY);
        message_queue_done(&queue);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/message-queue/order", test_order);
        g_test_add_func("/message-queue/wake-up", test_wake_up);
        g_test_add_func("/message-queue/cancel", test_cancel);
        g_test_add_func("/message-queue/bound", test_bound);
        g_test_add_func("/message-queue/merged", test_merged);
        g_test_add_func("/message-queue/discard", test_discard);
        g_test_add_func("/message-queue/two-threads", test_two_threads);
        g_test_add_func("/message-queue/cancel-while-taken", test_cancel_while_taken);
        return g_test_run();
}
