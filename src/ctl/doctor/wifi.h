/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Wi-Fi interfaces, as far as wireless extensions tell (linux/wireless.h) */

typedef enum Wifi {
        WIFI_NONE,    /* no Wi-Fi, or a driver that wireless extensions don't reach */
        WIFI_UNKNOWN, /* whether it saves power can't be read */
        WIFI_AWAKE,
        WIFI_SAVING, /* it sleeps between beacons */
} Wifi;

Wifi wifi_look(const char *interface);
