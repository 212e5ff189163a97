/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * Fuzzers
 *
 * Each fuzz-NAME.c defines the function that libFuzzer calls. Built without libFuzzer it is linked
 * with fuzz-main.c, and is an ordinary test that replays the files of corpus/NAME.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As assert(), but not to be switched off by NDEBUG: a fuzzer without its checks looks for little.
 */
#define fuzz_check(condition)                                                                      \
        do {                                                                                       \
                if (!(condition)) {                                                                \
                        fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);  \
                        abort();                                                                   \
                }                                                                                  \
        } while (0)
