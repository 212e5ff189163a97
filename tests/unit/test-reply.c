/* SPDX-License-Identifier: Apache-2.0 */
/* Replies and events: what the daemon writes, and what the command line tool understands. */

#include <glib.h>
#include <string.h>

#include "core/reply.h"
#include "unit/util-examples.h"

/* Lines of kind "reply" in protocol-examples.txt; there may be more, never fewer. */
#define MIN_EXAMPLES 36

/* Parses a line into a reply that held something else before. */
static int parse(Reply *reply, const char *text, size_t length) {
        static char buffer[LIMIT_LINE + 1];
        Line line;

        g_assert_cmpuint(length, <, sizeof(buffer));
        memset(reply, 0x5A, sizeof(*reply));
        memcpy(buffer, text, length);
        if (line_parse(&line, buffer, length) != 0)
                return LINE_E_MALFORMED;
        return reply_parse(reply, &line);
}

static int parse_text(Reply *reply, const char *text) {
        return parse(reply, text, strlen(text));
}

static void append_info(GString *out, const NodeInfo *info) {
        const Endpoint *endpoint = &info->endpoint;
        char text[ADDRESS_TEXT_SIZE], buffer[ENDPOINT_VALUE_SIZE];

        g_string_append_printf(out, " node=%s port=%u family=%s proto=%s addr=", endpoint->node,
                               endpoint->port, family_to_string(endpoint->family),
                               proto_to_string(endpoint->proto));
        for (size_t i = 0; i < info->n_addresses; i++)
                g_string_append_printf(out, "%s%s", i ? "," : "",
                                       address_format(&info->addresses[i], text));
        g_string_append_printf(out, " source=%s", source_to_string(info->source));
        if (*info->host)
                g_string_append_printf(out, " host=%s", info->host);
        if (*info->interfaces)
                g_string_append_printf(out, " if=%s", info->interfaces);
        g_string_append_printf(out, " age=%u", info->age_sec);
        for (size_t i = 0; i < endpoint_n_attributes; i++) {
                const EndpointAttribute *attribute = &endpoint_attributes[i];
                const char *value = endpoint_get(endpoint, attribute, buffer);

                if (!attribute->required && value)
                        g_string_append_printf(out, " %s=%s", attribute->key, value);
        }
        if (info->conflict)
                g_string_append(out, " conflict=1");
        if (*info->rival)
                g_string_append_printf(out, " rival=%s", info->rival);
        if (info->stale)
                g_string_append(out, " stale=1");
}

/* The canonical form that protocol-examples.txt describes. */
static char *describe(int result, const Reply *reply) {
        GString *out = g_string_new(NULL);

        if (result != 0)
                g_string_append(out, "malformed");
        else if (reply->kind == REPLY_OK)
                g_string_append(out, "ok");
        else if (reply->kind == REPLY_IGNORED)
                g_string_append(out, "ignored");
        else if (reply->kind == REPLY_ERROR)
                g_string_append_printf(out, "error %s", reply->error);
        else if (reply->kind == REPLY_PAIR)
                g_string_append_printf(out, "pair from=%s to=%s reason=%s", reply->pair.from,
                                       reply->pair.to, pair_reason_to_string(reply->pair.reason));
        else if (reply->kind == REPLY_NODE) {
                g_string_append(out, "node");
                append_info(out, &reply->info);
        } else {
                g_string_append_printf(out, "event %s", event_kind_to_string(reply->event));
                if (event_kind_has_info(reply->event))
                        append_info(out, &reply->info);
                if (reply->event != EVENT_SYNC)
                        g_string_append_printf(out, " reason=%s", reason_to_string(reply->reason));
        }
        return g_string_free(out, FALSE);
}

static int write_reply(const Reply *reply, LineWriter *writer) {
        if (reply->kind == REPLY_NODE)
                reply_write_node(writer, &reply->info);
        else if (reply->kind == REPLY_PAIR)
                reply_write_pair(writer, &reply->pair);
        else
                reply_write_event(writer, reply->event,
                                  event_kind_has_info(reply->event) ? &reply->info : NULL,
                                  reply->reason);
        return line_writer_end(writer);
}

/* Whether a line is as a sender writes it: a reader also takes codes where none are needed. */
static gboolean is_as_sent(const Example *example) {
        g_autofree char *copy = g_strndup(example->line->str, example->line->len);
        LineWriter writer = LINE_WRITER_NULL;
        Line line;

        g_assert_cmpint(line_parse(&line, copy, example->line->len), ==, 0);
        for (size_t i = 0; i < line.n_words; i++)
                line_writer_word(&writer, line.words[i]);
        return writer.length == example->line->len &&
               memcmp(writer.text, example->line->str, writer.length) == 0;
}

/* The line is just what the encoder writes, attributes apart that are unknown to it. */
static void check_written(const Example *example, const Reply *reply) {
        const char *sent = example->line->str;
        gboolean unknown = strstr(sent, " taste=") || strstr(sent, " later=");
        LineWriter writer = LINE_WRITER_NULL;
        int length = write_reply(reply, &writer);

        g_assert_cmpint(length, >, 0);
        writer.text[length - 1] = '\0';
        if (unknown)
                g_assert_true(g_str_has_prefix(sent, writer.text));
        else if (is_as_sent(example))
                g_assert_cmpstr(writer.text, ==, sent);
}

static void check_example(const Example *example) {
        g_autofree char *meaning = NULL;
        Reply reply;
        int r;

        g_test_message("%s", example->row);
        r = parse(&reply, example->line->str, example->line->len);
        meaning = describe(r, &reply);
        g_assert_cmpstr(meaning, ==, example->meaning);
        if (r == 0 &&
            (reply.kind == REPLY_NODE || reply.kind == REPLY_PAIR || reply.kind == REPLY_EVENT))
                check_written(example, &reply);
}

static void test_examples(void) {
        g_assert_cmpuint(examples_check(EXAMPLES_PROTOCOL, "reply", check_example), >=,
                         MIN_EXAMPLES);
}

static void check_newer(const Example *example) {
        Reply reply;

        g_test_message("%s", example->row);
        g_assert_cmpint(parse(&reply, example->line->str, example->line->len), !=, 0);
}

/* The command comes with the daemon: it need not understand a newer one. */
static void test_newer(void) {
        g_assert_cmpuint(examples_check(EXAMPLES_PROTOCOL, "newer", check_newer), >=, 1);
}

/* Every error can be told, and is understood with its text. */
static void test_error(void) {
        for (ProtocolError error = 1; error < _PROTOCOL_E_MAX; error++) {
                LineWriter writer = LINE_WRITER_NULL;
                Reply reply;
                int length;

                reply_write_error(&writer, error, "a text of words");
                length = line_writer_end(&writer);
                g_assert_cmpint(parse(&reply, writer.text, (size_t) length - 1), ==, 0);
                g_assert_cmpint(reply.kind, ==, REPLY_ERROR);
                g_assert_cmpstr(reply.error, ==, protocol_error_to_string(error));
                g_assert_cmpstr(reply.text, ==, "a text of words");
        }
}

/* Tokens of later versions are passed on, and the text may be missing or fill the line. */
static void test_error_text(void) {
        g_autofree char *longest = g_strnfill(LIMIT_LINE - 1 - strlen("ERR new-token "), 'x');
        g_autofree char *line = g_strconcat("ERR new-token ", longest, NULL);
        Reply reply;

        g_assert_cmpint(parse_text(&reply, "ERR new-token"), ==, 0);
        g_assert_cmpstr(reply.error, ==, "new-token");
        g_assert_cmpstr(reply.text, ==, "");
        g_assert_cmpint(parse_text(&reply, line), ==, 0);
        g_assert_cmpstr(reply.text, ==, longest);
}

/* An event with a reason that a later version brings is still an event. */
static void test_reason(void) {
        static const char event[] =
                "EVENT up a@b port=1 family=inet proto=tcp addr=1.2.3.4 source=lan age=0";
        Reply reply;

        for (Reason reason = 0; reason < _REASON_MAX; reason++) {
                g_autofree char *line =
                        g_strdup_printf("%s reason=%s", event, reason_to_string(reason));

                g_assert_cmpint(parse_text(&reply, line), ==, 0);
                g_assert_cmpint(reply.reason, ==, reason);
        }

        g_assert_cmpint(parse_text(&reply, event), ==, 0);
        g_assert_cmpint(reply.reason, ==, _REASON_INVALID);
        g_assert_cmpint(parse_text(&reply, "EVENT up a@b port=1 family=inet proto=tcp addr=1.2.3.4 "
                                           "source=lan age=0 reason=holiday"),
                        ==, 0);
        g_assert_cmpint(reply.reason, ==, _REASON_INVALID);
}

static void test_malformed(void) {
        static const char *const lines[] = {
                "ok",
                "",
                "ERR",
                "EVENT",
                "NODE",
                "Node a@b",
                "EVENT down",
                "EVENT changed a@b",
                "EVENT network a@b",
                "EVENT network reason=resumed reason=readdressed",
                "EVENT up port=1 family=inet proto=tcp addr=1.2.3.4 source=lan",
                "NODE a@b port=1 family=inet proto=tcp addr=1.2.3.4 source=lan age=1 age=1",
                "NODE a@b port=1 family=inet proto=tcp addr=1.2.3.4 source=lan word",
        };
        Reply reply;

        for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
                g_test_message("%s", lines[i]);
                g_assert_cmpint(parse_text(&reply, lines[i]), ==, LINE_E_MALFORMED);
        }
}

static void test_sync(void) {
        LineWriter writer = LINE_WRITER_NULL;
        int length;

        reply_write_event(&writer, EVENT_SYNC, NULL, _REASON_INVALID);
        length = line_writer_end(&writer);
        g_assert_cmpmem(writer.text, length, "EVENT sync\n", 11);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/reply/examples", test_examples);
        g_test_add_func("/reply/newer", test_newer);
        g_test_add_func("/reply/error/every-token", test_error);
        g_test_add_func("/reply/error/text", test_error_text);
        g_test_add_func("/reply/event/reason", test_reason);
        g_test_add_func("/reply/event/sync", test_sync);
        g_test_add_func("/reply/malformed", test_malformed);
        return g_test_run();
}
