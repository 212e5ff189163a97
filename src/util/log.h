/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Logging to stderr */

#include <stdbool.h>
#include <syslog.h>

#include "util/macro.h"

/* Bytes of a line, with all that is written around the message; what is longer is cut. */
#define LOG_LINE_MAX 1024

/* What a message is about, for those who search a log by it. Either may be NULL or "". */
typedef struct LogSubject {
        const char *node;
        const char *cluster;
} LogSubject;

/* Called with each message that passes the level, without priority prefix and newline; subject may
 * be NULL. Any thread may log. Returns whether it has taken the message: if not, that goes to
 * stderr. */
typedef bool (*LogSink)(int level, const LogSubject *subject, const char *message);

/* Messages less urgent than level (LOG_ERR … LOG_DEBUG) are dropped. Default: LOG_INFO. Set it
 * before threads start. */
void log_set_level(int level);
int log_get_level(void);

/* Sends messages to sink instead of stderr; NULL: stderr. Set it before threads start. */
void log_set_sink(LogSink sink);

/* Returns the level named by text (error, warning, notice, info, debug), or -EINVAL. */
int log_level_from_string(const char *text);

/* Logs a message about subject, or about nothing in particular (NULL). To stderr goes one line
 * "<N>message\n", sd-daemon(3)'s form, in one write(): threads do not mix their lines. The message
 * has to be clear without the subject, which is not written there. */
void log_about(int level, const LogSubject *subject, const char *format, ...) _printf_(3, 4);

#define log_error(...) log_about(LOG_ERR, NULL, __VA_ARGS__)
#define log_warning(...) log_about(LOG_WARNING, NULL, __VA_ARGS__)
#define log_notice(...) log_about(LOG_NOTICE, NULL, __VA_ARGS__)
#define log_info(...) log_about(LOG_INFO, NULL, __VA_ARGS__)
#define log_debug(...) log_about(LOG_DEBUG, NULL, __VA_ARGS__)
