/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of one endpoint */

#include <assert.h>
#include <string.h>

#include "core/node-info.h"
#include "util/parse.h"

static const char *const event_kind_names[_EVENT_MAX] = {
        [EVENT_UP] = "up",     [EVENT_CHANGED] = "changed", [EVENT_DOWN] = "down",
        [EVENT_SYNC] = "sync", [EVENT_NETWORK] = "network",
};

static const char *const reason_names[_REASON_MAX] = {
        [REASON_PRESENT] = "present",
        [REASON_REGISTERED] = "registered",
        [REASON_SEEN] = "seen",
        [REASON_CONNECTED] = "connected",
        [REASON_REPLACED] = "replaced",
        [REASON_UNREGISTERED] = "unregistered",
        [REASON_GOODBYE] = "goodbye",
        [REASON_EXPIRED] = "expired",
        [REASON_LOST] = "lost",
        [REASON_DISCONNECTED] = "disconnected",
        [REASON_READDRESSED] = "readdressed",
        [REASON_RESUMED] = "resumed",
};

static int find_name(const char *const names[], size_t n, const char *text) {
        for (size_t i = 0; i < n; i++)
                if (strcmp(names[i], text) == 0)
                        return (int) i;
        return -1;
}

bool event_kind_has_info(EventKind kind) {
        return kind == EVENT_UP || kind == EVENT_CHANGED || kind == EVENT_DOWN;
}

const char *event_kind_to_string(EventKind kind) {
        assert(kind >= 0 && kind < _EVENT_MAX);
        return event_kind_names[kind];
}

EventKind event_kind_from_string(const char *text) {
        return (EventKind) find_name(event_kind_names, _EVENT_MAX, text);
}

const char *reason_to_string(Reason reason) {
        assert(reason >= 0 && reason < _REASON_MAX);
        return reason_names[reason];
}

Reason reason_from_string(const char *text) {
        return (Reason) find_name(reason_names, _REASON_MAX, text);
}

static void write_addresses(const NodeInfo *info, LineWriter *writer) {
        char list[LIMIT_ADDRESSES * ADDRESS_TEXT_SIZE] = "", text[ADDRESS_TEXT_SIZE];

        for (size_t i = 0; i < info->n_addresses; i++) {
                if (i > 0)
                        strcat(list, ",");
                strcat(list, address_format(&info->addresses[i], text));
        }
        line_writer_attribute(writer, "addr", list);
}

static void write_endpoint(const Endpoint *endpoint, bool required, LineWriter *writer) {
        for (size_t i = 0; i < endpoint_n_attributes; i++)
                if (endpoint_attributes[i].required == required)
                        endpoint_write(endpoint, &endpoint_attributes[i], writer);
}

void node_info_write(const NodeInfo *info, LineWriter *writer) {
        const Endpoint *endpoint = &info->endpoint;

        line_writer_word(writer, endpoint->node);
        line_writer_attribute_u64(writer, "port", endpoint->port);
        write_endpoint(endpoint, true, writer);
        write_addresses(info, writer);
        line_writer_attribute(writer, "source", source_to_string(info->source));
        if (*info->host)
                line_writer_attribute(writer, "host", info->host);
        if (*info->interfaces)
                line_writer_attribute(writer, "if", info->interfaces);
        line_writer_attribute_u64(writer, "age", info->age_sec);
        write_endpoint(endpoint, false, writer);
        if (info->conflict)
                line_writer_attribute(writer, "conflict", "1");
        if (*info->rival)
                line_writer_attribute(writer, "rival", info->rival);
        if (info->stale)
                line_writer_attribute(writer, "stale", "1");
}

static int parse_addresses(NodeInfo *info, const char *list) {
        for (const char *p = list;; p++) {
                char text[ADDRESS_TEXT_SIZE];
                size_t length = strcspn(p, ",");

                if (length >= sizeof(text) || info->n_addresses == LIMIT_ADDRESSES)
                        return LINE_E_MALFORMED;
                memcpy(text, p, length);
                text[length] = '\0';
                if (address_parse(text, &info->addresses[info->n_addresses]) < 0)
                        return LINE_E_MALFORMED;
                info->n_addresses++;

                p += length;
                if (!*p)
                        return 0;
        }
}

/* Copies text if it fits; otherwise the field stays empty, which says "unknown". */
static void copy_text(char *field, size_t size, const char *text) {
        size_t length = strlen(text);

        if (length < size)
                memcpy(field, text, length + 1);
}

static int parse_attribute(NodeInfo *info, const Attribute *attribute) {
        const char *key = attribute->key, *value = attribute->value;
        uint32_t number;

        if (endpoint_set(&info->endpoint, key, value) == ENDPOINT_E_INVALID_VALUE)
                return LINE_E_MALFORMED;

        if (strcmp(key, "port") == 0) {
                if (parse_u32(value, 1, UINT16_MAX, &number) < 0)
                        return LINE_E_MALFORMED;
                info->endpoint.port = (uint16_t) number;
        } else if (strcmp(key, "addr") == 0)
                return parse_addresses(info, value);
        else if (strcmp(key, "source") == 0) {
                info->source = source_from_string(value);
                if (info->source == _SOURCE_INVALID)
                        return LINE_E_MALFORMED;
        } else if (strcmp(key, "age") == 0) {
                if (parse_u32(value, 0, UINT32_MAX, &info->age_sec) < 0)
                        return LINE_E_MALFORMED;
        } else if (strcmp(key, "host") == 0)
                copy_text(info->host, sizeof(info->host), value);
        else if (strcmp(key, "if") == 0)
                copy_text(info->interfaces, sizeof(info->interfaces), value);
        else if (strcmp(key, "conflict") == 0)
                info->conflict = strcmp(value, "1") == 0;
        else if (strcmp(key, "rival") == 0)
                copy_text(info->rival, sizeof(info->rival), value);
        else if (strcmp(key, "stale") == 0)
                info->stale = strcmp(value, "1") == 0;
        return 0;
}

static bool has_required(const Line *line) {
        for (size_t i = 0; i < endpoint_n_attributes; i++)
                if (endpoint_attributes[i].required && !line_get(line, endpoint_attributes[i].key))
                        return false;
        return true;
}

int node_info_parse(NodeInfo *ret, Line *line, size_t first) {
        NodeInfo info = { .source = _SOURCE_INVALID };
        int r;

        if (first >= line->n_words || !node_name_is_valid(line->words[first]))
                return LINE_E_MALFORMED;
        strcpy(info.endpoint.node, line->words[first]);

        r = line_split_attributes(line, first + 1);
        if (r != 0)
                return r;

        for (size_t i = 0; i < line->n_attributes; i++) {
                r = parse_attribute(&info, &line->attributes[i]);
                if (r != 0)
                        return r;
        }

        if (info.endpoint.port == 0 || info.n_addresses == 0 || info.source == _SOURCE_INVALID ||
            !has_required(line))
                return LINE_E_MALFORMED;

        *ret = info;
        return 0;
}

bool node_info_equal(const NodeInfo *a, const NodeInfo *b) {
        if (!endpoint_equal(&a->endpoint, &b->endpoint) || a->n_addresses != b->n_addresses ||
            a->source != b->source || strcmp(a->host, b->host) != 0 ||
            strcmp(a->interfaces, b->interfaces) != 0 || a->conflict != b->conflict ||
            strcmp(a->rival, b->rival) != 0 || a->stale != b->stale)
                return false;

        for (size_t i = 0; i < a->n_addresses; i++)
                if (!address_equal(&a->addresses[i], &b->addresses[i]))
                        return false;
        return true;
}

bool node_info_restrict(NodeInfo *info, Family family) {
        size_t n = 0;

        for (size_t i = 0; i < info->n_addresses; i++)
                if (family == _FAMILY_INVALID || info->addresses[i].family == family)
                        info->addresses[n++] = info->addresses[i];
        info->n_addresses = n;
        return n > 0;
}
