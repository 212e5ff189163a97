/* SPDX-License-Identifier: Apache-2.0 */
/* Which of several adverts of one endpoint holds */

#include <glib.h>
#include <string.h>

#include "core/entry.h"

#define SEC UINT64_C(1000000)

static void see_over(Entry *entry, Family transport, const char *instance, int interface,
                     const char *host, uint64_t now) {
        Sighting sighting = {
                .id = { .source = SOURCE_LAN, .interface = interface, .transport = transport }
        };

        g_strlcpy(sighting.id.instance, instance, sizeof(sighting.id.instance));
        g_strlcpy(sighting.host, host, sizeof(sighting.host));
        g_assert_cmpint(entry_add_sighting(entry, &sighting, now), >=, 0);
}

static void see(Entry *entry, const char *instance, int interface, const char *host, uint64_t now) {
        see_over(entry, FAMILY_INET, instance, interface, host, now);
}

static SightingId id_of(const char *instance, int interface) {
        SightingId id = { .source = SOURCE_LAN, .interface = interface };

        g_strlcpy(id.instance, instance, sizeof(id.instance));
        return id;
}

static void doubt(Entry *entry, const char *instance, uint64_t now, uint64_t until) {
        SightingId id = id_of(instance, 1);

        entry_claims_doubt(entry, &id, now, until);
}

/* The instances, the one that holds first; those that are hidden are left out. */
static void check_order(const Entry *entry, uint64_t now, const char *expected) {
        g_autoptr(GString) order = g_string_new(NULL);
        const EntrySighting *last = NULL;

        for (size_t n = 0; n < entry->n_sightings; n++) {
                const EntrySighting *next = NULL;

                for (size_t i = 0; i < entry->n_sightings; i++) {
                        const EntrySighting *sighting = &entry->sightings[i];

                        if (!entry_claims_is_hidden(sighting, now) &&
                            (!last || entry_claims_is_before(last, sighting)) &&
                            (!next || entry_claims_is_before(sighting, next)))
                                next = sighting;
                }
                if (!next)
                        break;
                g_string_append_printf(order, "%s%s", order->len ? " " : "",
                                       next->sighting.id.instance);
                last = next;
        }
        g_assert_cmpstr(order->str, ==, expected);
}

/* Hosts in the order in which they came, each with its newest advert first: a node that restarts
 * does not lose its place to one that came later. */
static void test_order(void) {
        _cleanup_(entry_freep) Entry *entry = g_new0(Entry, 1);

        see(entry, "a2", 1, "a.local", 1 * SEC);
        see(entry, "b1", 1, "b.local", 2 * SEC);
        see(entry, "a1", 1, "A", 3 * SEC);
        see(entry, "c", 1, "", 4 * SEC);
        check_order(entry, 9 * SEC, "a1 a2 b1 c");

        /* As long as one of them was there all the time. */
        g_assert_true(entry_remove_sighting(entry, &entry->sightings[0].sighting.id));
        see(entry, "a0", 1, "a.local", 5 * SEC);
        check_order(entry, 9 * SEC, "a0 a1 b1 c");
}

/* What was listed in one go has no order of its own: the names of the hosts give it one. */
static void test_together(void) {
        _cleanup_(entry_freep) Entry *entry = g_new0(Entry, 1);

        see(entry, "c", 1, "c.local", SEC);
        see(entry, "a", 1, "a.local", SEC);
        see(entry, "b", 1, "B.local", SEC);
        check_order(entry, 9 * SEC, "a b c");
}

/* An advert whose host has another name now is the same claim. If that is one that had a claim of
 * its own, it is part of it. */
static void test_another_host(void) {
        _cleanup_(entry_freep) Entry *entry = g_new0(Entry, 1);

        see(entry, "a", 1, "a.local", 1 * SEC);
        see(entry, "b", 1, "b.local", 2 * SEC);
        see(entry, "a", 1, "z.local", 3 * SEC);
        check_order(entry, 9 * SEC, "a b");
        see(entry, "c", 1, "c.local", 4 * SEC);
        see(entry, "a", 1, "c.local", 5 * SEC);
        check_order(entry, 9 * SEC, "b c a");
}

/* What a goodbye puts in doubt: other adverts of the same host, older than the goodbye and not
 * younger than the advert that ends. */
static void test_doubt(void) {
        static const struct {
                const char *host;
                uint64_t first, now; /* in tenths of a second; the goodbye is to one of 10 s */
                gboolean hidden;
        } cases[] = {
                { "a.local", 50, 200, TRUE },  { "A", 100, 200, TRUE },
                { "a.local", 120, 200, TRUE }, { "a.local", 121, 200, FALSE },
                { "b.local", 50, 200, FALSE }, { "a.local", 50, 71, TRUE },
                { "a.local", 50, 70, FALSE },
        };

        for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
                _cleanup_(entry_freep) Entry *entry = g_new0(Entry, 1);

                see(entry, "other", 1, cases[i].host, cases[i].first * SEC / 10);
                see(entry, "said", 1, "a.local", 10 * SEC);
                see(entry, "said", 2, "a.local", 11 * SEC);
                doubt(entry, "said", cases[i].now * SEC / 10, 50 * SEC);
                for (size_t n = 0; n < 3; n++) {
                        const EntrySighting *sighting = &entry->sightings[n];

                        g_assert_cmpint(entry_claims_is_hidden(sighting, 50 * SEC - 1), ==,
                                        n == 0 && cases[i].hidden);
                        g_assert_false(entry_claims_is_hidden(sighting, 50 * SEC));
                }
        }
}

/* A goodbye is one packet for each IP version, and either may be lost. On another link it may be
 * the link that has gone. */
static void test_other_packet(void) {
        _cleanup_(entry_freep) Entry *entry = g_new0(Entry, 1);
        static const gboolean hidden[] = { FALSE, TRUE, FALSE, FALSE };

        see_over(entry, FAMILY_INET, "a", 1, "a.local", 10 * SEC);
        see_over(entry, FAMILY_INET6, "a", 1, "a.local", 10 * SEC);
        see_over(entry, FAMILY_INET6, "a", 2, "a.local", 10 * SEC);
        see_over(entry, FAMILY_INET6, "b", 1, "a.local", 11 * SEC);
        doubt(entry, "a", 12 * SEC, 50 * SEC);
        /* A node that restarts quickly is announced anew just then, by two packets again. */
        for (size_t i = 0; i < 4; i++)
                g_assert_false(entry_claims_is_hidden(&entry->sightings[i], 12 * SEC));
        g_assert_cmpuint(entry_claims_due(entry, 12 * SEC), ==, 12 * SEC + SEC / 20);
        for (size_t i = 0; i < 4; i++)
                g_assert_cmpint(entry_claims_is_hidden(&entry->sightings[i], 12 * SEC + SEC / 20),
                                ==, hidden[i]);
}

/* One sighting of an instance that is reported anew speaks for all of them. */
static void test_confirm(void) {
        _cleanup_(entry_freep) Entry *entry = g_new0(Entry, 1);

        see(entry, "old", 1, "a.local", 1 * SEC);
        see(entry, "old", 2, "a.local", 1 * SEC);
        see(entry, "new", 1, "a.local", 5 * SEC);
        doubt(entry, "new", 10 * SEC, 40 * SEC);
        check_order(entry, 10 * SEC, "new");
        see(entry, "old", 3, "a.local", 20 * SEC);
        for (size_t i = 0; i < entry->n_sightings; i++)
                g_assert_false(entry_claims_is_hidden(&entry->sightings[i], 20 * SEC));
        /* Nobody has said goodbye. */
        doubt(entry, "none", 30 * SEC, 40 * SEC);
        check_order(entry, 30 * SEC, "new old");
}

/* A conflict is two claims that have lasted 3 s each. */
static void test_conflict(void) {
        _cleanup_(entry_freep) Entry *entry = g_new0(Entry, 1);
        const EntrySighting *a;

        see(entry, "a", 1, "a.local", 10 * SEC);
        a = entry->sightings;
        g_assert_false(entry_claims_conflict(a, "b.local", 0, 13 * SEC - 1));
        g_assert_true(entry_claims_conflict(a, "b.local", 0, 13 * SEC));
        g_assert_true(entry_claims_conflict(a, "", 0, 13 * SEC));
        g_assert_false(entry_claims_conflict(a, "b.local", 12 * SEC, 15 * SEC - 1));
        g_assert_true(entry_claims_conflict(a, "b.local", 12 * SEC, 15 * SEC));
        g_assert_false(entry_claims_conflict(a, "A.local.", 0, 15 * SEC));

        entry->sightings[0].hidden_until_usec = 20 * SEC;
        g_assert_false(entry_claims_conflict(a, "b.local", 0, 20 * SEC - 1));
        g_assert_true(entry_claims_conflict(a, "b.local", 0, 20 * SEC));
}

/* Time is asked for only where it can change anything. */
static void test_due(void) {
        _cleanup_(entry_freep) Entry *entry = g_new0(Entry, 1);

        g_assert_cmpuint(entry_claims_due(entry, 10 * SEC), ==, UINT64_MAX);
        see(entry, "a", 1, "a.local", 10 * SEC);
        g_assert_cmpuint(entry_claims_due(entry, 10 * SEC), ==, UINT64_MAX);
        entry->registration = (Registration){ .owner = 1, .since_usec = 11 * SEC };
        g_assert_cmpuint(entry_claims_due(entry, 11 * SEC), ==, 13 * SEC);
        g_assert_cmpuint(entry_claims_due(entry, 13 * SEC), ==, 14 * SEC);
        g_assert_cmpuint(entry_claims_due(entry, 14 * SEC), ==, UINT64_MAX);

        entry->registration = (Registration){};
        see(entry, "b", 1, "b.local", 20 * SEC);
        g_assert_cmpuint(entry_claims_due(entry, 20 * SEC), ==, 23 * SEC);
        entry->sightings[0].hidden_until_usec = 22 * SEC;
        g_assert_cmpuint(entry_claims_due(entry, 20 * SEC), ==, 22 * SEC);
        g_assert_cmpuint(entry_claims_due(entry, 23 * SEC), ==, UINT64_MAX);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/entry-claims/order", test_order);
        g_test_add_func("/entry-claims/listed-together", test_together);
        g_test_add_func("/entry-claims/another-host", test_another_host);
        g_test_add_func("/entry-claims/doubt", test_doubt);
        g_test_add_func("/entry-claims/other-packet", test_other_packet);
        g_test_add_func("/entry-claims/confirm", test_confirm);
        g_test_add_func("/entry-claims/conflict", test_conflict);
        g_test_add_func("/entry-claims/due", test_due);
        return g_test_run();
}
