/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket: made with the right mode in the right place, or taken from systemd */

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/listener.h"
#include "unit/util-event.h"
#include "util/fd.h"

typedef struct Fixture {
        char *parent;
        char *directory; /* does not exist yet */
        char *path;
} Fixture;

static void set_up(Fixture *f, gconstpointer data) {
        (void) data;
        log_capture();
        f->parent = g_dir_make_tmp("epmd-mdns-XXXXXX", NULL);
        f->directory = g_build_filename(f->parent, "run", NULL);
        f->path = g_build_filename(f->directory, "control", NULL);
}

static void tear_down(Fixture *f, gconstpointer data) {
        (void) data;
        (void) g_unlink(f->path);
        (void) g_rmdir(f->directory);
        g_assert_cmpint(g_rmdir(f->parent), ==, 0);
        g_free(f->parent);
        g_free(f->directory);
        g_free(f->path);
}

static int make(Fixture *f) {
        int fd = -1;

        g_assert_cmpint(listener_make(f->path, &fd), ==, 0);
        g_assert_cmpint(fd, >=, 0);
        return fd;
}

static int connect_to(const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
        return connect(fd, (const struct sockaddr *) &address, sizeof(address)) < 0 ? -errno : 0;
}

/* Every local user may connect, whatever the umask, and only the owner may put something else in
 * the socket's place. */
static void test_modes(Fixture *f, gconstpointer data) {
        mode_t saved = umask(0027);
        _cleanup_close_ int fd = make(f);
        struct stat st;

        (void) data;
        umask(saved);
        g_assert_cmpint(stat(f->path, &st), ==, 0);
        g_assert_cmpuint(st.st_mode, ==, S_IFSOCK | 0666);
        g_assert_cmpint(stat(f->directory, &st), ==, 0);
        g_assert_cmpuint(st.st_mode & 0022, ==, 0);
        g_assert_cmpint(fcntl(fd, F_GETFD), ==, FD_CLOEXEC);
        g_assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
        g_assert_cmpint(connect_to(f->path), ==, 0);
}

/* A daemon that was killed leaves its socket behind: the next one takes the place. */
static void test_stale(Fixture *f, gconstpointer data) {
        (void) data;
        for (int i = 0; i < 3; i++)
                close(make(f));
        g_assert_cmpint(connect_to(f->path), ==, -ECONNREFUSED);
        close(make(f));
}

/* A daemon that lives is left alone, also when so many wait for it that nobody else can connect. */
static void test_another_daemon(Fixture *f, gconstpointer data) {
        _cleanup_close_ int fd = make(f);
        int other = -1;

        (void) data;
        g_assert_cmpint(listener_make(f->path, &other), ==, -EADDRINUSE);
        g_assert_cmpuint(log_count("another epmd-mdnsd already serves *"), ==, 1);
        g_assert_cmpint(listen(fd, 0), ==, 0);
        g_assert_cmpint(listener_make(f->path, &other), ==, -EADDRINUSE);
        g_assert_cmpint(listener_make(f->path, &other), ==, -EADDRINUSE);
        g_assert_cmpint(other, ==, -1);
        g_assert_cmpuint(log_count("*"), ==, 3);
        g_assert_true(g_file_test(f->path, G_FILE_TEST_EXISTS));
}

/* A daemon that ends takes away the socket that it has made, while it still listens: who connects
 * is then told that there is nobody, and a next daemon finds the place free. */
static void test_remove(Fixture *f, gconstpointer data) {
        _cleanup_close_ int fd = make(f), next = -1;
        SocketFile file;

        (void) data;
        g_assert_cmpint(fd, >=, 0);
        g_assert_cmpint(socket_file_note(&file, f->path), ==, 0);
        socket_file_remove(&file);
        g_assert_cmpint(connect_to(f->path), ==, -ENOENT);
        next = make(f);
        socket_file_remove(&file);
        g_assert_cmpint(connect_to(f->path), ==, 0);
}

/* The socket of the next daemon is not taken away by the end of the one before it. */
static void test_remove_replaced(Fixture *f, gconstpointer data) {
        _cleanup_close_ int fd = make(f), next = -1;
        SocketFile file, none = SOCKET_FILE_NULL;

        (void) data;
        g_assert_cmpint(fd, >=, 0);
        g_assert_cmpint(socket_file_note(&file, f->path), ==, 0);
        /* The inode of a file that is gone may be given to the next one: keep it in use. */
        g_autofree char *kept = g_strconcat(f->path, ".kept", NULL);
        g_assert_cmpint(g_rename(f->path, kept), ==, 0);
        next = make(f);
        socket_file_remove(&file);
        g_assert_cmpint(connect_to(f->path), ==, 0);
        g_assert_cmpint(g_unlink(kept), ==, 0);
        none = (SocketFile) SOCKET_FILE_NULL;
        socket_file_remove(&none);
        g_assert_cmpint(socket_file_note(&none, kept), ==, -ENOENT);
}

/* What is not a socket may be somebody's data, and a link may point there. */
static void test_not_a_socket(Fixture *f, gconstpointer data) {
        g_autofree char *contents = NULL;
        int fd = -1;

        (void) data;
        g_assert_cmpint(g_mkdir(f->directory, 0755), ==, 0);
        g_assert_true(g_file_set_contents(f->path, "precious", -1, NULL));
        g_assert_cmpint(listener_make(f->path, &fd), ==, -EEXIST);
        g_assert_true(g_file_get_contents(f->path, &contents, NULL, NULL));
        g_assert_cmpstr(contents, ==, "precious");
        g_assert_cmpint(g_unlink(f->path), ==, 0);
        g_assert_cmpint(symlink("/nonexistent", f->path), ==, 0);
        g_assert_cmpint(listener_make(f->path, &fd), ==, -EEXIST);
        g_assert_cmpint(fd, ==, -1);
        g_assert_cmpuint(log_count("can't make the socket *"), ==, 2);
}

/* sockaddr_un has room for 107 bytes: the longest path works, a longer one is refused, not cut. */
static void test_path_length(Fixture *f, gconstpointer data) {
        size_t max = sizeof(((struct sockaddr_un *) NULL)->sun_path) - 1,
               used = strlen(f->directory) + 1;
        g_autofree char *name = g_strnfill(max - used, 'x'),
                        *longest = g_build_filename(f->directory, name, NULL);
        g_autofree char *too_long = g_strconcat(longest, "x", NULL);
        int fd = -1;

        (void) data;
        g_assert_cmpuint(strlen(longest), ==, max);
        g_assert_cmpint(listener_make(too_long, &fd), ==, -ENAMETOOLONG);
        g_assert_cmpint(listener_make(longest, &fd), ==, 0);
        g_assert_cmpint(connect_to(longest), ==, 0);
        close(fd);
        g_assert_cmpint(g_unlink(longest), ==, 0);
}

/* Only the last directory is made: what is missing above it is a mistake in the path. */
static void test_no_grandparent(Fixture *f, gconstpointer data) {
        g_autofree char *path = g_build_filename(f->directory, "a", "b", NULL);
        int fd = -1;

        (void) data;
        g_assert_cmpint(listener_make(path, &fd), ==, -ENOENT);
        g_assert_cmpuint(log_count("can't make the socket *"), ==, 1);
        g_assert_cmpint(listener_make("", &fd), <, 0);
        g_assert_cmpint(fd, ==, -1);
}

/* --- Socket activation --- */

static int new_socket(int type, bool listening) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, type, 0);

        /* Autobind: an abstract name of the kernel's choice. */
        g_assert_cmpint(bind(fd, (const struct sockaddr *) &address, sizeof(address.sun_family)),
                        ==, 0);
        if (listening)
                g_assert_cmpint(listen(fd, 1), ==, 0);
        return fd;
}

typedef struct Passed {
        const char *names; /* LISTEN_FDNAMES */
        int fds[3];        /* -1: no more */
        const char *pid;   /* NULL: the right one */
        int result, taken; /* what listener_inherit() returns, and which descriptor is control's */
        unsigned n_logged;
        int others[2]; /* which ones are those of the name "tcp", 0: none */
} Passed;

/* In a process of its own, because the descriptors have fixed numbers: 3 and following. Returns the
 * line that is wrong, or 0. */
static int inherit(const Passed *passed) {
        g_autofree char *pid = g_strdup_printf("%d", getpid());
        char count[2] = "0";
        Inheritable wanted[] = { { .name = "tcp", .family = AF_INET },
                                 { .name = "control", .family = AF_UNIX },
                                 { .name = "tcp", .family = AF_INET } };
        int high[3], n = 0, r;

        for (; n < 3 && passed->fds[n] >= 0; n++)
                high[n] = fcntl(passed->fds[n], F_DUPFD, 100);
        for (int i = 0; i < n; i++)
                if (dup2(high[i], 3 + i) < 0)
                        return __LINE__;
        count[0] = (char) ('0' + n);
        g_setenv("LISTEN_PID", passed->pid ? passed->pid : pid, TRUE);
        g_setenv("LISTEN_FDS", count, TRUE);
        if (passed->names)
                g_setenv("LISTEN_FDNAMES", passed->names, TRUE);

        r = listener_inherit(wanted, G_N_ELEMENTS(wanted));
        if (r != passed->result || wanted[1].fd != passed->taken)
                return __LINE__;
        for (int i = 0; i < 2; i++)
                if (wanted[2 * i].fd != (passed->others[i] ? passed->others[i] : -1))
                        return __LINE__;
        for (int i = 3; i < 3 + n && !passed->pid; i++) {
                int flags = fcntl(i, F_GETFD);
                bool taken = i == wanted[0].fd || i == wanted[1].fd || i == wanted[2].fd;

                if (taken && (flags != FD_CLOEXEC || !(fcntl(i, F_GETFL) & O_NONBLOCK)))
                        return __LINE__;
                if (!taken && flags >= 0)
                        return __LINE__;
        }
        if (!passed->pid && g_getenv("LISTEN_FDS"))
                return __LINE__;
        return log_count("*") == passed->n_logged ? 0 : __LINE__;
}

static void test_inherit(Fixture *f, gconstpointer data) {
        int stream = new_socket(SOCK_STREAM, true), other = new_socket(SOCK_STREAM, true);
        int datagram = new_socket(SOCK_DGRAM, false), unbound = new_socket(SOCK_STREAM, false);
        int null = open("/dev/null", O_RDWR), tcp = socket(AF_INET, SOCK_STREAM, 0);
        int tcp2 = socket(AF_INET, SOCK_STREAM, 0);
        const Passed table[] = {
                { "control", { stream, -1 }, NULL, 1, 3, 0, {} },
                /* A later version's unit may pass more than this version knows. */
                { "epmd:control:metrics", { other, stream, datagram }, NULL, 1, 4, 2, {} },
                { "control:control", { stream, other, -1 }, NULL, 1, 3, 1, {} },
                { "epmd", { other, -1 }, NULL, 0, -1, 1, {} },
                /* Several doors, one of which has two sockets. */
                { "tcp:control:tcp", { tcp, stream, tcp2 }, NULL, 3, 4, 0, { 3, 5 } },
                { "tcp:tcp:tcp", { tcp, tcp2, tcp }, NULL, 2, -1, 1, { 3, 4 } },
                /* If one is wrong, none is taken. */
                { "tcp:control:tcp", { tcp, datagram, tcp2 }, NULL, -ENOTSOCK, -1, 1, {} },
                { "tcp:control", { stream, other, -1 }, NULL, -ENOTSOCK, -1, 1, {} },
                { NULL, { stream, -1 }, NULL, 0, -1, 1, {} },
                /* Meant for another process. */
                { "control", { stream, -1 }, "1", 0, -1, 0, {} },
                /* Somebody's unit is wrong: better said than served. */
                { "control", { datagram, -1 }, NULL, -ENOTSOCK, -1, 1, {} },
                { "control", { unbound, -1 }, NULL, -ENOTSOCK, -1, 1, {} },
                { "control", { tcp, -1 }, NULL, -ENOTSOCK, -1, 1, {} },
                { "control", { null, -1 }, NULL, -ENOTSOCK, -1, 1, {} },
        };

        (void) f, (void) data;
        g_assert_cmpint(listen(tcp, 1), ==, 0);
        g_assert_cmpint(listen(tcp2, 1), ==, 0);
        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                pid_t pid = fork();
                int status;

                g_assert_cmpint(pid, >=, 0);
                if (pid == 0) {
                        int line = inherit(&table[i]);

                        if (line != 0)
                                g_printerr("case %zu: line %d\n", i, line);
                        _exit(line != 0);
                }
                g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
                g_assert_cmpint(status, ==, 0);
        }
        close(stream), close(other), close(datagram), close(unbound), close(null), close(tcp),
                close(tcp2);
}

/* Without systemd there is nothing to inherit. */
static void test_inherit_nothing(Fixture *f, gconstpointer data) {
        Inheritable wanted = { .name = "control", .family = AF_UNIX };

        (void) f, (void) data;
        g_assert_cmpint(listener_inherit(&wanted, 1), ==, 0);
        g_assert_cmpint(wanted.fd, ==, -1);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_unsetenv("LISTEN_FDS");
#define TEST(path, test) g_test_add("/listener/" path, Fixture, NULL, set_up, test, tear_down)
        TEST("remove", test_remove);
        TEST("remove-replaced", test_remove_replaced);
        TEST("make/modes", test_modes);
        TEST("make/stale", test_stale);
        TEST("make/another-daemon", test_another_daemon);
        TEST("make/not-a-socket", test_not_a_socket);
        TEST("make/path-length", test_path_length);
        TEST("make/no-grandparent", test_no_grandparent);
        TEST("inherit/cases", test_inherit);
        TEST("inherit/nothing", test_inherit_nothing);
        return g_test_run();
}
