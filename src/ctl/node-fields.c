/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of an endpoint */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "ctl/json.h"
#include "ctl/node-fields.h"
#include "ctl/text.h"

static const char *get_node(const void *object, const Field *field, char *buffer) {
        const NodeInfo *info = object;

        (void) field, (void) buffer;
        return info->endpoint.node;
}

static const char *get_port(const void *object, const Field *field, char *buffer) {
        const NodeInfo *info = object;

        (void) field;
        snprintf(buffer, FIELD_SIZE, "%" PRIu16, info->endpoint.port);
        return buffer;
}

static const char *get_addresses(const void *object, const Field *field, char *buffer) {
        const NodeInfo *info = object;
        size_t length = 0;

        (void) field;
        *buffer = '\0';
        for (size_t i = 0; i < info->n_addresses; i++) {
                char text[ADDRESS_TEXT_SIZE];

                length += (size_t) snprintf(buffer + length, FIELD_SIZE - length, "%s%s",
                                            i > 0 ? "," : "",
                                            address_format(&info->addresses[i], text));
        }
        return buffer;
}

static const char *show_best_address(const void *object, const Field *field, char *buffer) {
        const NodeInfo *info = object;

        (void) field;
        return address_format(&info->addresses[0], buffer);
}

static const char *get_source(const void *object, const Field *field, char *buffer) {
        const NodeInfo *info = object;

        (void) field, (void) buffer;
        return source_to_string(info->source);
}

static const char *get_heard(const void *object, const Field *field, char *buffer) {
        const NodeInfo *info = object;

        (void) field, (void) buffer;
        return info->source != SOURCE_PEER ? "1" : NULL;
}

/* The source's label, and ", CONFLICT". */
static const char *show_where(const void *object, const Field *field, char *buffer) {
        const NodeInfo *info = object;

        (void) field;
        snprintf(buffer, FIELD_SIZE, "%s%s", source_info(info->source)->label,
                 info->conflict ? ", CONFLICT" : "");
        return buffer;
}

static const char *get_host(const void *object, const Field *field, char *buffer) {
        const NodeInfo *info = object;

        (void) field, (void) buffer;
        return info->host;
}

static const char *get_interfaces(const void *object, const Field *field, char *buffer) {
        const NodeInfo *info = object;

        (void) field, (void) buffer;
        return info->interfaces;
}

static const char *get_age(const void *object, const Field *field, char *buffer) {
        const NodeInfo *info = object;

        (void) field;
        snprintf(buffer, FIELD_SIZE, "%" PRIu32, info->age_sec);
        return buffer;
}

static const char *show_age(const void *object, const Field *field, char *buffer) {
        const NodeInfo *info = object;

        (void) field;
        return text_age(info->age_sec, buffer);
}

static const char *get_conflict(const void *object, const Field *field, char *buffer) {
        const NodeInfo *info = object;

        (void) field, (void) buffer;
        return info->conflict ? "1" : NULL;
}

static const char *get_rival(const void *object, const Field *field, char *buffer) {
        const NodeInfo *info = object;

        (void) field, (void) buffer;
        return *info->rival ? info->rival : NULL;
}

static const char *get_stale(const void *object, const Field *field, char *buffer) {
        const NodeInfo *info = object;

        (void) field, (void) buffer;
        return info->stale ? "1" : NULL;
}

/* --- The attributes, which have a table of their own in the core --- */

static const char *show_attribute(const void *object, const Field *field, char *buffer) {
        const NodeInfo *info = object;

        for (size_t i = 0; i < endpoint_n_attributes; i++)
                if (strcmp(endpoint_attributes[i].key, field->key) == 0)
                        return endpoint_get(&info->endpoint, &endpoint_attributes[i], buffer);
        return NULL;
}

static void add_attributes(struct json_object *json, const Endpoint *endpoint, bool required) {
        for (size_t i = 0; i < endpoint_n_attributes; i++) {
                const EndpointAttribute *attribute = &endpoint_attributes[i];
                char buffer[ENDPOINT_VALUE_SIZE];
                const char *value = endpoint_get(endpoint, attribute, buffer);

                if (attribute->required == required)
                        json_object_object_add(json, attribute->json,
                                               attribute->json_flag
                                                       ? json_object_new_boolean(value != NULL)
                                                       : json_text(value));
        }
}

static void add_required(struct json_object *json, const void *object) {
        add_attributes(json, &((const NodeInfo *) object)->endpoint, true);
}

static void add_optional(struct json_object *json, const void *object) {
        add_attributes(json, &((const NodeInfo *) object)->endpoint, false);
}

/* --- The table --- */

const Field node_fields[] = {
        { NULL, "node", "NODE", FIELD_TEXT, .get = get_node },
        { .add = add_required },
        { "addr", NULL, "ADDRESS", .show = show_best_address },
        { "port", "port", "PORT", FIELD_NUMBER, .get = get_port },
        { "proto", NULL, "PROTO", .show = show_attribute },
        { "cluster", NULL, "CLUSTER", .show = show_attribute },
        { "addr", "addresses", NULL, FIELD_LIST, .get = get_addresses },
        { "source", "source", NULL, FIELD_TEXT, .get = get_source },
        { NULL, "heard", NULL, FIELD_FLAG, .get = get_heard },
        { "host", "host", "HOST", FIELD_TEXT, .get = get_host },
        { "if", "interfaces", NULL, FIELD_LIST, .get = get_interfaces },
        { "age", "age", "AGE", FIELD_NUMBER, .get = get_age, .show = show_age },
        { .add = add_optional },
        { "conflict", "conflict", NULL, FIELD_FLAG, .get = get_conflict },
        { "rival", "rival", NULL, FIELD_TEXT, .get = get_rival },
        { NULL, NULL, "WHERE", .show = show_where },
        { "stale", "stale", NULL, FIELD_FLAG, .get = get_stale },
};

const size_t n_node_fields = ELEMENTSOF(node_fields);

void node_fields_add_json(struct json_object *json, const void *info) {
        fields_add_json(json, node_fields, n_node_fields, info);
}

struct json_object *node_fields_json(const NodeInfo *info) {
        struct json_object *json = json_object_new_object();

        node_fields_add_json(json, info);
        return json;
}
