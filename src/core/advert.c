/* SPDX-License-Identifier: Apache-2.0 */
/* The advert of an endpoint: label, TXT, PTR and SRV data */

#include <arpa/inet.h>
#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/advert.h"
#include "util/macro.h"

/* A node's name goes on in the next string when one is full: 250 bytes, then 249, then the rest. */
static const char *const node_keys[] = { "node", "node2", "node3" };

void advert_format_label(const char *node, uint64_t id, char ret[static ADVERT_LABEL_SIZE]) {
        size_t length = strlen(node), max = LIMIT_LABEL - 1 - ADVERT_ID_LENGTH;

        if (length > max) {
                length = max;
                /* Not in the middle of a character: 10xxxxxx continues one (RFC 3629 section 3). */
                while (((unsigned char) node[length] & 0xC0) == 0x80)
                        length--;
        }
        snprintf(ret, ADVERT_LABEL_SIZE, "%.*s %0*" PRIx64, (int) length, node, ADVERT_ID_LENGTH,
                 id & UINT64_C(0xFFFFFFFFFFFF));
}

const char *advert_label_id(const char *label) {
        size_t length = strlen(label);
        const char *id;

        if (length < 1 + ADVERT_ID_LENGTH)
                return NULL;
        id = label + length - ADVERT_ID_LENGTH;
        return id[-1] == ' ' && strspn(id, "0123456789abcdef") == ADVERT_ID_LENGTH ? id : NULL;
}

const char *advert_host(const char *label, const char *target) {
        const char *id = advert_label_id(label);

        if (!id || strncasecmp(target, id, ADVERT_ID_LENGTH) != 0 ||
            target[ADVERT_ID_LENGTH] != '.' || target[ADVERT_ID_LENGTH + 1] == '\0')
                return target;
        return target + ADVERT_ID_LENGTH + 1;
}

static size_t put_txt(uint8_t *txt, size_t at, const char *key, const char *value, size_t length) {
        size_t key_length = strlen(key), whole = key_length + 1 + length;

        assert(whole <= LIMIT_TXT_STRING && at + 1 + whole <= LIMIT_TXT);
        txt[at++] = (uint8_t) whole;
        memcpy(txt + at, key, key_length);
        txt[at + key_length] = '=';
        memcpy(txt + at + key_length + 1, value, length);
        return at + whole;
}

static size_t put_txt_text(uint8_t *txt, size_t at, const char *key, const char *value) {
        return put_txt(txt, at, key, value, strlen(value));
}

static size_t put_node(uint8_t *txt, size_t at, const char *node) {
        for (size_t i = 0; i < ELEMENTSOF(node_keys) && *node; i++) {
                size_t room = LIMIT_TXT_STRING - strlen(node_keys[i]) - 1, length = strlen(node);

                if (length > room)
                        length = room;
                at = put_txt(txt, at, node_keys[i], node, length);
                node += length;
        }
        return at;
}

size_t advert_encode_txt(const Endpoint *endpoint, uint8_t ret[static LIMIT_TXT]) {
        char buffer[ENDPOINT_VALUE_SIZE];
        size_t at;

        /* RFC 6763 section 6.7: the version comes first. */
        at = put_txt_text(ret, 0, "txtvers", "1");
        at = put_node(ret, at, endpoint->node);
        for (size_t i = 0; i < endpoint_n_attributes; i++) {
                const EndpointAttribute *attribute = &endpoint_attributes[i];
                const char *value = endpoint_get(endpoint, attribute, buffer);

                if (value)
                        at = put_txt_text(ret, at, attribute->key, value);
        }
        return at;
}

/* Appends one label. Returns the new length, or 0. */
static size_t put_label(uint8_t *name, size_t at, const char *label, size_t length) {
        /* One byte for this label's length, and one for the root. */
        if (length == 0 || length > LIMIT_LABEL || at + 1 + length + 1 > ADVERT_NAME_MAX)
                return 0;
        name[at++] = (uint8_t) length;
        memcpy(name + at, label, length);
        return at + length;
}

size_t advert_encode_name(const char *label, const char *name,
                          uint8_t ret[static ADVERT_NAME_MAX]) {
        size_t at = 0;

        if (label) {
                at = put_label(ret, at, label, strlen(label));
                if (at == 0)
                        return 0;
        }

        for (const char *p = name; *p;) {
                size_t length = strcspn(p, ".");

                at = put_label(ret, at, p, length);
                if (at == 0)
                        return 0;
                p += length;
                if (*p == '.')
                        p++;
        }
        if (at == 0)
                return 0;
        ret[at++] = 0;
        return at;
}

size_t advert_encode_srv(uint16_t port, const char *host, uint8_t ret[static ADVERT_SRV_MAX]) {
        uint16_t fields[3] = { 0, 0, htons(port) };
        size_t length = advert_encode_name(NULL, host, ret + sizeof(fields));

        memcpy(ret, fields, sizeof(fields));
        return length > 0 ? sizeof(fields) + length : 0;
}

/* Copies the value of the first string with this key (RFC 6763 section 6.4: without regard to
 * case). Returns false if there is none, and *ret_fits tells whether the value had room and no NUL.
 */
static bool find_txt(const TxtString *strings, size_t n_strings, const char *key, char *ret,
                     size_t size, bool *ret_fits) {
        size_t key_length = strlen(key);

        for (size_t i = 0; i < n_strings; i++) {
                const uint8_t *data = strings[i].data;
                size_t length;

                if (strings[i].length <= key_length || data[key_length] != '=' ||
                    strncasecmp((const char *) data, key, key_length) != 0)
                        continue;

                data += key_length + 1;
                length = strings[i].length - key_length - 1;
                *ret_fits = length < size && !memchr(data, '\0', length);
                if (*ret_fits) {
                        memcpy(ret, data, length);
                        ret[length] = '\0';
                }
                return true;
        }
        return false;
}

/* Finds the name in the strings, or takes the label. */
static int find_node(Endpoint *endpoint, const char *label, const TxtString *strings,
                     size_t n_strings) {
        size_t length = 0, i;
        bool fits = true;

        for (i = 0; i < ELEMENTSOF(node_keys); i++) {
                if (!find_txt(strings, n_strings, node_keys[i], endpoint->node + length,
                              NODE_NAME_SIZE - length, &fits))
                        break;
                if (!fits)
                        return ADVERT_E_NAME;
                length += strlen(endpoint->node + length);
        }

        if (i == 0) {
                if (strlen(label) >= NODE_NAME_SIZE)
                        return ADVERT_E_NAME;
                strcpy(endpoint->node, label);
        }
        if (!node_name_is_valid(endpoint->node))
                return ADVERT_E_NAME;
        return node_name_is_loopback(endpoint->node) ? ADVERT_E_LOOPBACK : 0;
}

int advert_parse(Endpoint *ret, const char *label, uint16_t port, const TxtString *strings,
                 size_t n_strings) {
        char value[LIMIT_TXT_STRING + 1];
        Endpoint endpoint = { .port = port };
        bool fits;
        int r;

        if (find_txt(strings, n_strings, "txtvers", value, sizeof(value), &fits) &&
            (!fits || strcmp(value, "1") != 0))
                return ADVERT_E_TXT;

        r = find_node(&endpoint, label, strings, n_strings);
        if (r != 0)
                return r;

        for (size_t i = 0; i < endpoint_n_attributes; i++) {
                const char *key = endpoint_attributes[i].key;

                if (find_txt(strings, n_strings, key, value, sizeof(value), &fits) &&
                    (!fits || endpoint_set(&endpoint, key, value) != 0))
                        return ADVERT_E_TXT;
        }

        if (port == 0)
                return ADVERT_E_PORT;

        *ret = endpoint;
        return 0;
}
