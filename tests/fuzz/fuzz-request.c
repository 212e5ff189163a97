/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a local user may send: bytes, in reads of any size
 *
 * The first byte says how the others are cut up. Each line that is a request is written and
 * understood again, which must give the same request; what it registers must fit into an advert.
 */

#include <stdbool.h>
#include <string.h>

#include "core/advert.h"
#include "core/input-buffer.h"
#include "core/request.h"
#include "fuzz/fuzz.h"

static bool text_equal(const char *a, const char *b) {
        return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool request_equal(const Request *a, const Request *b) {
        return a->verb == b->verb && a->version == b->version &&
               endpoint_equal(&a->endpoint, &b->endpoint) && a->bound == b->bound &&
               (!a->bound || address_equal(&a->address, &b->address)) && a->family == b->family &&
               a->proto == b->proto && a->wait_msec == b->wait_msec &&
               a->filter.source == b->filter.source &&
               text_equal(a->filter.cluster, b->filter.cluster) &&
               text_equal(a->filter.host, b->filter.host) &&
               text_equal(a->pair.from, b->pair.from) && text_equal(a->pair.to, b->pair.to) &&
               a->pair.reason == b->pair.reason;
}

/* A text that is told to people must be one that an ERR line can hold. */
static void check_error(int error, const char *why) {
        LineWriter writer = LINE_WRITER_NULL;

        fuzz_check(error < _PROTOCOL_E_MAX);
        line_writer_word(&writer, "ERR");
        line_writer_word(&writer, protocol_error_to_string((ProtocolError) error));
        line_writer_text(&writer, why);
        fuzz_check(line_writer_end(&writer) > 0);
}

/* Words are the same when they are written and taken apart again. */
static void check_words(const Line *line) {
        LineWriter writer = LINE_WRITER_NULL;
        Line again;
        int length;

        for (size_t i = 0; i < line->n_words; i++)
                line_writer_word(&writer, line->words[i]);
        /* It was a line, and a writer codes no more than it must. */
        length = line_writer_end(&writer);
        fuzz_check(length > 0);
        fuzz_check(line_parse(&again, writer.text, (size_t) length - 1) == 0);
        fuzz_check(again.n_words == line->n_words);
        for (size_t i = 0; i < line->n_words; i++)
                fuzz_check(strcmp(again.words[i], line->words[i]) == 0);
}

/* Whatever can be registered can be advertised. */
static void check_advert(const Endpoint *endpoint) {
        char label[ADVERT_LABEL_SIZE];
        uint8_t txt[LIMIT_TXT];

        advert_format_label(endpoint->node, 0, label);
        fuzz_check(strlen(label) <= LIMIT_LABEL);
        fuzz_check(advert_encode_txt(endpoint, txt) <= LIMIT_TXT);
}

static void check_request(const Request *request) {
        LineWriter writer = LINE_WRITER_NULL;
        const char *why;
        Request again;
        Line line;
        int length;

        if (request->verb == VERB_REGISTER || request->verb == VERB_LOOKUP)
                fuzz_check(node_name_is_valid(request->endpoint.node));
        if (request->verb == VERB_REGISTER)
                check_advert(&request->endpoint);

        if (request->verb == VERB_APART || request->verb == VERB_TOGETHER)
                fuzz_check(node_name_is_valid(request->pair.from) &&
                           node_name_is_valid(request->pair.to));

        request_write(request, &writer);
        length = line_writer_end(&writer);
        fuzz_check(length > 0);
        fuzz_check(line_parse(&line, writer.text, (size_t) length - 1) == 0);
        fuzz_check(request_parse(&again, &line, &why) == 0);
        fuzz_check(request_equal(request, &again));
}

static void check_line(char *text, size_t length) {
        const char *why = NULL;
        Request request;
        Line line;
        int r;

        if (line_parse(&line, text, length) != 0)
                return;
        check_words(&line);
        r = request_parse(&request, &line, &why);
        if (r == 0)
                check_request(&request);
        else
                check_error(r, why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        InputBuffer buffer = INPUT_BUFFER_NULL;
        size_t chunk, at = 1;

        if (size == 0)
                return 0;
        /* From byte by byte to more than a line. */
        chunk = 1 + (size_t) data[0] * data[0] / 16;

        while (at < size) {
                char *room, *text;
                size_t length, n = input_buffer_reserve(&buffer, &room);
                int r;

                n = n < chunk ? n : chunk;
                n = n < size - at ? n : size - at;
                memcpy(room, data + at, n);
                input_buffer_commit(&buffer, n);
                at += n;

                while ((r = input_buffer_take_line(&buffer, &text, &length)) == 0) {
                        fuzz_check(length < LIMIT_LINE);
                        check_line(text, length);
                }
                if (r == INPUT_BUFFER_E_TOO_LONG)
                        break;
                /* A buffer that waits for more has room for more. */
                fuzz_check(input_buffer_reserve(&buffer, &room) > 0);
        }
        return 0;
}
