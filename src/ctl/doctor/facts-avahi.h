/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the doctor knows of avahi-daemon */

#include <stdbool.h>

#include "ctl/doctor/avahi-conf.h"

typedef enum AvahiAnswer {
        AVAHI_UNKNOWN, /* it could not be asked */
        AVAHI_ABSENT,
        AVAHI_SILENT,
        AVAHI_ANSWERS,
} AvahiAnswer;

typedef struct FactsAvahi {
        AvahiAnswer answer;
        bool conf_known;
        AvahiConf conf;
} FactsAvahi;

/* Asks avahi-daemon, and reads its configuration. */
void facts_avahi_gather(FactsAvahi *ret);
