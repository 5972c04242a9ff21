/* SPDX-License-Identifier: MIT */
/* Files against their description; see validate_package.h. */
#define _GNU_SOURCE
#include "bench/run_dir/validate_package.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/files/checksum.h"
#include "bench/files/json_file.h"
#include "bench/files/schema.h"
#include "bench/run_dir/part.h"

/* Every one that is to be collected still: nothing else vouches for it. */
void validate_parts(struct validate *v)
{
	struct dirent **entry;
	char folder[700];
	int entries;

	snprintf(folder, sizeof(folder), "%s/" RUN_PARTS, v->directory);
	entries = scandir(folder, &entry, NULL, alphasort);
	for (int i = 0; i < entries; i++) {
		const char *name = entry[i]->d_name;
		char path[1000], file[300], wrong[200];
		json_t *part;

		snprintf(path, sizeof(path), "%s/%s", folder, name);
		snprintf(file, sizeof(file), RUN_PARTS "/%s", name);
		if (part_is_name(name)) {
			part = part_load(AT_FDCWD, path, wrong, sizeof(wrong));
			if (!part)
				validate_damage(v, file, 0, "%s", wrong);
			else if (name[0] >= '0' && name[0] <= '9' && !json_is_string(json_object_get(json_object_get(part, "rows"), schema_summary.name)))
				validate_damage(v, file, 0, "no row of summary.csv");
			json_decref(part);
		}
		free(entry[i]);
	}
	if (entries >= 0)
		free(entry);
}

static void check_resource(struct validate *v, const json_t *resource, const char *file, uint64_t rows)
{
	const char *hash = json_string_value(json_object_get(resource, "hash"));
	char path[700], actual[CHECKSUM_TEXT_BYTES];
	uint64_t bytes;
	int err;

	snprintf(path, sizeof(path), "%s/%s", v->directory, file);
	err = checksum_file(path, actual, &bytes);
	if (err) {
		validate_damage(v, file, 0, "%s; " DATAPACKAGE_FILE " has it", strerror(-err));
		return;
	}
	if ((uint64_t)json_integer_value(json_object_get(resource, "bytes")) != bytes)
		validate_damage(v, file, 0, "%" PRIu64 " bytes; " DATAPACKAGE_FILE " has %" JSON_INTEGER_FORMAT, bytes,
				json_integer_value(json_object_get(resource, "bytes")));
	else if (!hash || strcmp(hash, actual))
		validate_damage(v, file, 0, "changed since it was written: its checksum is not that of " DATAPACKAGE_FILE);
	if (rows != VALIDATE_UNKNOWN && (uint64_t)json_integer_value(json_object_get(resource, "rows")) != rows)
		validate_damage(v, file, 0, "%" PRIu64 " rows; " DATAPACKAGE_FILE " has %" JSON_INTEGER_FORMAT, rows,
				json_integer_value(json_object_get(resource, "rows")));
}

static const json_t *find_resource(json_t *package, const char *file)
{
	json_t *resource;
	size_t i;

	json_array_foreach(json_object_get(package, "resources"), i, resource) {
		const char *path = json_string_value(json_object_get(resource, "path"));

		if (path && strcmp(path, file) == 0)
			return resource;
	}
	return NULL;
}

/* Another build may put the same into other words. */
static json_t *without_words(const json_t *schema)
{
	json_t *bare = json_deep_copy(schema);
	json_t *field;
	size_t i;

	json_array_foreach(json_object_get(bare, "fields"), i, field)
		json_object_del(field, "description");
	return bare;
}

static bool are_columns(const json_t *actual, const json_t *expected)
{
	json_t *a = without_words(actual), *b = without_words(expected);
	bool equal = a && json_equal(a, b);

	json_decref(a);
	json_decref(b);
	return equal;
}

static void check_table(struct validate *v, json_t *package, size_t table)
{
	const char *file = datapackage_tables[table].schema->name;
	const json_t *resource = find_resource(package, file);
	json_t *schema;
	char path[700];

	snprintf(path, sizeof(path), "%s/%s", v->directory, file);
	if (!resource) {
		if (access(path, F_OK) == 0)
			validate_damage(v, file, 0, "not in " DATAPACKAGE_FILE);
		return;
	}
	check_resource(v, resource, file, v->file_rows[table]);
	schema = datapackage_schema(&datapackage_tables[table], v->file_columns[table]);
	if (!are_columns(json_object_get(resource, "schema"), schema))
		validate_damage(v, DATAPACKAGE_FILE, 0, "the columns of %s are not those of schema version %u", file, SCHEMA_VERSION);
	json_decref(schema);
}

void validate_package(struct validate *v, bool required)
{
	static const char *const others[] = { DATAPACKAGE_BENCHMARK, DATAPACKAGE_RUN };
	json_error_t error;
	json_t *package;
	char path[700];

	snprintf(path, sizeof(path), "%s/" DATAPACKAGE_FILE, v->directory);
	if (!required && access(path, F_OK))
		return;
	package = json_load_file(path, 0, &error);
	if (!package) {
		validate_damage(v, DATAPACKAGE_FILE, (size_t)(error.line > 0 ? error.line : 0), "%s", error.text);
		return;
	}
	for (size_t i = 0; i < datapackage_table_count; i++)
		check_table(v, package, i);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		const json_t *resource = find_resource(package, others[i]);
		char file[700];

		snprintf(file, sizeof(file), "%s/%s", v->directory, others[i]);
		if (resource)
			check_resource(v, resource, others[i], VALIDATE_UNKNOWN);
		else if (access(file, F_OK) == 0)
			validate_damage(v, others[i], 0, "not in " DATAPACKAGE_FILE);
	}
	json_decref(package);
}

void validate_benchmark(struct validate *v)
{
	json_error_t error;
	json_t *json;
	char path[700];

	snprintf(path, sizeof(path), "%s/" DATAPACKAGE_BENCHMARK, v->directory);
	if (access(path, F_OK))
		return;
	json = json_load_file(path, 0, &error);
	if (!json)
		validate_damage(v, DATAPACKAGE_BENCHMARK, (size_t)(error.line > 0 ? error.line : 0), "%s", error.text);
	else if (!json_is_array(json_object_get(json, "benchmarks")))
		validate_damage(v, DATAPACKAGE_BENCHMARK, 0, "no \"benchmarks\"");
	json_decref(json);
}

void validate_leftovers(struct validate *v)
{
	const struct dirent *entry;
	DIR *dir = opendir(v->directory);

	while (dir && (entry = readdir(dir)) != NULL) {
		if (json_file_is_aside(entry->d_name))
			validate_damage(v, entry->d_name, 0, "it was never finished");
	}
	if (dir)
		closedir(dir);
}
