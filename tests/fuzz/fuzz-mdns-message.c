/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What anybody on the link may answer to the question of "epmd-mdns doctor"
 *
 * The input is a packet. The id is in it, so that every one of them is taken for an answer.
 */

#include <string.h>

#include "ctl/doctor/mdns-message.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        uint16_t id = 0;
        MdnsAnswer answer;

        if (size >= 2)
                id = (uint16_t) (data[0] << 8 | data[1]);
        answer = mdns_message_parse(data, size, id);

        /* Each record takes 11 bytes or more. */
        fuzz_check(answer.n_adverts <= size / 11);
        fuzz_check(answer.valid || answer.n_adverts == 0);
        fuzz_check(!mdns_message_parse(data, size, id ^ 1).valid);
        return 0;
}
