/* SPDX-License-Identifier: MIT */
/*
 * The normal form of a matrix file: what libcyaml can load of what users may write.
 *
 * libcyaml's schemas know neither "a list, or one value without brackets" nor a
 * mapping whose keys are names, and its values have no lines.  In the normal
 * form every dimension is a list, profiles are a list of mappings with a `name`,
 * and every text is "LINE:TEXT".  It is JSON, which is YAML.
 */
#ifndef STORSYNC_BENCH_MATRIX_MATRIX_NORMAL_H
#define STORSYNC_BENCH_MATRIX_MATRIX_NORMAL_H

#include <stddef.h>

#include "bench/matrix/yaml_tree.h"

/*
 * The normal form of a file's tree, to be freed.  0, -ENOMEM, or -EINVAL with
 * "FILE:LINE: KEY: ..." for a key that is unknown there, or a value of the wrong kind.
 */
int matrix_normal(const char *file, const struct yaml_node *root, char **normal, char *error, size_t error_bytes);

#endif
