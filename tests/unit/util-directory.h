/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * What the tests of the directory share
 *
 * Each story feeds facts into a directory and compares what its observers are told, as text:
 * "KIND REASON NODE PORT ADDRESSES", and behind that tls, inet6, age=N, conflict, stale and
 * advertise where they are so. Events are separated by "; ".
 */

#include <glib.h>

#include "core/directory.h"

#define SEC UINT64_C(1000000)
#define STALE (LIMIT_STALE_SEC * SEC)
#define TTL (30 * SEC)

typedef struct Fixture {
        Directory *directory;
        GString *events;
        GHashTable *advertised; /* the endpoints that are, as strings */
        GHashTable *registered;
        uint64_t now;
        uint64_t due; /* when the directory wants to be called, as it says itself */
} Fixture;

typedef struct Story {
        const char *path;
        void (*tell)(Fixture *f);
} Story;

/* Makes a test of each story, with a directory of its own. They must live as long as the program.
 */
void add_stories(const Story *stories, size_t n);

/* Append what stands above. */
void append_info(GString *out, const NodeInfo *info);
void append_event(void *userdata, const DirectoryEvent *event);

/* What the observers have been told since the last time. */
void told(Fixture *f, const char *expected);

/* What the directory holds, stale or not. */
void holds(Fixture *f, const char *expected);

Address address(const char *text);

Endpoint endpoint_new(const char *node, uint16_t port);

int try_register(Fixture *f, uint64_t owner, const char *node, uint16_t port, const char *bound);

void register_node(Fixture *f, uint64_t owner, const char *node, uint16_t port, const char *bound);

void unregister(Fixture *f, uint64_t owner, const char *node, size_t n);

Sighting sighting_new(const char *instance, int interface, const char *node, uint16_t port,
                      const char *at, const char *host);

/* The sightings of bob@h2 and others: instance x on interface 1 is what "x1" says. */
void see(Fixture *f, const char *id, const char *node, uint16_t port, const char *at,
         const char *host);

void forget(Fixture *f, const char *id, Reason reason);

uint64_t expire(Fixture *f);

/* Lets time pass, and calls the directory whenever it is due. */
void pass(Fixture *f, uint64_t usec);

DirectoryStats stats(Fixture *f);
