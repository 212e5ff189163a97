/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands print, one row for each field */

#include <stdlib.h>
#include <string.h>

#include "ctl/field.h"
#include "ctl/json.h"

const char *field_show(const Field *field, const void *object, char buffer[static FIELD_SIZE]) {
        const char *text = (field->show ? field->show : field->get)(object, field, buffer);

        return text ? text : "";
}

static struct json_object *make_list(const char *text) {
        struct json_object *array = json_object_new_array();
        char list[FIELD_SIZE] = "", *rest = NULL;

        strncat(list, text ? text : "", sizeof(list) - 1);
        for (char *word = strtok_r(list, ",", &rest); word; word = strtok_r(NULL, ",", &rest))
                json_object_array_add(array, json_text(word));
        return array;
}

static struct json_object *make_value(const Field *field, const void *object) {
        char buffer[FIELD_SIZE];
        const char *text = field->get(object, field, buffer);

        switch (field->kind) {
        case FIELD_NUMBER:
                return json_object_new_int64(text ? (int64_t) strtoull(text, NULL, 10) : 0);
        case FIELD_FLAG:
                return json_object_new_boolean(text != NULL);
        case FIELD_LIST:
                return make_list(text);
        case FIELD_TEXT:
        default:
                return json_text(text);
        }
}

/* Adds a value at "a.b": makes the object a if it is not there yet. */
static void add_value(struct json_object *json, const char *path, struct json_object *value) {
        const char *dot;

        while ((dot = strchr(path, '.'))) {
                char key[64] = "";
                struct json_object *inner;

                strncat(key, path, (size_t) (dot - path));
                if (!json_object_object_get_ex(json, key, &inner)) {
                        inner = json_object_new_object();
                        json_object_object_add(json, key, inner);
                }
                json = inner;
                path = dot + 1;
        }
        json_object_object_add(json, path, value);
}

void fields_add_json(struct json_object *json, const Field fields[], size_t n, const void *object) {
        for (size_t i = 0; i < n; i++)
                if (fields[i].add)
                        fields[i].add(json, object);
                else if (fields[i].json)
                        add_value(json, fields[i].json, make_value(&fields[i], object));
}

Table *fields_table(const Field fields[], size_t n) {
        const char *headers[TABLE_COLUMNS];
        size_t n_columns = 0;

        for (size_t i = 0; i < n; i++)
                if (fields[i].label)
                        headers[n_columns++] = fields[i].label;
        return table_new(headers, n_columns);
}

int fields_table_add(Table *table, const Field fields[], size_t n, const void *object) {
        char buffers[TABLE_COLUMNS][FIELD_SIZE];
        const char *cells[TABLE_COLUMNS];
        size_t n_columns = 0;

        for (size_t i = 0; i < n; i++)
                if (fields[i].label) {
                        cells[n_columns] = field_show(&fields[i], object, buffers[n_columns]);
                        n_columns++;
                }
        return table_add(table, cells);
}
