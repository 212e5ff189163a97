/* SPDX-License-Identifier: Apache-2.0 */
/* A link of this host */

#include <string.h>

#include "ctl/doctor/link.h"
#include "util/macro.h"

bool link_is_used(const Link *link, const AvahiConf *conf) {
        return link->multicast && (!link->point_to_point || conf->allow_point_to_point) &&
               avahi_conf_allows(conf, link->name);
}

bool link_is_virtual(const Link *link) {
        static const char *const prefixes[] = {
                "docker", "br-",     "veth", "virbr", "podman",    "lxcbr",
                "lxdbr",  "incusbr", "cni",  "cali",  "flannel",   "vboxnet",
                "vmnet",  "tun",     "tap",  "wg",    "tailscale", "zt",
        };

        for (size_t i = 0; i < ELEMENTSOF(prefixes); i++)
                if (strncmp(link->name, prefixes[i], strlen(prefixes[i])) == 0)
                        return true;
        return false;
}
