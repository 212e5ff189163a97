/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replays inputs for a fuzzer that is built without libFuzzer, and reports each in TAP
 *
 * The inputs are the files named by the arguments, or else those of tests/fuzz/corpus/NAME in the
 * directory $G_TEST_SRCDIR, where NAME is what the program's name has behind "fuzz-".
 */

#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "fuzz/fuzz.h"

static int bail_out(const char *path) {
        printf("Bail out! %s: %s\n", path, strerror(errno));
        return EXIT_FAILURE;
}

/* Reads a whole file. */
static uint8_t *read_file(const char *path, size_t *ret_size) {
        FILE *file = fopen(path, "re");
        uint8_t *data = NULL;
        long size;

        if (!file)
                return NULL;
        if (fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) >= 0) {
                rewind(file);
                *ret_size = (size_t) size;
                data = malloc(*ret_size + 1);
                if (data && fread(data, 1, *ret_size, file) != *ret_size) {
                        free(data);
                        data = NULL;
                }
        }
        fclose(file);
        return data;
}

static int replay(int number, const char *path) {
        const char *slash = strrchr(path, '/');
        uint8_t *data;
        size_t size;

        data = read_file(path, &size);
        if (!data)
                return bail_out(path);
        LLVMFuzzerTestOneInput(data, size);
        free(data);
        printf("ok %d - %s\n", number, slash ? slash + 1 : path);
        return EXIT_SUCCESS;
}

static int is_input(const struct dirent *entry) {
        return entry->d_name[0] != '.';
}

static int replay_directory(const char *path) {
        struct dirent **entries;
        int n = scandir(path, &entries, is_input, alphasort), r = EXIT_SUCCESS;

        if (n < 0)
                return bail_out(path);
        /* A plan of no tests would pass as "skipped". */
        if (n == 0) {
                errno = ENOENT;
                r = bail_out(path);
        } else
                printf("1..%d\n", n);

        for (int i = 0; i < n; i++) {
                char *file = NULL;

                if (r == EXIT_SUCCESS && asprintf(&file, "%s/%s", path, entries[i]->d_name) < 0)
                        r = bail_out(path);
                if (r == EXIT_SUCCESS)
                        r = replay(i + 1, file);
                free(file);
                free(entries[i]);
        }
        free(entries);
        return r;
}

int main(int argc, char **argv) {
        const char *top = getenv("G_TEST_SRCDIR"),
                   *name = strstr(program_invocation_short_name, "fuzz-");
        int r = EXIT_SUCCESS;
        char *path;

        /* What was reported before a crash must not be lost with it. */
        setvbuf(stdout, NULL, _IOLBF, 0);

        if (argc > 1) {
                printf("1..%d\n", argc - 1);
                for (int i = 1; i < argc && r == EXIT_SUCCESS; i++)
                        r = replay(i, argv[i]);
                return r;
        }

        if (!name)
                name = "fuzz-";
        if (asprintf(&path, "%s/tests/fuzz/corpus/%s", top ? top : ".", name + strlen("fuzz-")) < 0)
                return bail_out(name);
        r = replay_directory(path);
        free(path);
        return r;
}
