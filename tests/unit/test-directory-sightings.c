/* SPDX-License-Identifier: Apache-2.0 */
/* All nodes that are known: what is heard on the LAN */

#include <glib.h>
#include <string.h>

#include "core/directory.h"
#include "unit/util-directory.h"

/* --- Sightings --- */

static void test_sighting(Fixture *f) {
        see(f, "x1", "bob@h2", 2, "192.0.2.2", "h2.local");
        told(f, "up seen bob@h2 2 192.0.2.2");
        f->now += SEC;
        see(f, "x1", "bob@h2", 2, "192.0.2.2", "h2.local");
        told(f, "");
        see(f, "x1", "bob@h2", 2, "192.0.2.3", "h2.local");
        told(f, "changed seen bob@h2 2 192.0.2.3 age=1");
        forget(f, "y1", REASON_GOODBYE);
        forget(f, "x2", REASON_GOODBYE);
        told(f, "");
        forget(f, "x1", REASON_GOODBYE);
        told(f, "down goodbye bob@h2 2 192.0.2.3 age=1");
        forget(f, "x1", REASON_GOODBYE);
        told(f, "");
}

/* A node that is heard on two links is one node, and up as long as one of them hears it. */
static void test_two_interfaces(Fixture *f) {
        see(f, "x1", "bob@h2", 2, "192.0.2.2", "h2.local");
        see(f, "x2", "bob@h2", 2, "198.51.100.2", "h2.local");
        told(f, "up seen bob@h2 2 192.0.2.2; changed seen bob@h2 2 192.0.2.2,198.51.100.2");
        g_assert_cmpuint(stats(f).nodes, ==, 1);
        g_assert_cmpuint(stats(f).sightings, ==, 2);
        g_assert_cmpuint(stats(f).conflicts, ==, 0);
        /* A third one has the same address, and interfaces enough are shown. */
        see(f, "x3", "bob@h2", 2, "192.0.2.2", "h2.local");
        told(f, "");
        forget(f, "x1", REASON_EXPIRED);
        told(f, "changed seen bob@h2 2 198.51.100.2,192.0.2.2");
        forget(f, "x2", REASON_EXPIRED);
        told(f, "changed seen bob@h2 2 192.0.2.2");
        forget(f, "x3", REASON_EXPIRED);
        told(f, "down expired bob@h2 2 192.0.2.2");
}

/* A lost packet must not make a living node unreachable: gone is gone only LIMIT_STALE_SEC later.
 */
static void test_stale(Fixture *f) {
        see(f, "x1", "bob@h2", 2, "192.0.2.2", "h2.local");
        f->now += 10 * SEC;
        see(f, "y1", "carol@h3", 3, "192.0.2.3", "h3.local");
        f->now += 10 * SEC;
        g_assert_cmpuint(expire(f), ==, UINT64_MAX);
        forget(f, "x1", REASON_EXPIRED);
        told(f, "up seen bob@h2 2 192.0.2.2; up seen carol@h3 3 192.0.2.3; "
                "down expired bob@h2 2 192.0.2.2 age=20");
        holds(f, "bob@h2 2 192.0.2.2 age=20 stale; carol@h3 3 192.0.2.3 age=10");
        g_assert_cmpuint(stats(f).stale, ==, 1);
        g_assert_cmpuint(stats(f).nodes, ==, 1);
        g_assert_cmpuint(stats(f).sightings, ==, 1);

        g_assert_cmpuint(expire(f), ==, f->now + STALE);
        f->now += SEC;
        forget(f, "y1", REASON_GOODBYE);
        told(f, "down goodbye carol@h3 3 192.0.2.3 age=11");
        f->now += STALE - SEC - 1;
        g_assert_cmpuint(expire(f), ==, f->now + 1);
        holds(f, "bob@h2 2 192.0.2.2 age=79 stale; carol@h3 3 192.0.2.3 age=69 stale");
        f->now += 1;
        g_assert_cmpuint(expire(f), ==, f->now + SEC);
        holds(f, "carol@h3 3 192.0.2.3 age=70 stale");
        f->now += 100 * SEC;
        g_assert_cmpuint(expire(f), ==, UINT64_MAX);
        holds(f, "");
        told(f, "");
}

/* What comes back is new; and the hour that it was to be forgotten at is forgotten itself. */
static void test_comes_back(Fixture *f) {
        see(f, "x1", "bob@h2", 2, "192.0.2.2", "h2.local");
        f->now += 10 * SEC;
        forget(f, "x1", REASON_EXPIRED);
        f->now += 10 * SEC;
        see(f, "x1", "bob@h2", 2, "192.0.2.2", "h2.local");
        told(f, "up seen bob@h2 2 192.0.2.2; down expired bob@h2 2 192.0.2.2 age=10; "
                "up seen bob@h2 2 192.0.2.2");
        f->now += STALE;
        g_assert_cmpuint(expire(f), ==, UINT64_MAX);
        holds(f, "bob@h2 2 192.0.2.2 age=60");
}

/* avahi-daemon goes: all that it told is gone, and what is registered here stays. */
static void test_lost(Fixture *f) {
        register_node(f, 1, "a@h1", 1, NULL);
        see(f, "z1", "carol@h3", 3, "192.0.2.3", "h3.local");
        see(f, "z2", "carol@h3", 3, "192.0.2.3", "h3.local");
        see(f, "x1", "a@h1", 9, "192.0.2.9", "h9.local");
        see(f, "y1", "bob@h2", 2, "192.0.2.2", "h2.local");
        see(f, "v1", "dave@h4", 4, "fd00::4", "h4.local");
        g_string_truncate(f->events, 0);
        g_assert_cmpuint(stats(f).sightings, ==, 5);
        pass(f, 3 * SEC);
        told(f, "changed registered a@h1 1 127.0.0.1 age=3 conflict advertise");
        directory_remove_source(f->directory, SOURCE_LAN, f->now);
        told(f, "changed registered a@h1 1 127.0.0.1 age=3 advertise; "
                "down lost bob@h2 2 192.0.2.2 age=3; down lost carol@h3 3 192.0.2.3 age=3");
        holds(f, "a@h1 1 127.0.0.1 age=3; bob@h2 2 192.0.2.2 age=3 stale; "
                 "carol@h3 3 192.0.2.3 age=3 stale");
        g_assert_cmpuint(stats(f).sightings, ==, 0);
        directory_remove_source(f->directory, SOURCE_LAN, f->now);
        told(f, "");
}

/* A source lists anew what it sees: what it finds again never went, what has changed meanwhile has
 * changed, and only the rest is gone. */
static void test_listed_anew(Fixture *f) {
        f->now = 100 * SEC;
        register_node(f, 1, "a@h1", 1, NULL);
        see(f, "x1", "bob@h2", 2, "192.0.2.2", "h2.local");
        see(f, "x2", "bob@h2", 2, "198.51.100.2", "h2.local");
        see(f, "y1", "carol@h3", 3, "192.0.2.3", "h3.local");
        see(f, "z1", "dave@h4", 4, "192.0.2.4", "h4.local");
        g_string_truncate(f->events, 0);
        directory_mark_source(f->directory, SOURCE_LAN, f->now);
        told(f, "");

        f->now += SEC;
        see(f, "x1", "bob@h2", 2, "192.0.2.2", "h2.local");
        told(f, "");
        /* A node that was started anew has another advert. */
        see(f, "w1", "carol@h3", 33, "192.0.2.3", "h3.local");
        told(f, "changed replaced carol@h3 33 192.0.2.3");
        g_assert_cmpuint(directory_sweep_source(f->directory, SOURCE_LAN, f->now, f->now), ==,
                         UINT64_MAX);
        told(f, "changed seen bob@h2 2 192.0.2.2 age=1; down lost dave@h4 4 192.0.2.4 age=1");
        g_assert_cmpuint(stats(f).sightings, ==, 2);
        g_assert_cmpuint(directory_sweep_source(f->directory, SOURCE_LAN, f->now, f->now), ==,
                         UINT64_MAX);
        told(f, "");
}

/* A source that begins anew again and again keeps nothing longer than that: the first mark counts
 * until the sighting is confirmed. */
static void test_listed_in_vain(Fixture *f) {
        f->now = 100 * SEC;
        see(f, "x1", "bob@h2", 2, "192.0.2.2", "h2.local");
        see(f, "y1", "carol@h3", 3, "192.0.2.3", "h3.local");
        g_string_truncate(f->events, 0);
        directory_mark_source(f->directory, SOURCE_LAN, 100 * SEC);
        see(f, "y1", "carol@h3", 3, "192.0.2.3", "h3.local");
        directory_mark_source(f->directory, SOURCE_LAN, 105 * SEC);
        g_assert_cmpuint(directory_sweep_source(f->directory, SOURCE_LAN, 100 * SEC - 1, f->now),
                         ==, 100 * SEC);
        told(f, "");
        g_assert_cmpuint(directory_sweep_source(f->directory, SOURCE_LAN, 100 * SEC, f->now), ==,
                         105 * SEC);
        told(f, "down lost bob@h2 2 192.0.2.2");
}

/* Nobody on the LAN can take over a node that is registered here. Who tries, and not for a moment
 * only, is shown as a conflict. */
static void test_local_wins(Fixture *f) {
        see(f, "x1", "a@h1", 666, "192.0.2.66", "evil.local");
        register_node(f, 1, "a@h1", 1, NULL);
        told(f, "up seen a@h1 666 192.0.2.66; changed replaced a@h1 1 127.0.0.1 advertise");
        pass(f, 3 * SEC);
        told(f, "changed registered a@h1 1 127.0.0.1 age=3 conflict advertise");
        see(f, "y1", "a@h1", 667, "192.0.2.67", "evil.local");
        told(f, "");
        g_assert_cmpuint(stats(f).conflicts, ==, 1);
        forget(f, "y1", REASON_GOODBYE);
        forget(f, "x1", REASON_GOODBYE);
        told(f, "changed registered a@h1 1 127.0.0.1 age=3 advertise");
        see(f, "y1", "a@h1", 667, "192.0.2.67", "evil.local");
        told(f, "");
        pass(f, 3 * SEC);
        told(f, "changed registered a@h1 1 127.0.0.1 age=6 conflict advertise");
        /* Only when the registration ends the advert is what is left. */
        unregister(f, 1, "a@h1", 1);
        told(f, "changed replaced a@h1 667 192.0.2.67");
}

/* A node that moves to this host: the goodbye to the old advert takes its second. Changing what is
 * registered does not begin anew. */
static void test_moves_here(Fixture *f) {
        see(f, "x1", "a@h", 2, "192.0.2.2", "h2.local");
        pass(f, 10 * SEC);
        register_node(f, 1, "a@h", 1, NULL);
        told(f, "up seen a@h 2 192.0.2.2; changed replaced a@h 1 127.0.0.1 advertise");
        pass(f, 3 * SEC - 1);
        forget(f, "x1", REASON_GOODBYE);
        pass(f, 10 * SEC);
        told(f, "");
        register_node(f, 1, "a@h", 3, NULL);
        see(f, "x1", "a@h", 2, "192.0.2.2", "h2.local");
        told(f, "changed registered a@h 3 127.0.0.1 age=12 advertise");
        pass(f, 3 * SEC);
        told(f, "changed registered a@h 3 127.0.0.1 age=15 conflict advertise");
}

/* An advert that is stale is not brought back by a registration that comes and goes. */
static void test_local_over_stale(Fixture *f) {
        see(f, "x1", "a@h1", 2, "192.0.2.2", "h2.local");
        forget(f, "x1", REASON_GOODBYE);
        register_node(f, 1, "a@h1", 1, NULL);
        told(f, "up seen a@h1 2 192.0.2.2; down goodbye a@h1 2 192.0.2.2; "
                "up registered a@h1 1 127.0.0.1 advertise");
        g_assert_cmpuint(expire(f), ==, UINT64_MAX);
        unregister(f, 1, "a@h1", 1);
        told(f, "down unregistered a@h1 1 127.0.0.1");
        holds(f, "");
}

/* A node that restarted is believed at once, however long its old advert lingers. */
static void test_newest_wins(Fixture *f) {
        see(f, "x1", "bob@h2", 2, "192.0.2.2", "h2.local");
        f->now += 10 * SEC;
        see(f, "y1", "bob@h2", 3, "192.0.2.2", "h2.local");
        told(f, "up seen bob@h2 2 192.0.2.2; changed replaced bob@h2 3 192.0.2.2");
        f->now += SEC;
        forget(f, "x1", REASON_EXPIRED);
        told(f, "");
        holds(f, "bob@h2 3 192.0.2.2 age=1");
}

/*
 * When avahi-daemon is killed it says no goodbye, and announces the node anew when it is back. The
 * goodbye to the new advert seems to be one to the old one too, or the node would be up until that
 * expires.
 */
static void test_left_behind(Fixture *f) {
        see(f, "x1", "bob@h2", 2, "192.0.2.2", "h2.local");
        f->now += 5 * SEC;
        see(f, "y1", "bob@h2", 2, "192.0.2.2", "h2.local");
        see(f, "y2", "bob@h2", 2, "198.51.100.2", "h2.local");
        f->now += 5 * SEC;
        told(f, "up seen bob@h2 2 192.0.2.2; "
                "changed seen bob@h2 2 192.0.2.2,198.51.100.2 age=5");
        forget(f, "y1", REASON_GOODBYE);
        told(f, "changed seen bob@h2 2 198.51.100.2 age=10");
        forget(f, "y2", REASON_GOODBYE);
        told(f, "down goodbye bob@h2 2 198.51.100.2 age=10");

        /* It is no mistake when the old one is then gone as well. */
        pass(f, TTL - 1);
        forget(f, "x1", REASON_EXPIRED);
        pass(f, STALE);
        told(f, "");
        holds(f, "");
}

/* A goodbye says nothing final about another advert: a neighbour may have forged both that and the
 * advert that it is said to. Whatever is still announced is up again when that can be known. */
static void test_forged_goodbye(Fixture *f) {
        see(f, "x1", "bob@h2", 2, "192.0.2.2", "h2.local");
        f->now += 5 * SEC;
        see(f, "y1", "bob@h2", 666, "192.0.2.66", "h2.local");
        f->now += SEC;
        forget(f, "y1", REASON_GOODBYE);
        told(f, "up seen bob@h2 2 192.0.2.2; changed replaced bob@h2 666 192.0.2.66; "
                "down goodbye bob@h2 666 192.0.2.66 age=1");
        holds(f, "bob@h2 666 192.0.2.66 age=1 stale");
        g_assert_cmpuint(stats(f).sightings, ==, 1);
        pass(f, TTL - 1);
        told(f, "");
        pass(f, 1);
        told(f, "up seen bob@h2 2 192.0.2.2");

        /* Or when it is reported anew, on whatever interface. */
        see(f, "y1", "bob@h2", 666, "192.0.2.66", "h2.local");
        forget(f, "y1", REASON_GOODBYE);
        told(f, "changed replaced bob@h2 666 192.0.2.66; down goodbye bob@h2 666 192.0.2.66");
        see(f, "x2", "bob@h2", 2, "198.51.100.2", "h2.local");
        told(f, "up seen bob@h2 2 192.0.2.2,198.51.100.2");
        pass(f, TTL);
        told(f, "");
}

/* A goodbye is heard of a second after it was said: a node that restarted in between is up. */
static void test_restarts_quickly(Fixture *f) {
        see(f, "x1", "bob@h2", 2, "192.0.2.2", "h2.local");
        f->now += 9 * SEC;
        see(f, "y1", "bob@h2", 3, "192.0.2.2", "h2.local");
        told(f, "up seen bob@h2 2 192.0.2.2; changed replaced bob@h2 3 192.0.2.2");
        f->now += SEC;
        forget(f, "x1", REASON_GOODBYE);
        told(f, "");
        holds(f, "bob@h2 3 192.0.2.2 age=1");
}

/* However late this daemon hears of the goodbye, because it or the machine stood still. */
static void test_late_goodbye(Fixture *f) {
        see(f, "x1", "bob@h2", 2, "192.0.2.2", "h2.local");
        f->now += 9 * SEC;
        see(f, "y1", "bob@h2", 3, "192.0.2.2", "h2.local");
        told(f, "up seen bob@h2 2 192.0.2.2; changed replaced bob@h2 3 192.0.2.2");
        f->now += 100 * SEC;
        forget(f, "x1", REASON_GOODBYE);
        told(f, "");
}

/* An advert that merely ran out says nothing of others: which of two is the living one can't be
 * told when both came out of Avahi's cache. Nor does a goodbye speak for another host. */
static void test_not_left_behind(Fixture *f) {
        see(f, "x1", "bob@h2", 2, "192.0.2.2", "h2.local");
        f->now += 5 * SEC;
        see(f, "y1", "bob@h2", 2, "192.0.2.2", "h2.local");
        f->now += 5 * SEC;
        forget(f, "y1", REASON_EXPIRED);
        told(f, "up seen bob@h2 2 192.0.2.2");

        see(f, "z1", "bob@h2", 2, "192.0.2.3", "h3.local");
        f->now += 5 * SEC;
        told(f, "");
        forget(f, "z1", REASON_GOODBYE);
        told(f, "");
}

/* Two hosts that claim one node: the elder holds. It is a conflict when it lasts, until one of them
 * gives up; then the other takes over. */
static void test_conflict(Fixture *f) {
        see(f, "x1", "bob@h2", 2, "192.0.2.2", "h2.local");
        f->now += SEC;
        see(f, "y1", "bob@h2", 2, "192.0.2.3", "h3.local");
        told(f, "up seen bob@h2 2 192.0.2.2");
        pass(f, 3 * SEC - 1);
        told(f, "");
        pass(f, 1);
        told(f, "changed seen bob@h2 2 192.0.2.2 age=4 conflict");
        g_assert_cmpuint(stats(f).conflicts, ==, 1);
        g_assert_cmpuint(stats(f).nodes, ==, 1);

        /* The elder's node restarts, which does not make it younger. */
        see(f, "z1", "bob@h2", 3, "192.0.2.2", "h2.local");
        f->now += SEC;
        forget(f, "x1", REASON_GOODBYE);
        told(f, "changed replaced bob@h2 3 192.0.2.2 conflict");

        forget(f, "z1", REASON_GOODBYE);
        told(f, "changed replaced bob@h2 2 192.0.2.3");
        /* Who comes back comes second. */
        see(f, "x1", "bob@h2", 2, "192.0.2.2", "h2.local");
        pass(f, 3 * SEC);
        told(f, "changed seen bob@h2 2 192.0.2.3 age=3 conflict");
        forget(f, "x1", REASON_GOODBYE);
        told(f, "changed seen bob@h2 2 192.0.2.3 age=3");
}

/* A host that gets another name announces its nodes anew, and says goodbye to the old adverts: no
 * conflict of two hosts. An advert that others made has the new name in the same instance. */
static void test_renamed(Fixture *f) {
        see(f, "x1", "bob@h2", 2, "192.0.2.2", "h2.local");
        pass(f, 10 * SEC);
        see(f, "y1", "bob@h2", 2, "192.0.2.2", "h9.local");
        pass(f, SEC);
        told(f, "up seen bob@h2 2 192.0.2.2");
        forget(f, "x1", REASON_GOODBYE);
        told(f, "changed replaced bob@h2 2 192.0.2.2");
        pass(f, 10 * SEC);
        told(f, "");

        see(f, "z1", "bob@h2", 2, "192.0.2.3", "h3.local");
        see(f, "y1", "bob@h2", 2, "192.0.2.2", "h8.local");
        told(f, "changed replaced bob@h2 2 192.0.2.2");
        pass(f, 3 * SEC);
        told(f, "changed seen bob@h2 2 192.0.2.2 age=3 conflict");
}

/* Two hosts that were heard of in the same moment: all who listened then take the same one. */
static void test_listed_together(Fixture *f) {
        see(f, "x1", "bob@h2", 2, "192.0.2.3", "h3.local");
        see(f, "y1", "bob@h2", 2, "192.0.2.2", "h2.local");
        told(f, "up seen bob@h2 2 192.0.2.3; changed replaced bob@h2 2 192.0.2.2");
        see(f, "v1", "rob@h2", 2, "192.0.2.2", "h2.local");
        see(f, "w1", "rob@h2", 2, "192.0.2.3", "h3.local");
        told(f, "up seen rob@h2 2 192.0.2.2");
}

/* Adverts of others may change who they are; theirs is one sighting all the same. */
static void test_identity_change(Fixture *f) {
        see(f, "x1", "bob@h2", 2, "192.0.2.2", "h2.local");
        see(f, "x1", "rob@h2", 2, "192.0.2.2", "h2.local");
        told(f, "up seen bob@h2 2 192.0.2.2; down goodbye bob@h2 2 192.0.2.2; up seen rob@h2 2 "
                "192.0.2.2");
        g_assert_cmpuint(stats(f).sightings, ==, 1);
        holds(f, "bob@h2 2 192.0.2.2 stale; rob@h2 2 192.0.2.2");
        forget(f, "x1", REASON_GOODBYE);
        told(f, "down goodbye rob@h2 2 192.0.2.2");
        g_assert_cmpuint(stats(f).sightings, ==, 0);
}

/*
 * An advert with an address that OTP can't use is nothing to tell, until it has another one. It was
 * its host that said so: docs/protocol.md has no other reason for that.
 */
static void test_unusable(Fixture *f) {
        see(f, "x1", "bob@h2", 2, "fd00::2", "h2.local");
        holds(f, "");
        g_assert_cmpuint(stats(f).sightings, ==, 1);
        g_assert_cmpuint(stats(f).nodes, ==, 0);
        see(f, "x1", "bob@h2", 2, "192.0.2.2", "h2.local");
        told(f, "up seen bob@h2 2 192.0.2.2");
        see(f, "x1", "bob@h2", 2, "fd00::2", "h2.local");
        told(f, "down goodbye bob@h2 2 192.0.2.2");
        f->now += STALE;
        g_assert_cmpuint(expire(f), ==, UINT64_MAX);
        holds(f, "");
        /* It is still there. */
        see(f, "x1", "bob@h2", 2, "192.0.2.2", "h2.local");
        told(f, "up seen bob@h2 2 192.0.2.2");
        forget(f, "x1", REASON_GOODBYE);
        told(f, "down goodbye bob@h2 2 192.0.2.2");
}

/* A listener on "::" takes IPv4: the endpoint is up by whatever address comes first. */
static void test_inet6(Fixture *f) {
        Sighting sighting = sighting_new("x", 1, "bob@h2", 2, "192.0.2.2", "h2.local");

        sighting.endpoint.family = FAMILY_INET6;
        g_assert_cmpint(directory_add_sighting(f->directory, &sighting, f->now), ==, 0);
        told(f, "up seen bob@h2 2 192.0.2.2 inet6");
        sighting.id.transport = FAMILY_INET6;
        sighting.address = address("fd00::2");
        g_assert_cmpint(directory_add_sighting(f->directory, &sighting, f->now), ==, 0);
        told(f, "changed seen bob@h2 2 fd00::2,192.0.2.2 inet6");
}

int main(int argc, char **argv) {
        static const Story stories[] = {
                { "/directory/sighting/up-changed-down", test_sighting },
                { "/directory/sighting/two-interfaces", test_two_interfaces },
                { "/directory/sighting/inet6-takes-ipv4", test_inet6 },
                { "/directory/sighting/unusable-address", test_unusable },
                { "/directory/sighting/identity-change", test_identity_change },
                { "/directory/sighting/newest-wins", test_newest_wins },
                { "/directory/sighting/left-behind", test_left_behind },
                { "/directory/sighting/forged-goodbye", test_forged_goodbye },
                { "/directory/sighting/restarts-quickly", test_restarts_quickly },
                { "/directory/sighting/late-goodbye", test_late_goodbye },
                { "/directory/sighting/not-left-behind", test_not_left_behind },
                { "/directory/sighting/conflict-of-hosts", test_conflict },
                { "/directory/sighting/renamed", test_renamed },
                { "/directory/sighting/listed-together", test_listed_together },
                { "/directory/sighting/local-wins", test_local_wins },
                { "/directory/sighting/moves-here", test_moves_here },
                { "/directory/stale/for-a-while", test_stale },
                { "/directory/stale/comes-back", test_comes_back },
                { "/directory/stale/under-a-registration", test_local_over_stale },
                { "/directory/lost", test_lost },
                { "/directory/listed-anew", test_listed_anew },
                { "/directory/listed-in-vain", test_listed_in_vain },
        };

        g_test_init(&argc, &argv, NULL);
        add_stories(stories, G_N_ELEMENTS(stories));
        return g_test_run();
}
