/* SPDX-License-Identifier: Apache-2.0 */
/* What the doctor knows of the machine around this host */

#include <net/if.h>
#include <string.h>

#include "ctl/container-gather.h"
#include "ctl/doctor/facts-host.h"
#include "ctl/read-file.h"

/* "5.15.153.1-microsoft-standard-WSL2", "4.4.0-19041-Microsoft". */
Wsl wsl_judge(const char *osrelease, bool has_loopback0) {
        if (!strcasestr(osrelease, "microsoft"))
                return WSL_NONE;
        if (strstr(osrelease, "Microsoft") && !strstr(osrelease, "WSL2"))
                return WSL_FIRST;
        return has_loopback0 ? WSL_MIRRORED : WSL_PLAIN;
}

void facts_host_gather(FactsHost *ret, const char *socket) {
        char osrelease[256];

        *ret = (FactsHost){ .wsl = WSL_NONE };
        container_gather(&ret->container, socket);
        if (read_file("/proc/sys/kernel/osrelease", osrelease, sizeof(osrelease)))
                ret->wsl = wsl_judge(osrelease, if_nametoindex("loopback0") > 0);
}
