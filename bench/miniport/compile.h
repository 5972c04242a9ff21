/* SPDX-License-Identifier: MIT */
/*
 * Compiling one source of a miniport with gcc or clang, as it is: preprocessed with the driver kit's headers, made LLP64,
 * then compiled.
 */
#ifndef STORSYNC_BENCH_MINIPORT_COMPILE_H
#define STORSYNC_BENCH_MINIPORT_COMPILE_H

#include <stdbool.h>
#include <stddef.h>

#include "bench/miniport/kit.h"

/* A command line under construction; ends in NULL. */
struct arguments {
	char **text;
	size_t count;
	bool failed; /* out of memory */
};

void arguments_add(struct arguments *arguments, const char *text);
void arguments_fini(struct arguments *arguments);

/* Runs it, its standard error into a file unless that is NULL; its exit status, 127 when it cannot be started. */
int arguments_run(const struct arguments *arguments, const char *error_file, bool verbose);

struct compilation {
	const struct kit *kit;
	const char *compiler;
	const char *source;
	const char *object;
	const char *scratch;             /* an empty folder */
	const char *const *folders;      /* searched for headers, before the kit's */
	size_t folder_count;
	const struct arguments *options; /* the user's for both steps: -O2 */
	const struct arguments *macros;  /* for preprocessing alone: -D, -M and their like */
	bool warnings;
	bool verbose;
};

/* The compiler's exit status; -errno when something else failed, with a line in `error`. */
int compile(const struct compilation *compilation, char *error, size_t error_bytes);

#endif
