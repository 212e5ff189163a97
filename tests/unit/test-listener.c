/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket: made, or inherited from systemd */

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/listener.h"
#include "unit/util-event.h"
#include "util/fd.h"

/* --- Made --- */

typedef struct Place {
        char *top, *directory, *path;
} Place;

static void place_init(Place *place) {
        place->top = g_dir_make_tmp("listener-XXXXXX", NULL);
        g_assert_nonnull(place->top);
        place->directory = g_build_filename(place->top, "epmd-mdns", NULL);
        place->path = g_build_filename(place->directory, "control", NULL);
}

static void place_done(Place *place) {
        (void) g_unlink(place->path);
        (void) g_rmdir(place->directory);
        g_assert_cmpint(g_rmdir(place->top), ==, 0);
        g_free(place->top);
        g_free(place->directory);
        g_free(place->path);
}

static int connect_to(const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        strcpy(address.sun_path, path);
        if (connect(fd, (const struct sockaddr *) &address, sizeof(address)) < 0)
                return -errno;
        return TAKE_FD(fd);
}

/* Every local user may ask, as with epmd, whatever the umask: and nobody has to make the directory.
 */
static void test_make(void) {
        _cleanup_close_ int listener = -1, client = -1;
        struct stat st;
        Place place;
        mode_t mask = umask(0077);

        place_init(&place);
        g_assert_cmpint(chmod(place.top, 0755), ==, 0);
        (void) umask(0022);
        g_assert_cmpint(listener_make(place.path, &listener), ==, 0);
        (void) umask(mask);

        g_assert_cmpint(stat(place.path, &st), ==, 0);
        g_assert_cmpuint(st.st_mode & 0777, ==, 0666);
        g_assert_cmpint(stat(place.directory, &st), ==, 0);
        g_assert_cmpuint(st.st_mode & 0777, ==, 0755);

        client = connect_to(place.path);
        g_assert_cmpint(client, >=, 0);
        /* A client that gives up before it is accepted must not block the daemon. */
        g_assert_true(fcntl(listener, F_GETFL) & O_NONBLOCK);
        g_assert_true(fcntl(listener, F_GETFD) & FD_CLOEXEC);
        place_done(&place);
}

/* A daemon that was killed leaves its socket behind: the next one must start all the same. */
static void test_stale(void) {
        int listener = -1;
        Place place;

        place_init(&place);
        for (int i = 0; i < 3; i++) {
                g_assert_cmpint(listener_make(place.path, &listener), ==, 0);
                listener = fd_close(listener);
        }
        place_done(&place);
}

/* Two daemons at one socket would take turns in losing nodes. */
static void test_in_use(void) {
        _cleanup_close_ int listener = -1, client = -1;
        int second = -1;
        Place place;

        place_init(&place);
        g_assert_cmpint(listener_make(place.path, &listener), ==, 0);
        log_capture();
        g_assert_cmpint(listener_make(place.path, &second), ==, -EADDRINUSE);
        g_assert_cmpint(second, ==, -1);
        g_assert_cmpuint(log_count("another epmd-mdnsd already serves*"), ==, 1);

        /* And the first one is none the worse for it. */
        client = connect_to(place.path);
        g_assert_cmpint(client, >=, 0);
        place_done(&place);
}

/* What is no socket is not ours to remove. */
static void test_regular_file(void) {
        int listener = -1;
        Place place;

        place_init(&place);
        g_assert_cmpint(g_mkdir(place.directory, 0755), ==, 0);
        g_assert_true(g_file_set_contents(place.path, "precious", -1, NULL));
        log_capture();
        g_assert_cmpint(listener_make(place.path, &listener), ==, -EEXIST);
        g_assert_cmpuint(log_count("can't make the socket*"), ==, 1);
        g_assert_true(g_file_test(place.path, G_FILE_TEST_IS_REGULAR));
        place_done(&place);
}

static void test_bad_paths(void) {
        g_autofree char *longer = g_strnfill(sizeof(((struct sockaddr_un *) NULL)->sun_path), 'x');
        int listener = -1;

        log_capture();
        g_assert_cmpint(listener_make(longer, &listener), ==, -ENAMETOOLONG);
        g_assert_cmpint(listener_make("/nonexistent/directory/control", &listener), ==, -ENOENT);
        g_assert_cmpuint(log_count("can't make the socket*"), ==, 2);
        g_assert_cmpint(listener, ==, -1);
}

/* --- Inherited --- */

static int new_socket(int type, bool listening) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

        g_assert_cmpint(fd, >=, 0);
        /* An address that is the family alone: the kernel chooses an abstract name. */
        g_assert_cmpint(bind(fd, (const struct sockaddr *) &address, sizeof(sa_family_t)), ==, 0);
        if (listening)
                g_assert_cmpint(listen(fd, 1), ==, 0);
        return fd;
}

/* Calls listener_inherit() in a process that systemd has passed n descriptors with these names, the
 * one numbered control being a proper socket. Exits with 0 if the result is as expected. */
static void inherit(const char *names, int n, int type, bool listening, int expected) {
        char number[12];
        int fd = -1, r;

        log_capture();
        for (int i = 0; i < n; i++) {
                int socket_fd = new_socket(type, listening);

                if (socket_fd != 3 + i) {
                        g_assert_cmpint(dup2(socket_fd, 3 + i), ==, 3 + i);
                        close(socket_fd);
                }
        }
        g_snprintf(number, sizeof(number), "%d", (int) getpid());
        g_setenv("LISTEN_PID", number, TRUE);
        g_snprintf(number, sizeof(number), "%d", n);
        g_setenv("LISTEN_FDS", number, TRUE);
        g_setenv("LISTEN_FDNAMES", names, TRUE);

        r = listener_inherit(&fd);
        if (r != expected)
                _exit(1);
        if (r == 1 && (fd < 3 || !(fcntl(fd, F_GETFL) & O_NONBLOCK)))
                _exit(2);
        /* All others are closed, and it has been said. */
        for (int i = 3; i < 3 + n; i++)
                if (i != fd && fcntl(i, F_GETFD) >= 0)
                        _exit(3);
        if (log_count("systemd passed a descriptor named*") != (unsigned) (n - (expected != 0)))
                _exit(4);
        if (log_count("*is not a listening stream socket*") != (expected < 0))
                _exit(5);
        /* Programs that we might start must not take it for theirs. */
        _exit(g_getenv("LISTEN_FDS") ? 6 : 0);
}

static void test_inherit(void) {
        static const struct {
                const char *names;
                int n, type;
                bool listening;
                int expected;
        } table[] = {
                { "control", 1, SOCK_STREAM, true, 1 },
                { "epmd:control", 2, SOCK_STREAM, true, 1 },
                { "control:metrics:control", 3, SOCK_STREAM, true, 1 },
                { "epmd", 1, SOCK_STREAM, true, 0 },
                { "control", 1, SOCK_STREAM, false, -ENOTSOCK },
                { "control", 1, SOCK_DGRAM, false, -ENOTSOCK },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                int status;
                pid_t pid = fork();

                g_assert_cmpint(pid, >=, 0);
                if (pid == 0)
                        inherit(table[i].names, table[i].n, table[i].type, table[i].listening,
                                table[i].expected);
                g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
                g_test_message("%s: status %d", table[i].names, status);
                g_assert_cmpint(status, ==, 0);
        }
}

/* Without systemd there is nothing to inherit. */
static void test_inherit_nothing(void) {
        int fd = -1;

        g_unsetenv("LISTEN_FDS");
        g_unsetenv("LISTEN_PID");
        g_assert_cmpint(listener_inherit(&fd), ==, 0);
        g_assert_cmpint(fd, ==, -1);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/listener/make", test_make);
        g_test_add_func("/listener/stale", test_stale);
        g_test_add_func("/listener/in-use", test_in_use);
        g_test_add_func("/listener/regular-file", test_regular_file);
        g_test_add_func("/listener/bad-paths", test_bad_paths);
        g_test_add_func("/listener/inherit", test_inherit);
        g_test_add_func("/listener/inherit-nothing", test_inherit_nothing);

        return g_test_run();
}
