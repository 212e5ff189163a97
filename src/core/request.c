/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of the control protocol */

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/request.h"
#include "util/parse.h"

static const char *const error_tokens[_PROTOCOL_E_MAX] = {
        [PROTOCOL_E_MALFORMED] = "malformed",
        [PROTOCOL_E_TOO_LONG] = "too-long",
        [PROTOCOL_E_UNKNOWN_VERB] = "unknown-verb",
        [PROTOCOL_E_BAD_ARGUMENT] = "bad-argument",
        [PROTOCOL_E_VERSION] = "version",
        [PROTOCOL_E_NOT_FOUND] = "not-found",
        [PROTOCOL_E_DUPLICATE_NAME] = "duplicate-name",
        [PROTOCOL_E_OTHER_NODE] = "other-node",
        [PROTOCOL_E_LIMIT] = "limit",
};

const char *protocol_error_to_string(ProtocolError error) {
        assert(error > 0 && error < _PROTOCOL_E_MAX);
        return error_tokens[error];
}

static int parse_hello(Request *request, Line *line, const char **ret_text) {
        if (parse_u32(line->words[1], 1, UINT32_MAX, &request->version) < 0) {
                *ret_text = "the version must be a number";
                return PROTOCOL_E_BAD_ARGUMENT;
        }
        if (request->version != PROTOCOL_VERSION) {
                *ret_text = "this server speaks version 1";
                return PROTOCOL_E_VERSION;
        }
        return 0;
}

static int parse_node(Request *request, const Line *line, const char **ret_text) {
        if (!node_name_is_valid(line->words[1])) {
                *ret_text = "not a valid node name, expected name@host as OTP accepts it";
                return PROTOCOL_E_BAD_ARGUMENT;
        }
        strcpy(request->endpoint.node, line->words[1]);
        return 0;
}

/* The node, its port, and the attributes of endpoints. */
static int parse_endpoint(Request *request, const Line *line, const char **ret_text) {
        const char *port = line_get(line, "port");
        uint32_t number;
        int r;

        r = parse_node(request, line, ret_text);
        if (r != 0)
                return r;

        if (!port || parse_u32(port, 1, UINT16_MAX, &number) < 0) {
                *ret_text = "port= must be a number from 1 to 65535";
                return PROTOCOL_E_BAD_ARGUMENT;
        }
        request->endpoint.port = (uint16_t) number;

        for (size_t i = 0; i < line->n_attributes; i++)
                if (endpoint_set(&request->endpoint, line->attributes[i].key,
                                 line->attributes[i].value) == ENDPOINT_E_INVALID_VALUE) {
                        *ret_text = endpoint_expected(line->attributes[i].key);
                        return PROTOCOL_E_BAD_ARGUMENT;
                }
        return 0;
}

static int parse_register(Request *request, Line *line, const char **ret_text) {
        const char *address = line_get(line, "addr");
        int r = parse_endpoint(request, line, ret_text);

        if (r != 0)
                return r;

        if (address) {
                if (address_parse(address, &request->address) < 0 ||
                    request->address.family != request->endpoint.family ||
                    address_is_link_local6(&request->address)) {
                        *ret_text = "addr= must be an address of the endpoint's family, and not "
                                    "link-local";
                        return PROTOCOL_E_BAD_ARGUMENT;
                }
                request->bound = !address_is_any(&request->address);
        }
        return 0;
}

static int parse_lookup(Request *request, Line *line, const char **ret_text) {
        const char *family = line_get(line, "family"), *proto = line_get(line, "proto"),
                   *wait = line_get(line, "wait");
        int r;

        r = parse_node(request, line, ret_text);
        if (r != 0)
                return r;

        request->family = family ? family_from_string(family) : _FAMILY_INVALID;
        request->proto = proto ? proto_from_string(proto) : _PROTO_INVALID;
        if ((family && request->family == _FAMILY_INVALID) ||
            (proto && request->proto == _PROTO_INVALID)) {
                *ret_text = "family= must be inet or inet6, proto= must be tcp or tls";
                return PROTOCOL_E_BAD_ARGUMENT;
        }
        if (wait && parse_u32(wait, 0, LIMIT_WAIT_MSEC, &request->wait_msec) < 0) {
                *ret_text = "wait= must be a number of milliseconds from 0 to 60000";
                return PROTOCOL_E_BAD_ARGUMENT;
        }
        return 0;
}

static int parse_list(Request *request, Line *line, const char **ret_text) {
        const char *source = line_get(line, "source");

        request->filter.cluster = line_get(line, "cluster");
        request->filter.host = line_get(line, "host");
        request->filter.source = source ? source_from_string(source) : _SOURCE_INVALID;
        if (source && request->filter.source == _SOURCE_INVALID) {
                *ret_text = "source= must be a source of nodes, as local or lan";
                return PROTOCOL_E_BAD_ARGUMENT;
        }
        return 0;
}

/* An address at which this host can reach the endpoint, and that is not its own. */
static bool is_remote(const Address *address, Family family) {
        return (family == FAMILY_INET6 || address->family == FAMILY_INET) &&
               !address_is_any(address) && !address_is_loopback(address) &&
               !address_is_link_local6(address);
}

static int parse_connected(Request *request, Line *line, const char **ret_text) {
        const char *address = line_get(line, "addr"), *host = line_get(line, "host");
        int r = parse_endpoint(request, line, ret_text);

        if (r != 0)
                return r;

        if (!address || address_parse(address, &request->address) < 0 ||
            !is_remote(&request->address, request->endpoint.family)) {
                *ret_text = "addr= must be an address of another host that the endpoint can be "
                            "reached at, and not link-local";
                return PROTOCOL_E_BAD_ARGUMENT;
        }
        request->host = host ? host : "";
        if (line_encoded_length(request->host) > LIMIT_HOST) {
                *ret_text = "host= is too long";
                return PROTOCOL_E_BAD_ARGUMENT;
        }
        return 0;
}

static int parse_disconnected(Request *request, Line *line, const char **ret_text) {
        return parse_node(request, line, ret_text);
}

static int parse_pair(Request *request, const Line *line, const char **ret_text) {
        if (pair_take_names(&request->pair, line))
                return 0;
        *ret_text = "expected the names of two nodes, name@host as OTP accepts them";
        return PROTOCOL_E_BAD_ARGUMENT;
}

static int parse_apart(Request *request, Line *line, const char **ret_text) {
        const char *reason = line_get(line, "reason");
        int r = parse_pair(request, line, ret_text);

        if (r != 0)
                return r;

        request->pair.reason = reason ? pair_reason_from_string(reason) : _PAIR_REASON_INVALID;
        if (request->pair.reason == _PAIR_REASON_INVALID) {
                *ret_text = "reason= must be timed-out or closed";
                return PROTOCOL_E_BAD_ARGUMENT;
        }
        return 0;
}

static int parse_together(Request *request, Line *line, const char **ret_text) {
        return parse_pair(request, line, ret_text);
}

static const struct {
        const char *name;
        size_t n_positional;
        int (*parse)(Request *request, Line *line, const char **ret_text);
} verbs[_VERB_MAX] = {
        [VERB_HELLO] = { "HELLO", 1, parse_hello },
        [VERB_REGISTER] = { "REGISTER", 1, parse_register },
        [VERB_LOOKUP] = { "LOOKUP", 1, parse_lookup },
        [VERB_LIST] = { "LIST", 0, parse_list },
        [VERB_SUBSCRIBE] = { "SUBSCRIBE", 0, NULL },
        [VERB_STATUS] = { "STATUS", 0, NULL },
        [VERB_CONNECTED] = { "CONNECTED", 1, parse_connected },
        [VERB_DISCONNECTED] = { "DISCONNECTED", 1, parse_disconnected },
        [VERB_APART] = { "APART", 2, parse_apart },
        [VERB_TOGETHER] = { "TOGETHER", 2, parse_together },
        [VERB_PAIRS] = { "PAIRS", 0, NULL },
};

const char *verb_to_string(Verb verb) {
        assert(verb >= 0 && verb < _VERB_MAX);
        return verbs[verb].name;
}

Verb verb_from_string(const char *text) {
        for (Verb verb = 0; verb < _VERB_MAX; verb++)
                if (strcmp(verbs[verb].name, text) == 0)
                        return verb;
        return _VERB_INVALID;
}

int request_parse(Request *ret, Line *line, const char **ret_text) {
        Verb verb = verb_from_string(line->words[0]);
        size_t n_positional;

        if (verb == _VERB_INVALID) {
                *ret_text = "known are HELLO, REGISTER, LOOKUP, LIST, SUBSCRIBE, STATUS, "
                            "CONNECTED, DISCONNECTED, APART, TOGETHER and PAIRS, in capitals";
                return PROTOCOL_E_UNKNOWN_VERB;
        }

        n_positional = verbs[verb].n_positional;
        if (line->n_words < 1 + n_positional) {
                *ret_text = "an argument is missing";
                return PROTOCOL_E_BAD_ARGUMENT;
        }
        if (line_split_attributes(line, 1 + n_positional) != 0) {
                *ret_text = "expected attributes key=value, each key once";
                return PROTOCOL_E_MALFORMED;
        }

        *ret = (Request){ .verb = verb };
        return verbs[verb].parse ? verbs[verb].parse(ret, line, ret_text) : 0;
}

static void write_endpoint(const Request *request, LineWriter *writer) {
        const Endpoint *endpoint = &request->endpoint;

        line_writer_word(writer, endpoint->node);
        line_writer_attribute_u64(writer, "port", endpoint->port);
        for (size_t i = 0; i < endpoint_n_attributes; i++)
                endpoint_write(endpoint, &endpoint_attributes[i], writer);
}

static void write_address(const Request *request, LineWriter *writer) {
        char address[ADDRESS_TEXT_SIZE];

        line_writer_attribute(writer, "addr", address_format(&request->address, address));
}

static void write_lookup(const Request *request, LineWriter *writer) {
        line_writer_word(writer, request->endpoint.node);
        if (request->family != _FAMILY_INVALID)
                line_writer_attribute(writer, "family", family_to_string(request->family));
        if (request->proto != _PROTO_INVALID)
                line_writer_attribute(writer, "proto", proto_to_string(request->proto));
        if (request->wait_msec > 0)
                line_writer_attribute_u64(writer, "wait", request->wait_msec);
}

static void write_list(const Request *request, LineWriter *writer) {
        if (request->filter.cluster)
                line_writer_attribute(writer, "cluster", request->filter.cluster);
        if (request->filter.host)
                line_writer_attribute(writer, "host", request->filter.host);
        if (request->filter.source != _SOURCE_INVALID)
                line_writer_attribute(writer, "source", source_to_string(request->filter.source));
}

void request_write(const Request *request, LineWriter *writer) {
        char version[16];

        line_writer_word(writer, verb_to_string(request->verb));

        switch (request->verb) {
        case VERB_HELLO:
                snprintf(version, sizeof(version), "%" PRIu32, request->version);
                line_writer_word(writer, version);
                break;
        case VERB_REGISTER:
                write_endpoint(request, writer);
                if (request->bound)
                        write_address(request, writer);
                break;
        case VERB_CONNECTED:
                write_endpoint(request, writer);
                write_address(request, writer);
                if (*request->host)
                        line_writer_attribute(writer, "host", request->host);
                break;
        case VERB_DISCONNECTED:
                line_writer_word(writer, request->endpoint.node);
                break;
        case VERB_APART:
                pair_write_names(&request->pair, writer);
                pair_write_reason(&request->pair, writer);
                break;
        case VERB_TOGETHER:
                pair_write_names(&request->pair, writer);
                break;
        case VERB_LOOKUP:
                write_lookup(request, writer);
                break;
        case VERB_LIST:
                write_list(request, writer);
                break;
        default:
                break;
        }
}
