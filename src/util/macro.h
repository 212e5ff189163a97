/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* Small macros */

#include <stddef.h>

#define ELEMENTSOF(x) (sizeof(x) / sizeof((x)[0]))

#define _cleanup_(f) __attribute__((cleanup(f)))
#define _printf_(a, b) __attribute__((format(printf, a, b)))

/* Hands over a pointer: the variable is NULL afterwards, so that its cleanup does nothing. */
#define TAKE_PTR(p)                                                                                \
        ({                                                                                         \
                __typeof__(p) *_pp = &(p);                                                         \
                __typeof__(p) _value = *_pp;                                                       \
                *_pp = NULL;                                                                       \
                _value;                                                                            \
        })

/* Makes x_freep() from x_free(), for _cleanup_(). */
#define DEFINE_CLEANUP(type, function)                                                             \
        static inline void function##p(type **object) {                                            \
                if (*object)                                                                       \
                        function(*object);                                                         \
        }
