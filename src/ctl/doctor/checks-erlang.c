/* SPDX-License-Identifier: Apache-2.0 */
/* The checks of "epmd-mdns doctor": Erlang's own settings */

#include <stdio.h>
#include <string.h>

#include "ctl/doctor/checks.h"

Finding check_epmd(const Facts *facts) {
        unsigned port = facts->epmd_port;

        switch (facts->epmd) {
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
                        facts->epmd == LISTENER_ALL ? "all interfaces"
                                                    : "an address that others reach",
                        port);
        }
}

Finding check_cookie(const Facts *facts) {
        if (!facts->cookie_exists)
                return finding_make(VERDICT_OK, NULL,
                                    "there is no cookie file yet; the first node makes one, and "
                                    "it has to be the same on all hosts");
        if (facts->cookie_mode & 0077) {
                char advice[600];

                snprintf(advice, sizeof(advice), "chmod 400 %s", facts->cookie_path);
                return finding_make(VERDICT_FAIL, advice,
                                    "others than the owner may use %s: its mode is %04o, and "
                                    "Erlang refuses to start",
                                    facts->cookie_path, (unsigned) facts->cookie_mode);
        }
        if (facts->cookie_owner != facts->user && facts->user != 0) {
                char advice[600];

                snprintf(advice, sizeof(advice), "As root: \"chown %u %s\".",
                         (unsigned) facts->user, facts->cookie_path);
                return finding_make(VERDICT_FAIL, advice, "%s belongs to another user",
                                    facts->cookie_path);
        }
        return finding_make(VERDICT_OK, NULL, "%s is for its owner only", facts->cookie_path);
}

Finding check_erl_flags(const Facts *facts) {
        if (!*facts->module)
                return finding_make(VERDICT_OK, NULL, "ERL_FLAGS names no -epmd_module");
        if (facts->module_found)
                return finding_make(VERDICT_OK, NULL,
                                    "the module %s, which ERL_FLAGS names, is there",
                                    facts->module);
        if (!facts->erlang_found)
                return (Finding){};
        return finding_make(VERDICT_FAIL,
                            "Take -epmd_module out of ERL_FLAGS, ERL_AFLAGS and ERL_ZFLAGS, or "
                            "install the application where Erlang looks for it (code:lib_dir()).",
                            "ERL_FLAGS names the module %s, which is not found: no Erlang program "
                            "starts",
                            facts->module);
}
