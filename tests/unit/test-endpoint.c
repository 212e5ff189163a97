/* SPDX-License-Identifier: Apache-2.0 */
/* What a node says of one of its listeners: the one gate for REQUESTs, TXT records and NODE lines.
 */

#include <glib.h>
#include <string.h>

#include "core/endpoint.h"
#include "util/macro.h"

#define LABEL_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

/* An endpoint of which no field has its default. */
static Endpoint full(void) {
        return (Endpoint){
                .node = "alice@h1",
                .proto = PROTO_TLS,
                .family = FAMILY_INET6,
                .port = 37061,
                .hidden = true,
                .cluster = "team",
                .otp = "27",
                .dist.low = 5,
                .dist.high = 6,
        };
}

static void test_proto_names(void) {
        g_assert_cmpstr(proto_to_string(PROTO_TCP), ==, "tcp");
        g_assert_cmpstr(proto_to_string(PROTO_TLS), ==, "tls");
        for (Proto proto = 0; proto < _PROTO_MAX; proto++)
                g_assert_cmpint(proto_from_string(proto_to_string(proto)), ==, proto);
        g_assert_cmpint(proto_from_string("TCP"), ==, _PROTO_INVALID);
        g_assert_cmpint(proto_from_string(""), ==, _PROTO_INVALID);
}

static void test_set(void) {
        static const char *const attributes[][2] = {
                { "proto", "tls" },    { "family", "inet6" }, { "type", "hidden" },
                { "cluster", "team" }, { "otp", "27" },       { "dist", "5-6" },
        };
        Endpoint endpoint = { .node = "alice@h1", .port = 37061 }, expected = full();

        for (size_t i = 0; i < ELEMENTSOF(attributes); i++)
                g_assert_cmpint(endpoint_set(&endpoint, attributes[i][0], attributes[i][1]), ==, 0);
        g_assert_true(endpoint_equal(&endpoint, &expected));

        g_assert_cmpint(endpoint_set(&endpoint, "type", "visible"), ==, 0);
        g_assert_false(endpoint.hidden);
        g_assert_cmpint(endpoint_set(&endpoint, "proto", "tcp"), ==, 0);
        g_assert_cmpint(endpoint.proto, ==, PROTO_TCP);
        g_assert_cmpint(endpoint_set(&endpoint, "family", "inet"), ==, 0);
        g_assert_cmpint(endpoint.family, ==, FAMILY_INET);
}

/* Keys of a later version, and those that have another place than endpoint_set(). */
static void test_unknown_key(void) {
        static const char *const keys[] = { "",     "node",   "port",     "addr",  "Proto",
                                            "prot", "protoo", "cluster ", "hidden" };

        for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                Endpoint endpoint = full(), before = full();

                g_assert_cmpint(endpoint_set(&endpoint, keys[i], "tcp"), ==,
                                ENDPOINT_E_UNKNOWN_KEY);
                g_assert_true(endpoint_equal(&endpoint, &before));
        }
}

static void check_value(const char *key, const char *value, int result) {
        Endpoint endpoint = full(), before = full();

        g_test_message("%s=%s", key, value);
        g_assert_cmpint(endpoint_set(&endpoint, key, value), ==, result);
        if (result != 0)
                g_assert_true(endpoint_equal(&endpoint, &before));
}

/* A refused value leaves the endpoint as it was. */
static void test_invalid_value(void) {
        static const char *const attributes[][2] = {
                { "proto", "" },        { "proto", "TCP" },        { "proto", "quic" },
                { "family", "" },       { "family", "inet4" },     { "family", "INET" },
                { "type", "" },         { "type", "Hidden" },      { "type", "secret" },
                { "cluster", "" },      { "cluster", "a b" },      { "cluster", "a/b" },
                { "cluster", "a,b" },   { "cluster", "\xC3\xA5" }, { "cluster", "a\n" },
                { "otp", "" },          { "otp", "27 rc1" },       { "otp", "27\x01" },
                { "dist", "" },         { "dist", "6" },           { "dist", "-" },
                { "dist", "-6" },       { "dist", "5-" },          { "dist", "6-5" },
                { "dist", "0-6" },      { "dist", "5-256" },       { "dist", "256-256" },
                { "dist", "5-6-7" },    { "dist", "5--6" },        { "dist", "5 - 6" },
                { "dist", "a-b" },      { "dist", "5-6x" },        { "dist", "1000-1000" },
                { "dist", "5-000006" }, { "dist", "0005-67-8" },
        };

        for (size_t i = 0; i < ELEMENTSOF(attributes); i++)
                check_value(attributes[i][0], attributes[i][1], ENDPOINT_E_INVALID_VALUE);
}

/* expected: NULL for the default of an optional attribute. */
static void check_value_is(const Endpoint *endpoint, const char *key, const char *expected) {
        char buffer[ENDPOINT_VALUE_SIZE];

        for (size_t i = 0; i < endpoint_n_attributes; i++)
                if (strcmp(endpoint_attributes[i].key, key) == 0) {
                        g_assert_cmpstr(endpoint_get(endpoint, &endpoint_attributes[i], buffer), ==,
                                        expected);
                        return;
                }
        g_assert_not_reached();
}

/* What a row of the table formats it parses again, and it says what it wants. A value that is not
 * the default of its attribute is told apart from it: endpoint_equal() misses no row. */
static void test_table(void) {
        for (size_t i = 0; i < endpoint_n_attributes; i++) {
                const EndpointAttribute *attribute = &endpoint_attributes[i];
                g_autofree char *prefix = g_strconcat(attribute->key, "= must be ", NULL);
                Endpoint from = full(), to = full();
                char buffer[ENDPOINT_VALUE_SIZE];
                const char *text = endpoint_get(&from, attribute, buffer);

                g_assert_nonnull(text);
                memset((char *) &to + attribute->offset, 0, attribute->size);
                g_assert_false(endpoint_equal(&from, &to));
                g_assert_true(attribute->required || !endpoint_get(&to, attribute, buffer));
                text = endpoint_get(&from, attribute, buffer);
                g_assert_cmpint(endpoint_set(&to, attribute->key, text), ==, 0);
                g_assert_true(endpoint_equal(&from, &to));
                g_assert_true(g_str_has_prefix(endpoint_expected(attribute->key), prefix));
        }
}

static void test_dist(void) {
        static const struct {
                const char *text;
                uint8_t low, high;
        } cases[] = {
                { "1-1", 1, 1 }, { "5-6", 5, 6 }, { "1-255", 1, 255 }, { "255-255", 255, 255 }
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Endpoint endpoint = {};

                g_assert_cmpint(endpoint_set(&endpoint, "dist", cases[i].text), ==, 0);
                g_assert_cmpuint(endpoint.dist.low, ==, cases[i].low);
                g_assert_cmpuint(endpoint.dist.high, ==, cases[i].high);
                check_value_is(&endpoint, "dist", cases[i].text);
        }
}

/* cluster and otp: every byte, and their lengths. */
static void test_labels(void) {
        static const struct {
                const char *key;
                size_t limit;
        } labels[] = { { "cluster", LIMIT_CLUSTER }, { "otp", LIMIT_OTP } };

        for (size_t i = 0; i < ELEMENTSOF(labels); i++) {
                g_autofree char *longest = g_strnfill(labels[i].limit, 'x');
                g_autofree char *longer = g_strnfill(labels[i].limit + 1, 'x');
                g_autofree char *absurd = g_strnfill(100000, 'x');

                check_value(labels[i].key, "x", 0);
                check_value(labels[i].key, longest, 0);
                check_value(labels[i].key, longer, ENDPOINT_E_INVALID_VALUE);
                check_value(labels[i].key, absurd, ENDPOINT_E_INVALID_VALUE);

                for (int c = 1; c < 256; c++) {
                        char value[] = { (char) c, '\0' };

                        check_value(labels[i].key, value,
                                    strchr(LABEL_CHARACTERS, c) ? 0 : ENDPOINT_E_INVALID_VALUE);
                }
        }
}

static void test_longest_label_is_kept(void) {
        g_autofree char *cluster = g_strnfill(LIMIT_CLUSTER, 'c'),
                        *otp = g_strnfill(LIMIT_OTP, 'o');
        Endpoint endpoint = full();

        g_assert_cmpint(endpoint_set(&endpoint, "cluster", cluster), ==, 0);
        g_assert_cmpint(endpoint_set(&endpoint, "otp", otp), ==, 0);
        g_assert_cmpstr(endpoint.cluster, ==, cluster);
        g_assert_cmpstr(endpoint.otp, ==, otp);
        g_assert_cmpuint(endpoint.dist.low, ==, 5);
}

/* Node, then protocol, then family, whatever the other fields are. Names byte by byte, as OTP does.
 */
static void test_order(void) {
        static const Endpoint sorted[] = {
                { .node = "A@h", .proto = PROTO_TLS, .family = FAMILY_INET6, .port = 9 },
                { .node = "a@h", .proto = PROTO_TCP, .family = FAMILY_INET, .port = 8 },
                { .node = "a@h", .proto = PROTO_TCP, .family = FAMILY_INET6, .port = 7 },
                { .node = "a@h", .proto = PROTO_TLS, .family = FAMILY_INET, .port = 6 },
                { .node = "a@h", .proto = PROTO_TLS, .family = FAMILY_INET6, .port = 5 },
                { .node = "a@h1", .proto = PROTO_TCP, .family = FAMILY_INET, .port = 4 },
                { .node = "a@h\xC3\xA5", .proto = PROTO_TCP, .family = FAMILY_INET, .port = 3 },
                { .node = "b@h", .proto = PROTO_TCP, .family = FAMILY_INET, .port = 2 },
        };

        for (size_t i = 0; i < ELEMENTSOF(sorted); i++)
                for (size_t j = 0; j < ELEMENTSOF(sorted); j++) {
                        int r = endpoint_compare_identity(&sorted[i], &sorted[j]);

                        g_assert_cmpint((r > 0) - (r < 0), ==, (i > j) - (i < j));
                }
}

/* Identity is not equality: each field counts for the latter. */
static void test_equal(void) {
        Endpoint a = full(), variants[9];

        for (size_t i = 0; i < ELEMENTSOF(variants); i++)
                variants[i] = full();
        strcpy(variants[0].node, "alice@h2");
        variants[1].proto = PROTO_TCP;
        variants[2].family = FAMILY_INET;
        variants[3].port = 37062;
        variants[4].hidden = false;
        strcpy(variants[5].cluster, "Team");
        variants[6].otp[0] = '\0';
        variants[7].dist.low = 6;
        variants[8].dist.high = 7;

        for (size_t i = 0; i < ELEMENTSOF(variants); i++) {
                g_assert_false(endpoint_equal(&a, &variants[i]));
                g_assert_cmpint(endpoint_compare_identity(&a, &variants[i]) != 0, ==, i < 3);
        }

        /* What stands behind the NUL of a string is not part of it. */
        variants[0] = full();
        memset(variants[0].cluster + 5, 'x', 20);
        g_assert_true(endpoint_equal(&a, &variants[0]));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/endpoint/attribute/table", test_table);
        g_test_add_func("/endpoint/proto/names", test_proto_names);
        g_test_add_func("/endpoint/set/each-attribute", test_set);
        g_test_add_func("/endpoint/set/unknown-key", test_unknown_key);
        g_test_add_func("/endpoint/set/invalid-value-changes-nothing", test_invalid_value);
        g_test_add_func("/endpoint/set/dist", test_dist);
        g_test_add_func("/endpoint/set/labels", test_labels);
        g_test_add_func("/endpoint/set/longest-label-is-kept", test_longest_label_is_kept);
        g_test_add_func("/endpoint/order", test_order);
        g_test_add_func("/endpoint/equal/every-field-counts", test_equal);
        return g_test_run();
}
