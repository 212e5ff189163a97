/* SPDX-License-Identifier: Apache-2.0 */
/* Small files, read whole */

#include <fcntl.h>

#include "ctl/read-file.h"
#include "util/fd.h"

bool read_file(const char *path, char *buffer, size_t size) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
        size_t length = 0;
        ssize_t n = 0;

        if (fd < 0)
                return false;
        while (length < size - 1 && (n = read(fd, buffer + length, size - 1 - length)) > 0)
                length += (size_t) n;
        buffer[length] = '\0';
        return n >= 0;
}
