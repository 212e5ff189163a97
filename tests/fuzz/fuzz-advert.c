/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What anybody on the LAN may send: an instance's label, a port and TXT strings
 *
 * The input is the label, at most 63 bytes up to a NUL, two bytes of port, and TXT data in wire
 * form (RFC 1035 section 3.3.14). What is understood is encoded and understood again, which must
 * give the same.
 */

#include <stdbool.h>
#include <string.h>

#include "core/advert.h"
#include "fuzz/fuzz.h"

typedef struct Txt {
        TxtString strings[LIMIT_TXT];
        size_t n;
} Txt;

/* Each string gets memory of just its length, so that the sanitizers see a byte too far. */
static void txt_read(Txt *txt, const uint8_t *data, size_t size) {
        txt->n = 0;
        for (size_t at = 0; at < size && txt->n < LIMIT_TXT;) {
                size_t length = data[at++];
                uint8_t *copy;

                length = length < size - at ? length : size - at;
                copy = malloc(length);
                fuzz_check(copy || length == 0);
                if (length > 0)
                        memcpy(copy, data + at, length);
                txt->strings[txt->n++] = (TxtString){ copy, length };
                at += length;
        }
}

static void txt_done(Txt *txt) {
        while (txt->n > 0)
                free((void *) txt->strings[--txt->n].data);
}

/* A name in wire form is labels of 1 to 63 bytes, up to the root in the last of its bytes. */
static void check_wire_name(const uint8_t *name, size_t length) {
        size_t at = 0;

        if (length == 0)
                return;
        fuzz_check(length <= ADVERT_NAME_MAX);
        while (name[at] != 0) {
                fuzz_check(name[at] <= LIMIT_LABEL);
                at += 1 + (size_t) name[at];
                fuzz_check(at < length);
        }
        fuzz_check(at == length - 1);
}

static void check_names(const char *text, uint16_t port) {
        uint8_t name[ADVERT_NAME_MAX], srv[ADVERT_SRV_MAX];
        size_t length;

        check_wire_name(name, advert_encode_name(text, ADVERT_TYPE "." ADVERT_DOMAIN, name));
        check_wire_name(name, advert_encode_name(NULL, text, name));
        length = advert_encode_srv(port, text, srv);
        fuzz_check(length == 0 || length > 6);
        if (length > 0)
                check_wire_name(srv + 6, length - 6);
}

/* The host behind a target is its end, and never empty unless the target is. */
static void check_host(const char *label, const char *target) {
        const char *host = advert_host(label, target);

        fuzz_check(host == target || host == target + ADVERT_ID_LENGTH + 1);
        fuzz_check(*host != '\0' || *target == '\0');
}

static void check_label(const Endpoint *endpoint) {
        char label[ADVERT_LABEL_SIZE], target[ADVERT_LABEL_SIZE + sizeof("h.local")];
        uint8_t name[ADVERT_NAME_MAX];
        size_t cut;

        advert_format_label(endpoint->node, UINT64_MAX, label);
        cut = strlen(label);
        fuzz_check(cut > 1 + ADVERT_ID_LENGTH && cut <= LIMIT_LABEL);
        cut -= 1 + ADVERT_ID_LENGTH;
        fuzz_check(strcmp(label + cut, " ffffffffffff") == 0);
        fuzz_check(memcmp(label, endpoint->node, cut) == 0);
        /* No half character, and not shorter than it must be. */
        fuzz_check(((unsigned char) endpoint->node[cut] & 0xC0) != 0x80);
        fuzz_check(endpoint->node[cut] == '\0' || cut >= LIMIT_LABEL - 2 - ADVERT_ID_LENGTH);
        fuzz_check(advert_encode_name(label, ADVERT_TYPE "." ADVERT_DOMAIN, name) > 0);

        fuzz_check(advert_label_id(label) == label + cut + 1);
        strcpy(target, advert_label_id(label));
        strcat(target, ".h.local");
        fuzz_check(strcmp(advert_host(label, target), "h.local") == 0);
        check_host(label, endpoint->node);
}

static void check_endpoint(const Endpoint *endpoint) {
        uint8_t wire[LIMIT_TXT];
        Endpoint again;
        Txt txt;

        fuzz_check(node_name_is_valid(endpoint->node));
        fuzz_check(endpoint->port > 0);
        fuzz_check(endpoint->dist.low <= endpoint->dist.high);
        check_label(endpoint);

        txt_read(&txt, wire, advert_encode_txt(endpoint, wire));
        fuzz_check(advert_parse(&again, "", endpoint->port, txt.strings, txt.n) == 0);
        fuzz_check(endpoint_equal(endpoint, &again));
        txt_done(&txt);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        Endpoint endpoint = { .node = "untouched@h" }, before = endpoint;
        char label[LIMIT_LABEL + 1] = "";
        size_t length, at;
        uint16_t port = 0;
        Txt txt;

        if (size == 0)
                return 0;
        length = strnlen((const char *) data, size < LIMIT_LABEL ? size : LIMIT_LABEL);
        memcpy(label, data, length);
        at = length + 1;
        if (at < size)
                port = (uint16_t) (data[at++] << 8);
        if (at < size)
                port |= data[at++];
        txt_read(&txt, data + at, at < size ? size - at : 0);

        if (advert_parse(&endpoint, label, port, txt.strings, txt.n) == 0)
                check_endpoint(&endpoint);
        else
                fuzz_check(endpoint_equal(&endpoint, &before));
        check_names(label, port);
        check_host(label, label);
        check_host(label, endpoint.node);
        txt_done(&txt);
        return 0;
}
