/* SPDX-License-Identifier: MIT */
/* Describing the files of a run; see datapackage.h. */
#include "bench/files/datapackage.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench/files/checksum.h"
#include "bench/files/csv_rows.h"
#include "bench/files/json_file.h"
#include "bench/files/schema.h"

#define KEY "run_id", "cell_id", "invocation"

const struct datapackage_table datapackage_tables[] = {
	{ &schema_summary, "invocations, and cells that were skipped", { KEY }, false },
	{ &schema_latency, "percentiles", { KEY, "metric", "percentile", "samples" }, true },
	{ &schema_histogram, "histogram buckets that are not empty", { KEY, "cpu", "metric", "lo_ns" }, true },
	{ &schema_cpus, "simulated CPUs", { KEY, "cpu" }, true },
	{ &schema_windows, "the measured window, 100 ms a row", { KEY, "window" }, true },
	{ &schema_events, "the worst interrupts and calls", { KEY, "metric", "rank" }, true },
	{ &schema_verifier, "rules that the miniport broke", { KEY, "finding" }, true },
	{ &schema_env, "checks of the environment", { NULL }, false },
};
const size_t datapackage_table_count = sizeof(datapackage_tables) / sizeof(datapackage_tables[0]);

/* The names that the standard allows have no capitals. */
static json_t *lower(const char *text, size_t length)
{
	char name[128];
	size_t i;

	for (i = 0; i < length && i < sizeof(name) - 1; i++)
		name[i] = (char)tolower((unsigned char)text[i]);
	name[i] = '\0';
	return json_string(name);
}

static json_t *field(const struct csv_column *column)
{
	json_t *json = json_pack("{s:s,s:s,s:s}", "name", column->name, "type", csv_type_name(column->type), "description",
				 column->description);

	if (column->unit[0])
		json_object_set_new(json, "unit", json_string(column->unit));
	if (column->type == CSV_BOOLEAN) {
		json_object_set_new(json, "trueValues", json_pack("[s]", "1"));
		json_object_set_new(json, "falseValues", json_pack("[s]", "0"));
	}
	return json;
}

json_t *datapackage_schema(const struct datapackage_table *table, size_t columns)
{
	json_t *fields = json_array();
	json_t *key = json_array();
	json_t *schema;

	for (size_t i = 0; i < columns; i++)
		json_array_append_new(fields, field(&table->schema->columns[i]));
	for (size_t i = 0; table->primary_key[i]; i++)
		json_array_append_new(key, json_string(table->primary_key[i]));
	schema = json_pack("{s:o,s:[s]}", "fields", fields, "missingValues", "");
	if (json_array_size(key))
		json_object_set(schema, "primaryKey", key);
	json_decref(key);
	if (table->of_summary)
		json_object_set_new(schema, "foreignKeys", json_pack("[{s:[s,s,s],s:{s:s,s:[s,s,s]}}]", "fields", KEY, "reference",
								     "resource", "summary", "fields", KEY));
	return schema;
}

static int count_rows(const char *path, const struct csv_schema *schema, json_int_t *count, size_t *columns)
{
	struct csv_rows rows;
	char error[700];
	int got = csv_rows_open(&rows, path, error, sizeof(error));

	if (got)
		return got;
	got = csv_rows_next(&rows, error, sizeof(error));
	if (got > 0 && !csv_rows_are_header_of_any_age(&rows, schema))
		got = -EBADMSG;
	*columns = rows.fields;
	*count = 0;
	while (got > 0) {
		got = csv_rows_next(&rows, error, sizeof(error));
		*count += got > 0;
	}
	csv_rows_close(&rows);
	return got;
}

/* What every resource has; NULL and *err 0 if there is no such file. */
static json_t *resource(const char *directory, const char *file, int *err)
{
	char path[700], hash[CHECKSUM_TEXT_BYTES];
	const char *dot = strrchr(file, '.');
	uint64_t bytes;

	snprintf(path, sizeof(path), "%s/%s", directory, file);
	*err = checksum_file(path, hash, &bytes);
	if (*err) {
		*err = *err == -ENOENT ? 0 : *err;
		return NULL;
	}
	return json_pack("{s:o,s:s,s:s,s:s,s:I,s:s}", "name", lower(file, (size_t)(dot - file)), "path", file, "format", dot + 1,
			 "encoding", "utf-8", "bytes", (json_int_t)bytes, "hash", hash);
}

static int add_table(json_t *resources, const char *directory, const struct datapackage_table *table)
{
	char path[700];
	json_int_t rows;
	size_t columns;
	int err;
	json_t *json = resource(directory, table->schema->name, &err);

	if (!json)
		return err;
	snprintf(path, sizeof(path), "%s/%s", directory, table->schema->name);
	err = count_rows(path, table->schema, &rows, &columns);
	if (err) {
		json_decref(json);
		return err;
	}
	json_object_set_new(json, "profile", json_string("tabular-data-resource"));
	json_object_set_new(json, "title", json_string(table->title));
	json_object_set_new(json, "mediatype", json_string("text/csv"));
	json_object_set_new(json, "dialect", json_pack("{s:s,s:s,s:s,s:b,s:b}", "delimiter", ",", "lineTerminator", "\n", "quoteChar",
						       "\"", "doubleQuote", 1, "header", 1));
	json_object_set_new(json, "rows", json_integer(rows));
	json_object_set_new(json, "schema", datapackage_schema(table, columns));
	return json_array_append_new(resources, json) ? -ENOMEM : 0;
}

static int add_json(json_t *resources, const char *directory, const char *file, const char *title)
{
	int err;
	json_t *json = resource(directory, file, &err);

	if (!json)
		return err;
	json_object_set_new(json, "profile", json_string("data-resource"));
	json_object_set_new(json, "title", json_string(title));
	json_object_set_new(json, "mediatype", json_string("application/json"));
	return json_array_append_new(resources, json) ? -ENOMEM : 0;
}

int datapackage_write(const char *directory, const struct datapackage_info *info)
{
	json_t *resources = json_array();
	json_t *package;
	int err = 0;

	for (size_t i = 0; i < datapackage_table_count && !err; i++)
		err = add_table(resources, directory, &datapackage_tables[i]);
	if (!err)
		err = add_json(resources, directory, DATAPACKAGE_BENCHMARK, "the same in the form of Google Benchmark's JSON reporter");
	if (!err)
		err = add_json(resources, directory, DATAPACKAGE_RUN, "what the run is of");
	/* All resources must be tables for the package to be a tabular one. */
	package = json_pack("{s:s,s:o,s:s,s:s,s:s,s:i,s:o}", "profile", "data-package", "name", lower(info->run_id, strlen(info->run_id)),
			    "title", info->title, "created", info->created_utc, "build", info->build_id, "schema_version",
			    SCHEMA_VERSION, "resources", resources);
	if (!err)
		err = json_file_replace(directory, DATAPACKAGE_FILE, package);
	json_decref(package);
	return err;
}
