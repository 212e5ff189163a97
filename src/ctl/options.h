/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The command line, behind the command */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/filter.h"
#include "ctl/table.h"

/* Exit status: EXIT_SUCCESS, EXIT_FAILURE (the daemon can't be reached, does not answer, refuses),
 * and … */
#define EXIT_USAGE 2
#define EXIT_NO 3 /* all went well, and the answer is no */

/* Options that a command may have. --socket and --help belong to all. */
enum {
        OPTION_JSON = 1 << 0,
        OPTION_FILTER = 1 << 1,
        OPTION_LEGEND = 1 << 2,
        OPTION_LISTENER = 1 << 3,
        OPTION_WAIT = 1 << 4,
        OPTION_PROGRAM = 1 << 5, /* only before the command */
        OPTION_PROBE = 1 << 6,
};

/* What was asked for. The strings belong to argv. */
typedef struct Options {
        const char *socket; /* NULL: the default */
        bool help;
        bool version;
        bool json;
        bool no_legend;
        bool no_probe;
        Filter filter;
        Proto proto;
        Family family;
        uint32_t count;
        uint32_t timeout_msec; /* UINT32_MAX: for ever */
        const char *argument;  /* NULL: none */

        bool colour;  /* stdout is a terminal, and colours are welcome */
        size_t width; /* of that terminal, 0 if it is none */
} Options;

#define OPTIONS_NULL                                                                               \
        {                                                                                          \
                .filter = FILTER_ALL, .proto = PROTO_TCP, .family = FAMILY_INET, .count = 1,       \
                .timeout_msec = UINT32_MAX,                                                        \
        }

typedef struct Option {
        const char *name;
        const char *value; /* what kind of value it takes, as in --help; NULL: none */
        unsigned option;   /* of OPTION_*; 0: of all commands */
        bool (*set)(Options *options, const char *value);
        const char *help;
} Option;

/* All of them, in the order of --help. */
extern const Option options_known[];
extern const size_t options_n_known;

/* Whether a form with these OPTION_* has it. */
bool option_is_allowed(const Option *option, unsigned options);

/* What a command's line may look like. */
typedef struct OptionsForm {
        unsigned options; /* OPTION_* */
        const char *
                argument; /* "NODE", "[HOST]" if there needn't be one, NULL if there must be none */
} OptionsForm;

/*
 * Takes argv, whose first word is the command's name (or the program's: then it stops at the first
 * word that is no option). Returns the position behind the last word taken, or -EINVAL when people
 * have been told what is wrong.
 */
int options_parse(Options *options, const OptionsForm *form, bool is_program, int argc,
                  char *argv[]);

/* Looks at stdout and the environment: are there colours, how wide is it? */
void options_look(Options *options);

/* Prints the lines of --help for the options of a form. */
void options_help(unsigned options);
