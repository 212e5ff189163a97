/* SPDX-License-Identifier: Apache-2.0 */
/* What the publisher logs: each kind within its bound, and how many lines were left out */

#include <avahi-common/error.h>
#include <glib.h>

#include "core/limits.h"
#include "daemon/avahi/publisher-log.h"
#include "fake/fake-timer.h"
#include "unit/util-event.h"

#define WINDOW_MSEC (LIMIT_LOG_WINDOW_SEC * 1000)

typedef struct Fixture {
        PublisherLog *log;
        Endpoint endpoint;
        Address bound;
} Fixture;

static void set_up(Fixture *f, gconstpointer data) {
        (void) data;
        log_capture();
        fake_timer_reset();
        g_assert_cmpint(publisher_log_new(&f->log, NULL), ==, 0);
        f->endpoint = (Endpoint){ .node = "a@h1", .port = 1, .cluster = "team" };
        g_assert_cmpint(address_parse("192.0.2.1", &f->bound), ==, 0);
}

static void tear_down(Fixture *f, gconstpointer data) {
        (void) data;
        g_assert_null(publisher_log_free(f->log));
        g_assert_null(publisher_log_free(NULL));
        fake_timer_reset(); /* none is left */
}

static void log_absences(Fixture *f, unsigned n) {
        while (n-- > 0)
                publisher_log_absence(f->log, &f->endpoint, &f->bound);
}

static void left_out(const char *count, unsigned n) {
        g_autofree char *pattern =
                g_strdup_printf("too many nodes*: %s about them left out", count);

        g_assert_cmpuint(log_count(pattern), ==, n);
        g_assert_cmpuint(log_count("too many nodes*"), ==, n);
        log_capture();
}

/* A window begins with its first line, and has room for so many. At its end the others are counted,
 * and the next line begins a new window. */
static void test_window(Fixture *f, gconstpointer data) {
        (void) data;
        for (int i = 0; i < 2; i++) {
                log_absences(f, 1);
                fake_timer_pass(WINDOW_MSEC - 1);
                log_absences(f, LIMIT_LOG_ABSENCES + 1);
                g_assert_cmpuint(log_count("*"), ==, LIMIT_LOG_ABSENCES);
                fake_timer_pass(1);
                left_out("2 lines", 1);
                fake_timer_pass(2 * WINDOW_MSEC);
                g_assert_cmpuint(log_count("*"), ==, 0);
        }
        log_absences(f, LIMIT_LOG_ABSENCES + 1);
        fake_timer_pass(WINDOW_MSEC);
        left_out("1 line", 1);
}

/* If all have been written there is nothing to add. */
static void test_none_left_out(Fixture *f, gconstpointer data) {
        (void) data;
        log_absences(f, LIMIT_LOG_ABSENCES);
        fake_timer_pass(WINDOW_MSEC);
        g_assert_cmpuint(log_count_about(LOG_WARNING, "a@h1", "team",
                                         "a@h1 is bound to 192.0.2.1, which is on no interface*"),
                         ==, LIMIT_LOG_ABSENCES);
        left_out("*", 0);
}

/* It may end within a window. */
static void test_free_in_window(Fixture *f, gconstpointer data) {
        (void) data;
        log_absences(f, LIMIT_LOG_ABSENCES + 1);
        f->log = publisher_log_free(f->log);
        fake_timer_pass(WINDOW_MSEC);
        left_out("*", 0);
}

/* One refusal is logged for each avahi-daemon. */
static void test_refusal(Fixture *f, gconstpointer data) {
        const struct {
                const Endpoint *endpoint;
                int error;
                const char *node, *cluster, *text;
        } table[] = {
                { &f->endpoint, AVAHI_ERR_NOT_PERMITTED, "", "",
                  "avahi-daemon does not let us announce nodes*disable-publishing*" },
                { NULL, AVAHI_ERR_NOT_PERMITTED, "", "",
                  "avahi-daemon does not let us announce nodes*disable-publishing*" },
                { &f->endpoint, AVAHI_ERR_INVALID_RECORD, "a@h1", "team",
                  "avahi-daemon does not announce a@h1: *" },
                { NULL, AVAHI_ERR_INVALID_RECORD, "", "",
                  "avahi-daemon does not announce the service type: *" },
        };

        (void) data;
        for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
                log_capture();
                publisher_log_begin(f->log);
                for (int n = 0; n < 2; n++) {
                        publisher_log_refusal(f->log, table[i].endpoint, table[i].error);
                        publisher_log_refusal(f->log, NULL, AVAHI_ERR_NO_MEMORY);
                }
                g_assert_cmpuint(log_count("*"), ==, 1);
                g_assert_cmpuint(log_count_about(LOG_WARNING, table[i].node, table[i].cluster,
                                                 table[i].text),
                                 ==, 1);
        }
        /* Absences are logged all the same. */
        log_absences(f, 1);
        g_assert_cmpuint(log_count("*"), ==, 2);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
#define TEST(path, test) g_test_add("/publisher-log/" path, Fixture, NULL, set_up, test, tear_down)
        TEST("so-many-lines-in-a-window", test_window);
        TEST("none-left-out", test_none_left_out);
        TEST("ends-within-a-window", test_free_in_window);
        TEST("first-refusal", test_refusal);
        return g_test_run();
}
