/* SPDX-License-Identifier: MIT */
/* A large JSON file without the objects of one name: these are balanced, and otherwise not looked at. */
#ifndef STORSYNC_BENCH_RUN_DATA_OUTLINE_H
#define STORSYNC_BENCH_RUN_DATA_OUTLINE_H

#include <jansson.h>
#include <stddef.h>

/*
 * Every member `name` whose value is an object comes out as {}. 0; -EINVAL: not a regular file, or not JSON; or another -errno.
 * `error` then has one line with the file, and the line where that is known.
 */
int outline_load(const char *path, const char *name, json_t **json, char *error, size_t error_bytes);

/* The same in place: what is left of the text. Lines stay. */
size_t outline_cut(char *text, size_t bytes, const char *name);

#endif
