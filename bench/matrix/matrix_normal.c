/* SPDX-License-Identifier: MIT */
/* The normal form of matrix files; see matrix_normal.h. */
#include "bench/matrix/matrix_normal.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/matrix/dimension.h"
#include "bench/matrix/refuse.h"
#include "bench/matrix/setting.h"

#define KNOWN_MAX (DIMENSIONS + SETTINGS + 8)

struct writer {
	const char *file;
	char *error;
	size_t error_bytes;
};

/* The keys that a mapping may have. */
struct keys {
	size_t count;
	const char *name[KNOWN_MAX];
};

static int refuse_node(const struct writer *writer, const struct yaml_node *node, const char *what, const char *right)
{
	char place[1024];

	snprintf(place, sizeof(place), "%s:%u%s%.60s", writer->file, node->line, node->key ? ": " : "", node->key ? node->key : "");
	return refuse(writer->error, writer->error_bytes, place, "%s; %s", what, right);
}

/* Letters to be inserted, left out or replaced (V. Levenshtein, 1966); at most 31 letters count. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[32];

	for (unsigned j = 0; j < 32; j++)
		row[j] = j;
	for (unsigned i = 1; a[i - 1]; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (unsigned j = 1; j < 32 && b[j - 1]; j++) {
			unsigned replaced = diagonal + (a[i - 1] != b[j - 1]);

			diagonal = row[j];
			row[j] = row[j] + 1 < row[j - 1] + 1 ? row[j] + 1 : row[j - 1] + 1;
			row[j] = replaced < row[j] ? replaced : row[j];
		}
	}
	return row[strlen(b) < 31 ? strlen(b) : 31];
}

static int refuse_key(const struct writer *writer, const struct yaml_node *node, const struct keys *keys)
{
	char right[1024] = "use";
	size_t used = strlen(right);

	for (size_t i = 0; i < keys->count; i++) {
		if (distance(node->key, keys->name[i]) > 2)
			continue;
		snprintf(right, sizeof(right), "did you mean '%s'?", keys->name[i]);
		return refuse_node(writer, node, "there is no such key", right);
	}
	for (size_t i = 0; i < keys->count && used < sizeof(right); i++)
		used += (size_t)snprintf(right + used, sizeof(right) - used, "%s %s", i ? "," : "", keys->name[i]);
	return refuse_node(writer, node, "there is no such key here", right);
}

static int check_keys(const struct writer *writer, const struct yaml_node *mapping, const struct keys *keys)
{
	for (size_t i = 0; i < mapping->children; i++) {
		bool known = false;

		for (size_t k = 0; k < keys->count && !known; k++)
			known = strcmp(mapping->child[i].key, keys->name[k]) == 0;
		if (!known)
			return refuse_key(writer, &mapping->child[i], keys);
	}
	return 0;
}

static int put_text(const struct writer *writer, const struct yaml_node *node, json_t **value)
{
	char text[YAML_TEXT_MAX + 16];

	if (node->kind != YAML_TEXT)
		return refuse_node(writer, node, node->kind == YAML_LIST ? "is a list" : "is a mapping", "write one value");
	snprintf(text, sizeof(text), "%u:%s", node->line, node->text);
	*value = json_string(text);
	return *value ? 0 : -ENOMEM;
}

/* A text, or a list of them. */
static int put_values(const struct writer *writer, const struct yaml_node *node, json_t **list)
{
	size_t count = node->kind == YAML_LIST ? node->children : 1;
	int err = 0;

	*list = json_array();
	if (node->kind == YAML_MAPPING || !count)
		return refuse_node(writer, node, count ? "is a mapping" : "is an empty list",
				   "write a value, or a list such as [a, b]");
	for (size_t i = 0; i < count && !err; i++) {
		struct yaml_node item = node->kind == YAML_LIST ? node->child[i] : *node;
		json_t *value = NULL;

		item.key = node->key;
		err = put_text(writer, &item, &value);
		if (!err && json_array_append_new(*list, value))
			err = -ENOMEM;
	}
	return err;
}

static int put_dimensions(const struct writer *writer, const struct yaml_node *node, json_t **mapping)
{
	struct keys keys = { 0 };
	int err;

	for (size_t d = 0; d < DIMENSIONS; d++)
		keys.name[keys.count++] = dimensions[d].name;
	*mapping = json_object();
	if (node->kind != YAML_MAPPING || !node->children)
		return refuse_node(writer, node, node->kind == YAML_MAPPING ? "names no dimension" : "is no mapping",
				   "write dimensions and their values, such as {cpus: 2, routing: other}");
	err = check_keys(writer, node, &keys);
	for (size_t i = 0; i < node->children && !err; i++) {
		json_t *list = NULL;

		err = put_values(writer, &node->child[i], &list);
		if (json_object_set_new(*mapping, node->child[i].key, list) && !err)
			err = -ENOMEM;
	}
	return err;
}

/* `include` and `exclude`. */
static int put_cells(const struct writer *writer, const struct yaml_node *node, json_t **list)
{
	int err = 0;

	*list = json_array();
	if (node->kind != YAML_LIST)
		return refuse_node(writer, node, "is no list", "write a list of mappings, such as [{cpus: 1, routing: other}]");
	for (size_t i = 0; i < node->children && !err; i++) {
		struct yaml_node cells = node->child[i];
		json_t *mapping = NULL;

		cells.key = node->key;
		err = put_dimensions(writer, &cells, &mapping);
		if (json_array_append_new(*list, mapping) && !err)
			err = -ENOMEM;
	}
	return err;
}

static int put_profiles(const struct writer *writer, const struct yaml_node *node, json_t **list);

/* The file itself, or one of its profiles. */
static int put_body(const struct writer *writer, const struct yaml_node *node, bool is_profile, json_t *body)
{
	struct keys keys = { 0 };
	int err;

	if (!is_profile) {
		keys.name[keys.count++] = "name";
		keys.name[keys.count++] = "description";
	}
	for (size_t i = 0; i < SETTINGS; i++)
		keys.name[keys.count++] = settings_table[i].name;
	keys.name[keys.count++] = "dimensions";
	if (!is_profile) {
		keys.name[keys.count++] = "include";
		keys.name[keys.count++] = "exclude";
		keys.name[keys.count++] = "profiles";
	}
	if (node->kind != YAML_MAPPING)
		return refuse_node(writer, node, "is no mapping", "write `key: value`, see docs/matrices.md for the keys");
	err = check_keys(writer, node, &keys);
	for (size_t i = 0; i < node->children && !err; i++) {
		const struct yaml_node *child = &node->child[i];
		json_t *value = NULL;

		if (strcmp(child->key, "dimensions") == 0)
			err = put_dimensions(writer, child, &value);
		else if (strcmp(child->key, "include") == 0 || strcmp(child->key, "exclude") == 0)
			err = put_cells(writer, child, &value);
		else if (strcmp(child->key, "profiles") == 0)
			err = put_profiles(writer, child, &value);
		else
			err = put_text(writer, child, &value);
		if (value && json_object_set_new(body, child->key, value) && !err)
			err = -ENOMEM;
	}
	return err;
}

static int put_profiles(const struct writer *writer, const struct yaml_node *node, json_t **list)
{
	char name[YAML_TEXT_MAX + 16];
	int err = 0;

	*list = json_array();
	if (node->kind != YAML_MAPPING)
		return refuse_node(writer, node, "is no mapping",
				   "write names and what they replace, such as {long: {duration: 2s}}");
	for (size_t i = 0; i < node->children && !err; i++) {
		json_t *profile = json_object();

		snprintf(name, sizeof(name), "%u:%s", node->child[i].line, node->child[i].key);
		err = put_body(writer, &node->child[i], true, profile);
		if (json_object_set_new(profile, "name", json_string(name)) && !err)
			err = -ENOMEM;
		if (json_array_append_new(*list, profile) && !err)
			err = -ENOMEM;
	}
	return err;
}

int matrix_normal(const char *file, const struct yaml_node *root, char **normal, char *error, size_t error_bytes)
{
	const struct writer writer = { .file = file, .error = error, .error_bytes = error_bytes };
	json_t *body = json_object();
	int err = put_body(&writer, root, false, body);

	*normal = err ? NULL : json_dumps(body, 0);
	if (!err && !*normal)
		err = -ENOMEM;
	json_decref(body);
	return err;
}
