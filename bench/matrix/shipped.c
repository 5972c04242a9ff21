/* SPDX-License-Identifier: MIT */
/* The shipped matrices by name; see shipped.h. */
#include "bench/matrix/shipped.h"

#include <stdio.h>
#include <string.h>

const struct shipped_matrix *shipped_matrix_find(const char *name)
{
	for (size_t i = 0; i < shipped_matrix_count; i++) {
		if (strcmp(shipped_matrices[i].name, name) == 0)
			return &shipped_matrices[i];
	}
	return NULL;
}

void shipped_matrix_names(char *text, size_t text_bytes)
{
	size_t used = 0;

	for (size_t i = 0; i < shipped_matrix_count && used < text_bytes; i++)
		used += (size_t)snprintf(text + used, text_bytes - used, "%s%s", i ? ", " : "", shipped_matrices[i].name);
}
