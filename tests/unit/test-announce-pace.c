/* SPDX-License-Identifier: Apache-2.0 */
/* How soon an endpoint may be announced again */

#include <glib.h>
#include <string.h>

#include "core/limits.h"
#include "daemon/avahi/announce-pace.h"

#define SEC UINT64_C(1000000)
#define INTERVAL (LIMIT_ANNOUNCE_SEC * SEC)

static Endpoint endpoint(const char *node) {
        Endpoint result = { .port = 1 };

        g_strlcpy(result.node, node, sizeof(result.node));
        return result;
}

/* The first time at once, then in intervals; and each identity for itself. Port and attributes are
 * no part of it. */
static void test_interval(void) {
        _cleanup_(announce_pace_freep) AnnouncePace *pace = NULL;
        Endpoint a = endpoint("a@h1"), b = endpoint("b@h1"), a6 = a, tls = a;

        g_assert_cmpint(announce_pace_new(&pace), ==, 0);
        a6.family = FAMILY_INET6;
        tls.proto = PROTO_TLS;
        g_assert_cmpuint(announce_pace_next(pace, &a, 0), ==, 0);
        g_assert_cmpuint(announce_pace_next(pace, &a, 5 * SEC), ==, 5 * SEC);
        announce_pace_note(pace, &a, 5 * SEC);
        a.port = 2;
        strcpy(a.cluster, "team");
        g_assert_cmpuint(announce_pace_next(pace, &a, 5 * SEC), ==, 5 * SEC + INTERVAL);
        g_assert_cmpuint(announce_pace_next(pace, &a, 5 * SEC + INTERVAL - 1), ==,
                         5 * SEC + INTERVAL);
        g_assert_cmpuint(announce_pace_next(pace, &b, 5 * SEC), ==, 5 * SEC);
        g_assert_cmpuint(announce_pace_next(pace, &a6, 5 * SEC), ==, 5 * SEC);
        g_assert_cmpuint(announce_pace_next(pace, &tls, 5 * SEC), ==, 5 * SEC);
        announce_pace_note(pace, &b, 5 * SEC + INTERVAL / 2);
        g_assert_cmpuint(announce_pace_next(pace, &a, 5 * SEC + INTERVAL), ==, 5 * SEC + INTERVAL);
        announce_pace_note(pace, &a, 5 * SEC + INTERVAL);
        g_assert_cmpuint(announce_pace_next(pace, &a, 5 * SEC + INTERVAL), ==,
                         5 * SEC + 2 * INTERVAL);
}

/* So many are remembered and not more, however long it goes on. */
static void test_limit(void) {
        _cleanup_(announce_pace_freep) AnnouncePace *pace = NULL;

        g_assert_cmpint(announce_pace_new(&pace), ==, 0);
        for (unsigned i = 0; i < 3 * LIMIT_ANNOUNCED; i++) {
                g_autofree char *newest = g_strdup_printf("n%u@h1", i),
                                *oldest = g_strdup_printf("n%u@h1", i - LIMIT_ANNOUNCED + 1),
                                *older = g_strdup_printf("n%u@h1", i - LIMIT_ANNOUNCED);
                Endpoint e = endpoint(newest);

                announce_pace_note(pace, &e, SEC);
                g_assert_cmpuint(announce_pace_next(pace, &e, SEC), ==, SEC + INTERVAL);
                if (i < LIMIT_ANNOUNCED)
                        continue;
                e = endpoint(oldest);
                g_assert_cmpuint(announce_pace_next(pace, &e, SEC), ==, SEC + INTERVAL);
                e = endpoint(older);
                g_assert_cmpuint(announce_pace_next(pace, &e, SEC), ==, SEC);
        }
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/announce-pace/interval", test_interval);
        g_test_add_func("/announce-pace/limit", test_limit);
        return g_test_run();
}
