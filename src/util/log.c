/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logging to stderr
 *
 * The daemon runs under systemd, which takes the "<N>" prefixes of sd-daemon(3) and adds time and
 * name itself. By hand the prefix does no harm. Where there is more to a message than its text, a
 * sink can make something of that (daemon/journal.c).
 */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util/log.h"

static int log_level = LOG_INFO;
static LogSink log_sink = NULL;

void log_set_level(int level) {
        log_level = level;
}

int log_get_level(void) {
        return log_level;
}

void log_set_sink(LogSink sink) {
        log_sink = sink;
}

int log_level_from_string(const char *text) {
        static const struct {
                const char *name;
                int level;
        } table[] = {
                { "error", LOG_ERR }, { "warning", LOG_WARNING }, { "notice", LOG_NOTICE },
                { "info", LOG_INFO }, { "debug", LOG_DEBUG },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                if (strcmp(table[i].name, text) == 0)
                        return table[i].level;
        return -EINVAL;
}

void log_about(int level, const LogSubject *subject, const char *format, ...) {
        char line[LOG_LINE_MAX];
        va_list args;
        int prefix, length;

        if (level > log_level)
                return;

        prefix = snprintf(line, sizeof(line), "<%d>", level);
        va_start(args, format);
        length = vsnprintf(line + prefix, sizeof(line) - (size_t) prefix - 1, format, args);
        va_end(args);
        if (length < 0)
                return;

        if (log_sink && log_sink(level, subject, line + prefix))
                return;

        length = (int) strlen(line);
        line[length++] = '\n';
        /* There is nobody to tell that a log line could not be written. */
        if (write(STDERR_FILENO, line, (size_t) length) < 0)
                return;
}
