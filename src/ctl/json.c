/* SPDX-License-Identifier: Apache-2.0 */
/* JSON, with the keys of docs/json.md */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/json.h"
#include "ctl/text.h"

#define REPLACEMENT "\xEF\xBF\xBD"

struct json_object *json_text(const char *text) {
        struct json_object *object;
        char *safe, *out;

        if (!text || !*text)
                return NULL;
        out = safe = malloc(strlen(text) * strlen(REPLACEMENT) + 1);
        if (!safe)
                return NULL;
        while (*text) {
                size_t length = text_character_length(text);

                out = length > 0 ? mempcpy(out, text, length)
                                 : mempcpy(out, REPLACEMENT, strlen(REPLACEMENT));
                text += length > 0 ? length : 1;
        }
        object = json_object_new_string_len(safe, (int) (out - safe));
        free(safe);
        return object;
}

static struct json_object *addresses(const NodeInfo *info) {
        struct json_object *array = json_object_new_array();
        char text[ADDRESS_TEXT_SIZE];

        for (size_t i = 0; i < info->n_addresses; i++)
                json_object_array_add(
                        array, json_object_new_string(address_format(&info->addresses[i], text)));
        return array;
}

/* "eth0,wlan0" as an array. */
static struct json_object *interfaces(const NodeInfo *info) {
        struct json_object *array = json_object_new_array();
        char list[sizeof(info->interfaces)], *rest = NULL;

        strcpy(list, info->interfaces);
        for (char *name = strtok_r(list, ",", &rest); name; name = strtok_r(NULL, ",", &rest))
                json_object_array_add(array, json_text(name));
        return array;
}

static void add_attributes(struct json_object *object, const Endpoint *endpoint, bool required) {
        for (size_t i = 0; i < endpoint_n_attributes; i++) {
                const EndpointAttribute *attribute = &endpoint_attributes[i];
                char buffer[ENDPOINT_VALUE_SIZE];
                const char *value = endpoint_get(endpoint, attribute, buffer);

                if (attribute->required == required)
                        json_object_object_add(object, attribute->json,
                                               attribute->json_flag
                                                       ? json_object_new_boolean(value != NULL)
                                                       : json_text(value));
        }
}

void json_add_node(struct json_object *object, const NodeInfo *info) {
        const Endpoint *endpoint = &info->endpoint;

        json_object_object_add(object, "node", json_text(endpoint->node));
        add_attributes(object, endpoint, true);
        json_object_object_add(object, "port", json_object_new_int(endpoint->port));
        json_object_object_add(object, "addresses", addresses(info));
        json_object_object_add(object, "source", json_text(source_to_string(info->source)));
        json_object_object_add(object, "host", json_text(info->host));
        json_object_object_add(object, "interfaces", interfaces(info));
        json_object_object_add(object, "age", json_object_new_int64(info->age_sec));
        add_attributes(object, endpoint, false);
        json_object_object_add(object, "conflict", json_object_new_boolean(info->conflict));
        json_object_object_add(object, "stale", json_object_new_boolean(info->stale));
}

struct json_object *json_node(const NodeInfo *info) {
        struct json_object *object = json_object_new_object();

        json_add_node(object, info);
        return object;
}

static int print(struct json_object *object, int flags) {
        const char *text =
                json_object_to_json_string_ext(object, flags | JSON_C_TO_STRING_NOSLASHESCAPE);

        if (text)
                printf("%s\n", text);
        else
                fprintf(stderr, "epmd-mdns: out of memory\n");
        json_object_put(object);
        return text ? 0 : -ENOMEM;
}

int json_print_line(struct json_object *object) {
        return print(object, JSON_C_TO_STRING_PLAIN);
}

int json_print(struct json_object *object) {
        return print(object, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED);
}
