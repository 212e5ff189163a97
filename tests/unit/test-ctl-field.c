/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of fields: the JSON and the cells that one row makes, and the tables of the commands. */

#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "ctl/field.h"
#include "ctl/json.h"
#include "ctl/node-fields.h"
#include "ctl/status-fields.h"

static void check_json(struct json_object *object, const char *expected) {
        g_assert_cmpstr(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN), ==,
                        expected);
        json_object_put(object);
}

/* The object is the value. */
static const char *get_itself(const void *object, const Field *field, char *buffer) {
        (void) field, (void) buffer;
        return object;
}

static const char *show_in_brackets(const void *object, const Field *field, char *buffer) {
        (void) field;
        if (!object)
                return NULL;
        snprintf(buffer, FIELD_SIZE, "[%s]", (const char *) object);
        return buffer;
}

static void add_more(struct json_object *json, const void *object) {
        json_object_object_add(json, "more", json_text(object));
}

static const Field fields[] = {
        { NULL, "text", "TEXT", FIELD_TEXT, .get = get_itself },
        { NULL, "number", NULL, FIELD_NUMBER, .get = get_itself },
        { NULL, "flag", NULL, FIELD_FLAG, .get = get_itself },
        { NULL, "list", "LIST", FIELD_LIST, .get = get_itself, .show = show_in_brackets },
        { .add = add_more },
        { NULL, "a.b.c", NULL, FIELD_NUMBER, .get = get_itself },
        { NULL, "a.b.d", NULL, FIELD_NUMBER, .get = get_itself },
        { NULL, "a.e", NULL, FIELD_NUMBER, .get = get_itself },
        { NULL, NULL, "PEOPLE", .show = show_in_brackets },
};

static struct json_object *make_json(const char *value) {
        struct json_object *object = json_object_new_object();

        fields_add_json(object, fields, G_N_ELEMENTS(fields), value);
        return object;
}

static void test_json(void) {
        check_json(make_json("1,22"),
                   "{\"text\":\"1,22\",\"number\":1,\"flag\":true,\"list\":[\"1\",\"22\"],"
                   "\"more\":\"1,22\",\"a\":{\"b\":{\"c\":1,\"d\":1},\"e\":1}}");
        /* Every key is there, whatever is known. */
        check_json(make_json(NULL), "{\"text\":null,\"number\":0,\"flag\":false,\"list\":[],"
                                    "\"more\":null,\"a\":{\"b\":{\"c\":0,\"d\":0},\"e\":0}}");
}

static void test_people(void) {
        char buffer[FIELD_SIZE];

        g_assert_cmpstr(field_show(&fields[0], "x", buffer), ==, "x");
        g_assert_cmpstr(field_show(&fields[3], "x", buffer), ==, "[x]");
        g_assert_cmpstr(field_show(&fields[0], NULL, buffer), ==, "");
        g_assert_cmpstr(field_show(&fields[8], NULL, buffer), ==, "");
}

/* The columns of list stay as they are, for scripts; so do their headers. */
static void test_columns(void) {
        g_autoptr(GString) headers = g_string_new(NULL);

        for (size_t i = 0; i < n_node_fields; i++)
                if (node_fields[i].label)
                        g_string_append_printf(headers, "%s ", node_fields[i].label);
        g_assert_cmpstr(headers->str, ==, "NODE ADDRESS PORT PROTO CLUSTER HOST AGE WHERE ");
}

/* Rows of one label are one line. */
static void check_status(const char *text, const char *label, const char *expected) {
        g_autofree char *copy = g_strdup(text);
        g_autoptr(GString) found = g_string_new(NULL);
        const Census census = { .nodes = 3,
                                .local = 1,
                                .tls = 2,
                                .endpoints = 4,
                                .interfaces = { "eth0", "wlan0" },
                                .n_interfaces = 2 };
        Line line;
        Status status = { &line, &census };

        g_assert_cmpint(line_parse(&line, copy, strlen(copy)), ==, 0);
        g_assert_cmpint(line_split_attributes(&line, 1), ==, 0);
        for (size_t i = 0; i < n_status_fields; i++) {
                const Field *field = &status_fields[i];
                char buffer[FIELD_SIZE];
                const char *value;

                if (g_strcmp0(field->label, label) != 0)
                        continue;
                value = field_show(field, &status, buffer);
                if (*value)
                        g_string_append_printf(found, "%s%s", found->len ? field->joint : "",
                                               value);
        }
        g_assert_cmpstr(found->str, ==, expected);
}

static void test_status(void) {
        check_status("OK hosts=2", "Nodes", "3 on 2 hosts, 1 local, 2 with TLS");
        check_status("OK hosts=1", "Nodes", "3 on 1 host, 1 local, 2 with TLS");
        check_status("OK", "Stale", "");
        check_status("OK stale=1", "Stale", "1 endpoint, gone from the LAN a moment ago");
        check_status("OK", "Ignored", "");
        check_status("OK ignored-local=4 ignored-txt=2 ignored-port=1 ignored-limit=3", "Ignored",
                     "4 a name that means the host itself, as x@localhost\n"
                     "            2 an invalid value in TXT\n            1 port 0\n            3 a "
                     "limit was "
                     "reached");
        check_status("OK registrations=1 limit-registrations=384 stale=2 sightings=x", "Limits",
                     "1 of 384 registrations, 0 connections,\n            6 endpoints, 0 "
                     "sightings");
        check_status("OK", "Interfaces", "eth0, wlan0");
        check_status("OK", "Avahi", "unknown");
        check_status("OK avahi=running", "Avahi", "running");
        check_status("OK connections=1", "Clients", "1 connection, 0 subscribed");
        check_status("OK adverts=2 ttl=30", "Announced", "2 adverts, with a TTL of 30 s");
}

/* Rows of one label stand together, or their line would be begun twice; all but the first have a
 * joint. Every row is for somebody. */
static void test_status_rows(void) {
        const char *last = "";

        for (size_t i = 0; i < n_status_fields; i++) {
                const Field *field = &status_fields[i];

                g_assert_true(field->json || field->label);
                g_assert_true(!field->json || field->get);
                if (!field->label)
                        continue;
                g_assert_true(strcmp(field->label, last) != 0 || field->joint);
                for (size_t j = 0; strcmp(field->label, last) != 0 && j < i; j++)
                        g_assert_cmpstr(status_fields[j].label, !=, field->label);
                last = field->label;
        }
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/ctl/field/json", test_json);
        g_test_add_func("/ctl/field/people", test_people);
        g_test_add_func("/ctl/field/columns", test_columns);
        g_test_add_func("/ctl/field/status", test_status);
        g_test_add_func("/ctl/field/status-rows", test_status_rows);

        return g_test_run();
}
