/* SPDX-License-Identifier: Apache-2.0 */
/* What the doctor knows of avahi-daemon */

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "ctl/doctor/facts-avahi.h"
#include "ctl/read-file.h"
#include "util/fd.h"

/* A text protocol for name lookups, which answers HELP. Compiled in, the same everywhere. */
#define AVAHI_SOCKET "/run/avahi-daemon/socket"
#define AVAHI_TIMEOUT_MSEC 1000

static AvahiAnswer ask_avahi(void) {
        const struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = AVAHI_SOCKET };
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        struct pollfd pollfd = { .fd = fd, .events = POLLIN };

        if (fd < 0)
                return AVAHI_UNKNOWN;
        if (connect(fd, (const struct sockaddr *) &address, sizeof(address)) < 0) {
                if (errno == EAGAIN)
                        return AVAHI_SILENT; /* so many wait already */
                return errno == ENOENT || errno == ECONNREFUSED ? AVAHI_ABSENT : AVAHI_UNKNOWN;
        }
        if (send(fd, "HELP\n", 5, MSG_NOSIGNAL) != 5)
                return AVAHI_UNKNOWN;
        return poll(&pollfd, 1, AVAHI_TIMEOUT_MSEC) > 0 ? AVAHI_ANSWERS : AVAHI_SILENT;
}

void facts_avahi_gather(FactsAvahi *ret) {
        char *text = malloc(AVAHI_CONF_MAX);

        *ret = (FactsAvahi){ .answer = ask_avahi(), .conf = AVAHI_CONF_DEFAULT };
        if (text && read_file(AVAHI_CONF_PATH, text, AVAHI_CONF_MAX)) {
                ret->conf_known = true;
                avahi_conf_parse(&ret->conf, text);
        }
        free(text);
}
