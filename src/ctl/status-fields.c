/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of status */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/status-fields.h"
#include "util/macro.h"

/* Where a line goes on under the last one's value. */
#define NEXT_LINE "\n            "

uint64_t status_number(const Status *status, const char *key) {
        const char *value = line_get(status->line, key);

        return value ? strtoull(value, NULL, 10) : 0;
}

static const char *plural(uint64_t n) {
        return n == 1 ? "" : "s";
}

/* --- Values --- */

static const char *get_text(const void *object, const Field *field, char *buffer) {
        (void) buffer;
        return line_get(((const Status *) object)->line, field->key);
}

static const char *format(char *buffer, uint64_t value) {
        snprintf(buffer, FIELD_SIZE, "%" PRIu64, value);
        return buffer;
}

static const char *get_number(const void *object, const Field *field, char *buffer) {
        return format(buffer, status_number(object, field->key));
}

static const char *get_up(const void *object, const Field *field, char *buffer) {
        (void) field;
        return format(buffer, ((const Status *) object)->census->nodes);
}

static const char *get_local(const void *object, const Field *field, char *buffer) {
        (void) field;
        return format(buffer, ((const Status *) object)->census->local);
}

static const char *get_hidden(const void *object, const Field *field, char *buffer) {
        (void) field;
        return format(buffer, ((const Status *) object)->census->hidden);
}

static const char *get_tls(const void *object, const Field *field, char *buffer) {
        (void) field;
        return format(buffer, ((const Status *) object)->census->tls);
}

static const char *get_clustered(const void *object, const Field *field, char *buffer) {
        (void) field;
        return format(buffer, ((const Status *) object)->census->clusters);
}

static const char *get_endpoints(const void *object, const Field *field, char *buffer) {
        const Status *status = object;

        (void) field;
        return format(buffer, status->census->endpoints + status_number(status, "stale"));
}

static const char *get_loopback(const void *object, const Field *field, char *buffer) {
        uint64_t all = status_number(object, "registrations"),
                 announceable = status_number(object, "announceable");

        (void) field;
        snprintf(buffer, FIELD_SIZE, "%" PRIu64, all > announceable ? all - announceable : 0);
        return buffer;
}

static const char *list_interfaces(const Census *census, const char *joint, char *buffer) {
        size_t length = 0;

        *buffer = '\0';
        for (size_t i = 0; i < census->n_interfaces; i++)
                length += (size_t) snprintf(buffer + length, FIELD_SIZE - length, "%s%s",
                                            i > 0 ? joint : "", census->interfaces[i]);
        return buffer;
}

static const char *get_interfaces(const void *object, const Field *field, char *buffer) {
        (void) field;
        return list_interfaces(((const Status *) object)->census, ",", buffer);
}

/* --- What people read --- */

static const char *show_text(const void *object, const Field *field, char *buffer) {
        const char *text = get_text(object, field, buffer);

        return text ? text : "unknown";
}

static const char *show_avahi(const void *object, const Field *field, char *buffer) {
        static const struct {
                const char *state;
                const char *meaning;
        } states[] = {
                { "running", "running" },
                { "registering", "running, and claiming this host's name" },
                { "connecting", "no answer: the LAN is not seen; does avahi-daemon hang?" },
                { "hung", "no answer: what is shown of the LAN is old; restart avahi-daemon" },
                { "failed", "not running: the LAN is not seen; start dbus and avahi-daemon" },
        };
        const char *state = show_text(object, field, buffer);

        for (size_t i = 0; i < ELEMENTSOF(states); i++)
                if (strcmp(states[i].state, state) == 0)
                        return states[i].meaning;
        return state;
}

/* A number and its words. */
static const char *show_count(const void *object, const Field *field, char *buffer) {
        size_t length = strlen(field->get(object, field, buffer));

        snprintf(buffer + length, FIELD_SIZE - length, " %s", field->words);
        return buffer;
}

/* The same, if there are any. */
static const char *show_some(const void *object, const Field *field, char *buffer) {
        return strcmp(field->get(object, field, buffer), "0") != 0
                       ? show_count(object, field, buffer)
                       : NULL;
}

static const char *show_up(const void *object, const Field *field, char *buffer) {
        uint64_t hosts = status_number(object, "hosts");

        (void) field;
        snprintf(buffer, FIELD_SIZE, "%zu on %" PRIu64 " host%s",
                 ((const Status *) object)->census->nodes, hosts, plural(hosts));
        return buffer;
}

static const char *show_stale(const void *object, const Field *field, char *buffer) {
        uint64_t stale = status_number(object, field->key);

        snprintf(buffer, FIELD_SIZE, "%" PRIu64 " endpoint%s, gone from the LAN a moment ago",
                 stale, plural(stale));
        return stale > 0 ? buffer : NULL;
}

static const char *show_adverts(const void *object, const Field *field, char *buffer) {
        uint64_t adverts = status_number(object, field->key);

        snprintf(buffer, FIELD_SIZE, "%" PRIu64 " advert%s, with a TTL of %" PRIu64 " s", adverts,
                 plural(adverts), status_number(object, "ttl"));
        return buffer;
}

static const char *show_interfaces(const void *object, const Field *field, char *buffer) {
        (void) field;
        return list_interfaces(((const Status *) object)->census, ", ", buffer);
}

static const char *show_conflicts(const void *object, const Field *field, char *buffer) {
        uint64_t conflicts = status_number(object, field->key);

        snprintf(buffer, FIELD_SIZE,
                 "%" PRIu64 " name%s claimed by more than one host, see \"epmd-mdns list\"",
                 conflicts, plural(conflicts));
        return conflicts > 0 ? buffer : NULL;
}

static const char *show_clients(const void *object, const Field *field, char *buffer) {
        uint64_t connections = status_number(object, "connections");

        snprintf(buffer, FIELD_SIZE, "%" PRIu64 " connection%s, %" PRIu64 " subscribed",
                 connections, plural(connections), status_number(object, field->key));
        return buffer;
}

/* How much of it there is, and how much there may be. */
static const char *show_limit(const void *object, const Field *field, char *buffer) {
        char key[64];
        size_t length = strlen(field->get(object, field, buffer));
        uint64_t limit;

        snprintf(key, sizeof(key), "limit-%s", field->words);
        limit = status_number(object, key);
        if (limit > 0)
                length += (size_t) snprintf(buffer + length, FIELD_SIZE - length, " of %" PRIu64,
                                            limit);
        snprintf(buffer + length, FIELD_SIZE - length, " %s", field->words);
        return buffer;
}

/* --- The table: a new counter of STATUS is a row here --- */

const Field status_fields[] = {
        { "version", "version", NULL, FIELD_TEXT, .get = get_text },
        { "uptime", "uptime", NULL, FIELD_NUMBER, .get = get_number },
        { "avahi", "avahi", "Avahi", FIELD_TEXT, .get = get_text, .show = show_avahi },
        { "host", "host", "This host", FIELD_TEXT, .get = get_text, .show = show_text },
        { NULL, "interfaces", NULL, FIELD_LIST, .get = get_interfaces },
        { NULL, "nodes.up", "Nodes", FIELD_NUMBER, .get = get_up, .show = show_up },
        { NULL, "nodes.local", "Nodes", FIELD_NUMBER, .get = get_local, .show = show_count,
          .words = "local", .joint = ", " },
        { NULL, "nodes.hidden", "Nodes", FIELD_NUMBER, .get = get_hidden, .show = show_some,
          .words = "hidden", .joint = ", " },
        { NULL, "nodes.tls", "Nodes", FIELD_NUMBER, .get = get_tls, .show = show_some,
          .words = "with TLS", .joint = ", " },
        { NULL, "nodes.clustered", "Nodes", FIELD_NUMBER, .get = get_clustered, .show = show_some,
          .words = "in a cluster", .joint = ", " },
        { "unheard", "nodes.unheard", "Connected", FIELD_NUMBER, .get = get_number,
          .show = show_some, .words = "but not heard: multicast does not get through" },
        { "stale", "nodes.stale", "Stale", FIELD_NUMBER, .get = get_number, .show = show_stale },
        { "hosts", "hosts", NULL, FIELD_NUMBER, .get = get_number },
        { "adverts", "adverts", "Announced", FIELD_NUMBER, .get = get_number,
          .show = show_adverts },
        { "announceable", "announceable", NULL, FIELD_NUMBER, .get = get_number },
        { "sightings", "sightings", "Heard", FIELD_NUMBER, .get = get_number, .show = show_count,
          .words = "(each advert counts once for each interface and IP version)" },
        { NULL, NULL, "Interfaces", .show = show_interfaces },
        { "conflicts", "conflicts", "Conflicts", FIELD_NUMBER, .get = get_number,
          .show = show_conflicts },
        { "ignored-name", "ignored.name", "Ignored", FIELD_NUMBER, .get = get_number,
          .show = show_some, .words = "no valid node name", .joint = NEXT_LINE },
        { "ignored-local", "ignored.local", "Ignored", FIELD_NUMBER, .get = get_number,
          .show = show_some, .words = "a name that means the host itself, as x@localhost",
          .joint = NEXT_LINE },
        { "ignored-txt", "ignored.txt", "Ignored", FIELD_NUMBER, .get = get_number,
          .show = show_some, .words = "an invalid value in TXT", .joint = NEXT_LINE },
        { "ignored-port", "ignored.port", "Ignored", FIELD_NUMBER, .get = get_number,
          .show = show_some, .words = "port 0", .joint = NEXT_LINE },
        { "ignored-address", "ignored.address", "Ignored", FIELD_NUMBER, .get = get_number,
          .show = show_some, .words = "only a link-local IPv6 address, which Erlang can't use",
          .joint = NEXT_LINE },
        { "ignored-limit", "ignored.limit", "Ignored", FIELD_NUMBER, .get = get_number,
          .show = show_some, .words = "a limit was reached", .joint = NEXT_LINE },
        { "refused-connections", "refused.connections", "Refused", FIELD_NUMBER, .get = get_number,
          .show = show_some, .words = "connections", .joint = NEXT_LINE },
        { "refused-registrations", "refused.registrations", "Refused", FIELD_NUMBER,
          .get = get_number, .show = show_some, .words = "registrations", .joint = NEXT_LINE },
        { "refused-reports", "refused.reports", "Refused", FIELD_NUMBER, .get = get_number,
          .show = show_some, .words = "reports of nodes", .joint = NEXT_LINE },
        { "cut-off", "refused.cut_off", "Refused", FIELD_NUMBER, .get = get_number,
          .show = show_some, .words = "clients that did not read, cut off", .joint = NEXT_LINE },
        { "ttl", "ttl", NULL, FIELD_NUMBER, .get = get_number },
        { "subscribers", "subscribers", "Clients", FIELD_NUMBER, .get = get_number,
          .show = show_clients },
        /* Two on a line of 80 columns. */
        { "registrations", "limits.registrations.used", "Limits", FIELD_NUMBER, .get = get_number,
          .show = show_limit, .words = "registrations" },
        { "limit-registrations", "limits.registrations.limit", NULL, FIELD_NUMBER,
          .get = get_number },
        { "connections", "limits.connections.used", "Limits", FIELD_NUMBER, .get = get_number,
          .show = show_limit, .words = "connections", .joint = ", " },
        { "limit-connections", "limits.connections.limit", NULL, FIELD_NUMBER, .get = get_number },
        { NULL, "limits.endpoints.used", "Limits", FIELD_NUMBER, .get = get_endpoints,
          .show = show_limit, .words = "endpoints", .joint = "," NEXT_LINE },
        { "limit-endpoints", "limits.endpoints.limit", NULL, FIELD_NUMBER, .get = get_number },
        { "sightings", "limits.sightings.used", "Limits", FIELD_NUMBER, .get = get_number,
          .show = show_limit, .words = "sightings", .joint = ", " },
        { "limit-sightings", "limits.sightings.limit", NULL, FIELD_NUMBER, .get = get_number },
        { NULL, "limits.loopback.used", NULL, FIELD_NUMBER, .get = get_loopback },
        { "limit-loopback", "limits.loopback.limit", NULL, FIELD_NUMBER, .get = get_number },
        { "unheard", "limits.unheard.used", NULL, FIELD_NUMBER, .get = get_number },
        { "limit-unheard", "limits.unheard.limit", NULL, FIELD_NUMBER, .get = get_number },
};

const size_t n_status_fields = ELEMENTSOF(status_fields);
