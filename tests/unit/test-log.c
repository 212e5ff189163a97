/* SPDX-License-Identifier: Apache-2.0 */
/* The log: levels, subjects, the prefix for systemd, and messages of any length */

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "util/log.h"

static GString *sunk;

static bool on_log(int level, const LogSubject *subject, const char *message) {
        g_string_append_printf(sunk, "%d:%s", level, message);
        if (subject)
                g_string_append_printf(sunk, " (%s, %s)", subject->node, subject->cluster);
        g_string_append(sunk, ";");
        return true;
}

static bool refuse(int level, const LogSubject *subject, const char *message) {
        (void) level, (void) subject, (void) message;
        return false;
}

/* Less urgent messages than the level are dropped; the sink gets the others without prefix and
 * newline. */
static void test_levels(void) {
        sunk = g_string_new(NULL);
        log_set_sink(on_log);
        g_assert_cmpint(log_get_level(), ==, LOG_INFO);
        log_debug("d");
        log_info("i%d", 1);
        log_set_level(LOG_ERR);
        log_warning("w");
        log_error("e%s", "%s%n");
        log_set_level(LOG_DEBUG);
        g_assert_cmpint(log_get_level(), ==, LOG_DEBUG);
        log_debug("d");
        log_notice("%s", "");
        log_set_level(LOG_INFO);
        log_set_sink(NULL);
        g_assert_cmpstr(sunk->str, ==, "6:i1;3:e%s%n;7:d;5:;");
        g_string_free(sunk, TRUE);
}

/* The sink learns what a message is about. */
static void test_subject(void) {
        LogSubject subject = { .node = "a@h1", .cluster = "team" };

        sunk = g_string_new(NULL);
        log_set_sink(on_log);
        log_about(LOG_INFO, &subject, "i%d", 1);
        log_about(LOG_DEBUG, &subject, "d");
        log_about(LOG_ERR, NULL, "e");
        log_set_sink(NULL);
        g_assert_cmpstr(sunk->str, ==, "6:i1 (a@h1, team);3:e;");
        g_string_free(sunk, TRUE);
}

/* Levels have the names that --log-level takes. */
static void test_names(void) {
        g_assert_cmpint(log_level_from_string("error"), ==, LOG_ERR);
        g_assert_cmpint(log_level_from_string("warning"), ==, LOG_WARNING);
        g_assert_cmpint(log_level_from_string("notice"), ==, LOG_NOTICE);
        g_assert_cmpint(log_level_from_string("info"), ==, LOG_INFO);
        g_assert_cmpint(log_level_from_string("debug"), ==, LOG_DEBUG);
        g_assert_cmpint(log_level_from_string(""), ==, -EINVAL);
        g_assert_cmpint(log_level_from_string("Info"), ==, -EINVAL);
        g_assert_cmpint(log_level_from_string("7"), ==, -EINVAL);
}

/* Logs message with stderr in a pipe, and returns what comes out: it must be there at once, in one
 * write. */
static char *written(int level, const char *message) {
        char buffer[8192];
        int fds[2], saved = dup(STDERR_FILENO);
        ssize_t n;

        g_assert_cmpint(pipe2(fds, O_CLOEXEC | O_DIRECT), ==, 0);
        g_assert_cmpint(dup2(fds[1], STDERR_FILENO), ==, STDERR_FILENO);
        log_about(level, &(LogSubject){ .node = "a@h1" }, "%s", message);
        g_assert_cmpint(dup2(saved, STDERR_FILENO), ==, STDERR_FILENO);
        close(fds[1]);
        close(saved);

        /* A pipe in packet mode gives each write by itself. */
        n = read(fds[0], buffer, sizeof(buffer));
        g_assert_cmpint(n, >, 0);
        g_assert_cmpint(read(fds[0], buffer + n, sizeof(buffer) - (size_t) n), ==, 0);
        close(fds[0]);
        return g_strndup(buffer, (gsize) n);
}

/* sd-daemon(3): "<N>" in front, a newline behind, nothing between them changed. */
static void test_stderr(void) {
        g_autofree char *line = written(LOG_WARNING, "50 % of h\xC3\xA5lf"),
                        *empty = written(LOG_ERR, "");

        g_assert_cmpstr(line, ==, "<4>50 % of h\xC3\xA5lf\n");
        g_assert_cmpstr(empty, ==, "<3>\n");
}

/* What the sink does not take is not lost. */
static void test_refused(void) {
        g_autofree char *line = NULL;

        log_set_sink(refuse);
        line = written(LOG_WARNING, "w");
        log_set_sink(NULL);
        g_assert_cmpstr(line, ==, "<4>w\n");
}

/* An over-long message is cut, and is still one whole line: around the size of the buffer nothing
 * may be lost or overwritten. */
static void test_truncation(void) {
        size_t longest = 0;

        for (size_t length = 1000; length < 1100; length++) {
                g_autofree char *message = g_strnfill(length, 'x'),
                                *line = written(LOG_ERR, message);
                size_t n = strlen(line);

                g_assert_true(g_str_has_prefix(line, "<3>xxx"));
                g_assert_cmpint(line[n - 1], ==, '\n');
                g_assert_cmpuint(strspn(line + 3, "x"), ==, n - 4);
                g_assert_cmpuint(n, >=, longest);
                if (n < LOG_LINE_MAX)
                        g_assert_cmpuint(n, <=, length + 4);
                g_assert_cmpuint(n, <=, LOG_LINE_MAX);
                longest = n;
        }
        g_assert_cmpuint(longest, >, 1000);
}

/* Nobody reads stderr any more: logging goes on, silently. */
static void test_closed_stderr(void) {
        int saved = dup(STDERR_FILENO);

        close(STDERR_FILENO);
        log_error("nobody is told");
        g_assert_cmpint(dup2(saved, STDERR_FILENO), ==, STDERR_FILENO);
        close(saved);
}

int main(int argc, char *argv[]) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/log/levels", test_levels);
        g_test_add_func("/log/subject", test_subject);
        g_test_add_func("/log/names", test_names);
        g_test_add_func("/log/stderr", test_stderr);
        g_test_add_func("/log/refused", test_refused);
        g_test_add_func("/log/truncation", test_truncation);
        g_test_add_func("/log/closed-stderr", test_closed_stderr);
        return g_test_run();
}
