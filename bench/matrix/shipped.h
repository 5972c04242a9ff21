/* SPDX-License-Identifier: MIT */
/* The matrices that come with the program: shipped/NAME.yaml, in the binary itself. */
#ifndef STORSYNC_BENCH_MATRIX_SHIPPED_H
#define STORSYNC_BENCH_MATRIX_SHIPPED_H

#include <stddef.h>

struct shipped_matrix {
	const char *name;
	const char *text; /* the file */
};

/* The build writes it from the files. */
extern const struct shipped_matrix shipped_matrices[];
extern const size_t shipped_matrix_count;

/* NULL when there is none of that name. */
const struct shipped_matrix *shipped_matrix_find(const char *name);

/* "quick, default, ..." for messages. */
void shipped_matrix_names(char *text, size_t text_bytes);

#endif
