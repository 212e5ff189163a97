/* SPDX-License-Identifier: Apache-2.0 */
/* Whether there is an avahi-daemon, as a bus tells that comes, goes and fails */

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>

#include "daemon/avahi/avahi-presence.h"
#include "daemon/clock.h"
#include "daemon/listener.h"
#include "unit/util-event.h"
#include "util/fd.h"

/* The other end: a bus that knows one name, and counts what else it is asked for. */
#define ASK_USEC (200 * USEC_PER_MSEC)

typedef struct Fixture {
        sd_event *event;
        char *directory;
        char *path;
        int listener;
        sd_event_source *connections;
        sd_bus *bus;          /* to the tested code */
        bool there;           /* what the bus says */
        bool refuses;         /* it answers with an error */
        bool hangs;           /* avahi-daemon does not answer */
        sd_bus_message *open; /* the last question that it has not answered */
        unsigned n_asked;
        unsigned n_questions; /* to avahi-daemon */
        unsigned n_others;    /* other calls to anybody but the bus itself */
        AvahiPresence *presence;
        unsigned n_changes;
} Fixture;

/* No question may start an avahi-daemon, or be asked when there is none. */
static int answer(Fixture *f, sd_bus_message *message) {
        g_assert_true(f->there);
        g_assert_cmpint(sd_bus_message_get_auto_start(message), ==, 0);
        g_assert_cmpstr(sd_bus_message_get_destination(message), ==, "org.freedesktop.Avahi");
        f->n_questions++;
        if (!f->hangs)
                return sd_bus_reply_method_return(message, "i", 2);
        sd_bus_message_unref(f->open);
        f->open = sd_bus_message_ref(message);
        return 0;
}

static int on_call(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Fixture *f = userdata;
        int r;

        (void) error;
        if (sd_bus_message_is_method_call(message, "org.freedesktop.Avahi.Server", "GetState")) {
                g_assert_cmpint(answer(f, message), >=, 0);
                return 1;
        }
        f->n_others += !sd_bus_message_is_method_call(message, "org.freedesktop.DBus", NULL);
        if (sd_bus_message_is_method_call(message, NULL, "Hello"))
                r = sd_bus_reply_method_return(message, "s", ":1.1");
        else if (sd_bus_message_is_method_call(message, NULL, "AddMatch"))
                r = sd_bus_reply_method_return(message, NULL);
        else if (sd_bus_message_is_method_call(message, NULL, "NameHasOwner")) {
                f->n_asked++;
                r = f->refuses ? sd_bus_reply_method_errno(message, EACCES, NULL)
                               : sd_bus_reply_method_return(message, "b", f->there);
        } else
                return 0;
        g_assert_cmpint(r, >=, 0);
        return 1;
}

static int on_connection(sd_event_source *source, int listener, uint32_t revents, void *userdata) {
        sd_id128_t id =
                SD_ID128_MAKE(01, 02, 03, 04, 05, 06, 07, 08, 09, 0a, 0b, 0c, 0d, 0e, 0f, 10);
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        Fixture *f = userdata;

        (void) source, (void) revents;
        g_assert_cmpint(fd, >=, 0);
        f->bus = sd_bus_close_unref(f->bus);
        g_assert_cmpint(sd_bus_new(&f->bus), >=, 0);
        g_assert_cmpint(sd_bus_set_fd(f->bus, fd, fd), >=, 0);
        g_assert_cmpint(sd_bus_set_server(f->bus, true, id), >=, 0);
        g_assert_cmpint(sd_bus_set_trusted(f->bus, true), >=, 0);
        g_assert_cmpint(sd_bus_add_filter(f->bus, NULL, on_call, f), >=, 0);
        g_assert_cmpint(sd_bus_start(f->bus), >=, 0);
        g_assert_cmpint(sd_bus_attach_event(f->bus, f->event, 0), >=, 0);
        return 0;
}

static void start_bus(Fixture *f) {
        g_assert_cmpint(listener_make(f->path, &f->listener), ==, 0);
        g_assert_cmpint(
                sd_event_add_io(f->event, &f->connections, f->listener, EPOLLIN, on_connection, f),
                >=, 0);
}

static void stop_bus(Fixture *f) {
        f->open = sd_bus_message_unref(f->open);
        f->connections = sd_event_source_disable_unref(f->connections);
        f->listener = fd_close(f->listener);
        g_unlink(f->path);
        f->bus = sd_bus_close_unref(f->bus);
}

/* avahi-daemon comes or goes. */
static void set_there(Fixture *f, bool there) {
        sd_bus_message *signal = NULL;

        f->there = there;
        g_assert_cmpint(sd_bus_message_new_signal(f->bus, &signal, "/org/freedesktop/DBus",
                                                  "org.freedesktop.DBus", "NameOwnerChanged"),
                        >=, 0);
        g_assert_cmpint(sd_bus_message_append(signal, "sss", "org.freedesktop.Avahi",
                                              there ? "" : ":1.2", there ? ":1.2" : ""),
                        >=, 0);
        g_assert_cmpint(sd_bus_message_set_sender(signal, "org.freedesktop.DBus"), >=, 0);
        g_assert_cmpint(sd_bus_send(f->bus, signal, NULL), >=, 0);
        sd_bus_message_unref(signal);
}

static void on_changed(void *userdata) {
        Fixture *f = userdata;

        f->n_changes++;
}

static void set_up(Fixture *f, gconstpointer data) {
        g_autofree char *address = NULL;

        (void) data;
        log_capture();
        f->event = event_new();
        f->directory = g_dir_make_tmp("epmd-mdns-XXXXXX", NULL);
        f->path = g_build_filename(f->directory, "bus", NULL);
        f->listener = -1;
        address = g_strconcat("unix:path=", f->path, NULL);
        g_setenv("DBUS_SYSTEM_BUS_ADDRESS", address, TRUE);
        g_assert_cmpint(avahi_presence_new(&f->presence, f->event, ASK_USEC, on_changed, f), ==, 0);
        g_assert_false(avahi_presence_is_there(f->presence));
}

static void tear_down(Fixture *f, gconstpointer data) {
        (void) data;
        g_assert_null(avahi_presence_free(f->presence));
        stop_bus(f);
        g_assert_cmpuint(f->n_others, ==, 0);
        g_assert_cmpint(g_rmdir(f->directory), ==, 0);
        g_free(f->directory);
        g_free(f->path);
        sd_event_unref(f->event);
}

#define run_until_there(f, is)                                                                     \
        event_run_until((f)->event, avahi_presence_is_there((f)->presence) == (is))

/* It is asked for once; from then on the bus tells. */
static void test_comes_and_goes(Fixture *f, gconstpointer data) {
        (void) data;
        start_bus(f);
        event_run_until(f->event, f->n_asked == 1);
        event_run_idle(f->event);
        g_assert_cmpuint(f->n_changes, ==, 0);
        for (unsigned i = 1; i <= 3; i++) {
                set_there(f, true);
                run_until_there(f, true);
                set_there(f, false);
                run_until_there(f, false);
                g_assert_cmpuint(f->n_changes, ==, 2 * i);
        }
        g_assert_cmpuint(f->n_asked, ==, 1);
        g_assert_cmpuint(log_count("*"), ==, 0);
}

/* It may have been there before. */
static void test_is_there(Fixture *f, gconstpointer data) {
        (void) data;
        f->there = true;
        start_bus(f);
        run_until_there(f, true);
        g_assert_cmpuint(f->n_changes, ==, 1);
}

/* Without a bus there is no avahi-daemon that could be reached: the log says so once, and both are
 * found when they come. */
static void test_no_bus(Fixture *f, gconstpointer data) {
        (void) data;
        event_run_until(f->event, log_count("can't ask the system bus *No such file*") == 1);
        f->there = true;
        start_bus(f);
        run_until_there(f, true);
        for (int i = 0; i < 2; i++) {
                stop_bus(f);
                run_until_there(f, false);
                start_bus(f);
                run_until_there(f, true);
        }
        g_assert_cmpuint(log_count("can't ask the system bus *"), ==, 3);
}

/* A bus that has no answer is asked again. */
static void test_refused(Fixture *f, gconstpointer data) {
        (void) data;
        f->there = f->refuses = true;
        start_bus(f);
        event_run_until(f->event, f->n_asked >= 2);
        g_assert_false(avahi_presence_is_there(f->presence));
        g_assert_cmpuint(log_count("can't ask the system bus *Permission denied*"), ==, 1);
        f->refuses = false;
        run_until_there(f, true);
}

/* Tries leave nothing open, and it may end at any time. */
static void test_descriptors(Fixture *f, gconstpointer data) {
        size_t n;

        (void) data;
        f->there = true;
        start_bus(f);
        run_until_there(f, true);
        n = count_descriptors();
        for (int i = 0; i < 3; i++) {
                stop_bus(f);
                run_until_there(f, false);
                start_bus(f);
                run_until_there(f, true);
        }
        g_assert_cmpuint(count_descriptors(), ==, n);
        stop_bus(f);
        start_bus(f);
}

#define run_until_hangs(f, is)                                                                     \
        event_run_until((f)->event, avahi_presence_hangs((f)->presence) == (is))

static void start_hanging(Fixture *f) {
        f->hangs = true;
        run_until_hangs(f, true);
        g_assert_true(avahi_presence_is_there(f->presence));
}

/* It is asked now and then, and not more often; an answer is an answer, an error as well. */
static void test_answers(Fixture *f, gconstpointer data) {
        gint64 start = g_get_monotonic_time();

        (void) data;
        f->there = true;
        start_bus(f);
        event_run_until(f->event, f->n_questions == 4);
        g_assert_cmpint(g_get_monotonic_time() - start, >=, 4 * (gint64) ASK_USEC);
        g_assert_cmpuint(f->n_changes, ==, 1);
        set_there(f, false);
        run_until_there(f, false);
        set_there(f, true);
        event_run_until(f->event, f->n_questions == 5);
        g_assert_false(avahi_presence_hangs(f->presence));
        g_assert_cmpuint(log_count("*"), ==, 0);
}

/* One that hangs is known soon, and so is that it answers again: the last question stays open, and
 * no others are added to it. */
static void test_hangs(Fixture *f, gconstpointer data) {
        gint64 start;

        (void) data;
        f->there = true;
        start_bus(f);
        run_until_there(f, true);
        for (unsigned i = 1; i <= 2; i++) {
                unsigned changes = f->n_changes, questions = f->n_questions;

                start = g_get_monotonic_time();
                start_hanging(f);
                g_assert_cmpint(g_get_monotonic_time() - start, >=, (gint64) ASK_USEC);
                g_assert_cmpuint(f->n_changes, ==, changes + 1);
                g_assert_cmpuint(log_count("avahi-daemon hangs*"), ==, i);
                event_run_until(f->event, f->n_questions >= questions + 2);
                event_run_for(f->event, 4 * ASK_USEC);
                g_assert_cmpuint(f->n_questions, ==, questions + 2);
                g_assert_true(avahi_presence_hangs(f->presence));

                f->hangs = false;
                g_assert_cmpint(sd_bus_reply_method_return(f->open, "i", 2), >=, 0);
                run_until_hangs(f, false);
                g_assert_cmpuint(f->n_changes, ==, changes + 2);
                g_assert_cmpuint(log_count("avahi-daemon answers again"), ==, i);
        }
}

/* Another avahi-daemon, none, or no bus: what was asked before says nothing about it. */
static void test_hangs_and_goes(Fixture *f, gconstpointer data) {
        (void) data;
        f->there = true;
        start_bus(f);
        run_until_there(f, true);
        start_hanging(f);
        set_there(f, false);
        run_until_there(f, false);
        g_assert_false(avahi_presence_hangs(f->presence));
        set_there(f, true);
        run_until_hangs(f, true);
        f->hangs = false;
        set_there(f, true); /* restarted: the name has another owner */
        run_until_hangs(f, false);
        start_hanging(f);
        stop_bus(f);
        run_until_hangs(f, false);
        g_assert_false(avahi_presence_is_there(f->presence));
        start_bus(f);
        run_until_hangs(f, true);
        g_assert_cmpuint(log_count("avahi-daemon answers again"), ==, 0);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_assert_null(avahi_presence_free(NULL));
#define TEST(path, test) g_test_add("/avahi-presence/" path, Fixture, NULL, set_up, test, tear_down)
        TEST("comes-and-goes", test_comes_and_goes);
        TEST("is-there", test_is_there);
        TEST("no-bus", test_no_bus);
        TEST("refused", test_refused);
        TEST("descriptors", test_descriptors);
        TEST("answers", test_answers);
        TEST("hangs", test_hangs);
        TEST("hangs-and-goes", test_hangs_and_goes);
        return g_test_run();
}
