/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What anybody may answer to who tries the port of a node
 *
 * The input is all that comes, in however many pieces: once it is understood, or known to be
 * nothing of Erlang's, no more bytes change that.
 */

#include <string.h>

#include "ctl/handshake.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        HandshakeResult result = HANDSHAKE_UNFINISHED;
        char name[NODE_NAME_SIZE], first[NODE_NAME_SIZE] = "";

        if (size > HANDSHAKE_ANSWER_MAX)
                size = HANDSHAKE_ANSWER_MAX;
        for (size_t length = 0; length <= size; length++) {
                HandshakeResult now = handshake_parse(data, length, name);

                fuzz_check(*name == '\0' || (now == HANDSHAKE_NAMED && node_name_is_valid(name)));
                if (result == HANDSHAKE_UNFINISHED) {
                        result = now;
                        strcpy(first, name);
                }
                fuzz_check(now == result && strcmp(name, first) == 0);
        }
        /* There is room for all that is understood. */
        fuzz_check(size < HANDSHAKE_ANSWER_MAX || result != HANDSHAKE_UNFINISHED);
        return 0;
}
