/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * The commands of epmd-mdns, one in each file
 *
 * They return 0, negative errno when people have been told what was wrong, or a positive exit
 * status.
 */

#include "ctl/client.h"
#include "ctl/options.h"

typedef struct Command {
        const char *name;
        OptionsForm form;
        const char *help;    /* one line */
        const char *details; /* more, for the command's own --help */
        /* client is connected, unless the command is one that makes its own: then it is NULL. */
        int (*run)(Client *client, const Options *options);
        bool alone; /* makes its own client, or none */
} Command;

/* All of them, in the order of --help. */
extern const Command commands[];
extern const size_t n_commands;

/* NULL if there is none of that name. command_find() tells people then, and what they may have
 * meant. */
const Command *command_known(const char *name);
const Command *command_find(const char *name);

/* Tells people what is wrong with a command line. word, near: NULL for none. Returns EXIT_USAGE. */
int command_usage_error(const char *what, const char *word, const char *near);

/* A table of all nodes. */
int command_list(Client *client, const Options *options);

/* The nodes of a host, as "epmd -names" shows them. */
int command_names(Client *client, const Options *options);

/* Which address a node would connect to, and why. */
int command_resolve(Client *client, const Options *options);

/* Events as they come, without end. */
int command_monitor(Client *client, const Options *options);

/* How the daemon is. */
int command_status(Client *client, const Options *options);

/* What is wrong, and what to do. */
int command_doctor(Client *client, const Options *options);

/* Waits until so many nodes are up. */
int command_wait(Client *client, const Options *options);

/* The versions of the command and of the daemon. */
int command_version(Client *client, const Options *options);

/* This text, or that of a command. */
int command_help(Client *client, const Options *options);
