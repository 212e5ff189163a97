/* SPDX-License-Identifier: Apache-2.0 */
/* What the browser makes of what Avahi tells: sightings, and how they end */

#include <avahi-common/error.h>
#include <glib.h>
#include <string.h>

#include "core/advert.h"
#include "daemon/avahi/browser.h"
#include "fake/fake-avahi.h"
#include "fake/fake-timer.h"
#include "unit/util-event.h"

/* A string of a TXT record with its length byte in front, as on the wire, and all of them. */
#define TXT(...)                                                                                   \
        (const char *const[]) {                                                                    \
                __VA_ARGS__, NULL                                                                  \
        }

static const FakeAdvert bob = { .name = "bob@h2 0123456789ab" };

typedef struct Fixture {
        GString *posts; /* what the browser said, one word after the other */
        AvahiSink sink;
        AvahiClient *client;
        Browser *browser;
} Fixture;

static void post(void *userdata, const LanMessage *message) {
        static const char *const ignored[] = { "name", "local", "txt", "port", "address", "limit" };
        const Sighting *sighting = &message->sighting;
        char address[ADDRESS_TEXT_SIZE];
        GString *posts = userdata;

        switch (message->type) {
        case LAN_SEEN:
                g_string_append_printf(
                        posts, "seen %s %u %s %s %d/%s host=%s;", sighting->endpoint.node,
                        sighting->endpoint.port, address_format(&sighting->address, address),
                        family_to_string(sighting->endpoint.family), sighting->id.interface,
                        family_to_string(sighting->id.transport), sighting->host);
                break;
        case LAN_GONE:
                g_string_append_printf(posts, "gone %s %d %s;", sighting->id.instance,
                                       sighting->id.interface, reason_to_string(message->reason));
                break;
        case LAN_IGNORED:
                g_string_append_printf(posts, "ignored %s;", ignored[message->ignored]);
                break;
        case LAN_LISTED:
                g_string_append(posts, "listed;");
                break;
        default:
                g_assert_not_reached();
        }
}

static void fail(void *userdata, const char *what, int error) {
        (void) what;
        g_string_append_printf(userdata, "fail %d;", error);
}

static void on_client(AvahiClient *client, AvahiClientState state, void *userdata) {
        (void) client, (void) state, (void) userdata;
}

static void set_up(Fixture *f, gconstpointer data) {
        int error;

        (void) data;
        log_capture();
        fake_avahi_reset();
        fake_timer_reset();
        f->posts = g_string_new(NULL);
        f->sink = (AvahiSink){ .post = post, .fail = fail, .userdata = f->posts };
        f->client = avahi_client_new(NULL, AVAHI_CLIENT_NO_FAIL, on_client, NULL, &error);
        g_assert_cmpint(browser_new(&f->browser, &f->sink), ==, 0);
        browser_start(f->browser, f->client);
}

static void tear_down(Fixture *f, gconstpointer data) {
        (void) data;
        g_assert_cmpstr(f->posts->str, ==, "");
        avahi_client_free(f->client);
        f->browser = browser_free(f->browser);
        g_string_free(f->posts, TRUE);
        fake_avahi_reset();
}

/* The browser has said just this since it was last asked. */
#define expect(f, text)                                                                            \
        do {                                                                                       \
                g_assert_cmpstr((f)->posts->str, ==, (text));                                      \
                g_string_truncate((f)->posts, 0);                                                  \
        } while (0)

static void found(FakeAdvert advert, const char *address, uint16_t port,
                  const char *const strings[]) {
        g_autoptr(GString) txt = g_string_new(NULL);

        for (; *strings; strings++) {
                g_string_append_c(txt, (char) strlen(*strings));
                g_string_append(txt, *strings);
        }
        fake_avahi_emit_found(advert, "h2.local", address, port, txt->str, txt->len);
}

static void add(FakeAdvert advert) {
        fake_avahi_emit_service(AVAHI_BROWSER_NEW, advert, AVAHI_LOOKUP_RESULT_MULTICAST);
}

static void drop(FakeAdvert advert) {
        fake_avahi_emit_service(AVAHI_BROWSER_REMOVE, advert, AVAHI_LOOKUP_RESULT_MULTICAST);
}

#define BOB_SEEN "seen bob@h2 4000 192.0.2.2 inet 1/inet host=h2.local;"

static void see_bob(Fixture *f) {
        add(bob);
        found(bob, "192.0.2.2", 4000, TXT("txtvers=1", "node=bob@h2"));
        expect(f, BOB_SEEN);
}

static Sighting last;

static void post_last(void *userdata, const LanMessage *message) {
        (void) userdata;
        g_assert_cmpint(message->type, ==, LAN_SEEN);
        last = message->sighting;
}

/* Every field of a sighting comes from the advert, and the interface is named. */
static void test_fields(Fixture *f, gconstpointer data) {
        (void) data;
        f->sink.post = post_last;
        add(bob);
        found(bob, "192.0.2.2", 4000,
              TXT("txtvers=1", "node=bob@h2", "proto=tls", "family=inet6", "type=hidden",
                  "cluster=team", "otp=27", "dist=5-6"));
        g_assert_cmpstr(last.id.instance, ==, bob.name);
        g_assert_cmpstr(last.endpoint.node, ==, "bob@h2");
        g_assert_cmpint(last.endpoint.proto, ==, PROTO_TLS);
        g_assert_cmpint(last.endpoint.family, ==, FAMILY_INET6);
        g_assert_true(last.endpoint.hidden);
        g_assert_cmpstr(last.endpoint.cluster, ==, "team");
        g_assert_cmpstr(last.endpoint.otp, ==, "27");
        g_assert_cmpint(last.endpoint.dist.low, ==, 5);
        g_assert_cmpint(last.endpoint.dist.high, ==, 6);
        g_assert_cmpstr(last.interface_name, ==, "if1");
}

/* Our own nodes are known better without Avahi. Other programs of this host, and static files, are
 * told of by nobody else. */
static void test_own(Fixture *f, gconstpointer data) {
        AvahiLookupResultFlags local = AVAHI_LOOKUP_RESULT_MULTICAST | AVAHI_LOOKUP_RESULT_LOCAL;

        (void) data;
        fake_avahi_emit_service(AVAHI_BROWSER_NEW, bob, local | AVAHI_LOOKUP_RESULT_OUR_OWN);
        g_assert_cmpuint(fake_avahi_alive(FAKE_RESOLVER), ==, 0);
        drop(bob);
        fake_avahi_emit_service(AVAHI_BROWSER_NEW, bob, local);
        found(bob, "192.0.2.2", 4000, TXT("node=bob@h2"));
        expect(f, BOB_SEEN);
}

/* Two hosts have one name: Avahi finds the other's node at our own address, until it has the
 * other's or the name is changed. What is published here is here indeed. */
static void test_own_address(Fixture *f, gconstpointer data) {
        static const char txt[] = "\x0b"
                                  "node=bob@h2";

        (void) data;
        add(bob);
        fake_avahi_emit_found_here(bob, "h1.local", "192.0.2.1", 4000, txt, sizeof(txt) - 1);
        expect(f, "ignored address;");
        found(bob, "192.0.2.2", 4000, TXT("node=bob@h2"));
        expect(f, BOB_SEEN);
        fake_avahi_emit_found_here(bob, "h1.local", "192.0.2.1", 4000, txt, sizeof(txt) - 1);
        expect(f, "gone bob@h2 0123456789ab 1 expired;ignored address;");
        drop(bob);
        expect(f, "");

        fake_avahi_emit_service(AVAHI_BROWSER_NEW, bob, AVAHI_LOOKUP_RESULT_LOCAL);
        fake_avahi_emit_found_here(bob, "h2.local", "192.0.2.2", 4000, txt, sizeof(txt) - 1);
        expect(f, BOB_SEEN);
}

/* One advert on two interfaces over two IP versions is three sightings, each with a life of its
 * own. */
static void test_sightings(Fixture *f, gconstpointer data) {
        FakeAdvert bob6 = { bob.name, 1, AVAHI_PROTO_INET6 },
                   bob_there = { bob.name, 99, AVAHI_PROTO_INET };

        (void) data;
        see_bob(f);
        add(bob);
        add(bob6);
        add(bob_there);
        g_assert_cmpuint(fake_avahi_alive(FAKE_RESOLVER), ==, 3);
        found(bob6, "2001:db8::2", 4000, TXT("node=bob@h2"));
        expect(f, "seen bob@h2 4000 2001:db8::2 inet 1/inet6 host=h2.local;");
        found(bob_there, "192.0.2.3", 4000, TXT("node=bob@h2"));
        expect(f, "seen bob@h2 4000 192.0.2.3 inet 99/inet host=h2.local;");
        drop(bob_there);
        fake_avahi_emit_record(AVAHI_BROWSER_CACHE_EXHAUSTED, bob_there);
        expect(f, "gone bob@h2 0123456789ab 99 goodbye;");
        g_assert_cmpuint(fake_avahi_alive(FAKE_RESOLVER), ==, 2);
}

/* RFC 6763 section 6.4: the first string with a key counts. */
static void test_first_key_counts(Fixture *f, gconstpointer data) {
        (void) data;
        add(bob);
        found(bob, "192.0.2.2", 4000,
              TXT("node=bob@h2", "node=eve@evil", "NODE=eve@evil", "cluster=a", "cluster=?"));
        expect(f, BOB_SEEN);
}

/* The least that works: a label that is a node's name. The resolver is kept, and follows changes of
 * the address. */
static void test_foreign_advert(Fixture *f, gconstpointer data) {
        FakeAdvert foreign = { .name = "bob@h2" };

        (void) data;
        add(foreign);
        fake_avahi_emit_found(foreign, "h2.local.", "192.0.2.2", 4000, "", 0);
        expect(f, BOB_SEEN);
        fake_avahi_emit_found(foreign, "h2.local", "192.0.2.9", 4000, "", 1);
        expect(f, "seen bob@h2 4000 192.0.2.9 inet 1/inet host=h2.local;");
}

/* --- How an instance goes --- */

/* A goodbye takes the SRV record away, the end of the PTR's TTL does not: that is the only
 * difference that Avahi lets us see. */
static void test_reason(Fixture *f, gconstpointer data) {
        static const AvahiBrowserEvent without[] = {
                AVAHI_BROWSER_CACHE_EXHAUSTED,
                AVAHI_BROWSER_ALL_FOR_NOW,
                AVAHI_BROWSER_FAILURE,
                AVAHI_BROWSER_REMOVE,
        };

        (void) data;
        for (size_t i = 0; i < G_N_ELEMENTS(without); i++) {
                see_bob(f);
                drop(bob);
                drop(bob);
                g_assert_cmpuint(fake_avahi_alive(FAKE_RECORDS), ==, 1);
                expect(f, "");
                fake_avahi_emit_record(without[i], bob);
                expect(f, "gone bob@h2 0123456789ab 1 goodbye;");
        }
        see_bob(f);
        drop(bob);
        fake_avahi_emit_record(AVAHI_BROWSER_NEW, bob);
        expect(f, "gone bob@h2 0123456789ab 1 expired;");
        g_assert_cmpuint(fake_avahi_alive(FAKE_RECORDS), ==, 0);
        g_assert_cmpuint(fake_avahi_alive(FAKE_RESOLVER), ==, 0);
}

/* What was never told of needs no farewell. */
static void test_never_seen(Fixture *f, gconstpointer data) {
        (void) data;
        add(bob);
        drop(bob);
        drop(bob);
        g_assert_cmpuint(fake_avahi_calls(FAKE_RECORDS_NEW), ==, 0);
        g_assert_cmpuint(fake_avahi_alive(FAKE_RESOLVER), ==, 0);
        expect(f, "");
}

/* Back before its farewell is over: it has never been away. */
static void test_back_at_once(Fixture *f, gconstpointer data) {
        (void) data;
        see_bob(f);
        drop(bob);
        add(bob);
        g_assert_cmpuint(fake_avahi_alive(FAKE_RECORDS), ==, 0);
        fake_avahi_emit_record(AVAHI_BROWSER_CACHE_EXHAUSTED, bob);
        expect(f, "");
        found(bob, "192.0.2.2", 4000, TXT("node=bob@h2"));
        expect(f, BOB_SEEN);
        drop(bob);
        fake_avahi_emit_record(AVAHI_BROWSER_CACHE_EXHAUSTED, bob);
        expect(f, "gone bob@h2 0123456789ab 1 goodbye;");
}

/* … and if nothing can be resolved any more, it is away after all. */
static void test_back_and_lost(Fixture *f, gconstpointer data) {
        (void) data;
        see_bob(f);
        drop(bob);
        add(bob);
        fake_avahi_emit_lost(bob, AVAHI_ERR_TIMEOUT);
        expect(f, "gone bob@h2 0123456789ab 1 expired;");
}

/* A resolver that has failed goes on, and finds the instance again. A failure before is none: SRV
 * may come later than PTR. */
static void test_resolver_failure(Fixture *f, gconstpointer data) {
        (void) data;
        add(bob);
        fake_avahi_emit_lost(bob, AVAHI_ERR_TIMEOUT);
        expect(f, "");
        found(bob, "192.0.2.2", 4000, TXT("node=bob@h2"));
        expect(f, BOB_SEEN);
        fake_avahi_emit_lost(bob, AVAHI_ERR_TIMEOUT);
        fake_avahi_emit_lost(bob, AVAHI_ERR_TIMEOUT);
        expect(f, "gone bob@h2 0123456789ab 1 expired;");
        found(bob, "192.0.2.2", 4000, TXT("node=bob@h2"));
        expect(f, BOB_SEEN);
}

/* --- What comes from the network --- */

/* Each advert that can't be used is counted with its reason, and is not told of; if it was, it is
 * gone. */
static void test_ignored(Fixture *f, gconstpointer data) {
        const struct {
                const char *txt, *address;
                uint16_t port;
                const char *reason;
        } table[] = {
                { "node=bob", "192.0.2.2", 1, "name" },
                { "node=", "192.0.2.2", 1, "name" },
                { "node=bob@h2\n", "192.0.2.2", 1, "name" },
                { "node=b%s%n@h2", "192.0.2.2", 1, "name" },
                { "node=../b@h2", "192.0.2.2", 1, "name" },
                { "node=bob@h2\xE2\x80\xAE", "192.0.2.2", 1, "name" },
                { "cluster=", "192.0.2.2", 1, "name" }, /* and the label is none */
                { "node=bob@localhost", "192.0.2.2", 1, "local" },
                { "node=bob@127.0.0.1", "192.0.2.2", 1, "local" },
                { "txtvers=2", "192.0.2.2", 1, "txt" },
                { "proto=udp", "192.0.2.2", 1, "txt" },
                { "family=inet4", "192.0.2.2", 1, "txt" },
                { "type=Hidden", "192.0.2.2", 1, "txt" },
                { "cluster=a b", "192.0.2.2", 1, "txt" },
                { "otp=12345678901234567", "192.0.2.2", 1, "txt" },
                { "dist=6-5", "192.0.2.2", 1, "txt" },
                { "x=", "192.0.2.2", 0, "port" },
                { "x=", "fe80::1", 1, "address" },
                { "x=", "::", 1, "address" },
                { "x=", "0.0.0.0", 1, "address" },
        };

        (void) data;
        see_bob(f);
        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                g_autofree char *text =
                        g_strdup_printf("gone %s 1 expired;ignored %s;", bob.name, table[i].reason);
                bool named = strcmp(table[i].reason, "name") == 0;

                found(bob, table[i].address, table[i].port,
                      TXT(table[i].txt, named ? "x" : "node=bob@h2"));
                expect(f, text);
                found(bob, "192.0.2.2", 4000, TXT("node=bob@h2"));
                expect(f, BOB_SEEN);
        }
        found(bob, "192.0.2.2", 0, TXT("node=bob@h2"));
        expect(f, "gone bob@h2 0123456789ab 1 expired;ignored port;");
        found(bob, "192.0.2.2", 0, TXT("node=bob@h2"));
        expect(f, "ignored port;");
}

/* TXT may hold any bytes, NUL and the largest size among them. */
static void test_hostile_txt(Fixture *f, gconstpointer data) {
        static const char nul[] = "\x0Cnode=bob@h2\0"
                                  "\x07"
                                  "node=a@";
        g_autofree uint8_t *many = g_malloc0(65535);

        (void) data;
        add(bob);
        fake_avahi_emit_found(bob, "h2.local", "192.0.2.2", 1, nul, sizeof(nul) - 1);
        expect(f, "ignored name;");
        fake_avahi_emit_found(bob, "h2.local", "192.0.2.2", 1, many, 65535);
        expect(f, "ignored name;");
        memset(many, 255, 65535);
        fake_avahi_emit_found(bob, "h2.local", "192.0.2.2", 1, many, 65280);
        expect(f, "ignored name;");
        memset(many, '=', 65535);
        fake_avahi_emit_found(bob, "h2.local", "192.0.2.2", 1, many, 62 * 1000);
        expect(f, "ignored name;");
}

/* A host name that is too long to be told on is left out, percent-coding counted; the node is
 * reachable all the same. */
static void test_host_names(Fixture *f, gconstpointer data) {
        g_autofree char *fits = g_strnfill(LIMIT_HOST, 'h'),
                        *long_one = g_strnfill(LIMIT_HOST + 1, 'h');
        g_autofree char *coded = g_strnfill(LIMIT_HOST / 3 + 1, ' ');
        const struct {
                const char *host, *told;
        } table[] = {
                { fits, fits },
                { long_one, "" },
                { coded, "" },
                { "", "" },
                { ".", "" },
                { "a\\.b.local", "a\\.b.local" },
                { "%n.local", "%n.local" },
        };

        (void) data;
        add(bob);
        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                g_autofree char *text = g_strdup_printf(
                        "seen bob@h2 1 192.0.2.2 inet 1/inet host=%s;", table[i].told);

                fake_avahi_emit_found(bob, table[i].host, "192.0.2.2", 1, "\x0Bnode=bob@h2", 12);
                expect(f, text);
        }
}

/* An advert with an address of its own has a host name of its own, below that of the host: the
 * latter is told, and it alone has to be short enough. */
static void test_own_host_name(Fixture *f, gconstpointer data) {
        static const FakeAdvert own = { .name = "bob@h2 0123456789ab" };
        g_autofree char *label = g_strnfill(LIMIT_HOST - 6, 'h'),
                        *host = g_strdup_printf("0123456789ab.%s.local", label),
                        *text = g_strdup_printf(
                                "seen bob@h2 1 192.0.2.2 inet 1/inet host=%s.local;", label);

        (void) data;
        add(own);
        fake_avahi_emit_found(own, host, "192.0.2.2", 1, "\x0Bnode=bob@h2", 12);
        expect(f, text);
}

/* A label may hold any bytes and have 63 of them, and is still found again when it goes. */
static void test_strange_labels(Fixture *f, gconstpointer data) {
        g_autofree char *longest = g_strnfill(LIMIT_LABEL, 'l');
        const char *labels[] = { longest, "a.b\\c", "\xC3\xA5 \xE2\x98\x83", "%s%n", " " };

        (void) data;
        for (size_t i = 0; i < G_N_ELEMENTS(labels); i++) {
                FakeAdvert advert = { .name = labels[i] };
                g_autofree char *text = g_strdup_printf("gone %s 1 expired;", labels[i]);

                add(advert);
                found(advert, "192.0.2.2", 4000, TXT("node=bob@h2"));
                expect(f, BOB_SEEN);
                drop(advert);
                fake_avahi_emit_record(AVAHI_BROWSER_NEW, advert);
                expect(f, text);
        }
}

/* --- Failures --- */

static void see(Fixture *f, const char *node) {
        g_autofree char *text = g_strdup_printf("\x0Dnode=%s", node),
                        *expected = g_strdup_printf(
                                "seen %s 4000 192.0.2.2 inet 1/inet host=h2.local;", node);

        text[0] = (char) (strlen(text) - 1);
        fake_avahi_emit_found((FakeAdvert){ .name = node }, "h2.local", "192.0.2.2", 4000, text,
                              strlen(text));
        expect(f, expected);
}

/* Adverts that there is no room for. */
static void see_none(Fixture *f, unsigned n) {
        for (unsigned i = 0; i < n; i++) {
                g_autofree char *name = g_strdup_printf("n%u@h2", i);

                add((FakeAdvert){ .name = name });
                expect(f, "ignored limit;");
        }
}

/* Avahi's limit on objects costs the adverts above it and nothing else. One line in the log, and
 * each is counted. */
static void test_too_many(Fixture *f, gconstpointer data) {
        (void) data;
        see_bob(f);
        fake_avahi_set_max_objects(2);
        add((FakeAdvert){ .name = "carol@h3" });
        add((FakeAdvert){ .name = "dave@h4" });
        add((FakeAdvert){ .name = "dave@h4" });
        expect(f, "ignored limit;ignored limit;");
        g_assert_cmpuint(log_count("*objects-per-client-max*"), ==, 1);
        drop((FakeAdvert){ .name = "carol@h3" });
        drop((FakeAdvert){ .name = "dave@h4" });
        expect(f, "");

        /* Nor may the farewell of those who are known be missed for want of an object. */
        fake_avahi_set_max_objects(1);
        drop(bob);
        expect(f, "gone bob@h2 0123456789ab 1 goodbye;");
        fake_avahi_set_max_objects(2);
        see_bob(f);
}

/* What there was no room for is resolved as soon as another one is gone, in the order in which they
 * came: when its farewell is over, or at once if it had none. */
static void test_room(Fixture *f, gconstpointer data) {
        (void) data;
        see_bob(f);
        fake_avahi_set_max_objects(2);
        add((FakeAdvert){ .name = "carol@h3" });
        add((FakeAdvert){ .name = "dave@h4" });
        add((FakeAdvert){ .name = "erin@h5" });
        expect(f, "ignored limit;ignored limit;ignored limit;");
        drop(bob);
        g_assert_cmpuint(fake_avahi_alive(FAKE_RECORDS), ==, 1);
        fake_avahi_emit_record(AVAHI_BROWSER_CACHE_EXHAUSTED, bob);
        expect(f, "gone bob@h2 0123456789ab 1 goodbye;");
        see(f, "carol@h3");
        drop((FakeAdvert){ .name = "dave@h4" });
        drop((FakeAdvert){ .name = "carol@h3" });
        fake_avahi_emit_record(AVAHI_BROWSER_NEW, (FakeAdvert){ .name = "carol@h3" });
        expect(f, "gone carol@h3 1 expired;");
        g_assert_cmpuint(fake_avahi_alive(FAKE_RESOLVER), ==, 1);
        see(f, "erin@h5");
        drop((FakeAdvert){ .name = "erin@h5" });
        fake_avahi_emit_record(AVAHI_BROWSER_NEW, (FakeAdvert){ .name = "erin@h5" });
        expect(f, "gone erin@h5 1 expired;");
        fake_timer_pass(100 * 1000);
        g_assert_cmpuint(fake_avahi_alive(FAKE_RESOLVER), ==, 0);
}

/* Room that comes unheard of is found by and by, and nobody is counted twice meanwhile. */
static void test_retry(Fixture *f, gconstpointer data) {
        unsigned calls;

        (void) data;
        fake_avahi_set_max_objects(1);
        see_none(f, 3);
        fake_timer_pass(60 * 1000);
        calls = fake_avahi_calls(FAKE_RESOLVER_NEW);
        g_assert_cmpuint(calls, >=, 5);
        g_assert_cmpuint(calls, <=, 8);
        fake_avahi_set_max_objects(3);
        fake_timer_pass(60 * 1000);
        g_assert_cmpuint(fake_avahi_alive(FAKE_RESOLVER), ==, 2);
        see(f, "n0@h2");
        see(f, "n1@h2");
        fake_avahi_set_max_objects(9);
        browser_use_room(f->browser);
        see(f, "n2@h2");
        calls = fake_avahi_calls(FAKE_RESOLVER_NEW);
        fake_timer_pass(100 * 1000);
        g_assert_cmpuint(fake_avahi_calls(FAKE_RESOLVER_NEW), ==, calls);
        g_assert_cmpuint(log_count("*objects-per-client-max*"), ==, 1);
}

/* Whoever comes while others wait does not overtake them, and costs Avahi no call. One that comes
 * back before its farewell is over has room already. */
static void test_no_overtaking(Fixture *f, gconstpointer data) {
        (void) data;
        see_bob(f);
        fake_avahi_set_max_objects(2);
        see_none(f, 1);
        fake_avahi_set_max_objects(3);
        add((FakeAdvert){ .name = "late@h2" });
        expect(f, "ignored limit;");
        g_assert_cmpuint(fake_avahi_calls(FAKE_RESOLVER_NEW), ==, 2);
        drop(bob);
        add(bob);
        found(bob, "192.0.2.2", 4000, TXT("node=bob@h2"));
        expect(f, BOB_SEEN);
        fake_timer_pass(1000);
        see(f, "n0@h2");
        drop((FakeAdvert){ .name = "late@h2" });
        expect(f, "");
}

/* However many adverts there are, some objects are left for those of this host. */
static void test_own_limit(Fixture *f, gconstpointer data) {
        (void) data;
        for (unsigned i = 0; i < LIMIT_LOOKUPS; i++) {
                g_autofree char *name = g_strdup_printf("n%u@h2", i);

                add((FakeAdvert){ .name = name });
        }
        expect(f, "");
        add(bob);
        expect(f, "ignored limit;");
        fake_timer_pass(100 * 1000);
        g_assert_cmpuint(fake_avahi_alive(FAKE_RESOLVER), ==, LIMIT_LOOKUPS);
        g_assert_cmpuint(fake_avahi_calls(FAKE_RESOLVER_NEW), ==, LIMIT_LOOKUPS);
        g_assert_cmpuint(log_count("*only * are followed*"), ==, 1);
        g_assert_cmpuint(LIMIT_LOOKUPS + LIMIT_REGISTRATIONS + 4, <=, LIMIT_AVAHI_OBJECTS);
        drop((FakeAdvert){ .name = "n7@h2" });
        found(bob, "192.0.2.2", 4000, TXT("node=bob@h2"));
        expect(f, BOB_SEEN);
}

/* Nor may those who wait be without number. */
static void test_instances_limit(Fixture *f, gconstpointer data) {
        g_autoptr(GString) expected = g_string_new(NULL);

        (void) data;
        fake_avahi_set_max_objects(1);
        for (unsigned i = 0; i < LIMIT_INSTANCES + 10; i++) {
                g_autofree char *name = g_strdup_printf("n%u@h2", i);

                add((FakeAdvert){ .name = name });
                g_string_append(expected, "ignored limit;");
        }
        expect(f, expected->str);
        fake_avahi_set_max_objects(SIZE_MAX);
        drop((FakeAdvert){ .name = "n0@h2" });
        g_assert_cmpuint(fake_avahi_alive(FAKE_RESOLVER), ==, LIMIT_LOOKUPS);
        add(bob);
        expect(f, "ignored limit;");
}

/* An advert of this host needs a place. It gets that of an instance that has not been seen, else of
 * one that stays as it was seen last, and gets a place again when there is one. */
static void test_make_room(Fixture *f, gconstpointer data) {
        (void) data;
        g_assert_false(browser_make_room(f->browser));
        see_bob(f);
        add((FakeAdvert){ .name = "carol@h3" });
        g_assert_true(browser_make_room(f->browser));
        found(bob, "192.0.2.9", 4000, TXT("node=bob@h2"));
        expect(f, "seen bob@h2 4000 192.0.2.9 inet 1/inet host=h2.local;");
        g_assert_true(browser_make_room(f->browser));
        g_assert_false(browser_make_room(f->browser));
        g_assert_cmpuint(fake_avahi_alive(FAKE_RESOLVER), ==, 0);
        expect(f, "");

        browser_use_room(f->browser);
        see(f, "carol@h3");
        found(bob, "192.0.2.2", 4000, TXT("node=bob@h2"));
        expect(f, BOB_SEEN);
        g_assert_true(browser_make_room(f->browser));
        g_assert_true(browser_make_room(f->browser));
        drop(bob);
        fake_avahi_emit_record(AVAHI_BROWSER_NEW, bob);
        expect(f, "gone bob@h2 0123456789ab 1 expired;");
        drop((FakeAdvert){ .name = "carol@h3" });
        fake_avahi_set_max_objects(1);
        fake_avahi_emit_record(AVAHI_BROWSER_REMOVE, (FakeAdvert){ .name = "carol@h3" });
        expect(f, "gone carol@h3 1 goodbye;");
}

/* When a call fails for another reason the connection is of no more use: its owner is told, once,
 * and until that has freed the client no other call is made, for each might take as long as this
 * one did. */
static void test_call_fails(Fixture *f, gconstpointer data) {
        (void) data;
        fake_avahi_fail(FAKE_RESOLVER_NEW, AVAHI_ERR_DBUS_ERROR);
        add(bob);
        expect(f, "fail -22;");
        add((FakeAdvert){ .name = "carol@h3" });
        browser_use_room(f->browser);
        g_assert_false(browser_make_room(f->browser));
        fake_timer_pass(100 * 1000);
        expect(f, "");
        g_assert_cmpuint(fake_avahi_calls(FAKE_RESOLVER_NEW), ==, 1);
        fake_avahi_fail(FAKE_RESOLVER_NEW, 0);
}

/* The same when Avahi says by itself that browsing has failed. What else it says means nothing. */
static void test_browsing_fails(Fixture *f, gconstpointer data) {
        (void) data;
        fake_avahi_emit_service(AVAHI_BROWSER_ALL_FOR_NOW, bob, 0);
        fake_avahi_emit_service(AVAHI_BROWSER_CACHE_EXHAUSTED, bob, 0);
        expect(f, "listed;");
        fake_avahi_emit_service(AVAHI_BROWSER_FAILURE, bob, 0);
        g_assert_true(g_str_has_prefix(f->posts->str, "fail "));
        g_string_truncate(f->posts, 0);
}

/* A failed call that ends something is as bad as any other: nothing else is called, and what comes
 * from the objects that are left means nothing. */
static void test_end_fails(Fixture *f, gconstpointer data) {
        static const FakeCall calls[] = { FAKE_RESOLVER_FREE, FAKE_RECORDS_FREE, FAKE_RECORDS_NEW };
        FakeAdvert carol = { .name = "carol@h3" };
        unsigned freed, asked;
        int error;

        (void) data;
        for (size_t i = 0; i < G_N_ELEMENTS(calls); i++) {
                see_bob(f);
                add(carol);
                found(carol, "192.0.2.3", 3, TXT("node=carol@h3"));
                g_string_truncate(f->posts, 0);
                if (calls[i] == FAKE_RECORDS_FREE)
                        drop(bob);
                fake_avahi_fail(calls[i], AVAHI_ERR_DBUS_ERROR);
                if (calls[i] == FAKE_RECORDS_FREE)
                        add(bob);
                else
                        drop(bob);
                expect(f, "fail -22;");

                freed = fake_avahi_calls(FAKE_RESOLVER_FREE) + fake_avahi_calls(FAKE_RECORDS_FREE);
                asked = fake_avahi_calls(FAKE_RESOLVER_NEW) + fake_avahi_calls(FAKE_RECORDS_NEW);
                drop(carol);
                drop(bob);
                add(bob);
                fake_avahi_emit_lost(carol, AVAHI_ERR_TIMEOUT);
                fake_avahi_emit_record(AVAHI_BROWSER_CACHE_EXHAUSTED, bob);
                fake_avahi_emit_service(AVAHI_BROWSER_ALL_FOR_NOW, bob, 0);
                expect(f, "");
                g_assert_cmpuint(fake_avahi_calls(FAKE_RESOLVER_FREE) +
                                         fake_avahi_calls(FAKE_RECORDS_FREE),
                                 ==, freed);
                g_assert_cmpuint(fake_avahi_calls(FAKE_RESOLVER_NEW) +
                                         fake_avahi_calls(FAKE_RECORDS_NEW),
                                 ==, asked);

                fake_avahi_fail(calls[i], 0);
                avahi_client_free(f->client);
                browser_forget(f->browser);
                f->client = avahi_client_new(NULL, AVAHI_CLIENT_NO_FAIL, on_client, NULL, &error);
                browser_start(f->browser, f->client);
        }
}

/* No room can be made in that way. */
static void test_make_room_fails(Fixture *f, gconstpointer data) {
        (void) data;
        see_bob(f);
        fake_avahi_fail(FAKE_RESOLVER_FREE, AVAHI_ERR_DBUS_ERROR);
        g_assert_false(browser_make_room(f->browser));
        expect(f, "fail -22;");
        fake_avahi_fail(FAKE_RESOLVER_FREE, 0);
        g_assert_false(browser_make_room(f->browser));
}

/* --- The whole list --- */

/* It is complete when Avahi has reported all that it knows, and each of these has been resolved,
 * could not be, or has gone. What comes later does not hold that up, and it is told once. */
static void test_listed(Fixture *f, gconstpointer data) {
        FakeAdvert carol = { .name = "carol@h3" }, dave = { .name = "dave@h4" };

        (void) data;
        see_bob(f);
        add(carol);
        add(dave);
        fake_avahi_emit_service(AVAHI_BROWSER_ALL_FOR_NOW, bob, 0);
        add((FakeAdvert){ .name = "late@h5" });
        expect(f, "");
        fake_avahi_emit_lost(carol, AVAHI_ERR_TIMEOUT);
        found(bob, "192.0.2.2", 4000, TXT("txtvers=1", "node=bob@h2"));
        expect(f, BOB_SEEN);
        drop(dave);
        expect(f, "listed;");
        fake_avahi_emit_service(AVAHI_BROWSER_ALL_FOR_NOW, bob, 0);
        expect(f, "");
}

/* An empty LAN has an empty list. What is found last is told before the list is complete. */
static void test_listed_order(Fixture *f, gconstpointer data) {
        int error;

        (void) data;
        fake_avahi_emit_service(AVAHI_BROWSER_ALL_FOR_NOW, bob, 0);
        expect(f, "listed;");
        avahi_client_free(f->client);
        browser_forget(f->browser);
        f->client = avahi_client_new(NULL, AVAHI_CLIENT_NO_FAIL, on_client, NULL, &error);
        browser_start(f->browser, f->client);
        add(bob);
        fake_avahi_emit_service(AVAHI_BROWSER_ALL_FOR_NOW, bob, 0);
        found(bob, "192.0.2.2", 4000, TXT("txtvers=1", "node=bob@h2"));
        expect(f, BOB_SEEN "listed;");
}

/* Everything is forgotten with the client, silently, and the next one begins from nothing. */
static void test_forget(Fixture *f, gconstpointer data) {
        int error;

        (void) data;
        see_bob(f);
        add((FakeAdvert){ .name = "carol@h3" });
        drop(bob);
        browser_start(f->browser, f->client);
        g_assert_cmpuint(fake_avahi_alive(FAKE_BROWSER), ==, 1);
        avahi_client_free(f->client);
        browser_forget(f->browser);
        expect(f, "");
        fake_avahi_reset();

        f->client = avahi_client_new(NULL, AVAHI_CLIENT_NO_FAIL, on_client, NULL, &error);
        fake_avahi_fail(FAKE_BROWSER_NEW, AVAHI_ERR_TOO_MANY_OBJECTS);
        browser_start(f->browser, f->client);
        expect(f, "fail -17;");
        fake_avahi_fail(FAKE_BROWSER_NEW, 0);
        avahi_client_free(f->client);
        browser_forget(f->browser);
        f->client = avahi_client_new(NULL, AVAHI_CLIENT_NO_FAIL, on_client, NULL, &error);
        browser_start(f->browser, f->client);
        see_bob(f);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
#define TEST(path, test) g_test_add("/browser/" path, Fixture, NULL, set_up, test, tear_down)
        TEST("fields", test_fields);
        TEST("own", test_own);
        TEST("own-address", test_own_address);
        TEST("sightings", test_sightings);
        TEST("first-key-counts", test_first_key_counts);
        TEST("foreign-advert", test_foreign_advert);
        TEST("gone/reason", test_reason);
        TEST("gone/never-seen", test_never_seen);
        TEST("gone/back-at-once", test_back_at_once);
        TEST("gone/back-and-lost", test_back_and_lost);
        TEST("gone/resolver-failure", test_resolver_failure);
        TEST("network/ignored", test_ignored);
        TEST("network/hostile-txt", test_hostile_txt);
        TEST("network/host-names", test_host_names);
        TEST("network/own-host-name", test_own_host_name);
        TEST("network/strange-labels", test_strange_labels);
        TEST("failures/too-many", test_too_many);
        TEST("failures/room", test_room);
        TEST("failures/retry", test_retry);
        TEST("failures/no-overtaking", test_no_overtaking);
        TEST("failures/own-limit", test_own_limit);
        TEST("failures/instances-limit", test_instances_limit);
        TEST("failures/make-room", test_make_room);
        TEST("failures/call", test_call_fails);
        TEST("failures/browsing", test_browsing_fails);
        TEST("failures/forget", test_forget);
        TEST("failures/end", test_end_fails);
        TEST("failures/make-room-fails", test_make_room_fails);
        TEST("listed/all", test_listed);
        TEST("listed/order", test_listed_order);
        return g_test_run();
}
