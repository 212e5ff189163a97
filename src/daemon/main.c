/* SPDX-License-Identifier: Apache-2.0 */
/* epmd-mdnsd: the daemon that knows the Erlang nodes of the LAN */

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/limits.h"
#include "daemon/config.h"
#include "daemon/journal.h"
#include "daemon/listener.h"
#include "daemon/manager.h"
#include "util/fd.h"
#include "util/log.h"
#include "util/parse.h"
#include "util/socket-path.h"

/* Exit status of a wrong command line (LSB: EXIT_INVALIDARGUMENT). */
#define EXIT_USAGE 2

static Config arg_config = CONFIG_DEFAULT;

static void help(void) {
        printf("Usage: epmd-mdnsd [OPTION]...\n"
               "\n"
               "Announces the Erlang nodes of this host on the LAN, and knows those of other "
               "hosts.\n"
               "Stays in the foreground; logs to stderr, which may be the journal.\n"
               "\n"
               "  --socket=PATH      where clients connect (default: $EPMD_MDNS_SOCKET, or\n"
               "                     " SOCKET_PATH_DEFAULT
               "); a socket passed by systemd comes first\n"
               "  --ttl=SECONDS      after how long a vanished host is forgotten, %d to %d "
               "(default: %d)\n"
               "  --log-level=LEVEL  error, warning, notice, info or debug (default: info)\n"
               "  --help             show this text\n"
               "  --version          show the version\n"
               "\n"
               "See epmd-mdnsd(8).\n",
               LIMIT_TTL_MIN, LIMIT_TTL_MAX, CONFIG_DEFAULT_TTL_SEC);
}

/* Returns 1 to go on, 0 to end with success, or -EINVAL. */
static int parse_argv(int argc, char *argv[]) {
        enum { ARG_SOCKET = 0x100, ARG_TTL, ARG_LOG_LEVEL, ARG_HELP, ARG_VERSION };
        static const struct option options[] = {
                { "socket", required_argument, NULL, ARG_SOCKET },
                { "ttl", required_argument, NULL, ARG_TTL },
                { "log-level", required_argument, NULL, ARG_LOG_LEVEL },
                { "help", no_argument, NULL, ARG_HELP },
                { "version", no_argument, NULL, ARG_VERSION },
                {},
        };
        int c, level;

        while ((c = getopt_long(argc, argv, "h", options, NULL)) >= 0)
                switch (c) {
                case ARG_SOCKET:
                        arg_config.socket = optarg;
                        break;
                case ARG_TTL:
                        if (parse_u32(optarg, LIMIT_TTL_MIN, LIMIT_TTL_MAX, &arg_config.ttl_sec) <
                            0) {
                                fprintf(stderr,
                                        "epmd-mdnsd: --ttl must be a number of seconds from %d to "
                                        "%d, not \"%s\"\n",
                                        LIMIT_TTL_MIN, LIMIT_TTL_MAX, optarg);
                                return -EINVAL;
                        }
                        break;
                case ARG_LOG_LEVEL:
                        level = log_level_from_string(optarg);
                        if (level < 0) {
                                fprintf(stderr,
                                        "epmd-mdnsd: --log-level must be error, warning, notice, "
                                        "info or debug, not \"%s\"\n",
                                        optarg);
                                return -EINVAL;
                        }
                        log_set_level(level);
                        break;
                case 'h':
                case ARG_HELP:
                        help();
                        return 0;
                case ARG_VERSION:
                        printf("epmd-mdnsd %s\n", PACKAGE_VERSION);
                        return 0;
                default:
                        fprintf(stderr, "Try \"epmd-mdnsd --help\".\n");
                        return -EINVAL;
                }

        if (optind < argc) {
                fprintf(stderr,
                        "epmd-mdnsd: there are no arguments, only options: \"%s\"\nTry "
                        "\"epmd-mdnsd --help\".\n",
                        argv[optind]);
                return -EINVAL;
        }
        arg_config.socket = socket_path(arg_config.socket);
        return 1;
}

/* Each client takes a descriptor, and the usual soft limit is for programs that use select(). */
static void raise_descriptor_limit(void) {
        struct rlimit limit;

        if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
                return;
        limit.rlim_cur = limit.rlim_max;
        (void) setrlimit(RLIMIT_NOFILE, &limit);
}

static void block_signals(void) {
        sigset_t set;

        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        (void) sigprocmask(SIG_BLOCK, &set, NULL);
}

/* Returns 0 or negative errno. *ret_file is set if the socket was made here. */
static int get_listener(int *ret_fd, SocketFile *ret_file) {
        Inheritable control = { .name = "control", .family = AF_UNIX };
        int r = listener_inherit(&control, 1);

        if (r < 0)
                return r;
        if (r > 0) {
                *ret_fd = control.fd;
                log_info("epmd-mdnsd " PACKAGE_VERSION " serves the socket that systemd passed");
                return 0;
        }

        r = listener_make(arg_config.socket, ret_fd);
        if (r < 0)
                return r;
        r = socket_file_note(ret_file, arg_config.socket);
        if (r < 0) {
                log_error("can't look at the socket %s that was just made: %s", arg_config.socket,
                          strerror(-r));
                *ret_fd = fd_close(*ret_fd);
                return r;
        }
        log_info("epmd-mdnsd " PACKAGE_VERSION " serves %s", arg_config.socket);
        return 0;
}

static int run(void) {
        _cleanup_(manager_freep) Manager *manager = NULL;
        SocketFile file = SOCKET_FILE_NULL;
        int listener = -1, r;

        (void) umask(0022);
        raise_descriptor_limit();
        block_signals();

        r = get_listener(&listener, &file);
        if (r < 0)
                return r;
        r = manager_new(&manager, listener, &arg_config);
        if (r >= 0) {
                manager_own_socket_file(manager, &file);
                r = manager_run(manager);
        } else
                socket_file_remove(&file);
        if (r < 0)
                log_error("can't go on: %s", strerror(-r));

        if (manager && manager_is_hung(manager))
                _exit(r < 0 ? EXIT_FAILURE : EXIT_SUCCESS);
        return r;
}

int main(int argc, char *argv[]) {
        int r = parse_argv(argc, argv);

        if (r < 0)
                return EXIT_USAGE;
        if (r == 0)
                return EXIT_SUCCESS;
        if (journal_is_stream(getenv("JOURNAL_STREAM"), STDERR_FILENO))
                log_set_sink(journal_write);
        return run() < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
