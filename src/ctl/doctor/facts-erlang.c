/* SPDX-License-Identifier: Apache-2.0 */
/* What the doctor knows of Erlang's settings */

#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ctl/doctor/erl-flags.h"
#include "ctl/doctor/facts-erlang.h"
#include "ctl/read-file.h"
#include "util/macro.h"
#include "util/parse.h"

#define EPMD_PORT 4369

/* A table of sockets: some hundred bytes for each. What is longer is not looked at. */
#define TABLE_MAX (4 * 1024 * 1024)

static const char *environment(const char *name) {
        const char *value = getenv(name);

        return value ? value : "";
}

/* --- epmd --- */

static void find_epmd(FactsErlang *facts) {
        static const char *const tables[] = { "/proc/net/tcp", "/proc/net/tcp6" };
        char *text = malloc(TABLE_MAX);
        uint32_t port = EPMD_PORT;

        (void) parse_u32(environment("ERL_EPMD_PORT"), 1, UINT16_MAX, &port);
        facts->epmd_port = (uint16_t) port;
        for (size_t i = 0; text && i < ELEMENTSOF(tables); i++)
                if (read_file(tables[i], text, TABLE_MAX)) {
                        Listener listener = proc_net_listener(text, facts->epmd_port);

                        if (listener > facts->epmd)
                                facts->epmd = listener;
                }
        free(text);
}

/* --- The cookie --- */

static bool try_cookie(FactsErlang *facts, const char *directory, const char *rest) {
        struct stat status;

        if (!*directory)
                return false;
        snprintf(facts->cookie_path, sizeof(facts->cookie_path), "%s%s/.erlang.cookie", directory,
                 rest);
        if (stat(facts->cookie_path, &status) < 0)
                return false;
        facts->cookie_exists = true;
        facts->cookie_mode = status.st_mode & 07777;
        facts->cookie_owner = status.st_uid;
        return true;
}

/* In the home directory, or since OTP 25 in that of the user's settings (auth:init_cookie/0). */
static void find_cookie(FactsErlang *facts) {
        facts->user = geteuid();
        if (!try_cookie(facts, environment("HOME"), "") &&
            !try_cookie(facts, environment("XDG_CONFIG_HOME"), "/erlang"))
                (void) try_cookie(facts, environment("HOME"), "/.config/erlang");
}

/* --- The module --- */

static bool any_file(const char *pattern) {
        glob_t found = {};
        bool any = glob(pattern, GLOB_NOSORT, NULL, &found) == 0;

        globfree(&found);
        return any;
}

/* DIRECTORY/MODULE.beam, or below all applications of a library. */
static bool has_beam(const char *directory, const char *between, const char *module) {
        char pattern[PATH_MAX];

        if (!*directory || strpbrk(module, "/*?[\\"))
                return false;
        snprintf(pattern, sizeof(pattern), "%s%s/%s.beam", directory, between, module);
        return any_file(pattern);
}

/* Whether OTP's own applications are here. */
static bool is_library(const char *directory) {
        char pattern[PATH_MAX];

        return snprintf(pattern, sizeof(pattern), "%s/kernel-*", directory) <
                       (int) sizeof(pattern) &&
               any_file(pattern);
}

/* Where the erl of the path has its applications: it is ROOT/bin/erl, or a link to that. One that
 * is neither, as those of version managers, is passed over. */
static bool find_root(char ret[static PATH_MAX]) {
        char list[4096], *rest = NULL;

        snprintf(list, sizeof(list), "%s", environment("PATH"));
        for (char *dir = strtok_r(list, ":", &rest); dir; dir = strtok_r(NULL, ":", &rest)) {
                char erl[PATH_MAX], real[PATH_MAX], *slash;

                if (snprintf(erl, sizeof(erl), "%s/erl", dir) >= (int) sizeof(erl) ||
                    access(erl, X_OK) < 0 || !realpath(erl, real))
                        continue;
                for (int i = 0; i < 2; i++)
                        if ((slash = strrchr(real, '/')))
                                *slash = '\0';
                if (snprintf(ret, PATH_MAX, "%.*s/lib", PATH_MAX - 5, real) < PATH_MAX &&
                    is_library(ret))
                        return true;
        }
        return false;
}

static bool in_libraries(const char *list, const char *module) {
        char copy[4096], *rest = NULL;

        snprintf(copy, sizeof(copy), "%s", list);
        for (char *dir = strtok_r(copy, ":", &rest); dir; dir = strtok_r(NULL, ":", &rest))
                if (has_beam(dir, "/*/ebin", module) || has_beam(dir, "/ebin", module))
                        return true;
        return false;
}

static void find_module(FactsErlang *facts) {
        static const char *const variables[] = { "ERL_AFLAGS", "ERL_FLAGS", "ERL_ZFLAGS" };
        static const char *const usual[] = { "/usr/lib/erlang/lib", "/usr/local/lib/erlang/lib" };
        ErlFlags flags = ERL_FLAGS_NULL;
        char root[PATH_MAX] = "";

        for (size_t i = 0; i < ELEMENTSOF(variables); i++)
                erl_flags_parse(&flags, environment(variables[i]));
        strcpy(facts->module, flags.module);
        if (!*flags.module)
                return;

        facts->erlang_found = find_root(root);
        facts->module_found = has_beam(root, "/*/ebin", flags.module) ||
                              has_beam(".", "", flags.module) ||
                              in_libraries(environment("ERL_LIBS"), flags.module);
        for (size_t i = 0; i < flags.n_paths; i++)
                facts->module_found |= has_beam(flags.paths[i], "", flags.module);
        for (size_t i = 0; !facts->erlang_found && i < ELEMENTSOF(usual); i++) {
                facts->erlang_found |= is_library(usual[i]);
                facts->module_found |= has_beam(usual[i], "/*/ebin", flags.module);
        }
}

void facts_erlang_gather(FactsErlang *ret) {
        *ret = (FactsErlang){ .epmd = LISTENER_NONE };
        find_epmd(ret);
        find_cookie(ret);
        find_module(ret);
}
