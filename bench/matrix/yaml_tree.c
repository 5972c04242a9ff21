/* SPDX-License-Identifier: MIT */
/* YAML by its events; see yaml_tree.h. */
#include "bench/matrix/yaml_tree.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "bench/matrix/refuse.h"

struct reader {
	yaml_parser_t parser;
	const char *file;
	const char *text;
	size_t bytes;
	char *error;
	size_t error_bytes;
};

void yaml_tree_fini(struct yaml_node *root)
{
	for (size_t i = 0; i < root->children; i++)
		yaml_tree_fini(&root->child[i]);
	free(root->child);
	free(root->key);
	free(root->text);
	*root = (struct yaml_node){ 0 };
}

const struct yaml_node *yaml_tree_find(const struct yaml_node *mapping, const char *key)
{
	for (size_t i = 0; i < mapping->children; i++) {
		if (mapping->child[i].key && strcmp(mapping->child[i].key, key) == 0)
			return &mapping->child[i];
	}
	return NULL;
}

static unsigned line_of(const yaml_event_t *event)
{
	return (unsigned)event->start_mark.line + 1;
}

static int refuse_line(struct reader *reader, unsigned line, const char *what, const char *right)
{
	char place[1024];

	snprintf(place, sizeof(place), "%s:%u", reader->file, line);
	return refuse(reader->error, reader->error_bytes, place, "%s; %s", what, right);
}

/* A character that cannot be one has an offset, and everything else a line. */
static unsigned line_of_problem(const struct reader *reader)
{
	unsigned line = 1;

	if (reader->parser.error != YAML_READER_ERROR)
		return (unsigned)reader->parser.problem_mark.line + 1;
	for (size_t i = 0; i < reader->bytes && i < reader->parser.problem_offset; i++)
		line += reader->text[i] == '\n';
	return line;
}

/* The next event; the caller deletes it. */
static int next(struct reader *reader, yaml_event_t *event)
{
	char what[256];

	if (yaml_parser_parse(&reader->parser, event))
		return 0;
	if (reader->parser.error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	snprintf(what, sizeof(what), "not YAML: %s", reader->parser.problem ? reader->parser.problem : "cannot be read");
	return refuse_line(reader, line_of_problem(reader), what, "write `key: value`, and lists as [a, b]");
}

/*
 * A control character of either set, one of Unicode's own line breaks (U+2028, U+2029), or one that YAML knows only
 * escaped (U+FFFE, U+FFFF): by their UTF-8, which libyaml has checked.
 */
static bool is_unfit(const unsigned char *at, size_t left)
{
	if (at[0] < 0x20 || at[0] == 0x7f)
		return true;
	if (left >= 2 && at[0] == 0xc2 && at[1] < 0xa0)
		return true;
	return left >= 3 && (memcmp(at, "\xe2\x80\xa8", 3) == 0 || memcmp(at, "\xe2\x80\xa9", 3) == 0 ||
			     memcmp(at, "\xef\xbf\xbe", 3) == 0 || memcmp(at, "\xef\xbf\xbf", 3) == 0);
}

static const char *wrong_with_text(const yaml_event_t *event)
{
	const unsigned char *text = event->data.scalar.value;
	size_t bytes = event->data.scalar.length;

	if (bytes > YAML_TEXT_MAX)
		return "a text is longer than 511 bytes";
	for (size_t i = 0; i < bytes; i++) {
		if (is_unfit(text + i, bytes - i))
			return "a text has a line break or a control character";
	}
	return NULL;
}

/* What a matrix file does without. */
static int check_event(struct reader *reader, const yaml_event_t *event)
{
	const yaml_char_t *anchor = NULL, *tag = NULL;
	const char *wrong = NULL;

	if (event->type == YAML_ALIAS_EVENT)
		return refuse_line(reader, line_of(event), "an alias (*)", "write the value out");
	if (event->type == YAML_SCALAR_EVENT) {
		anchor = event->data.scalar.anchor;
		tag = event->data.scalar.tag;
		wrong = wrong_with_text(event);
	} else if (event->type == YAML_SEQUENCE_START_EVENT) {
		anchor = event->data.sequence_start.anchor;
		tag = event->data.sequence_start.tag;
	} else if (event->type == YAML_MAPPING_START_EVENT) {
		anchor = event->data.mapping_start.anchor;
		tag = event->data.mapping_start.tag;
	}
	if (anchor)
		return refuse_line(reader, line_of(event), "an anchor (&)", "leave it out: aliases are not read");
	if (tag)
		return refuse_line(reader, line_of(event), "a tag (!)", "leave it out: every value is a text");
	return wrong ? refuse_line(reader, line_of(event), wrong, "write one short line") : 0;
}

static int read_node(struct reader *reader, const yaml_event_t *event, unsigned depth, struct yaml_node *node);

static int take_text(const yaml_event_t *event, char **text)
{
	*text = strndup((const char *)event->data.scalar.value, event->data.scalar.length);
	return *text ? 0 : -ENOMEM;
}

static int grow(struct reader *reader, struct yaml_node *node, unsigned line)
{
	/* By doubling, at the powers of two. */
	bool full = (node->children & (node->children - 1)) == 0;
	struct yaml_node *grown;

	if (node->children == YAML_ENTRIES_MAX)
		return refuse_line(reader, line, "more than 1024 entries", "use fewer");
	if (full) {
		grown = realloc(node->child, (node->children ? 2 * node->children : 1) * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		node->child = grown;
	}
	node->child[node->children++] = (struct yaml_node){ .line = line };
	return 0;
}

static int read_key(struct reader *reader, const yaml_event_t *event, struct yaml_node *node)
{
	char *key = NULL;
	char what[128];
	int err = 0;

	if (event->type != YAML_SCALAR_EVENT)
		return refuse_line(reader, line_of(event), "a key that is no text", "write `key: value`");
	err = take_text(event, &key);
	if (!err && yaml_tree_find(node, key)) {
		snprintf(what, sizeof(what), "%.60s: is there twice, first on line %u", key, yaml_tree_find(node, key)->line);
		err = refuse_line(reader, line_of(event), what, "write each key once");
	}
	if (!err)
		err = grow(reader, node, line_of(event));
	if (err)
		free(key);
	else
		node->child[node->children - 1].key = key;
	return err;
}

static int read_entries(struct reader *reader, bool mapping, unsigned depth, struct yaml_node *node)
{
	bool ended = false, key_next = mapping;
	int err = 0;

	while (!err && !ended) {
		yaml_event_t event;

		err = next(reader, &event);
		if (err)
			return err;
		ended = event.type == YAML_SEQUENCE_END_EVENT || event.type == YAML_MAPPING_END_EVENT;
		if (!ended)
			err = check_event(reader, &event);
		if (!ended && !err && key_next)
			err = read_key(reader, &event, node);
		else if (!ended && !err && !mapping)
			err = grow(reader, node, line_of(&event));
		if (!ended && !err && !key_next)
			err = read_node(reader, &event, depth, &node->child[node->children - 1]);
		key_next = mapping && !key_next;
		yaml_event_delete(&event);
	}
	return err;
}

static int read_node(struct reader *reader, const yaml_event_t *event, unsigned depth, struct yaml_node *node)
{
	if (event->type == YAML_SCALAR_EVENT) {
		node->kind = YAML_TEXT;
		return take_text(event, &node->text);
	}
	if (depth == YAML_DEPTH_MAX)
		return refuse_line(reader, line_of(event), "nested more than 8 deep", "see docs/matrices.md for the form");
	node->kind = event->type == YAML_MAPPING_START_EVENT ? YAML_MAPPING : YAML_LIST;
	return read_entries(reader, node->kind == YAML_MAPPING, depth + 1, node);
}

/* Of stream start, document start, the node, document end, stream end. */
static int read_document(struct reader *reader, struct yaml_node *root)
{
	bool have_root = false;
	int err = 0;

	while (!err) {
		yaml_event_t event;
		bool ended;

		err = next(reader, &event);
		if (err)
			return err;
		ended = event.type == YAML_STREAM_END_EVENT;
		if (event.type == YAML_DOCUMENT_START_EVENT && have_root) {
			err = refuse_line(reader, line_of(&event), "a second document", "write one a file");
		} else if (event.type != YAML_STREAM_START_EVENT && event.type != YAML_DOCUMENT_START_EVENT &&
			   event.type != YAML_DOCUMENT_END_EVENT && !ended) {
			have_root = true;
			root->line = line_of(&event);
			err = check_event(reader, &event);
			if (!err)
				err = read_node(reader, &event, 0, root);
		}
		yaml_event_delete(&event);
		if (ended)
			break;
	}
	return err || have_root ? err : refuse_line(reader, 1, "is empty", "write a matrix, such as `dimensions: {cpus: [1, 2]}`");
}

int yaml_tree_load(const char *file, const char *text, size_t bytes, struct yaml_node *root, char *error, size_t error_bytes)
{
	struct reader reader = { .file = file, .text = text, .bytes = bytes, .error = error, .error_bytes = error_bytes };
	int err = -ENOMEM;

	*root = (struct yaml_node){ 0 };
	if (yaml_parser_initialize(&reader.parser)) {
		yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, bytes);
		err = read_document(&reader, root);
		yaml_parser_delete(&reader.parser);
	}
	if (err == -ENOMEM)
		refuse(error, error_bytes, file, "out of memory");
	if (err)
		yaml_tree_fini(root);
	return err;
}
