/* SPDX-License-Identifier: Apache-2.0 */
/* The names of interfaces, asked for on a real bus, on which the test is avahi-daemon */

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "daemon/avahi/interface-names.h"
#include "daemon/clock.h"
#include "unit/util-event.h"

#define AVAHI "org.freedesktop.Avahi"

/* A private bus that would start an avahi-daemon on demand, as the system bus does. What it starts
 * makes a file. */
#define BUS_CONF                                                                                   \
        "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\"\n"     \
        " \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n"                      \
        "<busconfig><listen>unix:path=%s/bus</listen><servicedir>%s</servicedir>\n"                \
        "<policy context=\"default\"><allow eavesdrop=\"true\"/><allow own=\"*\"/>\n"              \
        "<allow send_destination=\"*\" eavesdrop=\"true\"/></policy></busconfig>\n"
#define SERVICE_CONF "[D-BUS Service]\nName=" AVAHI "\nExec=/bin/sh -c '>%s/started; exit 1'\n"

typedef struct Fixture {
        sd_event *event;
        char *program;
        char *directory;
        GPid bus;
        sd_bus *avahi; /* the avahi-daemon; NULL: there is none */
        bool hangs;
        const char *type;     /* of the answer; NULL: an error */
        const char *name;     /* in the answer; NULL: "ifINDEX" */
        sd_bus_message *open; /* the last question that it has not answered */
        unsigned n_questions;
        uint64_t asked_usec;
        InterfaceNames names;
} Fixture;

static char *file(const Fixture *f, const char *name) {
        return g_build_filename(f->directory, name, NULL);
}

/* --- The bus --- */

static void end_with_test(gpointer userdata) {
        (void) userdata;
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
}

/* Returns when it listens: it prints its address. */
static void start_bus(Fixture *f) {
        g_autofree char *conf = file(f, "bus.conf"),
                        *option = g_strconcat("--config-file=", conf, NULL);
        char *argv[] = { f->program,
                         option,
                         (char *) "--nofork",
                         (char *) "--nopidfile",
                         (char *) "--print-address=1",
                         NULL };
        char character;
        int out;

        g_assert_true(g_spawn_async_with_pipes(
                NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDERR_TO_DEV_NULL,
                end_with_test, NULL, &f->bus, NULL, &out, NULL, NULL));
        do
                g_assert_cmpint(read(out, &character, 1), ==, 1);
        while (character != '\n');
        close(out);
}

static void stop_bus(Fixture *f) {
        if (f->bus == 0)
                return;
        g_assert_cmpint(kill(f->bus, SIGTERM), ==, 0);
        g_assert_cmpint(waitpid(f->bus, NULL, 0), ==, f->bus);
        f->bus = 0;
}

/* --- avahi-daemon --- */

static int answer(const Fixture *f, sd_bus_message *message, int index) {
        g_autofree char *name = f->name ? g_strdup(f->name) : g_strdup_printf("if%d", index);

        if (!f->type)
                return sd_bus_reply_method_errorf(message, AVAHI ".InvalidInterfaceError", "%d",
                                                  index);
        if (strcmp(f->type, "s") == 0)
                return sd_bus_reply_method_return(message, "s", name);
        return sd_bus_reply_method_return(message, f->type, index);
}

static int on_call(sd_bus_message *message, void *userdata, sd_bus_error *error) {
        Fixture *f = userdata;
        int index;

        (void) error;
        if (!sd_bus_message_is_method_call(message, AVAHI ".Server",
                                           "GetNetworkInterfaceNameByIndex"))
                return 0;
        f->n_questions++;
        f->asked_usec = clock_now(f->event);
        g_assert_cmpstr(sd_bus_message_get_path(message), ==, "/");
        g_assert_true(sd_bus_message_has_signature(message, "i"));
        g_assert_cmpint(sd_bus_message_read(message, "i", &index), >=, 0);
        if (f->hangs) {
                sd_bus_message_unref(f->open);
                f->open = sd_bus_message_ref(message);
        } else
                g_assert_cmpint(answer(f, message, index), >=, 0);
        return 1;
}

static void start_avahi(Fixture *f) {
        g_assert_cmpint(sd_bus_open_system(&f->avahi), >=, 0);
        g_assert_cmpint(sd_bus_add_filter(f->avahi, NULL, on_call, f), >=, 0);
        g_assert_cmpint(sd_bus_request_name(f->avahi, AVAHI, 0), >=, 0);
        g_assert_cmpint(sd_bus_attach_event(f->avahi, f->event, 0), >=, 0);
}

static void stop_avahi(Fixture *f) {
        f->open = sd_bus_message_unref(f->open);
        f->avahi = sd_bus_flush_close_unref(f->avahi);
}

/* --- The tested code --- */

typedef struct Question {
        InterfaceNames *names;
        int index;
        const char *name;
        int done_fd;
} Question;

/* In a thread of its own: it blocks, and the test has to answer. */
static void *ask(void *userdata) {
        Question *question = userdata;

        question->name = interface_names_get(question->names, question->index);
        g_assert_cmpint(eventfd_write(question->done_fd, 1), ==, 0);
        return NULL;
}

static int on_done(sd_event_source *source, int fd, uint32_t revents, void *userdata) {
        bool *done = userdata;

        (void) source, (void) fd, (void) revents;
        *done = true;
        return 0;
}

static const char *get(Fixture *f, InterfaceNames *names, int index) {
        Question question = { .names = names, .index = index, .done_fd = eventfd(0, EFD_CLOEXEC) };
        sd_event_source *source = NULL;
        bool done = false;
        pthread_t thread;

        g_assert_cmpint(
                sd_event_add_io(f->event, &source, question.done_fd, EPOLLIN, on_done, &done), >=,
                0);
        g_assert_cmpint(pthread_create(&thread, NULL, ask, &question), ==, 0);
        event_run_until(f->event, done);
        g_assert_cmpint(pthread_join(thread, NULL), ==, 0);
        sd_event_source_disable_unref(source);
        close(question.done_fd);
        return question.name;
}

/* How often avahi-daemon has been asked since the last time. */
static void asked(Fixture *f, unsigned n) {
        g_assert_cmpuint(f->n_questions, ==, n);
        f->n_questions = 0;
}

/* --- The stories --- */

static void set_up(Fixture *f, gconstpointer data) {
        g_autofree char *address = NULL, *conf = NULL, *service = NULL, *bus_text = NULL,
                        *service_text = NULL;

        (void) data;
        f->program = g_find_program_in_path("dbus-daemon");
        f->event = event_new();
        f->directory = g_dir_make_tmp("epmd-mdns-XXXXXX", NULL);
        f->type = "s";
        address = g_strdup_printf("unix:path=%s/bus", f->directory);
        g_setenv("DBUS_SYSTEM_BUS_ADDRESS", address, TRUE);
        conf = file(f, "bus.conf");
        bus_text = g_strdup_printf(BUS_CONF, f->directory, f->directory);
        g_assert_true(g_file_set_contents(conf, bus_text, -1, NULL));
        service = file(f, AVAHI ".service");
        service_text = g_strdup_printf(SERVICE_CONF, f->directory);
        g_assert_true(g_file_set_contents(service, service_text, -1, NULL));
}

static void tear_down(Fixture *f, gconstpointer data) {
        static const char *files[] = { "bus", "bus.conf", AVAHI ".service", "started" };

        (void) data;
        stop_avahi(f);
        stop_bus(f);
        for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
                g_autofree char *path = file(f, files[i]);

                (void) g_unlink(path);
        }
        g_assert_cmpint(g_rmdir(f->directory), ==, 0);
        g_free(f->directory);
        g_free(f->program);
        sd_event_unref(f->event);
}

/* An interface is asked for once, and by the next client of avahi-daemon again: it may have another
 * name by then. */
static void test_once(Fixture *f, gconstpointer data) {
        InterfaceNames next = {};

        (void) data;
        start_bus(f);
        start_avahi(f);
        for (int i = 0; i < 3; i++) {
                g_assert_cmpstr(get(f, &f->names, 2), ==, "if2");
                g_assert_cmpstr(get(f, &f->names, 3), ==, "if3");
        }
        asked(f, 2);
        f->name = "wlan0";
        g_assert_cmpstr(get(f, &next, 2), ==, "wlan0");
        g_assert_cmpstr(get(f, &f->names, 2), ==, "if2");
        asked(f, 1);
}

/* INTERFACE_NAMES_MAX are remembered. One more takes the place of the oldest. */
static void test_limit(Fixture *f, gconstpointer data) {
        (void) data;
        start_bus(f);
        start_avahi(f);
        for (int index = 1; index <= INTERFACE_NAMES_MAX + 1; index++)
                (void) get(f, &f->names, index);
        asked(f, INTERFACE_NAMES_MAX + 1);
        for (int index = 2; index <= INTERFACE_NAMES_MAX + 1; index++) {
                g_autofree char *name = g_strdup_printf("if%d", index);

                g_assert_cmpstr(get(f, &f->names, index), ==, name);
        }
        asked(f, 0);
        g_assert_cmpstr(get(f, &f->names, 1), ==, "if1");
        g_assert_cmpstr(get(f, &f->names, 3), ==, "if3");
        asked(f, 1);
        g_assert_cmpstr(get(f, &f->names, 2), ==, "if2");
        asked(f, 1);
        /* The name of the old one does not stay. */
        f->type = NULL;
        g_assert_cmpstr(get(f, &f->names, INTERFACE_NAMES_MAX + 2), ==, "");
}

/* A name that is too long, an error or an answer of another type is no name, and not asked for
 * again. */
static void test_answers(Fixture *f, gconstpointer data) {
        static const struct {
                const char *type, *name, *expected;
        } table[] = {
                { "s", "eth0", "eth0" },
                { "s", "fifteen-bytes-0", "fifteen-bytes-0" },
                { "s", "sixteen-bytes-00", "" },
                { "s", "", "" },
                { NULL, NULL, "" },
                { "i", NULL, "" },
                { "", NULL, "" },
        };

        (void) data;
        g_assert_cmpuint(strlen(table[1].name), ==, LIMIT_INTERFACE);
        start_bus(f);
        start_avahi(f);
        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                f->type = table[i].type;
                f->name = table[i].name;
                for (int n = 0; n < 2; n++)
                        g_assert_cmpstr(get(f, &f->names, (int) i + 1), ==, table[i].expected);
                asked(f, 1);
        }
}

/* An avahi-daemon that hangs is waited for once, for a second. The interface then has no name for
 * this client, even if an answer comes later. A busy machine may be late, but not each time. */
static void test_hangs(Fixture *f, gconstpointer data) {
        const uint64_t limit_usec = 1 * USEC_PER_SEC;
        uint64_t least_usec = UINT64_MAX;
        InterfaceNames next = {};
        unsigned n = 0;

        (void) data;
        start_bus(f);
        start_avahi(f);
        f->hangs = true;
        while (least_usec >= 2 * limit_usec && n < 5) {
                gint64 start = g_get_monotonic_time();

                g_assert_cmpstr(get(f, &f->names, (int) ++n), ==, "");
                g_assert_cmpint(g_get_monotonic_time() - start, >=, (gint64) limit_usec);
                least_usec = MIN(least_usec, clock_now(f->event) - f->asked_usec);
        }
        g_assert_cmpuint(least_usec, <, 2 * limit_usec);
        asked(f, n);

        f->hangs = false;
        g_assert_cmpint(answer(f, f->open, (int) n), >=, 0);
        event_run_idle(f->event);
        g_assert_cmpstr(get(f, &f->names, 1), ==, "");
        asked(f, 0);
        g_assert_cmpstr(get(f, &f->names, 9), ==, "if9");
        g_assert_cmpstr(get(f, &next, 1), ==, "if1");
        asked(f, 2);
}

static bool is_started(const Fixture *f) {
        g_autofree char *path = file(f, "started");

        return g_file_test(path, G_FILE_TEST_EXISTS);
}

/* A question never starts an avahi-daemon, although the bus would. */
static void test_no_avahi(Fixture *f, gconstpointer data) {
        sd_bus *other = NULL;
        int r;

        (void) data;
        start_bus(f);
        g_assert_cmpstr(get(f, &f->names, 2), ==, "");
        g_assert_false(is_started(f));
        start_avahi(f);
        g_assert_cmpstr(get(f, &f->names, 2), ==, "");
        g_assert_cmpstr(get(f, &f->names, 3), ==, "if3");
        stop_avahi(f);
        event_run_idle(f->event);
        g_assert_cmpstr(get(f, &f->names, 4), ==, "");
        g_assert_false(is_started(f));
        asked(f, 1);

        g_assert_cmpint(sd_bus_open_system(&other), >=, 0);
        r = sd_bus_call_method(other, AVAHI, "/", AVAHI ".Server", "GetState", NULL, NULL, NULL);
        g_assert_cmpint(r, <, 0);
        g_assert_true(is_started(f));
        sd_bus_flush_close_unref(other);
}

/* Without a bus there are no names, and a bus that comes later is found. No descriptor is left
 * open. */
static void test_no_bus(Fixture *f, gconstpointer data) {
        size_t n = 0;

        (void) data;
        for (int i = 0; i < 3; i++) {
                g_assert_cmpstr(get(f, &f->names, 10 * i + 1), ==, "");
                start_bus(f);
                start_avahi(f);
                g_assert_cmpstr(get(f, &f->names, 10 * i + 1), ==, "");
                g_assert_cmpstr(get(f, &f->names, 10 * i + 2), !=, "");
                asked(f, 1);
                stop_avahi(f);
                stop_bus(f);
                g_assert_cmpstr(get(f, &f->names, 10 * i + 2), !=, "");
                /* The loop keeps a timer from the first round. */
                n = i == 0 ? count_descriptors() : n;
                g_assert_cmpuint(count_descriptors(), ==, n);
        }
}

/* Most need a bus. */
static void test_skip(void) {
        g_test_skip("there is no dbus-daemon");
}

int main(int argc, char *argv[]) {
        g_autofree char *program = g_find_program_in_path("dbus-daemon");

        g_test_init(&argc, &argv, NULL);
        if (!program) {
                g_test_add_func("/interface-names", test_skip);
                return g_test_run();
        }
#define TEST(path, test)                                                                           \
        g_test_add("/interface-names/" path, Fixture, NULL, set_up, test, tear_down)
        TEST("asked-for-once", test_once);
        TEST("limit", test_limit);
        TEST("answers", test_answers);
        TEST("hangs", test_hangs);
        TEST("no-avahi-daemon-is-started", test_no_avahi);
        TEST("no-bus", test_no_bus);
        return g_test_run();
}
