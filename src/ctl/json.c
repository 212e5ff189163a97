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
