/* SPDX-License-Identifier: MIT */
/* JSON files that are there whole or not at all. */
#ifndef STORSYNC_BENCH_FILES_JSON_FILE_H
#define STORSYNC_BENCH_FILES_JSON_FILE_H

#include <jansson.h>
#include <stdbool.h>

/* Whether a name is that of a file which was written aside and is not whole: ".NAME.part". */
bool json_file_is_aside(const char *name);

/*
 * Writes DIRECTORY/NAME aside, syncs it, puts it in the place of what is there,
 * and syncs the folder: afterwards it is there and whole, whatever happens.  0 or
 * -errno, and then what was there still is.  NULL is -ENOMEM, for trees whose
 * building may have failed.  `flags` are jansson's.
 */
int json_file_replace_at(int directory, const char *name, const json_t *json, size_t flags);

/* The same by the folder's path, indented for readers. */
int json_file_replace(const char *directory, const char *name, const json_t *json);

/* Writes all of a text, however often it takes: the reason why it cannot is known then. 0 or -errno. */
int json_file_write_all(int file, const char *text, size_t bytes);

#endif
