/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Listening sockets: made, or inherited from systemd */

#include <stddef.h>
#include <sys/types.h>

/* A listening stream socket that systemd may pass. Several of one name take what is passed under
 * it, one after the other. */
typedef struct Inheritable {
        const char *name; /* FileDescriptorName= in systemd.socket(5) */
        int family;       /* AF_UNIX, AF_INET, …; AF_UNSPEC: any */
        int fd;           /* the socket, owned by the caller; -1: none was passed */
} Inheritable;

/* A socket in the file system that is ours as long as it is the one that we made. A plain value. */
typedef struct SocketFile {
        const char *path; /* NULL: none, the socket was passed by systemd. Not owned. */
        dev_t device;
        ino_t inode;
} SocketFile;

#define SOCKET_FILE_NULL                                                                           \
        { .path = NULL }

/*
 * Takes the sockets that systemd passed, and sets the fd of all that are wanted; other descriptors
 * are closed with a warning. Returns how many there are, or negative errno (logged) if something
 * else was passed under one of the names: then none is taken.
 */
int listener_inherit(Inheritable *wanted, size_t n_wanted);

/*
 * Makes a listening socket at path, with the directory above it, open to all local users. A socket
 * that a dead daemon left behind is replaced. Returns 0 and sets *ret_fd, or negative errno
 * (logged): -EADDRINUSE if another daemon answers there.
 */
int listener_make(const char *path, int *ret_fd);

/*
 * Notes which socket stands at path, directly after listener_make() has made it. Returns 0 or
 * negative errno.
 */
int socket_file_note(SocketFile *ret, const char *path);

/*
 * Removes the socket if it is still the one that was noted: in its place may be that of the next
 * daemon. To be called before the listening socket is closed, for a daemon that starts takes a
 * socket that nobody listens on for a dead one's. Once; later calls do nothing.
 */
void socket_file_remove(SocketFile *file);
