/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon as a whole: what it tells systemd, what it serves, and how it ends */

#include <avahi-common/error.h>
#include <errno.h>
#include <fcntl.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/listener.h"
#include "daemon/manager.h"
#include "fake/fake-avahi.h"
#include "unit/util-event.h"
#include "util/fd.h"

#define TIMEOUT_MSEC 60000

/*
 * manager_run() does not return before the end, so a second thread plays both systemd and a client:
 * it reads the notifications, talks to the control socket, and sends the signal.
 */
typedef struct Fixture {
        char *directory;
        char *path;
        char *notify_path;
        int notify;
        Manager *manager;
        void (*play)(struct Fixture *f);
        gint64 stopped_usec; /* when the signal was sent */
} Fixture;

static void set_address(struct sockaddr_un *address, const char *path) {
        *address = (struct sockaddr_un){ .sun_family = AF_UNIX };
        strcpy(address->sun_path, path);
}

static void set_up(Fixture *f, gconstpointer data) {
        struct sockaddr_un address;
        SocketFile file;
        int listener;

        (void) data;
        log_capture();
        fake_avahi_reset();
        f->directory = g_dir_make_tmp("epmd-mdns-XXXXXX", NULL);
        f->path = g_build_filename(f->directory, "control", NULL);
        f->notify_path = g_build_filename(f->directory, "notify", NULL);
        f->notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        set_address(&address, f->notify_path);
        g_assert_cmpint(bind(f->notify, (const struct sockaddr *) &address, sizeof(address)), ==,
                        0);
        g_setenv("NOTIFY_SOCKET", f->notify_path, TRUE);
        g_assert_cmpint(listener_make(f->path, &listener), ==, 0);
        g_assert_cmpint(socket_file_note(&file, f->path), ==, 0);
        g_assert_cmpint(manager_new(&f->manager, listener, &(Config) CONFIG_DEFAULT), ==, 0);
        manager_own_socket_file(f->manager, &file);
}

static void tear_down(Fixture *f, gconstpointer data) {
        (void) data;
        f->manager = manager_free(f->manager);
        fake_avahi_reset();
        close(f->notify);
        g_unlink(f->path);
        g_unlink(f->notify_path);
        g_assert_cmpint(g_rmdir(f->directory), ==, 0);
        g_free(f->directory);
        g_free(f->path);
        g_free(f->notify_path);
}

static void wait_readable(int fd) {
        struct pollfd p = { .fd = fd, .events = POLLIN };

        g_assert_cmpint(poll(&p, 1, TIMEOUT_MSEC), ==, 1);
}

/* Reads on to the notification that matches. */
static void await_notification(Fixture *f, const char *pattern) {
        char text[4096];

        do {
                ssize_t n;

                wait_readable(f->notify);
                n = recv(f->notify, text, sizeof(text) - 1, 0);
                g_assert_cmpint(n, >=, 0);
                text[n] = '\0';
        } while (!g_pattern_match_simple(pattern, text));
}

static int connect_control(Fixture *f) {
        struct sockaddr_un address;
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        set_address(&address, f->path);
        g_assert_cmpint(connect(fd, (const struct sockaddr *) &address, sizeof(address)), ==, 0);
        return fd;
}

/* Sends a request and reads its reply of one line. */
static char *ask(int fd, const char *request) {
        GString *reply = g_string_new(NULL);
        char c;

        g_assert_cmpint(send(fd, request, strlen(request), MSG_NOSIGNAL), ==,
                        (ssize_t) strlen(request));
        do {
                wait_readable(fd);
                g_assert_cmpint(recv(fd, &c, 1, 0), ==, 1);
                g_string_append_c(reply, c);
        } while (c != '\n');
        return g_string_free(reply, FALSE);
}

static void expect_reply(int fd, const char *request, const char *pattern) {
        g_autofree char *reply = ask(fd, request);

        if (!g_pattern_match_simple(pattern, reply))
                g_error("%s answered by %s instead of %s", request, reply, pattern);
}

/* Asks for the status until it matches. */
static void await_status(int fd, const char *pattern) {
        for (gint64 deadline = event_deadline(); g_get_monotonic_time() < deadline;) {
                g_autofree char *reply = ask(fd, "STATUS\n");

                if (g_pattern_match_simple(pattern, reply))
                        return;
        }
        g_error("the status never was %s", pattern);
}

static void stop(Fixture *f, int signal) {
        f->stopped_usec = g_get_monotonic_time();
        g_assert_cmpint(kill(getpid(), signal), ==, 0);
        await_notification(f, "STOPPING=1");
}

static void *play(void *userdata) {
        Fixture *f = userdata;

        f->play(f);
        return NULL;
}

/* Runs the manager against this player. The loop must end within a second of the signal. */
static void run(Fixture *f, void (*player)(Fixture *f)) {
        pthread_t thread;

        f->play = player;
        g_assert_cmpint(pthread_create(&thread, NULL, play, f), ==, 0);
        g_assert_cmpint(manager_run(f->manager), ==, 0);
        g_assert_cmpint(pthread_join(thread, NULL), ==, 0);
        g_assert_cmpint(g_get_monotonic_time() - f->stopped_usec, <, G_USEC_PER_SEC);
}

static void play_life(Fixture *f) {
        FakeAdvert bob = { .name = "bob@h2" };
        _cleanup_close_ int fd = -1;

        await_notification(f, "READY=1");
        fd = connect_control(f);
        await_status(fd, "OK version=* avahi=running host=h1.local nodes=0 hosts=0 local=0 stale=0 "
                         "adverts=0 sightings=0 "
                         "conflicts=0 ignored-name=0 ignored-local=0 ignored-txt=0 "
                         "ignored-port=0 "
                         "ignored-address=0 ignored-limit=0 announceable=0 ttl=30 "
                         "uptime=* connections=1 subscribers=0\n");
        expect_reply(fd, "REGISTER a@h1 port=1\n", "OK creation=*");
        await_notification(f, "STATUS=1 node on 1 host, 1 local");
        fake_avahi_emit_service(AVAHI_BROWSER_NEW, bob, 0);
        fake_avahi_emit_found(bob, "h2.local", "192.0.2.2", 1, "", 0);
        await_notification(f, "STATUS=2 nodes on 2 hosts, 1 local");
        await_status(fd, "* adverts=1 sightings=1 *");
        g_assert_true(fake_avahi_announces("a@h1"));

        fake_avahi_fail(FAKE_CLIENT_NEW, AVAHI_ERR_DBUS_ERROR);
        fake_avahi_set_state(AVAHI_CLIENT_FAILURE);
        await_notification(f, "STATUS=1 node on 1 host, 1 local; waiting for avahi-daemon");
        await_status(fd, "* avahi=failed host=h1.local nodes=1 * stale=1 adverts=0 sightings=0 *");
        fake_avahi_fail(FAKE_CLIENT_NEW, 0);
        await_status(fd, "* avahi=running * adverts=1 *");
        stop(f, SIGTERM);
}

/* READY when it serves, the status as it changes, STOPPING at the end; all adverts are withdrawn.
 */
static void test_life(Fixture *f, gconstpointer data) {
        (void) data;
        run(f, play_life);
        g_assert_false(manager_is_hung(f->manager));
        g_assert_cmpuint(fake_avahi_alive(FAKE_CLIENT), ==, 0);
}

static void play_interrupt(Fixture *f) {
        await_notification(f, "READY=1");
        stop(f, SIGINT);
}

/* Ctrl-C is the same. The socket goes when nobody is served any more, before the process ends. */
static void test_interrupt(Fixture *f, gconstpointer data) {
        (void) data;
        run(f, play_interrupt);
        g_assert_false(g_file_test(f->path, G_FILE_TEST_EXISTS));
        g_assert_false(manager_is_hung(f->manager));
}

static void play_hung(Fixture *f) {
        _cleanup_close_ int fd = -1;

        await_notification(f, "READY=1");
        fd = connect_control(f);
        await_status(fd, "* avahi=running *");
        fake_avahi_hang();
        expect_reply(fd, "REGISTER a@h1 port=1\n", "OK creation=*");
        while (!fake_avahi_is_hanging())
                expect_reply(fd, "HELLO 1\n", "OK 1 *");
        expect_reply(fd, "LOOKUP b@h1\n", "ERR not-found *");
        expect_reply(fd, "REGISTER a@h1 port=2 family=inet6\n", "OK creation=*");
        stop(f, SIGTERM);
}

/* A hung avahi-daemon delays neither answers nor the end. The second is said, because the thread
 * can't be waited for. */
static void test_hung(Fixture *f, gconstpointer data) {
        (void) data;
        run(f, play_hung);
        g_assert_false(g_file_test(f->path, G_FILE_TEST_EXISTS));
        g_assert_true(manager_is_hung(f->manager));
        g_assert_cmpuint(log_count("*ending without goodbyes*"), ==, 1);
        fake_avahi_release(0);
}

static void play_watchdog(Fixture *f) {
        await_notification(f, "READY=1");
        for (int i = 0; i < 3; i++)
                await_notification(f, "WATCHDOG=1");
        stop(f, SIGTERM);
}

static void set_up_watchdog(Fixture *f, gconstpointer data) {
        g_autofree char *pid = g_strdup_printf("%d", getpid());

        g_setenv("WATCHDOG_USEC", "200000", TRUE);
        g_setenv("WATCHDOG_PID", pid, TRUE);
        set_up(f, data);
        g_unsetenv("WATCHDOG_USEC");
        g_unsetenv("WATCHDOG_PID");
}

/* WatchdogSec= in the unit: the loop says that it turns. */
static void test_watchdog(Fixture *f, gconstpointer data) {
        (void) data;
        run(f, play_watchdog);
}

/* The listener is the manager's, also if it can't be used: nothing stays open, and no thread stays
 * behind. */
static void test_new_fails(void) {
        Manager *manager = NULL;
        size_t n;

        fake_avahi_reset();
        n = count_descriptors();
        /* Nothing to wait for, says epoll. */
        g_assert_cmpint(manager_new(&manager, open("/dev/null", O_RDWR | O_CLOEXEC),
                                    &(Config) CONFIG_DEFAULT),
                        ==, -EPERM);
        g_assert_null(manager);
        g_assert_cmpuint(count_descriptors(), ==, n);
}

int main(int argc, char *argv[]) {
        sigset_t set;

        /* Before any thread is there. */
        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        (void) pthread_sigmask(SIG_BLOCK, &set, NULL);

        g_test_init(&argc, &argv, NULL);
        g_test_add("/manager/life", Fixture, NULL, set_up, test_life, tear_down);
        g_test_add("/manager/interrupt", Fixture, NULL, set_up, test_interrupt, tear_down);
        g_test_add("/manager/hung", Fixture, NULL, set_up, test_hung, tear_down);
        g_test_add("/manager/watchdog", Fixture, NULL, set_up_watchdog, test_watchdog, tear_down);
        g_test_add_func("/manager/new-fails", test_new_fails);
        return g_test_run();
}
