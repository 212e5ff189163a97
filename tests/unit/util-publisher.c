/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the publisher share */

#include <avahi-common/defs.h>
#include <string.h>

#include "core/advert.h"
#include "fake/fake-timer.h"
#include "unit/util-event.h"
#include "unit/util-publisher.h"

#define TTL_SEC 30

static void post(void *userdata, const LanMessage *message) {
        Fixture *f = userdata;

        g_assert_cmpint(message->type, ==, LAN_ADVERTS);
        f->adverts = message->adverts;
}

static void fail(void *userdata, const char *what, int error) {
        Fixture *f = userdata;

        g_assert_nonnull(what);
        g_assert_cmpint(error, <, 0);
        f->failures++;
}

/* Avahi has room for one more, if the test says so. */
static bool make_room(void *userdata) {
        Fixture *f = userdata;

        if (!f->lookups)
                return false;
        f->lookups--;
        fake_avahi_set_max_objects(++f->max_objects);
        return true;
}

static void room_made(void *userdata) {
        Fixture *f = userdata;

        f->rooms++;
}

static void on_client(AvahiClient *client, AvahiClientState state, void *userdata) {
        (void) client, (void) state, (void) userdata;
}

void new_client(Fixture *f) {
        int error;

        f->client = avahi_client_new(NULL, AVAHI_CLIENT_NO_FAIL, on_client, NULL, &error);
        g_assert_nonnull(f->client);
}

void set_up(Fixture *f, gconstpointer data) {
        (void) data;
        log_capture();
        fake_avahi_reset();
        fake_timer_reset();
        f->sink = (AvahiSink){ .post = post,
                               .fail = fail,
                               .make_room = make_room,
                               .room_made = room_made,
                               .userdata = f };
        new_client(f);
        g_assert_cmpint(publisher_new(&f->publisher, &f->sink, &(Config){ .ttl_sec = TTL_SEC }), ==,
                        0);
}

void tear_down(Fixture *f, gconstpointer data) {
        (void) data;
        publisher_stop(f->publisher);
        g_assert_cmpuint(fake_avahi_alive(FAKE_GROUP), ==, 0);
        g_assert_cmpuint(f->adverts, ==, 0);
        f->publisher = publisher_free(f->publisher);
        avahi_client_free(f->client);
        fake_avahi_reset();
}

Endpoint endpoint(const char *node, uint16_t port) {
        Endpoint result = { .port = port };

        g_strlcpy(result.node, node, sizeof(result.node));
        return result;
}

void publish(Fixture *f, const char *node, uint16_t port) {
        Endpoint e = endpoint(node, port);

        g_assert_cmpint(publisher_publish(f->publisher, &e, NULL), ==, 0);
        fake_avahi_dispatch();
}

void withdraw(Fixture *f, const char *node) {
        Endpoint e = endpoint(node, 0);

        publisher_withdraw(f->publisher, &e);
        fake_avahi_dispatch();
}

size_t n_announced(void) {
        size_t n = fake_avahi_records(AVAHI_DNS_TYPE_SRV, 0, NULL);

        /* All three records of each, and once the type. */
        g_assert_cmpuint(fake_avahi_records(AVAHI_DNS_TYPE_TXT, 0, NULL), ==, n);
        return n;
}

char *label(size_t number) {
        for (size_t i = 0, n = 0;; i++) {
                FakeRecord record;

                g_assert_cmpuint(fake_avahi_records(AVAHI_DNS_TYPE_PTR, i, &record), >, i);
                if (strcmp(record.name, "_erlang-dist._tcp.local") == 0 && n++ == number)
                        return g_strndup((const char *) record.data + 1, record.data[0]);
        }
}
