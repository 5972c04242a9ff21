/* SPDX-License-Identifier: MIT */
/* Matrix files; see matrix_file.h. */
#include "bench/matrix/matrix_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/matrix/matrix_normal.h"
#include "bench/matrix/matrix_schema.h"
#include "bench/matrix/refuse.h"
#include "bench/matrix/shipped.h"
#include "bench/matrix/yaml_tree.h"

#define PLACE_BYTES 1024

struct file_reader {
	const char *file;
	const char *directory;
	struct matrix_design *design;
	char *error;
	size_t error_bytes;
};

/* A text of the normal form without its line, which goes into the place. */
static const char *text_at(const struct file_reader *reader, const char *key, const char *normal, char place[PLACE_BYTES])
{
	const char *colon = strchr(normal, ':');

	snprintf(place, PLACE_BYTES, "%s:%.*s: %s", reader->file, (int)(colon - normal), normal, key);
	return colon + 1;
}

static int add_values(const struct file_reader *reader, const struct raw_dimensions *raw, struct matrix_product *product)
{
	char place[PLACE_BYTES], wrong[512];

	for (size_t d = 0; raw && d < DIMENSIONS; d++) {
		struct matrix_values *values = &product->dimension[d];

		for (uint32_t i = 0; i < raw->list[d].count; i++) {
			const char *text = text_at(reader, dimensions[d].name, raw->list[d].item[i], place);
			int err = i ? 0 : matrix_values_begin(values, place);

			if (!err)
				err = matrix_values_add(values, (enum dimension_id)d, text, wrong, sizeof(wrong));
			if (err)
				return err == -EINVAL ? refuse(reader->error, reader->error_bytes, place, "%s", wrong) : err;
		}
	}
	return 0;
}

static int add_exclude(const struct file_reader *reader, const struct raw_dimensions *raw, struct matrix_exclude *exclude)
{
	char place[PLACE_BYTES], wrong[512];

	for (size_t d = 0; d < DIMENSIONS; d++) {
		struct cell_match *match = &exclude->match[exclude->matches];

		exclude->matches += raw->list[d].count != 0;
		for (uint32_t i = 0; i < raw->list[d].count; i++) {
			const char *text = text_at(reader, dimensions[d].name, raw->list[d].item[i], place);
			int err;

			match->dimension = (enum dimension_id)d;
			err = cell_match_add(match, text, wrong, sizeof(wrong));
			if (err)
				return err == -EINVAL ? refuse(reader->error, reader->error_bytes, place, "%s", wrong) : err;
		}
	}
	return 0;
}

static int add_settings(const struct file_reader *reader, char *const setting[SETTINGS])
{
	char place[PLACE_BYTES], path[2 * YAML_TEXT_MAX + 2048];

	for (size_t i = 0; i < SETTINGS; i++) {
		const char *text;
		int err;

		if (!setting[i])
			continue;
		text = text_at(reader, settings_table[i].name, setting[i], place);
		if (i == SETTING_TRACE && text[0] && text[0] != '/' && reader->directory[0]) {
			snprintf(path, sizeof(path), "%s/%s", reader->directory, text);
			text = path;
		}
		err = matrix_design_set(reader->design, (enum setting_id)i, text, place, reader->error, reader->error_bytes);
		if (err)
			return err;
	}
	return 0;
}

static int add_name(const struct file_reader *reader, const struct raw_matrix *raw)
{
	const char *base = strrchr(reader->file, '/') ? strrchr(reader->file, '/') + 1 : reader->file;
	size_t bytes = strcspn(base, ".");
	struct matrix_design *design = reader->design;
	char place[PLACE_BYTES];
	const char *name;

	if (bytes >= sizeof(design->name))
		bytes = sizeof(design->name) - 1;
	snprintf(design->name, sizeof(design->name), "%.*s", (int)bytes, base);
	if (raw->name) {
		name = text_at(reader, "name", raw->name, place);
		if (!name[0] || strlen(name) >= sizeof(design->name))
			return refuse(reader->error, reader->error_bytes, place, "'%.40s' is %s; use 1 to 63 bytes", name,
				      name[0] ? "too long" : "empty");
		strcpy(design->name, name);
	}
	if (raw->description) {
		design->description = strdup(text_at(reader, "description", raw->description, place));
		if (!design->description)
			return -ENOMEM;
	}
	return 0;
}

static int add_includes(const struct file_reader *reader, const struct raw_matrix *raw)
{
	struct matrix_design *design = reader->design;
	int err = 0;

	design->include = calloc(raw->include_count + 1, sizeof(*design->include));
	design->exclude = calloc(raw->exclude_count + 1, sizeof(*design->exclude));
	if (!design->include || !design->exclude)
		return -ENOMEM;
	for (uint32_t i = 0; i < raw->include_count && !err; i++)
		err = add_values(reader, &raw->include[i], &design->include[design->includes++]);
	for (uint32_t i = 0; i < raw->exclude_count && !err; i++)
		err = add_exclude(reader, &raw->exclude[i], &design->exclude[design->excludes++]);
	return err;
}

static int refuse_profile(const struct file_reader *reader, const char *profile, const struct raw_matrix *raw)
{
	char known[512] = "";
	size_t used = 0;

	for (uint32_t i = 0; i < raw->profiles_count && used < sizeof(known); i++)
		used += (size_t)snprintf(known + used, sizeof(known) - used, "%s%.60s", i ? ", " : "",
					 strchr(raw->profiles[i].name, ':') + 1);
	return refuse(reader->error, reader->error_bytes, "--profile", "%s has no profile '%.60s'; %s%s", reader->file, profile,
		      raw->profiles_count ? "it has " : "it has none", known);
}

/* Every profile is checked, used or not: a mistake in one is better found before the night it is for. */
static int add_profiles(const struct file_reader *reader, const char *profile, const struct raw_matrix *raw)
{
	bool found = false;
	int err = 0;

	for (uint32_t i = 0; i < raw->profiles_count && !err; i++) {
		const struct raw_profile *one = &raw->profiles[i];
		struct file_reader other = *reader;
		struct matrix_design scratch = { 0 };

		if (profile && strcmp(strchr(one->name, ':') + 1, profile) == 0)
			found = true;
		else
			other.design = &scratch;
		err = add_settings(&other, one->setting);
		if (!err)
			err = add_values(&other, one->dimensions, &other.design->cross);
		matrix_design_fini(&scratch);
	}
	return err || found || !profile ? err : refuse_profile(reader, profile, raw);
}

static int add_all(const struct file_reader *reader, const char *profile, const struct raw_matrix *raw)
{
	int err = add_name(reader, raw);

	if (!err)
		err = add_settings(reader, raw->setting);
	if (!err)
		err = add_values(reader, raw->dimensions, &reader->design->cross);
	if (!err)
		err = add_includes(reader, raw);
	if (!err)
		err = add_profiles(reader, profile, raw);
	return err;
}

int matrix_file_parse(const char *file, const char *text, size_t bytes, const char *directory, const char *profile,
		      struct matrix_design *design, char *error, size_t error_bytes)
{
	struct file_reader reader = { .file = file, .directory = directory, .design = design, .error = error,
				      .error_bytes = error_bytes };
	struct raw_matrix *raw = NULL;
	struct yaml_node root;
	const char *reason;
	char *normal = NULL;
	int err = yaml_tree_load(file, text, bytes, &root, error, error_bytes);

	if (err)
		return err;
	err = matrix_normal(file, &root, &normal, error, error_bytes);
	yaml_tree_fini(&root);
	if (!err) {
		raw = raw_matrix_load(normal, &reason);
		err = raw ? add_all(&reader, profile, raw) :
			    refuse(error, error_bytes, file, "libcyaml refuses it: %s; use plain texts", reason);
	}
	raw_matrix_free(raw);
	free(normal);
	return err;
}

/* As much as may be, and one byte more to see that there is more. */
static int read_file(const char *path, char **text, size_t *bytes)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	ssize_t got = 1;
	int err = 0;

	*bytes = 0;
	*text = NULL;
	if (fd < 0)
		return -errno;
	if (fstat(fd, &status) == 0 && S_ISDIR(status.st_mode))
		err = -EISDIR;
	if (!err)
		*text = malloc(MATRIX_FILE_BYTES_MAX + 1);
	if (!err && !*text)
		err = -ENOMEM;
	while (!err && got > 0 && *bytes <= MATRIX_FILE_BYTES_MAX) {
		got = read(fd, *text + *bytes, MATRIX_FILE_BYTES_MAX + 1 - *bytes);
		if (got < 0)
			err = -errno;
		else
			*bytes += (size_t)got;
	}
	close(fd);
	return err;
}

static int refuse_file(const char *path, int reason, char *error, size_t error_bytes)
{
	bool is_name = !strchr(path, '/') && !strchr(path, '.');
	char names[512];

	shipped_matrix_names(names, sizeof(names));
	if (reason == -ENOENT && is_name)
		return refuse(error, error_bytes, path, "there is no matrix of that name, and no file; use a file, or %s", names);
	return refuse(error, error_bytes, path, "%s; name a matrix file, or use %s", strerror(-reason), names);
}

int matrix_file_load(const char *path, const char *profile, struct matrix_design *design, char *error, size_t error_bytes)
{
	const char *slash = strrchr(path, '/');
	char *directory = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup("");
	char *text = NULL;
	size_t bytes;
	int err = read_file(path, &text, &bytes);

	if (err)
		err = refuse_file(path, err, error, error_bytes);
	else if (bytes > MATRIX_FILE_BYTES_MAX)
		err = refuse(error, error_bytes, path, "is larger than 1 MiB; name a matrix file");
	else if (directory)
		err = matrix_file_parse(path, text, bytes, directory, profile, design, error, error_bytes);
	else
		err = -ENOMEM;
	free(directory);
	free(text);
	return err;
}
