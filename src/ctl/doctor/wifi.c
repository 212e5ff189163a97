/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wi-Fi interfaces, as far as wireless extensions tell
 *
 * They are enough for one flag, and any user may ask. Drivers for Wi-Fi 7 lack them, so such an
 * interface passes for one without Wi-Fi; and Linux 6.3 and later note once, in the kernel's log,
 * that a program uses them.
 */

#include <net/if.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* Behind net/if.h, whose definitions it then leaves alone. */
#include <linux/wireless.h>

#include "ctl/doctor/wifi.h"
#include "util/fd.h"

Wifi wifi_look(const char *interface) {
        _cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        struct iwreq request = {};

        snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
        if (fd < 0 || ioctl(fd, SIOCGIWNAME, &request) < 0)
                return WIFI_NONE;
        request.u.power = (struct iw_param){ .value = 0 };
        if (ioctl(fd, SIOCGIWPOWER, &request) < 0)
                return WIFI_UNKNOWN;
        return request.u.power.disabled ? WIFI_AWAKE : WIFI_SAVING;
}
