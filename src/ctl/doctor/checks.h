/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* The checks of "epmd-mdns doctor": pure functions of facts */

#include <stddef.h>

#include "ctl/doctor/facts.h"
#include "util/macro.h"

typedef enum Verdict {
        VERDICT_NONE, /* it can't be told */
        VERDICT_OK,
        VERDICT_WARN,
        VERDICT_FAIL,
} Verdict;

/* What a check has found. Texts that are too long are cut. */
typedef struct Finding {
        Verdict verdict;
        char text[512];   /* what is so */
        char advice[512]; /* what to do about it; "": nothing */
} Finding;

typedef struct Check {
        const char *name;
        Finding (*check)(const Facts *facts);
} Check;

/* "ok", "warn", "fail". */
const char *verdict_to_string(Verdict verdict);

/* All checks, in the order in which they are told: causes before what follows from them. */
extern const Check checks[];
extern const size_t n_checks;

Finding check_daemon(const Facts *facts);
Finding check_socket(const Facts *facts);
Finding check_conflicts(const Facts *facts);
Finding check_registrations(const Facts *facts);
Finding check_ignored(const Facts *facts);

Finding check_avahi(const Facts *facts);
Finding check_publishing(const Facts *facts);
Finding check_ip_versions(const Facts *facts);
Finding check_interfaces(const Facts *facts);

Finding check_addresses(const Facts *facts);
Finding check_wifi(const Facts *facts);
Finding check_virtual_interfaces(const Facts *facts);
Finding check_own_advert(const Facts *facts);
Finding check_firewall(const Facts *facts);

Finding check_loopback_names(const Facts *facts);
Finding check_container(const Facts *facts);
Finding check_wsl(const Facts *facts);
Finding check_mdns_stacks(const Facts *facts);

Finding check_ports(const Facts *facts);
Finding check_pairs(const Facts *facts);

Finding check_epmd(const Facts *facts);
Finding check_cookie(const Facts *facts);
Finding check_erl_flags(const Facts *facts);

/* Makes a finding; advice may be NULL. */
Finding finding_make(Verdict verdict, const char *advice, const char *format, ...) _printf_(3, 4);

/* Appends a word to a list "a, b" in a buffer, as long as there is room. */
void list_append(char *list, size_t size, const char *word);
