/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the doctor knows of Erlang's settings */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ctl/doctor/proc-net.h"

typedef struct FactsErlang {
        uint16_t epmd_port;
        Listener epmd;
        bool cookie_exists;
        char cookie_path[512];
        mode_t cookie_mode;
        uid_t cookie_owner, user;
        char module[256];  /* of -epmd_module in ERL_FLAGS; "": none */
        bool module_found; /* its beam is where Erlang would look */
        bool erlang_found; /* it is known where that is */
} FactsErlang;

/* Looks at the environment, at files, and at who listens. */
void facts_erlang_gather(FactsErlang *ret);
