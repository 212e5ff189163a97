/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of "epmd-mdns doctor": Erlang's own settings */

#include <stdio.h>
#include <string.h>

#include "ctl/doctor/checks.h"

Finding check_epmd(const Facts *facts) {
        unsigned port = facts->erlang.epmd_port;

        switch (facts->erlang.epmd) {
        case LISTENER_NONE:
                return finding_make(VERDICT_OK, NULL, "no epmd runs, and none is needed");
        case LISTENER_LOOPBACK:
                return finding_make(VERDICT_OK, NULL, "an epmd listens, on this host only");
        case LISTENER_ADDRESS:
        case LISTENER_ALL:
        default:
                return finding_make(
                        VERDICT_WARN,
                        "If no node needs it: \"systemctl disable --now epmd.socket "
                        "epmd.service\". Else keep it on this host: \"systemctl edit "
                        "epmd.socket\", with ListenStream= and ListenStream=127.0.0.1:4369 under "
                        "[Socket]; without systemd, ERL_EPMD_ADDRESS=127.0.0.1.",
                        "an epmd listens on %s, port %u: it tells everybody the names and ports "
                        "of the nodes that use it",
                        facts->erlang.epmd == LISTENER_ALL ? "all interfaces"
                                                           : "an address that others reach",
                        port);
        }
}

Finding check_cookie(const Facts *facts) {
        if (!facts->erlang.cookie_exists)
                return finding_make(VERDICT_OK, NULL,
                                    "there is no cookie file yet; the first node makes one, and "
                                    "it has to be the same on all hosts");
        if (facts->erlang.cookie_mode & 0077) {
                char advice[600];

                snprintf(advice, sizeof(advice), "chmod 400 %s", facts->erlang.cookie_path);
                return finding_make(VERDICT_FAIL, advice,
                                    "others than the owner may use %s: its mode is %04o, and "
                                    "Erlang refuses to start",
                                    facts->erlang.cookie_path,
                                    (unsigned) facts->erlang.cookie_mode);
        }
        if (facts->erlang.cookie_owner != facts->erlang.user && facts->erlang.user != 0) {
                char advice[600];

                snprintf(advice, sizeof(advice), "As root: \"chown %u %s\".",
                         (unsigned) facts->erlang.user, facts->erlang.cookie_path);
                return finding_make(VERDICT_FAIL, advice, "%s belongs to another user",
                                    facts->erlang.cookie_path);
        }
        return finding_make(VERDICT_OK, NULL, "%s is for its owner only",
                            facts->erlang.cookie_path);
}

Finding check_erl_flags(const Facts *facts) {
        if (!*facts->erlang.module)
                return finding_make(VERDICT_OK, NULL, "ERL_FLAGS names no -epmd_module");
        if (facts->erlang.module_found)
                return finding_make(VERDICT_OK, NULL,
                                    "the module %s, which ERL_FLAGS names, is there",
                                    facts->erlang.module);
        if (!facts->erlang.erlang_found)
                return (Finding){};
        return finding_make(VERDICT_FAIL,
                            "Take -epmd_module out of ERL_FLAGS, ERL_AFLAGS and ERL_ZFLAGS, or "
                            "install the application where Erlang looks for it (code:lib_dir()).",
                            "ERL_FLAGS names the module %s, which is not found: no Erlang program "
                            "starts",
                            facts->erlang.module);
}
