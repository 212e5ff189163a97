/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Logging to stderr */

#include <syslog.h>

#include "util/macro.h"

/* Called with each message that passes the level, without priority prefix and newline. */
typedef void (*LogSink)(int level, const char *message);

/* Messages less urgent than level (LOG_ERR … LOG_DEBUG) are dropped. Default: LOG_INFO. Set it
 * before threads start. */
void log_set_level(int level);
int log_get_level(void);

/* Sends messages to sink instead of stderr; NULL: stderr. For tests. */
void log_set_sink(LogSink sink);

/* Returns the level named by text (error, warning, notice, info, debug), or -EINVAL. */
int log_level_from_string(const char *text);

/* Writes one line "<N>message\n" to stderr, sd-daemon(3)'s form, in one write(): threads do not mix
 * their lines. */
void log_write(int level, const char *format, ...) _printf_(2, 3);

#define log_error(...) log_write(LOG_ERR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_WARNING, __VA_ARGS__)
#define log_notice(...) log_write(LOG_NOTICE, __VA_ARGS__)
#define log_info(...) log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_DEBUG, __VA_ARGS__)
