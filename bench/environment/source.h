/* SPDX-License-Identifier: MIT */
/*
 * The kernel's text files, below the environment's root.  Strict: whatever
 * is not exactly what the kernel's documents promise counts as not readable.
 */
#ifndef STORSYNC_BENCH_ENVIRONMENT_SOURCE_H
#define STORSYNC_BENCH_ENVIRONMENT_SOURCE_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hwloc.h>

#include "bench/environment/environment.h"

/* A whole file; NULL when it cannot be read or is empty.  The caller frees it. */
char *source_text(const struct environment *environment, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The first line, without its end; false when there is none or it does not fit. */
bool source_line(const struct environment *environment, char *line, size_t bytes, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* A file that is one decimal number, with or without a sign. */
bool source_number(const struct environment *environment, int64_t *number, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* A file that is a list of CPUs, as source_parse_cpus() takes it. */
bool source_cpus(const struct environment *environment, hwloc_bitmap_t cpus, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* A file that begins with a number in the machine's own form. */
bool source_int32(const struct environment *environment, int32_t *number, const char *path);

/* NULL when there is no such folder; the caller closes it. */
DIR *source_folder(const struct environment *environment, const char *path);

/* "0-3,8"; nothing, or "(null)" as the kernel prints a mask that was never set, is no CPU. */
bool source_parse_cpus(const char *text, hwloc_bitmap_t cpus);

/* Whole text, decimal, nothing around it. */
bool source_parse_number(const char *text, int64_t *number);

enum source_parameter {
	PARAMETER_UNKNOWN, /* the command line cannot be read */
	PARAMETER_ABSENT,
	PARAMETER_PRESENT,
};

/* A parameter of the kernel's command line, the last of several; one without "=" has the value "". */
enum source_parameter source_boot_parameter(const struct environment *environment, const char *name, char *value,
					    size_t bytes);

/* The rest of the line that begins with `name` and a colon, without white space before it; NULL when there is none. */
const char *source_field(const char *text, const char *name);

/* Whether a line of the text has that word, between white space. */
bool source_has_word(const char *line, const char *word);

#endif
