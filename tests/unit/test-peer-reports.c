/* SPDX-License-Identifier: Apache-2.0 */
/* What nodes of this host say they are connected to: it fills gaps, and nothing else. */

#include <string.h>

#include "core/peer-reports.h"
#include "unit/util-directory.h"

#define ALICE 1000
#define MALLORY 1001

/* What the observers are told comes from the directory's own fixture. */
typedef struct Reports {
        Quota quota;
        PeerReports *reports;
} Reports;

static Reports *reports_new(Fixture *f) {
        Reports *r = g_new0(Reports, 1);

        r->quota = (Quota) QUOTA_INIT(1);
        g_assert_cmpint(peer_reports_new(&r->reports, f->directory, &r->quota), ==, 0);
        return r;
}

static void reports_done(Reports *r) {
        for (QuotaKind kind = 0; kind < _QUOTA_MAX; kind++)
                g_assert_cmpuint(r->quota.held[kind], ==, 0);
        g_assert_null(peer_reports_free(r->reports));
        g_assert_null(peer_reports_free(NULL));
        quota_done(&r->quota);
        g_free(r);
}

static int report(Fixture *f, Reports *r, uint64_t reporter, uid_t uid, const char *node,
                  uint16_t port, const char *at) {
        Endpoint endpoint = endpoint_new(node, port);
        Address parsed = address(at);

        return peer_reports_add(r->reports, reporter, uid, &endpoint, &parsed, "h2.local", f->now);
}

static void must_report(Fixture *f, Reports *r, uint64_t reporter, const char *node, uint16_t port,
                        const char *at) {
        g_assert_cmpint(report(f, r, reporter, ALICE, node, port, at), ==, 0);
}

static void withdraw(Fixture *f, Reports *r, uint64_t reporter, const char *node) {
        peer_reports_withdraw(r->reports, reporter, node, f->now);
}

/* The life of a report: up, and gone at once with the connection or the reporter. */
static void tell_life(Fixture *f) {
        Reports *r = reports_new(f);

        must_report(f, r, 1, "bob@h2", 4000, "192.0.2.2");
        told(f, "up connected bob@h2 4000 192.0.2.2");
        g_assert_cmpuint(stats(f).unheard, ==, 1);
        g_assert_cmpuint(stats(f).sightings, ==, 0);
        g_assert_cmpuint(stats(f).nodes, ==, 1);
        withdraw(f, r, 1, "bob@h2");
        told(f, "down disconnected bob@h2 4000 192.0.2.2");
        holds(f, "");

        must_report(f, r, 1, "bob@h2", 4000, "192.0.2.2");
        must_report(f, r, 1, "carol@h3", 4000, "192.0.2.3");
        told(f, "up connected bob@h2 4000 192.0.2.2; up connected carol@h3 4000 192.0.2.3");
        withdraw(f, r, 2, NULL);
        withdraw(f, r, 1, "dave@h4");
        told(f, "");
        withdraw(f, r, 1, NULL);
        told(f, "down disconnected bob@h2 4000 192.0.2.2; "
                "down disconnected carol@h3 4000 192.0.2.3");
        reports_done(r);
}

/* The first report of an endpoint counts. When it goes the others are told, and report again. */
static void tell_first(Fixture *f) {
        Reports *r = reports_new(f);

        must_report(f, r, 1, "bob@h2", 4000, "192.0.2.2");
        told(f, "up connected bob@h2 4000 192.0.2.2");
        g_assert_cmpint(report(f, r, 2, MALLORY, "bob@h2", 666, "192.0.2.66"), ==, 0);
        withdraw(f, r, 2, NULL);
        told(f, "");
        must_report(f, r, 1, "bob@h2", 4001, "192.0.2.2");
        told(f, "changed replaced bob@h2 4001 192.0.2.2");
        withdraw(f, r, 1, NULL);
        told(f, "down disconnected bob@h2 4001 192.0.2.2");
        must_report(f, r, 2, "bob@h2", 4001, "192.0.2.2");
        told(f, "up connected bob@h2 4001 192.0.2.2");
        withdraw(f, r, 2, NULL);
        told(f, "down disconnected bob@h2 4001 192.0.2.2");
        reports_done(r);
}

/* What is heard needs no report, and ends one: no node comes up twice, and a lie made in time does
 * not lie in wait for an advert to expire. */
static void tell_heard(Fixture *f) {
        Reports *r = reports_new(f);

        must_report(f, r, 1, "bob@h2", 4000, "192.0.2.2");
        told(f, "up connected bob@h2 4000 192.0.2.2");
        see(f, "a1", "bob@h2", 4000, "192.0.2.2", "h2.local");
        told(f, "changed seen bob@h2 4000 192.0.2.2");
        g_assert_cmpuint(stats(f).unheard, ==, 0);
        g_assert_cmpuint(stats(f).sightings, ==, 1);
        g_assert_cmpuint(r->quota.held[QUOTA_PEERS], ==, 0);

        must_report(f, r, 1, "bob@h2", 666, "192.0.2.66");
        told(f, "");
        forget(f, "a1", REASON_EXPIRED);
        told(f, "down expired bob@h2 4000 192.0.2.2");
        reports_done(r);
}

/* Nor does a lie make a conflict of what is heard. */
static void tell_liar(Fixture *f) {
        Reports *r = reports_new(f);

        must_report(f, r, 1, "bob@h2", 666, "192.0.2.66");
        told(f, "up connected bob@h2 666 192.0.2.66");
        see(f, "a1", "bob@h2", 4000, "192.0.2.2", "other.local");
        told(f, "changed replaced bob@h2 4000 192.0.2.2");
        forget(f, "a1", REASON_GOODBYE);
        told(f, "down goodbye bob@h2 4000 192.0.2.2");
        reports_done(r);
}

/* An endpoint that the LAN has just lost is reported as it was, or not at all. */
static void tell_stale(Fixture *f) {
        Reports *r = reports_new(f);

        see(f, "a1", "bob@h2", 4000, "192.0.2.2", "h2.local");
        told(f, "up seen bob@h2 4000 192.0.2.2");
        forget(f, "a1", REASON_EXPIRED);
        told(f, "down expired bob@h2 4000 192.0.2.2");
        g_assert_cmpint(report(f, r, 2, MALLORY, "bob@h2", 666, "192.0.2.2"), ==,
                        PEER_REPORTS_E_ELSEWHERE);
        g_assert_cmpint(report(f, r, 2, MALLORY, "bob@h2", 4000, "192.0.2.66"), ==,
                        PEER_REPORTS_E_ELSEWHERE);
        told(f, "");
        must_report(f, r, 1, "bob@h2", 4000, "192.0.2.2");
        told(f, "up connected bob@h2 4000 192.0.2.2");
        withdraw(f, r, 1, NULL);
        told(f, "down disconnected bob@h2 4000 192.0.2.2");
        reports_done(r);
}

/* A registration on this host, before the report or after it. */
static void tell_registered(Fixture *f) {
        Reports *r = reports_new(f);

        must_report(f, r, 1, "bob@h1", 666, "192.0.2.66");
        told(f, "up connected bob@h1 666 192.0.2.66");
        register_node(f, 7, "bob@h1", 4000, NULL);
        told(f, "changed replaced bob@h1 4000 127.0.0.1 advertise");
        must_report(f, r, 1, "bob@h1", 666, "192.0.2.66");
        told(f, "");
        unregister(f, 7, "bob@h1", 1);
        told(f, "down unregistered bob@h1 4000 127.0.0.1");
        reports_done(r);
}

/* An advert whose address is of no use is not heard; its goodbye is the host's word all the same.
 */
static void tell_goodbye(Fixture *f) {
        Reports *r = reports_new(f);

        see(f, "a1", "bob@h2", 4000, "fd00::2", "h2.local");
        told(f, "");
        must_report(f, r, 1, "bob@h2", 4000, "192.0.2.2");
        told(f, "up connected bob@h2 4000 192.0.2.2");
        forget(f, "a1", REASON_GOODBYE);
        told(f, "down goodbye bob@h2 4000 192.0.2.2");
        g_assert_cmpuint(r->quota.held[QUOTA_PEERS], ==, 0);
        reports_done(r);
}

/* A user who reports all there is leaves room for others, and gets it back. */
static void tell_greedy(Fixture *f) {
        Reports *r = reports_new(f);
        char node[32];

        for (unsigned i = 0; i < LIMIT_PEERS_PER_UID; i++) {
                g_snprintf(node, sizeof(node), "n%u@h2", i);
                g_assert_cmpint(report(f, r, 1, MALLORY, node, 4000, "192.0.2.2"), ==, 0);
        }
        g_assert_cmpint(report(f, r, 1, MALLORY, "more@h2", 4000, "192.0.2.2"), ==,
                        PEER_REPORTS_E_USER);
        g_assert_cmpint(report(f, r, 2, ALICE, "more@h2", 4000, "192.0.2.2"), ==, 0);
        withdraw(f, r, 1, NULL);
        g_string_truncate(f->events, 0);
        g_assert_cmpint(report(f, r, 1, MALLORY, "even-more@h2", 4000, "192.0.2.2"), ==, 0);
        told(f, "up connected even-more@h2 4000 192.0.2.2");
        withdraw(f, r, 1, NULL);
        withdraw(f, r, 2, NULL);
        g_string_truncate(f->events, 0);
        holds(f, "");
        reports_done(r);
}

/* Whatever happens in whatever order: an endpoint is unheard exactly if a report of it is kept, and
 * no report makes a conflict: this host is h1, the reported ones are h2. */
static void tell_random(Fixture *f) {
        g_autoptr(GRand) rand = g_rand_new_with_seed(7);
        Reports *r = reports_new(f);
        unsigned kept = 0;

        for (int i = 0; i < 20000; i++) {
                char node[] = { (char) ('a' + g_rand_int_range(rand, 0, 4)), '@', 'h', '\0' };
                char id[] = { node[0], (char) ('1' + g_rand_int_range(rand, 0, 2)), '\0' };
                uint16_t port = (uint16_t) g_rand_int_range(rand, 1, 4);
                uint64_t who = (uint64_t) g_rand_int_range(rand, 1, 4);

                switch (g_rand_int_range(rand, 0, 8)) {
                case 0:
                case 1:
                        (void) report(f, r, who, (uid_t) who, node, port, "192.0.2.2");
                        break;
                case 2:
                        withdraw(f, r, who, g_rand_boolean(rand) ? node : NULL);
                        break;
                case 3:
                        see(f, id, node, port, g_rand_boolean(rand) ? "192.0.2.2" : "fd00::2",
                            "h1.local");
                        break;
                case 4:
                        forget(f, id, g_rand_boolean(rand) ? REASON_GOODBYE : REASON_EXPIRED);
                        break;
                case 5:
                        (void) try_register(f, who, node, port, NULL);
                        break;
                case 6:
                        (void) directory_unregister(f->directory, who, node, f->now);
                        break;
                default:
                        f->now += (uint64_t) g_rand_int_range(rand, 0, 30) * SEC;
                        (void) expire(f);
                }
                g_assert_cmpuint(stats(f).unheard, ==, r->quota.held[QUOTA_PEERS]);
                g_assert_cmpuint(stats(f).conflicts, ==, 0);
                kept += stats(f).unheard > 0;
        }
        g_assert_cmpuint(kept, >, 1000);
        for (uint64_t who = 1; who < 4; who++)
                withdraw(f, r, who, NULL);
        g_string_truncate(f->events, 0);
        reports_done(r);
}

static const Story stories[] = {
        { "/peer-reports/life", tell_life },       { "/peer-reports/first", tell_first },
        { "/peer-reports/heard", tell_heard },     { "/peer-reports/liar", tell_liar },
        { "/peer-reports/stale", tell_stale },     { "/peer-reports/registered", tell_registered },
        { "/peer-reports/goodbye", tell_goodbye }, { "/peer-reports/greedy", tell_greedy },
        { "/peer-reports/random", tell_random },
};

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        add_stories(stories, G_N_ELEMENTS(stories));
        return g_test_run();
}
