/* SPDX-License-Identifier: Apache-2.0 */
/* All nodes that are known: a great many random facts, against a naive model */

#include <glib.h>
#include <string.h>

#include "core/directory.h"
#include "unit/util-directory.h"

/* --- A naive model --- */

/*
 * The model keeps facts in flat lists and the state of each of a few endpoints in an array. After
 * each operation it works out every endpoint anew, from nothing but docs/protocol.md, and expects
 * an event for each difference.
 */
enum { N_ENDPOINTS = 12, N_OPERATIONS = 20000 };

typedef struct ModelEndpoint {
        uint64_t owner; /* 0: not registered */
        uint64_t since; /* registered */
        Endpoint registered;
        Address bound; /* what it is bound to, or any */

        bool up, stale, advertise;
        NodeInfo info;
        uint64_t up_usec, stale_until;
} ModelEndpoint;

typedef struct ModelSighting {
        Sighting sighting;
        uint64_t first_usec;
        uint64_t claimed_usec;              /* the host, by whatever advert */
        uint64_t hidden_from, hidden_until; /* 0: shown */
        uint64_t marked_usec;               /* UINT64_MAX: not marked */
} ModelSighting;

typedef struct Model {
        Fixture *f;
        GRand *rand;
        ModelEndpoint endpoints[N_ENDPOINTS];
        GArray *sightings; /* in the order of arrival */
        GString *expected;
} Model;

/* The endpoints are in the order of the directory. */
static Endpoint model_key(size_t i) {
        Endpoint key = { .node = "?@h", .proto = (Proto) (i / 2 % 2), .family = (Family) (i % 2) };

        key.node[0] = (char) ('a' + i / 4);
        return key;
}

static void model_add_address(NodeInfo *info, const Address *at) {
        for (size_t i = 0; i < info->n_addresses; i++)
                if (address_equal(&info->addresses[i], at))
                        return;
        if (info->n_addresses < LIMIT_ADDRESSES)
                info->addresses[info->n_addresses++] = *at;
}

/* Whether an address that the browser reports for an endpoint is of use to OTP. */
static bool model_is_usable(const Sighting *s) {
        return s->endpoint.family == FAMILY_INET6 || s->address.family == FAMILY_INET;
}

static bool model_is_hidden(Model *m, const ModelSighting *s) {
        return s->hidden_from <= m->f->now && m->f->now < s->hidden_until;
}

/* The sightings of an endpoint that are shown, usable ones only if so asked, in the order of
 * arrival. */
static GPtrArray *model_sightings(Model *m, const Endpoint *key, bool usable) {
        GPtrArray *found = g_ptr_array_new();

        for (guint i = 0; i < m->sightings->len; i++) {
                ModelSighting *s = &g_array_index(m->sightings, ModelSighting, i);

                if (endpoint_compare_identity(&s->sighting.endpoint, key) == 0 &&
                    !model_is_hidden(m, s) && (!usable || model_is_usable(&s->sighting)))
                        g_ptr_array_add(found, s);
        }
        return found;
}

/* The elder host holds; of two that came at once, the first by name. Of one host, the newest. */
static bool model_is_before(const ModelSighting *a, const ModelSighting *b) {
        int names = strcmp(a->sighting.host, b->sighting.host);

        if (names == 0)
                return a->first_usec > b->first_usec;
        return a->claimed_usec != b->claimed_usec ? a->claimed_usec < b->claimed_usec : names < 0;
}

static bool model_has_lasted(Model *m, uint64_t since) {
        return m->f->now >= since + 3 * SEC;
}

static void model_add_rival(NodeInfo *info, const char *host) {
        if (!info->conflict || strcmp(host, info->rival) < 0)
                strcpy(info->rival, host);
        info->conflict = true;
}

static bool model_seen(Model *m, GPtrArray *usable, NodeInfo *info) {
        const ModelSighting *best = NULL;
        GString *interfaces;

        for (guint i = 0; i < usable->len; i++) {
                const ModelSighting *s = usable->pdata[i];

                if (!best || model_is_before(s, best))
                        best = s;
        }
        if (!best)
                return false;

        interfaces = g_string_new(NULL);
        *info = (NodeInfo){ .endpoint = best->sighting.endpoint, .source = SOURCE_LAN };
        strcpy(info->host, best->sighting.host);
        for (int own = 1; own >= 0; own--)
                for (guint i = 0; i < usable->len; i++) {
                        const ModelSighting *claim = usable->pdata[i];
                        const Sighting *s = &claim->sighting;

                        if (strcmp(s->host, info->host) != 0 &&
                            model_has_lasted(m, best->claimed_usec) &&
                            model_has_lasted(m, claim->claimed_usec))
                                model_add_rival(info, s->host);
                        if (strcmp(s->id.instance, best->sighting.id.instance) != 0 ||
                            (s->address.family == s->endpoint.family) != own)
                                continue;
                        model_add_address(info, &s->address);
                        /* Names have four characters. */
                        if (!strstr(interfaces->str, s->interface_name) && interfaces->len < 9)
                                g_string_append_printf(interfaces, "%s%s",
                                                       interfaces->len ? "," : "",
                                                       s->interface_name);
                }
        strcpy(info->interfaces, interfaces->str);
        g_string_free(interfaces, TRUE);
        return true;
}

static bool model_told(Model *m, size_t i, NodeInfo *info) {
        const ModelEndpoint *e = &m->endpoints[i];
        Endpoint key = model_key(i);
        g_autoptr(GPtrArray) all = model_sightings(m, &key, false),
                             usable = model_sightings(m, &key, true);

        if (!e->owner)
                return model_seen(m, usable, info);

        *info = (NodeInfo){ .endpoint = e->registered, .source = SOURCE_LOCAL, .n_addresses = 1 };
        info->addresses[0] = address_is_any(&e->bound) ? address_loopback(key.family) : e->bound;
        strcpy(info->host, directory_host(m->f->directory));
        for (guint n = 0; n < all->len; n++) {
                const ModelSighting *claim = all->pdata[n];

                if (strcmp(claim->sighting.host, info->host) != 0 &&
                    model_has_lasted(m, e->since) && model_has_lasted(m, claim->claimed_usec))
                        model_add_rival(info, claim->sighting.host);
        }
        return true;
}

static void model_expect(Model *m, ModelEndpoint *e, EventKind kind, Reason reason) {
        DirectoryEvent event = { .kind = kind, .reason = reason, .info = &e->info };

        event.advertise = kind != EVENT_DOWN && e->advertise;

        e->info.age_sec = (uint32_t) ((m->f->now - e->up_usec) / SEC);
        append_event(m->expected, &event);
}

/* Whether somebody else is heard: the port and the host say who. */
static bool model_is_replaced(const NodeInfo *old, const NodeInfo *new) {
        return old->source != new->source ||
               (new->source == SOURCE_LAN &&
                (old->endpoint.port != new->endpoint.port || strcmp(old->host, new->host) != 0));
}

/* Works out all endpoints anew. down: why those that are gone are. */
static void model_update(Model *m, Reason down) {
        for (size_t i = 0; i < N_ENDPOINTS; i++) {
                ModelEndpoint *e = &m->endpoints[i];
                bool up, advertise = e->owner && !address_is_loopback(&e->bound), replaced;
                NodeInfo info, old = e->info;

                up = model_told(m, i, &info);
                if (!up && e->up) {
                        e->up = false;
                        e->stale = e->info.source == SOURCE_LAN;
                        e->stale_until = m->f->now + STALE;
                        model_expect(m, e, EVENT_DOWN, down);
                } else if (up && !e->up) {
                        e->up = true;
                        e->stale = false;
                        e->advertise = advertise;
                        e->info = info;
                        e->up_usec = m->f->now;
                        model_expect(m, e, EVENT_UP, e->owner ? REASON_REGISTERED : REASON_SEEN);
                } else if (up && (!node_info_equal(&info, &old) || advertise != e->advertise)) {
                        replaced = model_is_replaced(&old, &info);
                        e->info = info;
                        e->advertise = advertise;
                        if (replaced)
                                e->up_usec = m->f->now;
                        model_expect(m, e, EVENT_CHANGED,
                                     replaced   ? REASON_REPLACED
                                     : e->owner ? REASON_REGISTERED
                                                : REASON_SEEN);
                }
        }
}

/* The directory is called, because it is due or for no reason. */
static void model_expire(Model *m) {
        (void) expire(m->f);
        for (size_t i = 0; i < N_ENDPOINTS; i++) {
                ModelEndpoint *e = &m->endpoints[i];

                e->stale = e->stale && e->stale_until > m->f->now;
        }
        model_update(m, REASON_GOODBYE);
}

/* The same advert over the other IP version. */
static bool model_is_same(const ModelSighting *said, const ModelSighting *other) {
        return endpoint_compare_identity(&said->sighting.endpoint, &other->sighting.endpoint) ==
                       0 &&
               said->sighting.id.interface == other->sighting.id.interface &&
               strcmp(said->sighting.id.instance, other->sighting.id.instance) == 0;
}

/* Whether a goodbye to one sighting puts another in doubt: of the same endpoint and host, older
 * than the goodbye, which was said a second ago and more, and not younger than what it was said
 * to. */
static bool model_is_left_behind(Model *m, const ModelSighting *said, const ModelSighting *other) {
        return endpoint_compare_identity(&said->sighting.endpoint, &other->sighting.endpoint) ==
                       0 &&
               strcmp(said->sighting.id.instance, other->sighting.id.instance) != 0 &&
               host_name_equal(said->sighting.host, other->sighting.host) &&
               other->first_usec + 2 * SEC < m->f->now &&
               other->first_usec <= said->first_usec + 2 * SEC;
}

static void model_forget(Model *m, const SightingId *id, Reason reason) {
        for (guint i = 0; i < m->sightings->len; i++) {
                ModelSighting said = g_array_index(m->sightings, ModelSighting, i);

                if (!sighting_id_equal(&said.sighting.id, id))
                        continue;
                g_array_remove_index(m->sightings, i);
                for (guint j = m->sightings->len; reason == REASON_GOODBYE && j-- > 0;) {
                        ModelSighting *other = &g_array_index(m->sightings, ModelSighting, j);

                        bool same = model_is_same(&said, other);

                        if (!same && !model_is_left_behind(m, &said, other))
                                continue;
                        /* The other packet may be on its way. */
                        if (!model_is_hidden(m, other))
                                other->hidden_from = m->f->now + (same ? SEC / 20 : 0);
                        other->hidden_until = m->f->now + TTL;
                }
                return;
        }
}

static bool model_is_instance(const ModelSighting *s, const Sighting *sighting) {
        return endpoint_compare_identity(&s->sighting.endpoint, &sighting->endpoint) == 0 &&
               strcmp(s->sighting.id.instance, sighting->id.instance) == 0;
}

/* Since when the host of a sighting claims its endpoint, by other sightings. */
static uint64_t model_claimed(Model *m, const Sighting *sighting, uint64_t otherwise) {
        for (guint i = 0; i < m->sightings->len; i++) {
                ModelSighting *s = &g_array_index(m->sightings, ModelSighting, i);

                if (endpoint_compare_identity(&s->sighting.endpoint, &sighting->endpoint) == 0 &&
                    !sighting_id_equal(&s->sighting.id, &sighting->id) &&
                    strcmp(s->sighting.host, sighting->host) == 0)
                        return s->claimed_usec;
        }
        return otherwise;
}

/* An instance that is heard is in doubt no more. */
static void model_confirm(Model *m, const Sighting *sighting) {
        for (guint i = 0; i < m->sightings->len; i++) {
                ModelSighting *s = &g_array_index(m->sightings, ModelSighting, i);

                if (model_is_instance(s, sighting))
                        s->hidden_from = s->hidden_until = 0;
        }
}

static void model_see(Model *m, const Sighting *sighting) {
        ModelSighting new = { *sighting, m->f->now, m->f->now, 0, 0, UINT64_MAX };

        for (guint i = 0; i < m->sightings->len; i++) {
                ModelSighting *s = &g_array_index(m->sightings, ModelSighting, i);

                if (sighting_id_equal(&s->sighting.id, &sighting->id)) {
                        if (endpoint_compare_identity(&s->sighting.endpoint, &sighting->endpoint) ==
                            0) {
                                model_confirm(m, sighting);
                                s->claimed_usec = model_claimed(m, sighting, s->claimed_usec);
                                s->sighting = *sighting;
                                s->marked_usec = UINT64_MAX;
                                return;
                        }
                        g_array_remove_index(m->sightings, i);
                        model_update(m, REASON_GOODBYE);
                        break;
                }
        }
        for (guint i = 0; i < m->sightings->len; i++) {
                ModelSighting *s = &g_array_index(m->sightings, ModelSighting, i);

                if (model_is_instance(s, sighting))
                        new.first_usec = s->first_usec;
        }
        model_confirm(m, sighting);
        new.claimed_usec = model_claimed(m, sighting, m->f->now);
        g_array_append_val(m->sightings, new);
}

static void model_mark(Model *m) {
        for (guint i = 0; i < m->sightings->len; i++) {
                ModelSighting *s = &g_array_index(m->sightings, ModelSighting, i);

                if (s->marked_usec == UINT64_MAX)
                        s->marked_usec = m->f->now;
        }
}

static uint64_t model_sweep(Model *m, uint64_t until_usec) {
        uint64_t next = UINT64_MAX;

        for (guint i = m->sightings->len; i-- > 0;) {
                ModelSighting s = g_array_index(m->sightings, ModelSighting, i);

                if (s.marked_usec <= until_usec)
                        g_array_remove_index(m->sightings, i);
                else
                        next = MIN(next, s.marked_usec);
        }
        return next;
}

static void random_sweep(Model *m) {
        uint64_t until = m->f->now - (uint64_t) g_rand_int_range(m->rand, 0, 60) * SEC;

        g_assert_cmpuint(directory_sweep_source(m->f->directory, SOURCE_LAN, until, m->f->now), ==,
                         model_sweep(m, until));
        model_update(m, REASON_LOST);
}

static Address random_address(Model *m, Family family) {
        static const char *const texts[_FAMILY_MAX][3] = {
                { "127.0.0.1", "192.0.2.1", "192.0.2.2" },
                { "::1", "fd00::1", "fd00::2" },
        };

        return address(texts[family][g_rand_int_range(m->rand, 0, 3)]);
}

static void random_register(Model *m) {
        size_t i = (size_t) g_rand_int_range(m->rand, 0, N_ENDPOINTS), first = i / 4 * 4;
        uint64_t owner = (uint64_t) g_rand_int_range(m->rand, 1, 4), holder = 0;
        Endpoint endpoint = model_key(i);
        Address at = { .family = endpoint.family };
        int r;

        endpoint.port = (uint16_t) g_rand_int_range(m->rand, 1, 3);
        endpoint.hidden = g_rand_int_range(m->rand, 0, 4) == 0;
        if (g_rand_boolean(m->rand))
                at = random_address(m, endpoint.family);
        for (size_t n = first; n < first + 4; n++)
                if (m->endpoints[n].owner)
                        holder = m->endpoints[n].owner;
        r = directory_register(m->f->directory, owner, &endpoint, address_is_any(&at) ? NULL : &at,
                               m->f->now);
        if (holder && holder != owner) {
                g_assert_cmpint(r, ==, DIRECTORY_E_DUPLICATE);
                g_assert_cmpuint(directory_holder(m->f->directory, endpoint.node), ==, holder);
                return;
        }
        g_assert_cmpint(r, ==, 0);
        m->endpoints[i].since = m->endpoints[i].owner ? m->endpoints[i].since : m->f->now;
        m->endpoints[i].owner = owner;
        m->endpoints[i].registered = endpoint;
        m->endpoints[i].bound = at;
        model_update(m, _REASON_INVALID);
}

static void random_unregister(Model *m) {
        size_t first = (size_t) g_rand_int_range(m->rand, 0, N_ENDPOINTS / 4) * 4, n = 0;
        uint64_t owner = (uint64_t) g_rand_int_range(m->rand, 1, 4);

        for (size_t i = first; i < first + 4; i++)
                if (m->endpoints[i].owner == owner) {
                        m->endpoints[i].owner = 0;
                        n++;
                }
        unregister(m->f, owner, model_key(first).node, n);
        model_update(m, REASON_UNREGISTERED);
}

static Sighting random_sighting(Model *m) {
        char instance[] = { (char) g_rand_int_range(m->rand, 'p', 't'), '\0' };
        g_autofree char *host = g_strdup_printf("h%d.local", g_rand_int_range(m->rand, 1, 4));
        Sighting sighting =
                sighting_new(instance, g_rand_int_range(m->rand, 1, 4), "", 1, "::", host);

        sighting.id.transport = (Family) g_rand_int_range(m->rand, 0, 2);
        sighting.endpoint = model_key((size_t) g_rand_int_range(m->rand, 0, N_ENDPOINTS));
        sighting.endpoint.port = (uint16_t) g_rand_int_range(m->rand, 1, 3);
        sighting.address = random_address(m, (Family) g_rand_int_range(m->rand, 0, 2));
        return sighting;
}

static void random_operation(Model *m) {
        static const char *const hosts[] = { "h1.local", "h2.local", "h4.local", "" };
        int dice = g_rand_int_range(m->rand, 0, 100);
        Sighting sighting = random_sighting(m);

        if (dice < 20)
                random_register(m);
        else if (dice < 35)
                random_unregister(m);
        else if (dice < 65) {
                g_assert_cmpint(directory_add_sighting(m->f->directory, &sighting, m->f->now), ==,
                                0);
                model_see(m, &sighting);
                model_update(m, REASON_GOODBYE);
        } else if (dice < 90) {
                Reason reason = g_rand_boolean(m->rand) ? REASON_GOODBYE : REASON_EXPIRED;

                directory_remove_sighting(m->f->directory, &sighting.id, reason, m->f->now);
                model_forget(m, &sighting.id, reason);
                model_update(m, reason);
        } else if (dice < 91) {
                directory_mark_source(m->f->directory, SOURCE_LAN, m->f->now);
                model_mark(m);
                model_update(m, _REASON_INVALID);
        } else if (dice < 93) {
                random_sweep(m);
        } else if (dice < 94) {
                directory_remove_source(m->f->directory, SOURCE_LAN, m->f->now);
                g_array_set_size(m->sightings, 0);
                model_update(m, REASON_LOST);
        } else if (dice < 95) {
                directory_set_host(m->f->directory, hosts[g_rand_int_range(m->rand, 0, 4)],
                                   m->f->now);
                model_update(m, _REASON_INVALID);
        } else
                model_expire(m);
}

/* The directory holds what the model does, and counts it so. */
static void model_check(Model *m) {
        g_autoptr(GString) all = g_string_new(NULL);
        DirectoryStats counted = stats(m->f);
        const char *node = "";
        size_t nodes = 0, stale = 0;

        for (size_t i = 0; i < N_ENDPOINTS; i++) {
                ModelEndpoint *e = &m->endpoints[i];

                if (!e->up && !e->stale)
                        continue;
                e->info.age_sec = (uint32_t) ((m->f->now - e->up_usec) / SEC);
                e->info.stale = e->stale;
                if (all->len)
                        g_string_append(all, "; ");
                append_info(all, &e->info);
                e->info.stale = false;
                nodes += e->up && strcmp(node, e->info.endpoint.node) != 0;
                node = e->up ? e->info.endpoint.node : node;
                stale += e->stale;
        }
        holds(m->f, all->str);
        g_assert_cmpuint(counted.nodes, ==, nodes);
        g_assert_cmpuint(counted.stale, ==, stale);
        g_assert_cmpuint(counted.sightings, ==, m->sightings->len);
}

/* The directory has told what follows from the facts, and nothing else. Returns whether that was
 * anything. */
static bool model_told_all(Model *m) {
        bool any = m->expected->len > 0;

        told(m->f, m->expected->str);
        g_string_truncate(m->expected, 0);
        model_check(m);
        return any;
}

/* Lets time pass, as the daemon does. Returns how often that changed anything. */
static size_t model_pass(Model *m, uint64_t usec) {
        uint64_t end = m->f->now + usec;
        size_t n = 0;

        while (m->f->due <= end) {
                m->f->now = m->f->due;
                model_expire(m);
                n += model_told_all(m);
        }
        m->f->now = end;
        return n;
}

/* One TTL after the last fact the browser is right, whatever the directory made of a goodbye: what
 * it holds is up, if it is of use, and nothing else. */
static void model_settle(Model *m) {
        (void) model_pass(m, TTL);
        for (size_t i = 0; i < N_ENDPOINTS; i++) {
                Endpoint key = model_key(i);
                bool held = m->endpoints[i].owner != 0, up;
                NodeInfo info;

                for (guint n = 0; n < m->sightings->len; n++) {
                        const Sighting *s = &g_array_index(m->sightings, ModelSighting, n).sighting;

                        held = held || (endpoint_compare_identity(&s->endpoint, &key) == 0 &&
                                        model_is_usable(s));
                }
                up = false;
                for (const Endpoint *after = NULL;
                     directory_next_of_node(m->f->directory, key.node, after, m->f->now, &info);
                     after = &info.endpoint)
                        if (endpoint_compare_identity(&info.endpoint, &key) == 0)
                                up = !info.stale;
                g_assert_cmpint(up, ==, held);
        }
}

static void test_model(Fixture *f) {
        Model m = { .f = f, .rand = g_rand_new_with_seed(5), .expected = g_string_new(NULL) };
        size_t n_events = 0, n_times = 0;

        m.sightings = g_array_new(FALSE, FALSE, sizeof(ModelSighting));
        for (int i = 0; i < N_OPERATIONS; i++) {
                /* Seconds and parts of them: both what lasts and what does not is met. */
                gint32 most = g_rand_boolean(m.rand) ? 1000000 : 20000000;

                n_times += model_pass(&m, (uint64_t) g_rand_int_range(m.rand, 1, most));
                random_operation(&m);
                n_events += model_told_all(&m);
                if (i % 64 == 0)
                        model_settle(&m);
        }
        /* A test in which nothing happens would show nothing. */
        g_assert_cmpuint(n_events, >, N_OPERATIONS / 4);
        g_assert_cmpuint(n_times, >, N_OPERATIONS / 40);
        g_array_free(m.sightings, TRUE);
        g_string_free(m.expected, TRUE);
        g_rand_free(m.rand);
}

int main(int argc, char **argv) {
        static const Story stories[] = {
                { "/directory/model", test_model },
        };

        g_test_init(&argc, &argv, NULL);
        add_stories(stories, G_N_ELEMENTS(stories));
        return g_test_run();
}
