/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The control socket: made, or inherited from systemd */

/* Descriptor name of the socket in socket activation (FileDescriptorName= in systemd.socket(5)). */
#define LISTENER_NAME "control"

/*
 * Takes the listening socket that systemd passed, if it did; other descriptors are closed with a
 * warning. Returns 1 and sets *ret_fd, 0 if none was passed, or negative errno (logged) if
 * something else was passed under the name.
 */
int listener_inherit(int *ret_fd);

/*
 * Makes a listening socket at path, with the directory above it, open to all local users. A socket
 * that a dead daemon left behind is replaced. Returns 0 and sets *ret_fd, or negative errno
 * (logged): -EADDRINUSE if another daemon answers there.
 */
int listener_make(const char *path, int *ret_fd);
