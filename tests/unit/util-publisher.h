/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* What the tests of the publisher share */

#include <glib.h>

#include "daemon/avahi/publisher.h"
#include "fake/fake-avahi.h"

typedef struct Fixture {
        size_t adverts; /* the last LAN_ADVERTS */
        unsigned failures;
        unsigned lookups;   /* that can be given up, each for an object above max_objects */
        size_t max_objects; /* has been given to fake_avahi_set_max_objects() */
        unsigned rooms;     /* how often room was made for a lookup */
        AvahiSink sink;
        AvahiClient *client;
        Publisher *publisher;
} Fixture;

/* A publisher and a client, which is not given to it yet. */
void set_up(Fixture *f, gconstpointer data);
/* Everything that was announced is withdrawn. */
void tear_down(Fixture *f, gconstpointer data);
void new_client(Fixture *f);

Endpoint endpoint(const char *node, uint16_t port);
void publish(Fixture *f, const char *node, uint16_t port);
void withdraw(Fixture *f, const char *node);

/* How many adverts are announced. */
size_t n_announced(void);

/* The instance label of an announced advert, to be freed. */
char *label(size_t number);
