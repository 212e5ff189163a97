/* SPDX-License-Identifier: Apache-2.0 */
/* The LAN's side of the directory */

#include <errno.h>
#include <stdlib.h>

#include "daemon/avahi/avahi-presence.h"
#include "daemon/avahi/avahi-thread.h"
#include "daemon/avahi/lan.h"
#include "daemon/avahi/sweeper.h"
#include "daemon/clock.h"
#include "daemon/subject.h"
#include "daemon/timer.h"
#include "util/log.h"

/* How long to wait before an avahi-daemon that is there is tried again: quick at first, for a
 * restart, and never slower than a second, so that the LAN is back soon after Avahi is. One that is
 * not there is not tried: that would start it. */
#define RETRY_MIN_USEC (100 * USEC_PER_MSEC)
#define RETRY_MAX_USEC (1 * USEC_PER_SEC)

/* A client that waits for avahi-daemon is told when it comes, but not if it came while it hung. So
 * it is made anew now and then. */
#define CONNECTING_USEC (10 * USEC_PER_SEC)

/* A hung avahi-daemon is known after at most twice this. One that is busy answers within a second
 * or two. */
#define ASK_USEC (5 * USEC_PER_SEC)

static const SweeperTimes sweeper_times = {
        /* A new client is there after RETRY_MIN_USEC, and has all that Avahi knows after 1 s. Then
         * each instance is resolved, or given up after 5 s. The rest is for making a thousand
         * resolvers on a busy machine. */
        .keep = 10 * USEC_PER_SEC,
        /* A restart takes less. */
        .gone = 2 * USEC_PER_SEC,
        /* An avahi-daemon that was restarted may have missed the first answer to its question; it
         * asks again after 1 s, which is when it calls its list complete. */
        .settle = 1 * USEC_PER_SEC,
};

struct Lan {
        sd_event *event;
        Directory *directory;
        AvahiPresence *presence;
        Sweeper *sweeper;
        AvahiThread *thread;
        sd_event_source *messages;
        sd_event_source *retry;
        uint64_t retry_usec;
        AvahiState state;
        size_t adverts;
        bool stopping;
        bool stopped;
        LanHandler handler;
};

static void log_oom(const LogSubject *subject, int r) {
        if (r < 0)
                log_about(LOG_ERR, subject, "out of memory: a message to Avahi is lost");
}

/* --- From the directory to the LAN --- */

static void on_directory_event(void *userdata, const DirectoryEvent *event) {
        const Endpoint *endpoint = &event->info->endpoint;
        Lan *lan = userdata;

        if (event->advertise)
                log_oom(SUBJECT(endpoint), avahi_thread_publish(lan->thread, endpoint, event->bound,
                                                                !event->was_advertised));
        else if (event->was_advertised)
                log_oom(SUBJECT(endpoint), avahi_thread_withdraw(lan->thread, endpoint));
}

/* --- From the LAN to the directory --- */

static void arm_retry(Lan *lan, uint64_t delay_usec) {
        timer_arm(lan->retry, delay_usec);
}

/* A call to one that hangs would wait for 25 s. */
static bool may_connect(const Lan *lan) {
        return avahi_presence_is_there(lan->presence) && !avahi_presence_hangs(lan->presence);
}

static int on_retry(sd_event_source *source, uint64_t usec, void *userdata) {
        Lan *lan = userdata;

        (void) source, (void) usec;

        /* LAN_RESET is answered by AVAHI_STATE_FAILED, and that leads here again. */
        if (lan->state == AVAHI_STATE_CONNECTING)
                log_oom(NULL, avahi_thread_send(lan->thread, LAN_RESET));
        else if (lan->state == AVAHI_STATE_FAILED && may_connect(lan))
                log_oom(NULL, avahi_thread_send(lan->thread, LAN_CONNECT));
        return 0;
}

static void on_presence(void *userdata) {
        Lan *lan = userdata;

        if (lan->stopping)
                return;
        sweeper_set_there(lan->sweeper, avahi_presence_is_there(lan->presence));
        /* In any other state there is a client, which is told by the bus itself. */
        if (lan->state == AVAHI_STATE_FAILED)
                arm_retry(lan, 0);
        lan->handler.changed(lan->handler.userdata);
}

static void handle_state(Lan *lan, const LanMessage *message) {
        lan->state = message->state;
        log_debug("Avahi is %s", lan_state(lan));

        switch (message->state) {
        case AVAHI_STATE_FAILED:
                arm_retry(lan, lan->retry_usec);
                lan->retry_usec =
                        lan->retry_usec * 2 < RETRY_MAX_USEC ? lan->retry_usec * 2 : RETRY_MAX_USEC;
                break;
        case AVAHI_STATE_CONNECTING:
                arm_retry(lan, CONNECTING_USEC);
                break;
        case AVAHI_STATE_REGISTERING:
        case AVAHI_STATE_RUNNING:
                lan->retry_usec = RETRY_MIN_USEC;
                break;
        case _AVAHI_STATE_MAX:
                break;
        }

        /* Without a name local nodes keep the one that they were shown with. */
        if (message->host[0])
                directory_set_host(lan->directory, message->host, clock_now(lan->event));
}

static void handle_message(Lan *lan, const LanMessage *message) {
        uint64_t now = clock_now(lan->event);

        switch (message->type) {
        case LAN_STATE:
                handle_state(lan, message);
                break;
        case LAN_SEEN:
                if (directory_add_sighting(lan->directory, &message->sighting, now) < 0)
                        log_about(LOG_ERR, SUBJECT(&message->sighting.endpoint),
                                  "out of memory: %s is not taken up",
                                  message->sighting.endpoint.node);
                break;
        case LAN_GONE:
                directory_remove_sighting(lan->directory, &message->sighting.id, message->reason,
                                          now);
                break;
        case LAN_IGNORED:
                directory_count_ignored(lan->directory, message->ignored, 1 + message->more);
                break;
        case LAN_LISTED:
                sweeper_finish(lan->sweeper);
                break;
        case LAN_LOST:
                sweeper_begin(lan->sweeper);
                break;
        case LAN_ADVERTS:
                lan->adverts = message->adverts;
                break;
        case LAN_READDRESSED:
                lan->handler.readdressed(lan->handler.userdata);
                break;
        case LAN_STOPPED:
                lan->stopped = true;
                (void) sd_event_exit(lan->event, 0);
                break;
        default:
                break;
        }
}

/* Returns whether there may be more messages. */
static bool take_messages(Lan *lan) {
        for (unsigned n = 0; n < LIMIT_TURN_MESSAGES; n++) {
                LanMessage *message = avahi_thread_receive(lan->thread);

                if (!message)
                        return false;
                /* While the daemon ends, the directory stays as it is: nobody is to be told that
                 * the LAN went away. */
                if (!lan->stopping || message->type == LAN_STOPPED)
                        handle_message(lan, message);
                free(message);
        }
        return true;
}

static int on_messages(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        Lan *lan = userdata;

        (void) source, (void) fd, (void) revents;

        avahi_thread_acknowledge(lan->thread);
        if (take_messages(lan))
                avahi_thread_defer(lan->thread);
        if (!lan->stopping)
                lan->handler.changed(lan->handler.userdata);
        return 0;
}

int lan_new(Lan **ret, sd_event *event, Directory *directory, const Config *config,
            const LanHandler *handler) {
        _cleanup_(lan_freep) Lan *lan = NULL;
        int r;

        lan = calloc(1, sizeof(*lan));
        if (!lan)
                return -ENOMEM;
        lan->event = sd_event_ref(event);
        lan->directory = directory;
        lan->retry_usec = RETRY_MIN_USEC;
        lan->handler = *handler;

        r = avahi_thread_new(&lan->thread, config);
        if (r < 0)
                return r;
        r = sd_event_add_io(event, &lan->messages, avahi_thread_fd(lan->thread), EPOLLIN,
                            on_messages, lan);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(lan->messages, "avahi-messages");
        r = timer_new(&lan->retry, event, CLOCK_MONOTONIC, 0, on_retry, "avahi-retry", lan);
        if (r < 0)
                return r;
        timer_arm(lan->retry, 0);
        r = sweeper_new(&lan->sweeper, event, directory, sweeper_times);
        if (r < 0)
                return r;
        r = avahi_presence_new(&lan->presence, event, ASK_USEC, on_presence, lan);
        if (r < 0)
                return r;
        sweeper_set_there(lan->sweeper, avahi_presence_is_there(lan->presence));

        directory_observe(directory, on_directory_event, lan);
        *ret = TAKE_PTR(lan);
        return 0;
}

Lan *lan_free(Lan *lan) {
        if (!lan)
                return NULL;

        avahi_presence_free(lan->presence);
        sweeper_free(lan->sweeper);
        lan->retry = sd_event_source_disable_unref(lan->retry);
        lan->messages = sd_event_source_disable_unref(lan->messages);
        avahi_thread_free(lan->thread);
        sd_event_unref(lan->event);
        free(lan);
        return NULL;
}

void lan_stop(Lan *lan) {
        if (lan->stopping)
                return;
        lan->stopping = true;
        timer_disarm(lan->retry);
        log_oom(NULL, avahi_thread_send(lan->thread, LAN_STOP));
}

bool lan_is_stopped(const Lan *lan) {
        return lan->stopped;
}

const char *lan_state(const Lan *lan) {
        static const char *const names[_AVAHI_STATE_MAX] = {
                [AVAHI_STATE_FAILED] = "failed",
                [AVAHI_STATE_CONNECTING] = "connecting",
                [AVAHI_STATE_REGISTERING] = "registering",
                [AVAHI_STATE_RUNNING] = "running",
        };

        /* Whatever the thread says: it learns of that only when it calls. */
        return avahi_presence_hangs(lan->presence) ? "hung" : names[lan->state];
}

size_t lan_adverts(const Lan *lan) {
        return lan->adverts;
}
