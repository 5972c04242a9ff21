/* SPDX-License-Identifier: MIT */
/* Row by row; see validate_rows.h. */
#include "bench/run_dir/validate_rows.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/files/csv_rows.h"
#include "bench/files/schema.h"

/* The row at hand, and what of its file it is checked against. */
struct cursor {
	struct validate *v;
	const struct datapackage_table *table;
	struct csv_rows rows;
	struct validate_row *of; /* of summary.csv; NULL for a file without, or a row that refers to none */
	struct validate_row *previous_of;
	/* latency.csv: the percentile and value before, of all samples and of the clean ones. */
	double percentile[METRIC_COUNT][2];
	uint64_t value[METRIC_COUNT][2];
	/* histogram.csv: the bucket before. */
	uint64_t cpu, metric, hi;
};

void validate_damage(struct validate *v, const char *file, size_t line, const char *format, ...)
{
	va_list arguments;

	if (v->damages++ >= VALIDATE_SHOWN)
		return;
	fprintf(v->out, line ? "%s/%s:%zu: " : "%s/%s: ", v->directory, file, line);
	va_start(arguments, format);
	vfprintf(v->out, format, arguments);
	va_end(arguments);
	fputc('\n', v->out);
}

#define DAMAGE(c, ...) validate_damage((c)->v, (c)->table->schema->name, (c)->rows.line, __VA_ARGS__)

static size_t hash(unsigned run, const char *cell, uint64_t invocation)
{
	uint64_t h = 0xcbf29ce484222325u ^ run ^ invocation << 20;

	for (; *cell; cell++)
		h = (h ^ (unsigned char)*cell) * 0x100000001b3u;
	return (size_t)(h ^ h >> 29);
}

/* Where the row is, or would be. */
static uint32_t *slot_of(const struct validate *v, unsigned run, const char *cell, uint64_t invocation)
{
	for (size_t at = hash(run, cell, invocation);; at++) {
		uint32_t *slot = &v->slot[at & (v->slots - 1)];
		const struct validate_row *row = *slot ? &v->row[*slot - 1] : NULL;

		if (!row || (row->run == run && row->invocation == invocation && strcmp(row->cell, cell) == 0))
			return slot;
	}
}

struct validate_row *validate_find(const struct validate *v, unsigned run, const char *cell, uint64_t invocation)
{
	uint32_t number = v->slots ? *slot_of(v, run, cell, invocation) : 0;

	return number ? &v->row[number - 1] : NULL;
}

static bool grow(struct validate *v)
{
	size_t capacity = v->capacity ? 2 * v->capacity : 64;
	struct validate_row *row = realloc(v->row, capacity * sizeof(*row));
	uint32_t *slot = calloc(2 * capacity, sizeof(*slot));

	if (row)
		v->row = row;
	if (!row || !slot) {
		free(slot);
		return false;
	}
	free(v->slot);
	v->slot = slot;
	v->slots = 2 * capacity;
	v->capacity = capacity;
	for (size_t i = 0; i < v->rows; i++)
		*slot_of(v, row[i].run, row[i].cell, row[i].invocation) = (uint32_t)(i + 1);
	return true;
}

static const char *text(const struct cursor *c, const char *column)
{
	return csv_rows_field(&c->rows, csv_column_index(c->table->schema, column));
}

/* A whole number, its type having been checked; VALIDATE_UNKNOWN if empty. */
static uint64_t number_of(const char *field)
{
	return *field ? strtoull(field, NULL, 10) : VALIDATE_UNKNOWN;
}

static uint64_t number(const struct cursor *c, const char *column)
{
	return number_of(text(c, column));
}

/* PREFIX_suffix, a column of summary.csv. */
static uint64_t metric_number(const struct cursor *c, enum metric metric, const char *suffix)
{
	char column[64];
	size_t at;

	snprintf(column, sizeof(column), "%s_%s", metric_name(metric), suffix);
	at = csv_column_index(c->table->schema, column);
	return at == CSV_NO_COLUMN ? VALIDATE_UNKNOWN : number_of(c->rows.field[at]);
}

/* Those that are given must not decrease from one to the next. */
static void check_rising(struct cursor *c, enum metric metric, const char *const *suffix, size_t count)
{
	uint64_t before = VALIDATE_UNKNOWN;
	const char *name = NULL;

	for (size_t i = 0; i < count; i++) {
		uint64_t value = metric_number(c, metric, suffix[i]);

		if (value == VALIDATE_UNKNOWN)
			continue;
		if (name && value < before)
			DAMAGE(c, "%s_%s is %" PRIu64 ", less than %s, %" PRIu64, metric_name(metric), suffix[i], value, name, before);
		before = value;
		name = suffix[i];
	}
}

static void check_metric(struct cursor *c, struct validate_row *row, enum metric metric)
{
	static const char *const all[] = { "min_ns", "p50_ns", "p90_ns", "p99_ns", "p99_9_ns", "p99_99_ns", "max_ns" };
	static const char *const mean[] = { "min_ns", "mean_ns", "max_ns" };
	static const char *const clean[] = { "clean_p50_ns", "clean_p99_ns", "clean_p99_9_ns", "clean_max_ns", "max_ns" };

	row->n[metric] = metric_number(c, metric, "n");
	row->hit[metric] = metric_number(c, metric, "hit_n");
	check_rising(c, metric, all, 7);
	check_rising(c, metric, mean, 3);
	check_rising(c, metric, clean, 5);
	if (row->hit[metric] != VALIDATE_UNKNOWN && row->hit[metric] > row->n[metric])
		DAMAGE(c, "%s_hit_n is %" PRIu64 ", more than %s_n, %" PRIu64, metric_name(metric), row->hit[metric],
		       metric_name(metric), row->n[metric]);
}

static void add_summary(struct cursor *c, unsigned run)
{
	struct validate *v = c->v;
	struct validate_row row = { .run = run, .block = number(c, "block"),
				    .order = number(c, "order_index"), .cpus = number(c, "cpus") };
	const char *invocation = text(c, "invocation");
	const char *status = text(c, "status");
	const char *cell = text(c, "cell_id");

	if (strlen(cell) != CELL_ID_BYTES - 1) {
		DAMAGE(c, "cell_id '%.40s' is not %d characters long", cell, CELL_ID_BYTES - 1);
		return;
	}
	if (!*status || strlen(status) >= sizeof(row.status)) {
		DAMAGE(c, "status '%.40s' is none", status);
		return;
	}
	if (number(c, "schema_version") != v->schema_version)
		DAMAGE(c, "schema_version is '%s', that of run.json is %u", text(c, "schema_version"), v->schema_version);
	if ((strcmp(status, "skipped") == 0) != !*invocation || (*invocation && !number(c, "invocation")))
		DAMAGE(c, "invocation is '%s' where status is %s", invocation, status);
	strcpy(row.cell, cell);
	strcpy(row.status, status);
	row.invocation = *invocation ? number(c, "invocation") : 0;
	if (validate_find(v, run, cell, row.invocation)) {
		DAMAGE(c, "invocation '%s' of cell %s is there twice", invocation, cell);
		return;
	}
	for (int m = 0; m < METRIC_COUNT; m++)
		check_metric(c, &row, (enum metric)m);
	if (v->rows == v->capacity && !grow(v)) {
		DAMAGE(c, "out of memory");
		return;
	}
	v->row[v->rows++] = row;
	*slot_of(v, run, cell, row.invocation) = (uint32_t)v->rows;
}

static enum metric find_metric(struct cursor *c)
{
	const char *name = text(c, "metric");

	for (int m = 0; m < METRIC_COUNT; m++) {
		if (strcmp(name, metric_name((enum metric)m)) == 0)
			return (enum metric)m;
	}
	DAMAGE(c, "there is no metric '%.40s'", name);
	return METRIC_COUNT;
}

/* Whether `n` is how many samples, all or clean, summary.csv gives the metric. */
static void check_samples(struct cursor *c, enum metric metric, bool clean)
{
	uint64_t n = number(c, "n");
	uint64_t expected = c->of->n[metric];

	if (expected == VALIDATE_UNKNOWN || (clean && c->of->hit[metric] == VALIDATE_UNKNOWN))
		return;
	expected -= clean ? c->of->hit[metric] : 0;
	if (n != expected)
		DAMAGE(c, "n is %" PRIu64 ", %s_n%s%s%s in summary.csv is %" PRIu64, n, metric_name(metric), clean ? " less " : "",
		       clean ? metric_name(metric) : "", clean ? "_hit_n" : "", expected);
}

static void check_latency(struct cursor *c)
{
	const char *samples = text(c, "samples");
	bool clean = strcmp(samples, "clean") == 0;
	double percentile = strtod(text(c, "percentile"), NULL);
	uint64_t value = number(c, "value_ns");
	enum metric metric = find_metric(c);

	if (c->of != c->previous_of) {
		for (int m = 0; m < METRIC_COUNT; m++)
			c->percentile[m][0] = c->percentile[m][1] = -1;
		memset(c->value, 0, sizeof(c->value));
	}
	if (*samples && !clean && strcmp(samples, "all"))
		DAMAGE(c, "samples is '%.40s', neither all nor clean", samples);
	if (metric == METRIC_COUNT)
		return;
	check_samples(c, metric, clean);
	if (!(percentile > c->percentile[metric][clean]) || percentile > 100)
		DAMAGE(c, "percentile %s of %s does not follow the one before", text(c, "percentile"), metric_name(metric));
	c->percentile[metric][clean] = percentile;
	if (value == VALIDATE_UNKNOWN)
		return;
	if (value < c->value[metric][clean])
		DAMAGE(c, "value_ns of %s falls from %" PRIu64 " to %" PRIu64 " at percentile %s", metric_name(metric),
		       c->value[metric][clean], value, text(c, "percentile"));
	c->value[metric][clean] = value;
}

static void check_histogram(struct cursor *c)
{
	uint64_t lo = number(c, "lo_ns"), hi = number(c, "hi_ns");
	uint64_t count = number(c, "count"), hit = number(c, "hit");
	uint64_t cpu = number(c, "cpu");
	enum metric metric = find_metric(c);

	if (metric == METRIC_COUNT)
		return;
	if (lo == VALIDATE_UNKNOWN || hi == VALIDATE_UNKNOWN || count == VALIDATE_UNKNOWN || lo > hi || !count) {
		DAMAGE(c, "no bucket: from '%s' to '%s', %s samples", text(c, "lo_ns"), text(c, "hi_ns"), text(c, "count"));
		return;
	}
	if (c->of == c->previous_of && cpu == c->cpu && metric == c->metric && lo <= c->hi)
		DAMAGE(c, "the bucket from %" PRIu64 " overlaps the one before", lo);
	c->cpu = cpu;
	c->metric = metric;
	c->hi = hi;
	if (hit != VALIDATE_UNKNOWN && hit > count)
		DAMAGE(c, "hit is %" PRIu64 ", more than count, %" PRIu64, hit, count);
	c->of->buckets[metric] += count;
	if (hit != VALIDATE_UNKNOWN) {
		c->of->bucket_hits[metric] += hit;
		c->of->hits_given = true;
	}
}

static bool types_are_right(struct cursor *c)
{
	const struct csv_schema *schema = c->table->schema;
	bool right = true;

	for (size_t i = 0; i < schema->count; i++) {
		enum csv_type type = schema->columns[i].type;

		if (csv_type_allows(type, csv_rows_field(&c->rows, i)))
			continue;
		DAMAGE(c, "%s is '%.40s', not a field of type %s", schema->columns[i].name, c->rows.field[i], csv_type_name(type));
		right = false;
	}
	return right;
}

static void check_row(struct cursor *c)
{
	const char *run_id = text(c, "run_id");
	unsigned run = 0;

	if (!types_are_right(c))
		return;
	while (run < c->v->runs && strcmp(c->v->run_id[run], run_id))
		run++;
	if (run == c->v->runs) {
		DAMAGE(c, "run_id '%.60s' is not that of run.json", run_id);
		return;
	}
	if (c->table->schema == &schema_summary)
		add_summary(c, run);
	if (!c->table->of_summary || c->v->file_rows[0] == VALIDATE_UNKNOWN)
		return;
	c->previous_of = c->of;
	c->of = *text(c, "invocation") ? validate_find(c->v, run, text(c, "cell_id"), number(c, "invocation")) : NULL;
	if (!c->of) {
		DAMAGE(c, "summary.csv has no invocation '%s' of cell %.40s", text(c, "invocation"), text(c, "cell_id"));
		return;
	}
	if (c->table->schema == &schema_latency)
		check_latency(c);
	else if (c->table->schema == &schema_histogram)
		check_histogram(c);
	else if (c->table->schema == &schema_cpus)
		c->of->cpu_rows++;
}

static void check_header(struct cursor *c)
{
	const struct csv_schema *schema = c->table->schema;

	for (size_t i = 0; i < c->rows.fields && i < schema->count; i++) {
		if (strcmp(c->rows.field[i], schema->columns[i].name) == 0)
			continue;
		DAMAGE(c, "column %zu is '%.60s', not %s", i + 1, c->rows.field[i], schema->columns[i].name);
		return;
	}
	DAMAGE(c, "%zu columns, not %zu", c->rows.fields, schema->count);
}

void validate_file(struct validate *v, size_t table)
{
	struct cursor c = { .v = v, .table = &datapackage_tables[table] };
	char path[700], error[900];
	int got;

	v->file_rows[table] = VALIDATE_UNKNOWN;
	v->file_columns[table] = c.table->schema->count;
	snprintf(path, sizeof(path), "%s/%s", v->directory, c.table->schema->name);
	got = csv_rows_open(&c.rows, path, error, sizeof(error));
	if (got == -ENOENT)
		return;
	if (!got)
		got = csv_rows_next(&c.rows, error, sizeof(error));
	if (got > 0 && !csv_rows_are_header_of_any_age(&c.rows, c.table->schema)) {
		check_header(&c);
		csv_rows_close(&c.rows);
		return;
	}
	if (got > 0)
		v->file_columns[table] = c.rows.fields;
	for (uint64_t rows = 0; got > 0; rows++) {
		v->file_rows[table] = rows;
		got = csv_rows_next(&c.rows, error, sizeof(error));
		if (got > 0)
			check_row(&c);
	}
	csv_rows_close(&c.rows);
	if (got < 0) {
		/* The reader's line names the file already. */
		if (v->damages++ < VALIDATE_SHOWN)
			fprintf(v->out, "%s\n", error);
		v->file_rows[table] = VALIDATE_UNKNOWN;
	}
}

static size_t index_of(const struct csv_schema *schema)
{
	size_t table = 0;

	while (datapackage_tables[table].schema != schema)
		table++;
	return table;
}

static void check_sums_of(struct validate *v, const struct validate_row *row, enum metric metric)
{
	const char *name = metric_name(metric);

	if (row->n[metric] != VALIDATE_UNKNOWN && row->buckets[metric] != row->n[metric])
		validate_damage(v, schema_histogram.name, 0, "invocation %" PRIu64 " of cell %s: the buckets of %s hold %" PRIu64
				" samples, %s_n in summary.csv is %" PRIu64, row->invocation, row->cell, name, row->buckets[metric], name,
				row->n[metric]);
	if (row->hits_given && row->hit[metric] != VALIDATE_UNKNOWN && row->bucket_hits[metric] != row->hit[metric])
		validate_damage(v, schema_histogram.name, 0, "invocation %" PRIu64 " of cell %s: the buckets of %s hold %" PRIu64
				" hit samples, %s_hit_n in summary.csv is %" PRIu64, row->invocation, row->cell, name,
				row->bucket_hits[metric], name, row->hit[metric]);
}

void validate_sums(struct validate *v)
{
	bool histogram = v->file_rows[index_of(&schema_histogram)] != VALIDATE_UNKNOWN;
	bool cpus = v->file_rows[index_of(&schema_cpus)] != VALIDATE_UNKNOWN;

	for (size_t i = 0; i < v->rows; i++) {
		const struct validate_row *row = &v->row[i];

		for (int m = 0; m < METRIC_COUNT && histogram; m++)
			check_sums_of(v, row, (enum metric)m);
		if (cpus && row->n[METRIC_ISR_LATENCY] != VALIDATE_UNKNOWN && row->cpu_rows != row->cpus)
			validate_damage(v, schema_cpus.name, 0, "invocation %" PRIu64 " of cell %s has %" PRIu64 " rows, cpus in summary.csv is %"
					PRIu64, row->invocation, row->cell, row->cpu_rows, row->cpus);
	}
}

void validate_rows_fini(struct validate *v)
{
	free(v->row);
	free(v->slot);
}
