/* SPDX-License-Identifier: MIT */
/*
 * A part: a JSON file that says what it holds, and the checksum of that.
 *
 *   {"hash":"sha256:...","part":{...}}
 *
 * Until parts are collected nothing else vouches for them, and days may lie
 * between: a byte that has changed meanwhile must not become a row.
 */
#ifndef STORSYNC_BENCH_RUN_DIR_PART_H
#define STORSYNC_BENCH_RUN_DIR_PART_H

#include <jansson.h>
#include <stdbool.h>

/* Replaces the file `name` in the folder `fd`.  0 or -errno; on failure nothing of that name has changed. */
int part_store(int fd, const char *name, const json_t *part);

/*
 * What part_store() has stored under `path`, which is relative to the folder
 * `fd`; to be released.  NULL if it is not there, or not as it was stored:
 * `wrong` then has one line that says so.
 */
json_t *part_load(int fd, const char *path, char *wrong, size_t wrong_bytes);

/* Whether a file of this name may be a part: 000001.json, skipped.json, env-000001-1-before.json. */
bool part_is_name(const char *name);

#endif
