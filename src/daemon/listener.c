/* SPDX-License-Identifier: Apache-2.0 */
/* Listening sockets: made, or inherited from systemd */

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "core/limits.h"
#include "daemon/listener.h"
#include "util/fd.h"
#include "util/log.h"

static void free_names(char ***names) {
        if (*names)
                for (char **name = *names; *name; name++)
                        free(*name);
        free(*names);
}

static int check_inherited(const Inheritable *inherited) {
        int r = sd_is_socket(inherited->fd, inherited->family, SOCK_STREAM, 1);

        if (r == 0)
                r = -ENOTSOCK;
        if (r > 0 && fcntl(inherited->fd, F_SETFL, O_NONBLOCK) < 0)
                r = -errno;
        if (r < 0)
                log_error("the descriptor \"%s\" that systemd passed is not a listening stream "
                          "socket of the right kind: %s",
                          inherited->name, strerror(-r));
        return r < 0 ? r : 0;
}

static Inheritable *find_wanted(Inheritable *wanted, size_t n_wanted, const char *name) {
        for (size_t i = 0; i < n_wanted; i++)
                if (wanted[i].fd < 0 && strcmp(wanted[i].name, name) == 0)
                        return &wanted[i];
        return NULL;
}

/* Returns how many were taken, or negative errno. */
static int take_passed(Inheritable *wanted, size_t n_wanted, char **names, int n_passed) {
        int n_taken = 0, r = 0;

        for (int i = 0; i < n_passed; i++) {
                _cleanup_close_ int fd = SD_LISTEN_FDS_START + i;
                Inheritable *place = find_wanted(wanted, n_wanted, names[i]);

                if (!place) {
                        /* A later version's socket unit may pass more than this version knows. */
                        log_warning("systemd passed a descriptor named \"%s\", which has no use "
                                    "here: closed",
                                    names[i]);
                        continue;
                }
                place->fd = TAKE_FD(fd);
                n_taken++;
                if (r == 0)
                        r = check_inherited(place);
        }
        return r < 0 ? r : n_taken;
}

int listener_inherit(Inheritable *wanted, size_t n_wanted) {
        _cleanup_(free_names) char **names = NULL;
        int n = sd_listen_fds_with_names(true, &names), r;

        for (size_t i = 0; i < n_wanted; i++)
                wanted[i].fd = -1;
        if (n < 0) {
                log_error("can't take the descriptors that systemd passed: %s", strerror(-n));
                return n;
        }
        r = take_passed(wanted, n_wanted, names, n);
        for (size_t i = 0; i < n_wanted && r < 0; i++)
                wanted[i].fd = fd_close(wanted[i].fd);
        return r;
}

static int make_parent(const char *path) {
        char parent[sizeof(((struct sockaddr_un *) NULL)->sun_path)];
        char *slash;

        strcpy(parent, path);
        slash = strrchr(parent, '/');
        if (!slash || slash == parent)
                return 0;
        *slash = '\0';
        if (mkdir(parent, 0755) < 0 && errno != EEXIST)
                return -errno;
        return 0;
}

/* Removes what a dead daemon left behind. */
static int remove_stale(const struct sockaddr_un *address) {
        _cleanup_close_ int fd = -1;
        struct stat st;

        if (lstat(address->sun_path, &st) < 0)
                return errno == ENOENT ? 0 : -errno;
        if (!S_ISSOCK(st.st_mode))
                return -EEXIST;

        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        /* EAGAIN: its queue is full, so there is somebody. */
        if (connect(fd, (const struct sockaddr *) address, sizeof(*address)) == 0 ||
            errno == EAGAIN)
                return -EADDRINUSE;
        /* A daemon that is ending may take it away between two of these calls. */
        if (errno == ENOENT)
                return 0;
        if (errno != ECONNREFUSED)
                return -errno;
        return unlink(address->sun_path) < 0 && errno != ENOENT ? -errno : 0;
}

static int bind_and_listen(const struct sockaddr_un *address, int *ret_fd) {
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd < 0)
                return -errno;
        if (bind(fd, (const struct sockaddr *) address, sizeof(*address)) < 0)
                return -errno;
        /* Nobody can connect before listen(): there is no moment with the wrong mode. */
        if (chmod(address->sun_path, 0666) < 0 || listen(fd, LIMIT_BACKLOG) < 0)
                return -errno;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

int listener_make(const char *path, int *ret_fd) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int r = -ENAMETOOLONG;

        if (strlen(path) < sizeof(address.sun_path)) {
                strcpy(address.sun_path, path);
                r = make_parent(path);
                if (r >= 0)
                        r = remove_stale(&address);
                if (r >= 0)
                        r = bind_and_listen(&address, ret_fd);
        }

        if (r == -EADDRINUSE)
                log_error("another epmd-mdnsd already serves %s", path);
        else if (r == -EACCES)
                log_error("not allowed to make the socket %s: start as root, or choose another "
                          "place with --socket",
                          path);
        else if (r < 0)
                log_error("can't make the socket %s: %s", path, strerror(-r));
        return r;
}

int socket_file_note(SocketFile *ret, const char *path) {
        struct stat st;

        if (lstat(path, &st) < 0)
                return -errno;
        *ret = (SocketFile){ .path = path, .device = st.st_dev, .inode = st.st_ino };
        return 0;
}

void socket_file_remove(SocketFile *file) {
        struct stat st;

        if (file->path && lstat(file->path, &st) == 0 && st.st_dev == file->device &&
            st.st_ino == file->inode)
                (void) unlink(file->path);
        *file = (SocketFile) SOCKET_FILE_NULL;
}
