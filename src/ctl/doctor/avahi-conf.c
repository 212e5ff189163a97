/* SPDX-License-Identifier: Apache-2.0 */
/* avahi-daemon.conf(5), as far as it decides whether nodes are announced */

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ctl/doctor/avahi-conf.h"
#include "util/macro.h"

#define BLANK " \t\r"

/* As avahi-daemon reads it: yes, true, 1, by the first letter. "on" is none of them. */
static bool is_yes(const char *value) {
        return *value != '\0' && strchr("yYtT1", *value);
}

/* Lists have blanks and commas between names; one form is enough afterwards: ",eth0,wlan0,". */
static void set_list(char list[static AVAHI_CONF_LIST], const char *value) {
        size_t n = 1;

        strcpy(list, ",");
        while (*(value += strspn(value, BLANK ",;"))) {
                size_t length = strcspn(value, BLANK ",;");

                if (n + length + 2 > AVAHI_CONF_LIST)
                        return;
                memcpy(list + n, value, length);
                n += length;
                list[n++] = ',';
                list[n] = '\0';
                value += length;
        }
}

static bool in_list(const char *list, const char *interface) {
        char word[64];

        snprintf(word, sizeof(word), ",%s,", interface);
        return strstr(list, word);
}

static void set(AvahiConf *conf, const char *section, const char *key, const char *value) {
        const struct {
                const char *section;
                const char *key;
                bool *field;
        } switches[] = {
                { "server", "use-ipv4", &conf->use_ipv4 },
                { "server", "use-ipv6", &conf->use_ipv6 },
                { "server", "allow-point-to-point", &conf->allow_point_to_point },
                { "publish", "disable-publishing", &conf->disable_publishing },
                { "publish", "disable-user-service-publishing", &conf->disable_user_publishing },
                { "publish", "publish-addresses", &conf->publish_addresses },
        };

        for (size_t i = 0; i < ELEMENTSOF(switches); i++)
                if (strcasecmp(section, switches[i].section) == 0 &&
                    strcasecmp(key, switches[i].key) == 0)
                        *switches[i].field = is_yes(value);

        if (strcasecmp(section, "server") == 0 && strcasecmp(key, "allow-interfaces") == 0) {
                set_list(conf->allow, value);
                conf->has_allow = conf->allow[1] != '\0';
        }
        if (strcasecmp(section, "server") == 0 && strcasecmp(key, "deny-interfaces") == 0)
                set_list(conf->deny, value);
}

/* Copies text without blanks at both ends, cut to size. */
static void trim(char *ret, size_t size, const char *text, size_t length) {
        while (length > 0 && strchr(BLANK, *text))
                text++, length--;
        while (length > 0 && strchr(BLANK, text[length - 1]))
                length--;
        snprintf(ret, size, "%.*s", (int) length, text);
}

static void parse_line(AvahiConf *conf, char section[static 64], const char *line, size_t length) {
        char text[AVAHI_CONF_LIST + 64], key[64], value[AVAHI_CONF_LIST];
        const char *equals;

        trim(text, sizeof(text), line, length);
        if (*text == '#' || *text == '%' || *text == ';')
                return;
        if (*text == '[') {
                trim(section, 64, text + 1, strcspn(text + 1, "]"));
                return;
        }
        equals = strchr(text, '=');
        if (!equals)
                return;
        trim(key, sizeof(key), text, (size_t) (equals - text));
        trim(value, sizeof(value), equals + 1, strlen(equals + 1));
        set(conf, section, key, value);
}

void avahi_conf_parse(AvahiConf *ret, const char *text) {
        char section[64] = "";

        *ret = (AvahiConf) AVAHI_CONF_DEFAULT;
        while (*text) {
                size_t length = strcspn(text, "\n");

                parse_line(ret, section, text, length);
                text += length + (text[length] == '\n');
        }
}

bool avahi_conf_allows(const AvahiConf *conf, const char *interface) {
        if (in_list(conf->deny, interface))
                return false;
        return !conf->has_allow || in_list(conf->allow, interface);
}
