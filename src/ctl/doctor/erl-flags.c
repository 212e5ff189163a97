/* SPDX-License-Identifier: Apache-2.0 */
/* What ERL_FLAGS and its relatives say of -epmd_module */

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "ctl/doctor/erl-flags.h"

/* Takes the next word of *text. Returns false if there is none. */
static bool next_word(const char **text, char ret[static ERL_FLAGS_WORD]) {
        const char *p = *text + strspn(*text, " \t\r\n");
        char quote = '\0';
        size_t n = 0;

        if (!*p)
                return false;
        for (; *p && (quote || !strchr(" \t\r\n", *p)); p++) {
                char c = *p;

                if (quote ? c == quote : c == '"' || c == '\'') {
                        quote = quote ? '\0' : c;
                        continue;
                }
                if (c == '\\' && quote != '\'' && p[1])
                        c = *++p;
                if (n < ERL_FLAGS_WORD - 1)
                        ret[n++] = c;
        }
        ret[n] = '\0';
        *text = p;
        return true;
}

void erl_flags_parse(ErlFlags *flags, const char *text) {
        enum { NOTHING, MODULE, PATH } expected = NOTHING;
        char word[ERL_FLAGS_WORD];

        while (next_word(&text, word)) {
                if (*word == '-' || *word == '+') {
                        expected = strcmp(word, "-epmd_module") == 0                      ? MODULE
                                   : strcmp(word, "-pa") == 0 || strcmp(word, "-pz") == 0 ? PATH
                                                                                          : NOTHING;
                } else if (expected == MODULE) {
                        if (!*flags->module)
                                strcpy(flags->module, word);
                        expected = NOTHING;
                } else if (expected == PATH && flags->n_paths < ERL_FLAGS_PATHS)
                        strcpy(flags->paths[flags->n_paths++], word);
        }
}
