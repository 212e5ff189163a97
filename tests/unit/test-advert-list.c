/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be announced, and what is announced instead until then */

#include <avahi-common/error.h>
#include <glib.h>

#include "daemon/avahi/advert-list.h"
#include "fake/fake-avahi.h"
#include "unit/util-event.h"

typedef struct Fixture {
        AvahiClient *client;
        AdvertList list;
} Fixture;

static void on_client(AvahiClient *client, AvahiClientState state, void *userdata) {
        (void) client, (void) state, (void) userdata;
}

static void on_changed(void *userdata) {
        (void) userdata;
}

static void set_up(Fixture *f, gconstpointer data) {
        int error;

        (void) data;
        log_capture();
        fake_avahi_reset();
        f->client = avahi_client_new(NULL, AVAHI_CLIENT_NO_FAIL, on_client, NULL, &error);
        g_assert_nonnull(f->client);
        f->list = (AdvertList) ADVERT_LIST_NULL;
}

static void tear_down(Fixture *f, gconstpointer data) {
        (void) data;
        for (size_t i = 0; i < f->list.n_adverts; i++) {
                advert_group_withdraw(f->list.adverts[i].group);
                if (f->list.adverts[i].previous)
                        advert_group_withdraw(f->list.adverts[i].previous);
        }
        advert_list_done(&f->list);
        g_assert_null(f->list.adverts);
        g_assert_cmpuint(f->list.n_adverts, ==, 0);
        advert_list_done(&f->list);
        g_assert_cmpuint(fake_avahi_alive(FAKE_GROUP), ==, 0);
        avahi_client_free(f->client);
        fake_avahi_reset();
}

static Endpoint endpoint(const char *node, Proto proto, Family family, uint16_t port) {
        Endpoint result = { .proto = proto, .family = family, .port = port };

        g_strlcpy(result.node, node, sizeof(result.node));
        return result;
}

static Address address(const char *text) {
        Address result;

        g_assert_cmpint(address_parse(text, &result), ==, 0);
        return result;
}

static AdvertGroup *group_new(const char *node, uint16_t port) {
        Endpoint e = endpoint(node, PROTO_TCP, FAMILY_INET, port);
        AdvertGroup *group;

        g_assert_cmpint(advert_group_new(&group, &e, NULL, on_changed, NULL), ==, 0);
        return group;
}

static Advert *add(Fixture *f, const char *node) {
        Advert *advert = advert_list_add(&f->list, group_new(node, 1));

        g_assert_nonnull(advert);
        return advert;
}

static Advert *find(Fixture *f, const char *node) {
        Endpoint e = endpoint(node, PROTO_TCP, FAMILY_INET, 99);

        return advert_list_find(&f->list, &e);
}

static void announce(Fixture *f, const char *node) {
        g_assert_cmpint(advert_group_announce(find(f, node)->group, f->client, 1, 30), ==, 0);
        fake_avahi_dispatch();
}

static void established(Fixture *f, size_t n) {
        g_assert_cmpuint(advert_list_count_established(&f->list), ==, n);
}

/* An advert is found by the identity of its endpoint, also after others were removed. */
static void test_find(Fixture *f, gconstpointer data) {
        Endpoint tls = endpoint("b@h1", PROTO_TLS, FAMILY_INET, 1),
                 six = endpoint("b@h1", PROTO_TCP, FAMILY_INET6, 1);

        (void) data;
        g_assert_null(find(f, "a@h1"));
        for (int i = 0; i < 4; i++) {
                const char *nodes[] = { "a@h1", "b@h1", "c@h1", "d@h1" };

                g_assert_true(add(f, nodes[i])->held_usec == 0);
        }
        g_assert_null(advert_list_find(&f->list, &tls));
        g_assert_null(advert_list_find(&f->list, &six));
        g_assert_cmpstr(advert_group_endpoint(find(f, "b@h1")->group)->node, ==, "b@h1");
        advert_list_remove(&f->list, find(f, "b@h1"));
        advert_list_remove(&f->list, find(f, "d@h1"));
        g_assert_null(find(f, "b@h1"));
        g_assert_null(find(f, "d@h1"));
        g_assert_nonnull(find(f, "a@h1"));
        g_assert_nonnull(find(f, "c@h1"));
        g_assert_cmpuint(f->list.n_adverts, ==, 2);
}

/* An announced group stays as the previous one until the new one is there, and both count as one.
 * A group that is not announced is freed. */
static void test_replace(Fixture *f, gconstpointer data) {
        AdvertGroup *first;
        Advert *advert;

        (void) data;
        (void) add(f, "a@h1");
        advert = add(f, "b@h1");
        established(f, 0);
        announce(f, "a@h1");
        announce(f, "b@h1");
        established(f, 2);

        first = advert->group;
        advert->held_usec = 5;
        advert->absence_logged = true;
        advert_replace(advert, group_new("b@h1", 2));
        g_assert_true(advert->previous == first);
        g_assert_cmpuint(advert->held_usec, ==, 0);
        g_assert_false(advert->absence_logged);
        established(f, 2);

        advert_replace(advert, group_new("b@h1", 3));
        g_assert_true(advert->previous == first);
        g_assert_cmpuint(advert_group_endpoint(advert->group)->port, ==, 3);
        established(f, 2);
        announce(f, "b@h1");
        established(f, 2);
        advert_group_withdraw(first);
        established(f, 2);
        advert_group_withdraw(advert->group);
        established(f, 1);
}

/* A failure of the previous group does not count: it is to go anyway. */
static void test_failed(Fixture *f, gconstpointer data) {
        (void) data;
        (void) add(f, "a@h1");
        (void) add(f, "b@h1");
        announce(f, "b@h1");
        g_assert_false(advert_list_has_failed(&f->list));
        fake_avahi_emit_groups(AVAHI_ENTRY_GROUP_FAILURE, AVAHI_ERR_INVALID_RECORD);
        g_assert_true(advert_list_has_failed(&f->list));
        established(f, 0);
        advert_replace(find(f, "b@h1"), group_new("b@h1", 2));
        g_assert_false(advert_list_has_failed(&f->list));
        established(f, 0);
}

/* The next time is the earliest, wherever it stands in the list; 0 if no advert waits. */
static void test_held(Fixture *f, gconstpointer data) {
        static const uint64_t usec[] = { 0, 30, 10, 0, 20 };

        (void) data;
        g_assert_cmpuint(advert_list_next_held(&f->list), ==, 0);
        for (size_t i = 0; i < G_N_ELEMENTS(usec); i++) {
                g_autofree char *node = g_strdup_printf("n%zu@h1", i);

                add(f, node)->held_usec = usec[i];
        }
        g_assert_cmpuint(advert_list_next_held(&f->list), ==, 10);
        find(f, "n2@h1")->held_usec = 0;
        g_assert_cmpuint(advert_list_next_held(&f->list), ==, 20);
        advert_list_release(&f->list);
        g_assert_cmpuint(advert_list_next_held(&f->list), ==, 0);
        g_assert_cmpuint(f->list.n_adverts, ==, G_N_ELEMENTS(usec));
}

/* Another port or another bound address, or none, makes another advert. */
static void test_is(Fixture *f, gconstpointer data) {
        Address one = address("192.0.2.1"), same = address("192.0.2.1"),
                other = address("192.0.2.2");
        Endpoint e = endpoint("a@h1", PROTO_TCP, FAMILY_INET, 1), moved = e;
        AdvertGroup *bound;

        (void) data;
        (void) add(f, "a@h1");
        moved.port = 2;
        g_assert_true(advert_group_is(find(f, "a@h1")->group, &e, NULL));
        g_assert_false(advert_group_is(find(f, "a@h1")->group, &moved, NULL));
        g_assert_false(advert_group_is(find(f, "a@h1")->group, &e, &one));
        g_assert_cmpint(advert_group_new(&bound, &e, &one, on_changed, NULL), ==, 0);
        g_assert_true(advert_group_is(bound, &e, &same));
        g_assert_false(advert_group_is(bound, &moved, &same));
        g_assert_false(advert_group_is(bound, &e, &other));
        g_assert_false(advert_group_is(bound, &e, NULL));
        g_assert_null(advert_group_free(bound));
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
#define TEST(path, test) g_test_add("/advert-list/" path, Fixture, NULL, set_up, test, tear_down)
        TEST("find", test_find);
        TEST("replace", test_replace);
        TEST("failed", test_failed);
        TEST("held", test_held);
        TEST("is-the-same", test_is);
        return g_test_run();
}
