/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Completion of the command line, for the shells
 *
 * "epmd-mdns __complete WORD..." prints what the last word may become, the words being those behind
 * the program's name, and the last one "" if it is still to be begun. It is for the files in
 * completions/, which hold no lists of their own, and stands in no --help.
 */

#include <stddef.h>

#include "ctl/commands.h"

#define COMPLETE "__complete"

/* What the last of some words is. */
typedef struct Completion {
        const char *kind;       /* what --help calls it, as "NODE", or one of those below; NULL:
                                 * anything, or nothing */
        const char *typed;      /* what has been typed of it … */
        size_t prefix;          /* … behind so many bytes of the word, as "--host=" */
        const Command *command; /* NULL: there is none yet */
        const char *socket;     /* of --socket; NULL: the default */
} Completion;

#define COMPLETION_OPTION "OPTION"
#define COMPLETION_COMMAND "COMMAND"

/* words: at least one. */
Completion completion_of(size_t n, char *const words[]);

/*
 * Prints the candidates, one on a line, each as a whole word; behind a tab its description, if it
 * has one. What the shell should put no space behind ends in "=" or "/". Names of nodes, hosts and
 * clusters are those that the daemon knows; without a daemon that answers at once there are none.
 * Returns 0.
 */
int complete(size_t n, char *const words[]);
