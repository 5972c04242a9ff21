/* SPDX-License-Identifier: MIT */
/* Files against their description; see validate_package.h. */
#include "bench/run_dir/validate_package.h"

#include <dirent.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "bench/files/checksum.h"
#include "bench/files/json_file.h"
#include "bench/files/schema.h"

/* Leaves of an interrupted writer; a run that goes on writes over them. */
static void check_leftovers(struct validate *v, const char *below)
{
	char path[700];
	const struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%s", v->directory, below);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)) != NULL) {
		size_t bytes = strlen(entry->d_name);

		if (json_file_is_aside(entry->d_name))
			validate_damage(v, *below ? RUN_PARTS : entry->d_name, 0, "%s was never finished",
					*below ? entry->d_name : "it");
		else if (*below && bytes > 5 && strcmp(entry->d_name + bytes - 5, ".json") == 0)
			validate_damage(v, RUN_PARTS, 0, "%s was never collected", entry->d_name);
	}
	if (dir)
		closedir(dir);
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
	schema = datapackage_schema(&datapackage_tables[table]);
	if (!json_equal(schema, json_object_get(resource, "schema")))
		validate_damage(v, DATAPACKAGE_FILE, 0, "the columns of %s are not those of schema version %u", file, SCHEMA_VERSION);
	json_decref(schema);
}

void validate_package(struct validate *v, bool required)
{
	const json_t *benchmark;
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
	benchmark = find_resource(package, DATAPACKAGE_BENCHMARK);
	if (benchmark)
		check_resource(v, benchmark, DATAPACKAGE_BENCHMARK, VALIDATE_UNKNOWN);
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
	check_leftovers(v, "");
	check_leftovers(v, RUN_PARTS);
}
