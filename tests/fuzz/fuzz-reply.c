/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a server may send to the command line tool
 *
 * The input is lines. Each NODE and EVENT line is written and understood again, which must give the
 * same endpoint.
 */

#include <stdbool.h>
#include <string.h>

#include "core/reply.h"
#include "fuzz/fuzz.h"

/* The text that a server may send is as long as a daemon's would be before it is percent-coded. */
static bool may_be_too_long(const NodeInfo *info) {
        return line_encoded_length(info->host) > LIMIT_HOST ||
               line_encoded_length(info->interfaces) >= sizeof(info->interfaces);
}

static void check_info(const NodeInfo *info) {
        NodeInfo restricted;
        size_t n = 0;

        fuzz_check(node_name_is_valid(info->endpoint.node));
        fuzz_check(info->endpoint.port > 0);
        fuzz_check(info->n_addresses > 0 && info->n_addresses <= LIMIT_ADDRESSES);
        fuzz_check(info->source >= 0 && info->source < _SOURCE_MAX);

        for (Family family = 0; family < _FAMILY_MAX; family++) {
                restricted = *info;
                fuzz_check(node_info_restrict(&restricted, family) == (restricted.n_addresses > 0));
                n += restricted.n_addresses;
        }
        fuzz_check(n == info->n_addresses);
}

static void check_written(const Reply *reply) {
        LineWriter writer = LINE_WRITER_NULL;
        Reply again;
        Line line;
        int length;

        if (reply->kind == REPLY_NODE)
                reply_write_node(&writer, &reply->info);
        else if (reply->kind == REPLY_PAIR)
                reply_write_pair(&writer, &reply->pair);
        else if (reply->event == EVENT_SYNC)
                reply_write_event(&writer, EVENT_SYNC, NULL, _REASON_INVALID);
        else if (reply->reason != _REASON_INVALID)
                reply_write_event(&writer, reply->event,
                                  event_kind_has_info(reply->event) ? &reply->info : NULL,
                                  reply->reason);
        else
                return;

        length = line_writer_end(&writer);
        if (length < 0) {
                fuzz_check(reply->kind != REPLY_PAIR);
                fuzz_check(may_be_too_long(&reply->info));
                return;
        }
        fuzz_check(line_parse(&line, writer.text, (size_t) length - 1) == 0);
        fuzz_check(reply_parse(&again, &line) == 0);
        fuzz_check(again.kind == reply->kind);
        if (reply->kind == REPLY_PAIR) {
                fuzz_check(pair_compare(&again.pair, &reply->pair) == 0);
                fuzz_check(again.pair.reason == reply->pair.reason);
                return;
        }
        if (reply->kind == REPLY_EVENT) {
                fuzz_check(again.event == reply->event);
                if (reply->event == EVENT_SYNC)
                        return;
                fuzz_check(again.reason == reply->reason);
                if (!event_kind_has_info(reply->event))
                        return;
        }
        fuzz_check(node_info_equal(&again.info, &reply->info));
        fuzz_check(again.info.age_sec == reply->info.age_sec);
}

static void check_line(char *text, size_t length) {
        Reply reply;
        Line line;

        if (line_parse(&line, text, length) != 0 || reply_parse(&reply, &line) != 0)
                return;

        if (reply.kind == REPLY_ERROR) {
                fuzz_check(reply.error && *reply.error);
                fuzz_check(strlen(reply.text) < sizeof(reply.text));
        }
        if (reply.kind == REPLY_NODE ||
            (reply.kind == REPLY_EVENT && event_kind_has_info(reply.event)))
                check_info(&reply.info);
        if (reply.kind == REPLY_NODE || reply.kind == REPLY_PAIR || reply.kind == REPLY_EVENT)
                check_written(&reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        for (size_t at = 0; at < size;) {
                const uint8_t *lf = memchr(data + at, '\n', size - at);
                size_t length = lf ? (size_t) (lf - data) - at : size - at;

                if (length < LIMIT_LINE) {
                        /* Just as large as a line may expect. */
                        char *text = malloc(length + 1);

                        fuzz_check(text);
                        memcpy(text, data + at, length);
                        check_line(text, length);
                        free(text);
                }
                at += length + 1;
        }
        return 0;
}
