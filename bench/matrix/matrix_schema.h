/* SPDX-License-Identifier: MIT */
/* A matrix file as libcyaml loads it: texts, each as "LINE:TEXT"; see matrix_normal.h. */
#ifndef STORSYNC_BENCH_MATRIX_MATRIX_SCHEMA_H
#define STORSYNC_BENCH_MATRIX_MATRIX_SCHEMA_H

#include <stddef.h>
#include <stdint.h>

#include "bench/matrix/dimension.h"
#include "bench/matrix/setting.h"

struct raw_list {
	char **item;
	uint32_t count;
};

struct raw_dimensions {
	struct raw_list list[DIMENSIONS];
};

struct raw_profile {
	char *name;
	char *setting[SETTINGS];
	struct raw_dimensions *dimensions;
};

struct raw_matrix {
	char *name;
	char *description;
	char *setting[SETTINGS];
	struct raw_dimensions *dimensions;
	struct raw_dimensions *include;
	uint32_t include_count;
	struct raw_dimensions *exclude;
	uint32_t exclude_count;
	struct raw_profile *profiles;
	uint32_t profiles_count;
};

/* What libcyaml makes of a normal form, for raw_matrix_free(); NULL with its reason, a static text, in `reason`. */
struct raw_matrix *raw_matrix_load(const char *normal, const char **reason);
void raw_matrix_free(struct raw_matrix *raw);

#endif
