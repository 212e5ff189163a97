/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The texts of --help */

#include "ctl/commands.h"

void help_program(void);
void help_command(const Command *command);
