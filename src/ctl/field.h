/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the commands print, one row for each field
 *
 * A command has one table of fields, and one loop over it makes its text, another its JSON. The
 * order of the rows is the order of both.
 */

#include <json-c/json.h>
#include <stddef.h>

#include "ctl/table.h"

/* Long enough for any value that has to be put together, NUL included. */
#define FIELD_SIZE 1024

typedef enum FieldKind {
        FIELD_TEXT,
        FIELD_NUMBER, /* null is 0 */
        FIELD_FLAG,   /* null is false, all else is true */
        FIELD_LIST,   /* "a,b" is an array */
} FieldKind;

typedef struct Field Field;

/* Formats the value of a field of an object, which may be in buffer. NULL: there is none. */
typedef const char *FieldFormat(const void *object, const Field *field,
                                char buffer[static FIELD_SIZE]);

struct Field {
        const char *key;   /* in the protocol; NULL: it has none, or is made of several */
        const char *json;  /* in JSON; "a.b": b in an object a. NULL: for people alone */
        const char *label; /* header of the column, title of the line, or what stands before the
                            * value. NULL: for programs alone */
        FieldKind kind;    /* in JSON */
        FieldFormat *get;
        FieldFormat *show; /* for people; NULL: as get */

        /* For values that are told in sentences: */
        const char *words; /* what follows the number */
        const char *joint; /* what stands before it where the line of this label goes on */

        /* Instead of all that: adds fields of another table to the JSON. */
        void (*add)(struct json_object *json, const void *object);
};

/* The value for people, which may be in buffer; "" if there is none. */
const char *field_show(const Field *field, const void *object, char buffer[static FIELD_SIZE]);

/* Adds the fields of an object to its JSON. */
void fields_add_json(struct json_object *json, const Field fields[], size_t n, const void *object);

/* A table with a column for each field with a label. NULL without memory. */
Table *fields_table(const Field fields[], size_t n);

/* Adds a row. Returns 0 or -ENOMEM. */
int fields_table_add(Table *table, const Field fields[], size_t n, const void *object);
