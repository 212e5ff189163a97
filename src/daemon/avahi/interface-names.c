/* SPDX-License-Identifier: Apache-2.0 */
/* The names of this host's interfaces, as avahi-daemon tells */

#include <stdbool.h>
#include <string.h>
#include <systemd/sd-bus.h>

#include "daemon/avahi/interface-names.h"
#include "util/macro.h"

#define ANSWER_USEC (1 * UINT64_C(1000000))

/* Returns 0 or -errno. */
static int ask(sd_bus *bus, int index, sd_bus_message **ret) {
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r;

        r = sd_bus_message_new_method_call(bus, &call, "org.freedesktop.Avahi", "/",
                                           "org.freedesktop.Avahi.Server",
                                           "GetNetworkInterfaceNameByIndex");
        if (r >= 0)
                r = sd_bus_message_append(call, "i", index);
        /* An avahi-daemon that was stopped stays stopped. */
        if (r >= 0)
                r = sd_bus_message_set_auto_start(call, false);
        if (r >= 0)
                r = sd_bus_call(bus, call, ANSWER_USEC, NULL, ret);
        return r < 0 ? r : 0;
}

/* A connection of its own for each question, of which there are few: what has failed is not kept.
 */
static void copy_name(char name[static LIMIT_INTERFACE + 1], int index) {
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *answer = NULL;
        const char *text;

        if (sd_bus_open_system(&bus) >= 0 && ask(bus, index, &answer) >= 0 &&
            sd_bus_message_read(answer, "s", &text) >= 0 && strlen(text) <= LIMIT_INTERFACE)
                strcpy(name, text);
}

const char *interface_names_get(InterfaceNames *names, int index) {
        size_t n_known = names->n < INTERFACE_NAMES_MAX ? names->n : INTERFACE_NAMES_MAX, i;

        for (i = 0; i < n_known; i++)
                if (names->known[i].index == index)
                        return names->known[i].name;
        i = names->n++ % INTERFACE_NAMES_MAX;
        names->known[i].index = index;
        names->known[i].name[0] = '\0';
        copy_name(names->known[i].name, index);
        return names->known[i].name;
}
