/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* File descriptors that close themselves */

#include <unistd.h>

#include "util/macro.h"

/* Hands over a file descriptor: the variable is -1 afterwards. */
#define TAKE_FD(fd)                                                                                \
        ({                                                                                         \
                int *_fdp = &(fd);                                                                 \
                int _fd = *_fdp;                                                                   \
                *_fdp = -1;                                                                        \
                _fd;                                                                               \
        })

/* Closes fd if it is one. Returns -1, to be assigned to the variable that held it. */
static inline int fd_close(int fd) {
        if (fd >= 0)
                (void) close(fd);
        return -1;
}

static inline void fd_closep(int *fd) {
        (void) fd_close(*fd);
}

#define _cleanup_close_ _cleanup_(fd_closep)
