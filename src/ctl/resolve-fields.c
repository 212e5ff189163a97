/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of what a node could connect to */

#include <inttypes.h>
#include <stdio.h>

#include "ctl/resolve-fields.h"

_Static_assert(PORT_STATE_SIZE <= FIELD_SIZE, "a state is a value of a field");

static const char *show_used(const void *object, const Field *field, char *buffer) {
        const Choice *choice = ((const Candidate *) object)->choice;

        (void) field, (void) buffer;
        return choice->verdict == CHOICE_TAKEN ? "yes" : "no";
}

static const char *get_address(const void *object, const Field *field, char *buffer) {
        const Choice *choice = ((const Candidate *) object)->choice;

        (void) field;
        return address_format(&choice->address, buffer);
}

static const char *get_port(const void *object, const Field *field, char *buffer) {
        const Choice *choice = ((const Candidate *) object)->choice;

        (void) field;
        snprintf(buffer, FIELD_SIZE, "%" PRIu16, choice->info->endpoint.port);
        return buffer;
}

static const char *get_proto(const void *object, const Field *field, char *buffer) {
        const Choice *choice = ((const Candidate *) object)->choice;

        (void) field, (void) buffer;
        return proto_to_string(choice->info->endpoint.proto);
}

static const char *get_family(const void *object, const Field *field, char *buffer) {
        const Choice *choice = ((const Candidate *) object)->choice;

        (void) field, (void) buffer;
        return family_to_string(choice->info->endpoint.family);
}

static const char *get_chosen(const void *object, const Field *field, char *buffer) {
        const Choice *choice = ((const Candidate *) object)->choice;

        (void) field, (void) buffer;
        return choice->verdict == CHOICE_TAKEN ? "1" : NULL;
}

static const char *get_reason(const void *object, const Field *field, char *buffer) {
        const Choice *choice = ((const Candidate *) object)->choice;

        (void) field, (void) buffer;
        return choice_reason(choice);
}

static const PortProbe *probe_of(const void *object) {
        return ((const Candidate *) object)->probe;
}

static const char *get_port_state(const void *object, const Field *field, char *buffer) {
        (void) field, (void) buffer;
        return port_state_to_string(probe_of(object)->state);
}

static const char *show_port_state(const void *object, const Field *field, char *buffer) {
        const PortProbe *probe = probe_of(object);

        (void) field;
        return port_state_show(probe->state, probe->answered, buffer);
}

static const char *get_port_node(const void *object, const Field *field, char *buffer) {
        (void) field, (void) buffer;
        return probe_of(object)->answered;
}

const Field resolve_fields[] = {
        { NULL, NULL, "USED", .show = show_used },
        { "addr", "address", "ADDRESS", FIELD_TEXT, .get = get_address },
        { "port", "port", "PORT", FIELD_NUMBER, .get = get_port },
        { NULL, "port_state", "STATE", FIELD_TEXT, .get = get_port_state, .show = show_port_state },
        { NULL, "port_node", NULL, FIELD_TEXT, .get = get_port_node },
        { "proto", "proto", "PROTO", FIELD_TEXT, .get = get_proto },
        { "family", "family", "FAMILY", FIELD_TEXT, .get = get_family },
        { NULL, "chosen", NULL, FIELD_FLAG, .get = get_chosen },
        { NULL, "why", "WHY", FIELD_TEXT, .get = get_reason },
};

const size_t n_resolve_fields = ELEMENTSOF(resolve_fields);
