/* SPDX-License-Identifier: Apache-2.0 */
/* JSON: the keys of docs/json.md, and text that comes from the network. */

#include <glib.h>
#include <string.h>

#include "ctl/json.h"
#include "ctl/node-fields.h"

static void check_text(const char *text, const char *expected) {
        _cleanup_(json_putp) struct json_object *object = json_text(text);

        g_assert_cmpstr(json_object_to_json_string_ext(object, JSON_C_TO_STRING_NOSLASHESCAPE), ==,
                        expected);
}

static void test_text(void) {
        check_text("alice@h1", "\"alice@h1\"");
        check_text("a/\"b\\", "\"a/\\\"b\\\\\"");
        check_text("h\u00e9", "\"h\u00e9\"");
        check_text("", "null");
        check_text(NULL, "null");
}

/* Whatever a host calls itself, a reader of JSON gets valid UTF-8, and a terminal no commands. */
static void test_hostile_text(void) {
        check_text("a\xFF\xC3", "\"a\uFFFD\uFFFD\"");
        check_text("\033[31m\n", "\"\uFFFD[31m\uFFFD\"");
        check_text("\xC2\x9B", "\"\uFFFD\uFFFD\"");
        check_text("\xED\xA0\x80", "\"\uFFFD\uFFFD\uFFFD\"");
}

static void test_node(void) {
        _cleanup_(json_putp) struct json_object *object = NULL;
        NodeInfo info = { .endpoint = { .node = "bob@h2",
                                        .proto = PROTO_TLS,
                                        .family = FAMILY_INET6,
                                        .port = 65535,
                                        .hidden = true,
                                        .cluster = "team",
                                        .otp = "27",
                                        .dist.low = 5,
                                        .dist.high = 6 },
                          .n_addresses = 2,
                          .source = SOURCE_LAN,
                          .host = "h2.local",
                          .interfaces = "eth0,wlan0",
                          .age_sec = UINT32_MAX,
                          .stale = true };

        g_assert_cmpint(address_parse("fd00::2", &info.addresses[0]), ==, 0);
        g_assert_cmpint(address_parse("192.0.2.2", &info.addresses[1]), ==, 0);
        object = node_fields_json(&info);
        g_assert_cmpstr(
                json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN), ==,
                "{\"node\":\"bob@h2\",\"family\":\"inet6\",\"proto\":\"tls\",\"port\":65535,"
                "\"addresses\":[\"fd00::2\",\"192.0.2.2\"],\"source\":\"lan\","
                "\"heard\":true,\"host\":\"h2.local\",\"interfaces\":[\"eth0\",\"wlan0\"],\"age\":"
                "4294967295,"
                "\"hidden\":true,\"cluster\":\"team\",\"otp\":\"27\",\"dist\":\"5-6\","
                "\"conflict\":false,\"rival\":null,\"stale\":true}");
}

/* Every key is there, whatever is known. */
static void test_bare_node(void) {
        _cleanup_(json_putp) struct json_object *object = NULL;
        NodeInfo info = { .endpoint = { .node = "a@b", .port = 1 }, .n_addresses = 1 };

        info.addresses[0] = address_loopback(FAMILY_INET);
        object = node_fields_json(&info);
        g_assert_cmpstr(
                json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN), ==,
                "{\"node\":\"a@b\",\"family\":\"inet\",\"proto\":\"tcp\",\"port\":1,"
                "\"addresses\":[\"127.0.0.1\"],\"source\":\"local\",\"heard\":true,\"host\":null,"
                "\"interfaces\":[],\"age\":0,\"hidden\":false,\"cluster\":null,"
                "\"otp\":null,\"dist\":null,\"conflict\":false,\"rival\":null,\"stale\":false}");
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);

        g_test_add_func("/ctl/json/text", test_text);
        g_test_add_func("/ctl/json/hostile-text", test_hostile_text);
        g_test_add_func("/ctl/json/node", test_node);
        g_test_add_func("/ctl/json/bare-node", test_bare_node);

        return g_test_run();
}
