/* SPDX-License-Identifier: Apache-2.0 */
/* Requests: what a line asks for, and the line that asks for it. */

#include <glib.h>
#include <string.h>

#include "core/request.h"
#include "unit/util-examples.h"

/* Lines of these kinds in protocol-examples.txt; there may be more, never fewer. */
#define MIN_REQUESTS 73
#define MIN_ENCODES 15

/* Parses a line. It lies in a buffer that lasts until the next call, as the strings of a request.
 */
static int parse(Request *request, const char *text, size_t length) {
        static char buffer[LIMIT_LINE + 1];
        const char *why = NULL;
        Line line;
        int r;

        g_assert_cmpuint(length, <, sizeof(buffer));
        memcpy(buffer, text, length);
        if (line_parse(&line, buffer, length) != 0)
                return PROTOCOL_E_MALFORMED;
        r = request_parse(request, &line, &why);
        /* People are told why, in words that can be written as they are. */
        g_assert_cmpint(r != 0, ==, why != NULL);
        for (const char *p = why; r != 0 && *p; p++)
                g_assert_true(g_ascii_isprint(*p) && *p != '%');
        return r;
}

static int parse_text(Request *request, const char *text) {
        return parse(request, text, strlen(text));
}

static void check_error(const char *text, ProtocolError error) {
        Request request;

        g_test_message("%s", text);
        g_assert_cmpint(parse_text(&request, text), ==, error);
}

static void append_endpoint(GString *out, const Request *request) {
        const Endpoint *endpoint = &request->endpoint;
        char address[ADDRESS_TEXT_SIZE], buffer[ENDPOINT_VALUE_SIZE];

        g_string_append_printf(out, " node=%s port=%u family=%s proto=%s", endpoint->node,
                               endpoint->port, family_to_string(endpoint->family),
                               proto_to_string(endpoint->proto));
        for (size_t i = 0; i < endpoint_n_attributes; i++) {
                const EndpointAttribute *attribute = &endpoint_attributes[i];
                const char *value = endpoint_get(endpoint, attribute, buffer);

                if (!attribute->required && value)
                        g_string_append_printf(out, " %s=%s", attribute->key, value);
        }
        if (request->bound || request->verb == VERB_CONNECTED)
                g_string_append_printf(out, " addr=%s", address_format(&request->address, address));
        if (request->verb == VERB_CONNECTED && *request->host)
                g_string_append_printf(out, " host=%s", request->host);
}

static void append_lookup(GString *out, const Request *request) {
        g_string_append_printf(out, " node=%s", request->endpoint.node);
        if (request->family != _FAMILY_INVALID)
                g_string_append_printf(out, " family=%s", family_to_string(request->family));
        if (request->proto != _PROTO_INVALID)
                g_string_append_printf(out, " proto=%s", proto_to_string(request->proto));
        if (request->wait_msec)
                g_string_append_printf(out, " wait=%u", request->wait_msec);
}

static void append_list(GString *out, const Request *request) {
        if (request->filter.cluster)
                g_string_append_printf(out, " cluster=%s", request->filter.cluster);
        if (request->filter.host)
                g_string_append_printf(out, " host=%s", request->filter.host);
        if (request->filter.source != _SOURCE_INVALID)
                g_string_append_printf(out, " source=%s", source_to_string(request->filter.source));
}

static void append_pair(GString *out, const Request *request) {
        const Pair *pair = &request->pair;

        g_string_append_printf(out, " from=%s to=%s", pair->from, pair->to);
        if (request->verb == VERB_APART)
                g_string_append_printf(out, " reason=%s", pair_reason_to_string(pair->reason));
}

/* The canonical form that protocol-examples.txt describes. */
static char *describe(int result, const Request *request) {
        g_autofree char *verb = NULL;
        GString *out;

        if (result != 0)
                return g_strdup_printf("error %s", protocol_error_to_string(result));

        verb = g_ascii_strdown(verb_to_string(request->verb), -1);
        out = g_string_new(verb);
        if (request->verb == VERB_HELLO)
                g_string_append_printf(out, " version=%u", request->version);
        else if (request->verb == VERB_REGISTER || request->verb == VERB_CONNECTED)
                append_endpoint(out, request);
        else if (request->verb == VERB_DISCONNECTED)
                g_string_append_printf(out, " node=%s", request->endpoint.node);
        else if (request->verb == VERB_APART || request->verb == VERB_TOGETHER)
                append_pair(out, request);
        else if (request->verb == VERB_LOOKUP)
                append_lookup(out, request);
        else if (request->verb == VERB_LIST)
                append_list(out, request);
        return g_string_free(out, FALSE);
}

static void check_example(const Example *example) {
        g_autofree char *meaning = NULL;
        Request request;
        int r;

        g_test_message("%s", example->row);
        r = parse(&request, example->line->str, example->line->len);
        meaning = describe(r, &request);
        g_assert_cmpstr(meaning, ==, example->meaning);
}

/* The line is just what the encoder writes. */
static void check_encode_example(const Example *example) {
        LineWriter writer = LINE_WRITER_NULL;
        Request request;
        int length;

        check_example(example);
        g_assert_cmpint(parse(&request, example->line->str, example->line->len), ==, 0);
        request_write(&request, &writer);
        length = line_writer_end(&writer);
        g_assert_cmpint(length, ==, example->line->len + 1);
        writer.text[length - 1] = '\0';
        g_assert_cmpstr(writer.text, ==, example->line->str);
}

static void test_examples(void) {
        g_assert_cmpuint(examples_check(EXAMPLES_PROTOCOL, "request", check_example), >=,
                         MIN_REQUESTS);
}

static void test_encode_examples(void) {
        g_assert_cmpuint(examples_check(EXAMPLES_PROTOCOL, "encode", check_encode_example), >=,
                         MIN_ENCODES);
}

static void test_verb_names(void) {
        for (Verb verb = 0; verb < _VERB_MAX; verb++)
                g_assert_cmpint(verb_from_string(verb_to_string(verb)), ==, verb);
        g_assert_cmpint(verb_from_string("hello"), ==, _VERB_INVALID);
        g_assert_cmpint(verb_from_string("LIS"), ==, _VERB_INVALID);
        g_assert_cmpint(verb_from_string(""), ==, _VERB_INVALID);
}

/* All tokens of docs/protocol.md section 3. */
static void test_error_tokens(void) {
        static const char *const tokens[] = {
                "malformed", "too-long",       "unknown-verb", "bad-argument", "version",
                "not-found", "duplicate-name", "other-node",   "limit",
        };

        g_assert_cmpuint(G_N_ELEMENTS(tokens), ==, _PROTOCOL_E_MAX - 1);
        for (ProtocolError error = 1; error < _PROTOCOL_E_MAX; error++)
                g_assert_cmpstr(protocol_error_to_string(error), ==, tokens[error - 1]);
}

/* A missing word is an error of the request; a word too much stands where an attribute should. */
static void test_positional(void) {
        static const char *const missing[] = { "HELLO", "REGISTER", "LOOKUP" };
        static const char *const too_many[] = {
                "HELLO 1 2", "REGISTER a@b c@d", "LOOKUP a@b c@d",
                "LIST a@b",  "SUBSCRIBE now",    "STATUS all",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(missing); i++)
                check_error(missing[i], PROTOCOL_E_BAD_ARGUMENT);
        for (size_t i = 0; i < G_N_ELEMENTS(too_many); i++)
                check_error(too_many[i], PROTOCOL_E_MALFORMED);
}

/* A later version may add attributes to each verb. */
static void test_unknown_attributes(void) {
        static const char *const lines[] = {
                "HELLO 1 x=y",
                "REGISTER a@b port=1 x=y addrs=1 proto2=z",
                "LOOKUP a@b x=y port=no",
                "LIST x=y family=no",
                "SUBSCRIBE x=y",
                "STATUS x=",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
                Request request;

                g_test_message("%s", lines[i]);
                g_assert_cmpint(parse_text(&request, lines[i]), ==, 0);
        }
}

/* A version that is a number is answered with the versions that there are. */
static void test_version(void) {
        check_error("HELLO 2", PROTOCOL_E_VERSION);
        check_error("HELLO 4294967295", PROTOCOL_E_VERSION);
        check_error("HELLO 4294967296", PROTOCOL_E_BAD_ARGUMENT);
        check_error("HELLO -1", PROTOCOL_E_BAD_ARGUMENT);
        check_error("HELLO 1.0", PROTOCOL_E_BAD_ARGUMENT);
}

static void test_wait_limit(void) {
        g_autofree char *most = g_strdup_printf("LOOKUP a@b wait=%d", LIMIT_WAIT_MSEC);
        g_autofree char *more = g_strdup_printf("LOOKUP a@b wait=%d", LIMIT_WAIT_MSEC + 1);
        Request request;

        g_assert_cmpint(parse_text(&request, most), ==, 0);
        g_assert_cmpuint(request.wait_msec, ==, LIMIT_WAIT_MSEC);
        check_error(more, PROTOCOL_E_BAD_ARGUMENT);
        g_assert_cmpint(parse_text(&request, "LOOKUP a@b wait=0"), ==, 0);
        g_assert_cmpuint(request.wait_msec, ==, 0);
}

/* 0.0.0.0 and :: are no address to be bound to: they stand for all, as no addr= does. */
static void test_any_address(void) {
        Request request;

        g_assert_cmpint(parse_text(&request, "REGISTER a@b port=1 addr=0.0.0.0"), ==, 0);
        g_assert_false(request.bound);
        g_assert_cmpint(parse_text(&request, "REGISTER a@b port=1 addr=:: family=inet6"), ==, 0);
        g_assert_false(request.bound);
        g_assert_cmpint(parse_text(&request, "REGISTER a@b port=1 addr=127.0.0.1"), ==, 0);
        g_assert_true(request.bound);
}

/* The address is compared with the family wherever in the line that stands. */
static void test_address_family(void) {
        Request request;

        g_assert_cmpint(parse_text(&request, "REGISTER a@b addr=fd00::1 port=1 family=inet6"), ==,
                        0);
        g_assert_cmpint(request.address.family, ==, FAMILY_INET6);
        check_error("REGISTER a@b addr=fd00::1 port=1", PROTOCOL_E_BAD_ARGUMENT);
        check_error("REGISTER a@b addr= port=1", PROTOCOL_E_BAD_ARGUMENT);
        check_error("REGISTER a@b addr=1.1.1.1,1.1.1.2 port=1", PROTOCOL_E_BAD_ARGUMENT);
}

/* Filters that match nothing are no errors, but what they are must arrive whole. */
static void test_list_filters(void) {
        Request request;

        g_assert_cmpint(parse_text(&request, "LIST host=h%20%C3%A5 cluster=a/b"), ==, 0);
        g_assert_cmpstr(request.filter.host, ==, "h \xC3\xA5");
        g_assert_cmpstr(request.filter.cluster, ==, "a/b");
        g_assert_cmpint(request.filter.source, ==, _SOURCE_INVALID);
        g_assert_cmpint(parse_text(&request, "LIST"), ==, 0);
        g_assert_null(request.filter.host);
        g_assert_null(request.filter.cluster);
}

/* The longest request there is fits into a line, so that no node is too long to be registered. */
static void test_longest(void) {
        g_autoptr(GString) node = g_string_new("a@"), text = g_string_new("REGISTER a@");
        g_autofree char *cluster = g_strnfill(LIMIT_CLUSTER, 'c'),
                        *otp = g_strnfill(LIMIT_OTP, 'o');
        LineWriter writer = LINE_WRITER_NULL;
        Request request;
        int length;

        for (int i = 2; i < LIMIT_NODE_NAME_CHARS; i++) {
                g_string_append(node, "\xC3\xBF");
                g_string_append(text, "%C3%BF");
        }
        g_string_append_printf(text,
                               " port=65535 family=inet6 proto=tls type=hidden cluster=%s otp=%s"
                               " dist=255-255 addr=fd00:1111:2222:3333:4444:5555:6666:7777",
                               cluster, otp);

        g_assert_cmpuint(text->len, <, LIMIT_LINE);
        g_assert_cmpint(parse(&request, text->str, text->len), ==, 0);
        g_assert_cmpstr(request.endpoint.node, ==, node->str);
        request_write(&request, &writer);
        length = line_writer_end(&writer);
        g_assert_cmpint(length, ==, text->len + 1);
        g_assert_cmpint(memcmp(writer.text, text->str, text->len), ==, 0);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/request/examples", test_examples);
        g_test_add_func("/request/encode-examples", test_encode_examples);
        g_test_add_func("/request/verb-names", test_verb_names);
        g_test_add_func("/request/error-tokens", test_error_tokens);
        g_test_add_func("/request/positional-words", test_positional);
        g_test_add_func("/request/unknown-attributes-are-ignored", test_unknown_attributes);
        g_test_add_func("/request/version", test_version);
        g_test_add_func("/request/wait-limit", test_wait_limit);
        g_test_add_func("/request/any-address-is-no-address", test_any_address);
        g_test_add_func("/request/address-family", test_address_family);
        g_test_add_func("/request/list-filters", test_list_filters);
        g_test_add_func("/request/longest-fits", test_longest);
        return g_test_run();
}
