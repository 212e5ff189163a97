/* SPDX-License-Identifier: Apache-2.0 */
/* epmd-mdns doctor: what is wrong, and what to do */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/doctor/checks.h"
#include "ctl/commands.h"
#include "ctl/field.h"
#include "ctl/json.h"
#include "ctl/text.h"
#include "util/socket-path.h"

/* Columns before a check's text. */
#define INDENT 6

/* Where lines are broken on a wide terminal; where there is none, they are not. */
#define WIDTH 100

static const char *colour(const Options *options, Verdict verdict) {
        if (!options->colour)
                return "";
        return verdict == VERDICT_OK     ? TEXT_GREEN
               : verdict == VERDICT_WARN ? TEXT_YELLOW
                                         : TEXT_RED;
}

/* Prints text from column INDENT on, broken between words. */
static void print_text(const char *text, size_t width) {
        char *safe = text_safe(text), *rest = NULL;
        size_t column = INDENT;

        for (char *word = safe ? strtok_r(safe, " ", &rest) : NULL; word;
             word = strtok_r(NULL, " ", &rest)) {
                size_t length = text_width(word);

                if (column > INDENT && column + 1 + length > width) {
                        printf("\n%*s", INDENT, "");
                        column = INDENT;
                }
                column += length + (column > INDENT);
                printf("%s%s", column > INDENT + length ? " " : "", word);
        }
        printf("\n");
        free(safe);
}

/* A check and what it found. */
typedef struct Result {
        const Check *check;
        const Finding *finding;
} Result;

static const char *get_check(const void *object, const Field *field, char *buffer) {
        (void) field, (void) buffer;
        return ((const Result *) object)->check->name;
}

static const char *get_verdict(const void *object, const Field *field, char *buffer) {
        (void) field, (void) buffer;
        return verdict_to_string(((const Result *) object)->finding->verdict);
}

static const char *get_finding(const void *object, const Field *field, char *buffer) {
        (void) field, (void) buffer;
        return ((const Result *) object)->finding->text;
}

static const char *show_finding(const void *object, const Field *field, char *buffer) {
        snprintf(buffer, FIELD_SIZE, "%s: %s", get_check(object, field, buffer),
                 get_finding(object, field, buffer));
        return buffer;
}

static const char *get_advice(const void *object, const Field *field, char *buffer) {
        (void) field, (void) buffer;
        return ((const Result *) object)->finding->advice;
}

/* For people, what has a label is a paragraph behind the verdict. */
static const Field result_fields[] = {
        { NULL, "check", NULL, FIELD_TEXT, .get = get_check },
        { NULL, "verdict", NULL, FIELD_TEXT, .get = get_verdict },
        { NULL, "finding", "", FIELD_TEXT, .get = get_finding, .show = show_finding },
        { NULL, "advice", "", FIELD_TEXT, .get = get_advice },
};

static void print_result(const Result *result, const Options *options) {
        Verdict verdict = result->finding->verdict;
        size_t width = options->width == 0      ? SIZE_MAX
                       : options->width < WIDTH ? options->width
                                                : WIDTH;
        int indent = 0; /* the verdict stands before the first */

        printf("%s%-*s%s", colour(options, verdict), INDENT, verdict_to_string(verdict),
               options->colour ? TEXT_PLAIN : "");
        for (size_t i = 0; i < ELEMENTSOF(result_fields); i++) {
                char buffer[FIELD_SIZE];
                const char *text =
                        result_fields[i].label ? field_show(&result_fields[i], result, buffer) : "";

                if (!*text)
                        continue;
                printf("%*s", indent, "");
                print_text(text, width);
                indent = INDENT;
        }
}

static struct json_object *json_result(const Result *result) {
        struct json_object *object = json_object_new_object();

        fields_add_json(object, result_fields, ELEMENTSOF(result_fields), result);
        return object;
}

static int print_json(struct json_object *array, Verdict worst) {
        struct json_object *object = json_object_new_object();

        json_object_object_add(object, "verdict", json_text(verdict_to_string(worst)));
        json_object_object_add(object, "checks", array);
        return json_print(object);
}

static void print_summary(const size_t counts[]) {
        printf("\n%zu ok, %zu warning%s, %zu failure%s", counts[VERDICT_OK], counts[VERDICT_WARN],
               counts[VERDICT_WARN] == 1 ? "" : "s", counts[VERDICT_FAIL],
               counts[VERDICT_FAIL] == 1 ? "" : "s");
        if (counts[VERDICT_NONE] > 0)
                printf("; %zu could not be checked", counts[VERDICT_NONE]);
        printf("\n");
}

static Verdict examine(const Facts *facts, const Options *options, struct json_object *array) {
        size_t counts[VERDICT_FAIL + 1] = {};
        Verdict worst = VERDICT_OK;

        for (size_t i = 0; i < n_checks; i++) {
                Finding finding = checks[i].check(facts);
                Result result = { &checks[i], &finding };

                counts[finding.verdict]++;
                if (finding.verdict > worst)
                        worst = finding.verdict;
                if (finding.verdict == VERDICT_NONE)
                        continue;
                if (array)
                        json_object_array_add(array, json_result(&result));
                else
                        print_result(&result, options);
        }
        if (!array)
                print_summary(counts);
        return worst;
}

int command_doctor(Client *client, const Options *options) {
        Facts *facts = malloc(sizeof(*facts));
        struct json_object *array = options->json ? json_object_new_array() : NULL;
        Verdict worst;
        int r = 0;

        (void) client;
        if (!facts) {
                json_object_put(array);
                fprintf(stderr, "epmd-mdns: out of memory\n");
                return -ENOMEM;
        }
        facts_gather(facts, socket_path(options->socket), !options->no_probe);
        worst = examine(facts, options, array);
        free(facts);
        if (array)
                r = print_json(array, worst);
        if (r < 0)
                return r;
        return worst == VERDICT_OK ? EXIT_SUCCESS : worst == VERDICT_WARN ? EXIT_NO : EXIT_FAILURE;
}
