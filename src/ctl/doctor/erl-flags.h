/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What ERL_FLAGS and its relatives say of -epmd_module */

#include <stddef.h>

/* Directories of -pa and -pz that are looked at. */
#define ERL_FLAGS_PATHS 16

/* Bytes of a word, NUL included; what is longer is cut. */
#define ERL_FLAGS_WORD 256

typedef struct ErlFlags {
        char module[ERL_FLAGS_WORD];                 /* "": none is named */
        char paths[ERL_FLAGS_PATHS][ERL_FLAGS_WORD]; /* -pa and -pz */
        size_t n_paths;
} ErlFlags;

#define ERL_FLAGS_NULL                                                                             \
        { .n_paths = 0 }

/* Reads the words of one variable, on top of what is known. erl splits them as this does: at
 * blanks, with quotes and backslashes. The first module counts, as in init:get_argument/1. */
void erl_flags_parse(ErlFlags *flags, const char *text);
