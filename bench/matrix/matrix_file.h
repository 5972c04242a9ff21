/* SPDX-License-Identifier: MIT */
/*
 * Matrix files: YAML, as docs/matrices.md describes them.
 *
 * A file is read in two steps.  yaml_tree.h checks what it is made of, and its
 * lines; libcyaml then loads it by a schema that is made from the tables of
 * dimensions and settings.  Quantities are loaded as texts, because libcyaml
 * 1.3.1 reads `4x` as 4, and parsed as those of the command line are.
 */
#ifndef STORSYNC_BENCH_MATRIX_MATRIX_FILE_H
#define STORSYNC_BENCH_MATRIX_MATRIX_FILE_H

#include <stddef.h>

#include "bench/matrix/design.h"

#define MATRIX_FILE_BYTES_MAX (1u << 20)

/*
 * Adds what a file says to a design, and what its profile says when one is
 * named (NULL: none).  0, -ENOMEM, or -EINVAL with "FILE:LINE: KEY: what is
 * wrong; what would be right" in `error`.  The design is to be finished in any case.
 */
int matrix_file_load(const char *path, const char *profile, struct matrix_design *design, char *error, size_t error_bytes);

/* The same from memory: `file` is what it is called in messages, paths in it are relative to `directory` ("": as they are). */
int matrix_file_parse(const char *file, const char *text, size_t bytes, const char *directory, const char *profile,
		      struct matrix_design *design, char *error, size_t error_bytes);

#endif
