/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the directory share */

#include <string.h>

#include "unit/util-directory.h"

void append_info(GString *out, const NodeInfo *info) {
        char text[ADDRESS_TEXT_SIZE];

        g_string_append_printf(out, "%s %u ", info->endpoint.node, info->endpoint.port);
        for (size_t i = 0; i < info->n_addresses; i++)
                g_string_append_printf(out, "%s%s", i ? "," : "",
                                       address_format(&info->addresses[i], text));
        if (info->endpoint.proto == PROTO_TLS)
                g_string_append(out, " tls");
        if (info->endpoint.family == FAMILY_INET6)
                g_string_append(out, " inet6");
        if (info->age_sec)
                g_string_append_printf(out, " age=%u", info->age_sec);
        if (info->conflict)
                g_string_append(out, " conflict");
        if (info->stale)
                g_string_append(out, " stale");
}

void append_event(void *userdata, const DirectoryEvent *event) {
        GString *out = userdata;

        g_string_append_printf(out, "%s%s %s ", out->len ? "; " : "",
                               event_kind_to_string(event->kind), reason_to_string(event->reason));
        append_info(out, event->info);
        if (event->advertise)
                g_string_append(out, " advertise");
}

/* An advert has the one address that the node is bound to and found by here, or all of the host. */
static void check_bound(const DirectoryEvent *event) {
        Address loopback = address_loopback(event->info->endpoint.family);

        g_assert_true(
                address_equal(event->bound ? event->bound : &loopback, &event->info->addresses[0]));
        g_assert_false(event->bound && address_is_loopback(event->bound));
}

/* What an event says of the time before it is what the event before it said. */
static void check_was(GHashTable *known, const Endpoint *endpoint, bool was, bool is) {
        char *key = g_strdup_printf("%s %d %d", endpoint->node, endpoint->proto, endpoint->family);

        g_assert_cmpint(was, ==, g_hash_table_contains(known, key));
        if (is)
                g_hash_table_add(known, key);
        else {
                g_hash_table_remove(known, key);
                g_free(key);
        }
}

static void check_before(void *userdata, const DirectoryEvent *event) {
        const Endpoint *endpoint = &event->info->endpoint;
        Fixture *f = userdata;

        check_was(f->advertised, endpoint, event->was_advertised, event->advertise);
        check_was(f->registered, endpoint, event->was_registered, event->registered);
        g_assert_cmpint(event->registered, ==,
                        event->kind != EVENT_DOWN && event->info->source == SOURCE_LOCAL);
        if (event->advertise)
                check_bound(event);
}

static void on_alarm(void *userdata, uint64_t due_usec) {
        Fixture *f = userdata;

        g_assert_cmpuint(due_usec, <, f->due);
        f->due = due_usec;
}

static void set_up(Fixture *f) {
        g_assert_cmpint(directory_new(&f->directory), ==, 0);
        f->events = g_string_new(NULL);
        f->now = 1000 * SEC;
        f->due = UINT64_MAX;
        directory_set_alarm(f->directory, on_alarm, f);
        directory_set_ttl(f->directory, TTL);
        f->advertised = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        f->registered = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        directory_observe(f->directory, append_event, f->events);
        directory_observe(f->directory, check_before, f);
        directory_set_host(f->directory, "h1.local", f->now);
}

static void tear_down(Fixture *f) {
        /* No story ends with an event that it has not looked at. */
        g_assert_cmpstr(f->events->str, ==, "");
        g_assert_null(directory_free(f->directory));
        g_assert_null(directory_free(NULL));
        g_string_free(f->events, TRUE);
        g_hash_table_destroy(f->advertised);
        g_hash_table_destroy(f->registered);
}

/* What the observers have been told since the last time. */
void told(Fixture *f, const char *expected) {
        g_assert_cmpstr(f->events->str, ==, expected);
        g_string_truncate(f->events, 0);
}

/* What the directory holds, stale or not. */
void holds(Fixture *f, const char *expected) {
        g_autoptr(GString) all = g_string_new(NULL);
        Endpoint after;
        NodeInfo info;

        for (bool more = directory_next(f->directory, NULL, f->now, &info); more;
             more = directory_next(f->directory, &after, f->now, &info)) {
                if (all->len)
                        g_string_append(all, "; ");
                append_info(all, &info);
                after = info.endpoint;
        }
        g_assert_cmpstr(all->str, ==, expected);
}

Address address(const char *text) {
        Address parsed;

        g_assert_cmpint(address_parse(text, &parsed), ==, 0);
        return parsed;
}

Endpoint endpoint_new(const char *node, uint16_t port) {
        Endpoint endpoint = { .port = port };

        g_strlcpy(endpoint.node, node, sizeof(endpoint.node));
        return endpoint;
}

int try_register(Fixture *f, uint64_t owner, const char *node, uint16_t port, const char *bound) {
        Endpoint endpoint = endpoint_new(node, port);
        Address at = bound ? address(bound) : (Address){};
        return directory_register(f->directory, owner, &endpoint, bound ? &at : NULL, f->now);
}

void register_node(Fixture *f, uint64_t owner, const char *node, uint16_t port, const char *bound) {
        g_assert_cmpint(try_register(f, owner, node, port, bound), ==, 0);
}

void unregister(Fixture *f, uint64_t owner, const char *node, size_t n) {
        g_assert_cmpuint(directory_unregister(f->directory, owner, node, f->now), ==, n);
}

Sighting sighting_new(const char *instance, int interface, const char *node, uint16_t port,
                      const char *at, const char *host) {
        Sighting sighting = {
                .id = { .source = SOURCE_LAN, .interface = interface, .transport = FAMILY_INET },
                .endpoint = endpoint_new(node, port),
                .address = address(at),
        };

        g_strlcpy(sighting.id.instance, instance, sizeof(sighting.id.instance));
        g_strlcpy(sighting.host, host, sizeof(sighting.host));
        g_snprintf(sighting.interface_name, sizeof(sighting.interface_name), "eth%d", interface);
        return sighting;
}

/* The sightings of bob@h2 and others: instance x on interface 1 is what "x1" says. */
void see(Fixture *f, const char *id, const char *node, uint16_t port, const char *at,
         const char *host) {
        char instance[] = { id[0], '\0' };
        Sighting sighting = sighting_new(instance, id[1] - '0', node, port, at, host);

        g_assert_cmpint(directory_add_sighting(f->directory, &sighting, f->now), ==, 0);
}

void forget(Fixture *f, const char *id, Reason reason) {
        SightingId sighting = { .source = SOURCE_LAN,
                                .instance = { id[0], '\0' },
                                .interface = id[1] - '0' };

        directory_remove_sighting(f->directory, &sighting, reason, f->now);
}

uint64_t expire(Fixture *f) {
        f->due = directory_expire(f->directory, f->now);
        g_assert_cmpuint(f->due, >, f->now);
        return f->due;
}

void pass(Fixture *f, uint64_t usec) {
        uint64_t end = f->now + usec;

        while (f->due <= end) {
                f->now = f->due;
                (void) expire(f);
        }
        f->now = end;
}

DirectoryStats stats(Fixture *f) {
        DirectoryStats result;

        directory_get_stats(f->directory, &result);
        return result;
}

static void run(const void *userdata) {
        const Story *story = userdata;
        Fixture f;

        set_up(&f);
        story->tell(&f);
        tear_down(&f);
}

void add_stories(const Story *stories, size_t n) {
        for (size_t i = 0; i < n; i++)
                g_test_add_data_func(stories[i].path, &stories[i], run);
}
