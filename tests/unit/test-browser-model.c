/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adverts come and go at random, lookups are answered or not, and Avahi has room or not: in the end
 * the sightings are those of the adverts that are there
 *
 * The numbers come from GLib's seed: what failed is run again with --seed.
 */

#include <avahi-common/error.h>
#include <glib.h>
#include <string.h>

#include "daemon/avahi/browser.h"
#include "fake/fake-avahi.h"
#include "fake/fake-timer.h"
#include "unit/util-event.h"

enum { N_ADVERTS = 16, N_STEPS = 20000, CHECK_STEPS = 100, PLENTY = 1000 };

typedef struct Model {
        AvahiSink sink;
        AvahiClient *client;
        Browser *browser;
        unsigned ports[N_ADVERTS]; /* of what is on the LAN; 0: nothing */
        unsigned seen[N_ADVERTS];  /* what the browser has told of; 0: nothing */
        unsigned next_port;
        size_t max_objects;
} Model;

static int pick(int n) {
        return g_test_rand_int_range(0, n);
}

/* Half of them differ in their names, half in the IP version. */
static FakeAdvert advert(int i) {
        static const char *const names[] = { "a@h2 1", "b@h2 2", "c@h3 3", "d@h3 4",
                                             "e@h4 5", "f@h4 6", "g@h5 7", "h@h5 8" };

        return (FakeAdvert){ .name = names[i / 2],
                             .interface = 1,
                             .protocol = i % 2 ? AVAHI_PROTO_INET6 : AVAHI_PROTO_INET };
}

static int index_of(const SightingId *id) {
        for (int i = 0; i < N_ADVERTS; i++)
                if (strcmp(advert(i).name, id->instance) == 0 &&
                    (i % 2 ? FAMILY_INET6 : FAMILY_INET) == id->transport)
                        return i;
        g_assert_not_reached();
}

/* --- What the browser tells --- */

static void post(void *userdata, const LanMessage *message) {
        Model *model = userdata;
        int i;

        switch (message->type) {
        case LAN_SEEN:
                i = index_of(&message->sighting.id);
                /* It says what is there. */
                g_assert_cmpuint(message->sighting.endpoint.port, ==, model->ports[i]);
                model->seen[i] = message->sighting.endpoint.port;
                break;
        case LAN_GONE:
                i = index_of(&message->sighting.id);
                /* Only what has come can go. */
                g_assert_cmpuint(model->seen[i], >, 0);
                model->seen[i] = 0;
                break;
        case LAN_IGNORED:
                g_assert_cmpint(message->ignored, ==, IGNORED_LIMIT);
                break;
        default:
                g_assert_cmpint(message->type, ==, LAN_LISTED);
                break;
        }
}

static void fail(void *userdata, const char *what, int error) {
        (void) userdata;
        g_error("%s failed: %d", what, error);
}

static void on_client(AvahiClient *client, AvahiClientState state, void *userdata) {
        (void) client, (void) state, (void) userdata;
}

/* --- What happens --- */

static void come(Model *model, int i) {
        if (model->ports[i] > 0)
                return;
        model->ports[i] = ++model->next_port % 60000 + 1;
        fake_avahi_emit_service(AVAHI_BROWSER_NEW, advert(i), AVAHI_LOOKUP_RESULT_MULTICAST);
}

static void go(Model *model, int i) {
        if (model->ports[i] == 0)
                return;
        model->ports[i] = 0;
        fake_avahi_emit_service(AVAHI_BROWSER_REMOVE, advert(i), AVAHI_LOOKUP_RESULT_MULTICAST);
}

/* If it has a resolver. */
static void resolve(Model *model, int i) {
        g_autofree char *txt = g_strdup_printf("\x09node=%.4s", advert(i).name);

        if (model->ports[i] > 0)
                fake_avahi_emit_found(advert(i), "h.local", "192.0.2.2", (uint16_t) model->ports[i],
                                      txt, strlen(txt));
}

/* If its SRV record is asked for. */
static void answer_farewell(int i) {
        fake_avahi_emit_record(pick(2) ? AVAHI_BROWSER_NEW : AVAHI_BROWSER_ALL_FOR_NOW, advert(i));
}

static void set_room(Model *model, size_t max_objects) {
        model->max_objects = max_objects;
        fake_avahi_set_max_objects(max_objects);
}

static void step(Model *model) {
        int i = pick(N_ADVERTS);

        switch (pick(10)) {
        case 0:
        case 1:
                come(model, i);
                break;
        case 2:
                go(model, i);
                break;
        case 3:
        case 4:
        case 5:
                resolve(model, i);
                break;
        case 6:
                answer_farewell(i);
                break;
        case 7:
                if (model->ports[i] > 0)
                        fake_avahi_emit_lost(advert(i), AVAHI_ERR_TIMEOUT);
                break;
        case 8:
                set_room(model, (size_t) pick(2 * N_ADVERTS) + 1);
                break;
        default:
                if (pick(2))
                        fake_timer_pass((unsigned) pick(3000));
                else if (browser_make_room(model->browser))
                        browser_use_room(model->browser);
                break;
        }
}

/* Room comes, and all that is asked is answered: nothing is missing, and nothing left. */
static void check(Model *model) {
        set_room(model, PLENTY);
        fake_timer_pass(120 * 1000);
        for (int i = 0; i < N_ADVERTS; i++) {
                answer_farewell(i);
                resolve(model, i);
        }
        for (int i = 0; i < N_ADVERTS; i++)
                g_assert_cmpuint(model->seen[i], ==, model->ports[i]);
}

static void test_random(void) {
        Model model = {};
        int error;

        log_capture();
        fake_avahi_reset();
        fake_timer_reset();
        model.sink = (AvahiSink){ .post = post, .fail = fail, .userdata = &model };
        model.client = avahi_client_new(NULL, AVAHI_CLIENT_NO_FAIL, on_client, NULL, &error);
        g_assert_cmpint(browser_new(&model.browser, &model.sink), ==, 0);
        browser_start(model.browser, model.client);

        for (int i = 1; i <= N_STEPS; i++) {
                step(&model);
                if (i % CHECK_STEPS == 0)
                        check(&model);
        }

        /* Nothing is held that nobody needs: a resolver for each that is there. */
        for (int i = 0; i < N_ADVERTS; i++)
                go(&model, i);
        check(&model);
        g_assert_cmpuint(fake_avahi_alive(FAKE_RESOLVER), ==, 0);
        g_assert_cmpuint(fake_avahi_alive(FAKE_RECORDS), ==, 0);
        avahi_client_free(model.client);
        browser_forget(model.browser);
        browser_free(model.browser);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/browser-model/random", test_random);
        return g_test_run();
}
