/* SPDX-License-Identifier: MIT */
/*
 * A YAML document as a tree whose nodes know their lines.
 *
 * libcyaml, which loads matrix files, does not tell on which line a value
 * stands; libyaml (yaml-0.1, under it) does, with its events.  The tree holds
 * what a matrix file may be made of: one document of mappings, lists and texts.
 * What YAML has beyond that (aliases, anchors, tags, keys that are no text) is
 * refused, and so are duplicate keys, which YAML forbids and parsers accept.
 */
#ifndef STORSYNC_BENCH_MATRIX_YAML_TREE_H
#define STORSYNC_BENCH_MATRIX_YAML_TREE_H

#include <stddef.h>

/* The longest text of a key or a value. */
#define YAML_TEXT_MAX 511
/* Entries of one mapping or list, and how deep they nest. */
#define YAML_ENTRIES_MAX 1024
#define YAML_DEPTH_MAX 8

enum yaml_kind { YAML_TEXT, YAML_LIST, YAML_MAPPING };

struct yaml_node {
	enum yaml_kind kind;
	unsigned line;           /* from 1; of the key, in a mapping */
	char *key;               /* NULL but in a mapping */
	char *text;              /* NULL but of a text; one line without control characters */
	size_t children;
	struct yaml_node *child;
};

/*
 * 0, -ENOMEM, or -EINVAL with "FILE:LINE: ..." in `error`, FILE being as it is
 * to be called.  After a failure there is nothing to finish.
 */
int yaml_tree_load(const char *file, const char *text, size_t bytes, struct yaml_node *root, char *error, size_t error_bytes);
void yaml_tree_fini(struct yaml_node *root);

/* The child of a mapping that has the key; NULL when none has. */
const struct yaml_node *yaml_tree_find(const struct yaml_node *mapping, const char *key);

#endif
