/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What an AVAHI_ERR_* means */

#include <avahi-common/error.h>
#include <stdbool.h>

/* Whether it is the connection to avahi-daemon that has failed. Then each further call might wait
 * as long as the failed one did, so that there must be none: what was made goes with the client. */
static inline bool avahi_error_is_lost(int error) {
        switch (error) {
        case AVAHI_ERR_DBUS_ERROR:
        case AVAHI_ERR_DISCONNECTED:
        case AVAHI_ERR_NO_DAEMON:
        case AVAHI_ERR_BAD_STATE:
        case AVAHI_ERR_TIMEOUT:
                return true;
        default:
                return false;
        }
}
