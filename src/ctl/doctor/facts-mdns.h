/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the doctor knows of the programs that use UDP port 5353 */

#include <stddef.h>
#include <sys/types.h>

/* A host has fewer; more are not looked at. */
#define FACTS_MDNS_USERS 8

/* A program, or what is known of it. */
typedef struct MdnsUser {
        char program[64]; /* its name; "": not known */
        pid_t pid;        /* 0: not known */
        char user[32];    /* who runs it: a name, or a number */
} MdnsUser;

typedef struct FactsMdns {
        MdnsUser users[FACTS_MDNS_USERS];
        size_t n;
} FactsMdns;

/* Looks who has a socket with that port. Root learns of every one which program it is, others of
 * their own programs alone. */
void facts_mdns_gather(FactsMdns *ret);
