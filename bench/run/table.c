/* SPDX-License-Identifier: MIT */
/* The printed table; see table.h. */
#include "bench/run/table.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/miniport/loaded.h"
#include "bench/stats/rank_test.h"
#include "impls/backends.h"

#define ALPHA 0.05
/* Less than this is an ordinary machine. */
#define NOISE_WORTH_SAYING 0.05

enum direction { LESS_IS_BETTER, MORE_IS_BETTER, NEITHER_IS_BETTER };

static const struct {
	const char *key;
	const char *per; /* what it is divided by, NULL: nothing */
	const char *title;
	const char *unit;
	double scale;
	int decimals;
	enum direction direction;
	bool of_bystanders;
} columns[TABLE_COLUMNS] = {
	{ "iops", NULL, "I/Os", "k/s", 1e-3, 1, MORE_IS_BETTER, false },
	{ "isr_latency_p50_ns", NULL, "ISR lat", "p50 ns", 1, 0, LESS_IS_BETTER, false },
	{ "isr_latency_p99_ns", NULL, "ISR lat", "p99 ns", 1, 0, LESS_IS_BETTER, false },
	{ "sync_wait_p50_ns", NULL, "sync wait", "p50 ns", 1, 0, LESS_IS_BETTER, false },
	{ "sync_wait_p99_ns", NULL, "sync wait", "p99 ns", 1, 0, LESS_IS_BETTER, false },
	{ "sync_hold_p50_ns", NULL, "sync hold", "p50 ns", 1, 0, LESS_IS_BETTER, false },
	{ "response_p99_ns", NULL, "response", "p99 us", 1e-3, 1, LESS_IS_BETTER, false },
	{ "handoffs", "acquisitions", "handoffs", "per acq.", 1, 2, NEITHER_IS_BETTER, false },
	{ "bystander_high_p99_ns", NULL, "above", "p99 ns", 1, 0, LESS_IS_BETTER, true },
	{ "bystander_low_p99_ns", NULL, "below", "p99 ns", 1, 0, LESS_IS_BETTER, true },
};

int table_init(struct table *table, const struct matrix *matrix)
{
	table->matrix = matrix;
	table->row = calloc(matrix->cells + 1, sizeof(*table->row));
	return table->row ? 0 : -ENOMEM;
}

void table_fini(struct table *table)
{
	free(table->row);
	table->row = NULL;
}

/* NULL when it is not known. */
static json_t *quotient(const json_t *summary, const char *key, const char *per)
{
	const json_t *value = json_object_get(summary, key);
	double divisor = json_number_value(json_object_get(summary, per));

	return json_is_number(value) && divisor > 0 ? json_real(json_number_value(value) / divisor) : NULL;
}

static void add_column(struct table_row *row, unsigned column, const json_t *summary)
{
	const char *per = columns[column].per;
	json_t *value = per ? quotient(summary, columns[column].key, per) : json_incref(json_object_get(summary, columns[column].key));

	table_add_sample(&row->column[column], value);
	json_decref(value);
}

void table_add(struct table *table, size_t cell, const char *status, const char *reason, const json_t *summary)
{
	struct table_row *row = &table->row[cell];

	row->measured++;
	if (strcmp(status, "ok")) {
		row->not_ok++;
		snprintf(row->worst_status, sizeof(row->worst_status), "%s", status);
		snprintf(row->reason, sizeof(row->reason), "%s", reason);
		return;
	}
	for (unsigned c = 0; c < TABLE_COLUMNS; c++)
		add_column(row, c, summary);
	/* What this program itself took away is no noise. */
	if (!table->matrix->cell[cell].spec.preempt_hz)
		table_add_sample(&row->cpu_lost, json_object_get(summary, "cpu_lost_frac"));
	table_bounds_add(&row->bounds, summary);
}

struct group {
	size_t n;
	size_t *cell;
};

static double median_of(const struct table_row *row, unsigned column)
{
	return row->column[column].n ? rank_median(row->column[column].value, row->column[column].n) : NAN;
}

static bool better(unsigned column, double a, double b)
{
	return columns[column].direction == MORE_IS_BETTER ? a > b : a < b;
}

/* Columns of bystanders are for groups that have some. */
static bool is_shown(unsigned column, const struct cell_spec *spec)
{
	return !columns[column].of_bystanders || spec->bystander_hz;
}

/* Index in the group of a column's winner, or of none (group->n). */
static size_t winner(const struct table *table, const struct group *group, unsigned column)
{
	size_t best = group->n;
	double *p;
	size_t tests = 0;
	double largest = 0;

	if (columns[column].direction == NEITHER_IS_BETTER)
		return group->n;
	for (size_t i = 0; i < group->n; i++) {
		double value = median_of(&table->row[group->cell[i]], column);

		if (!isnan(value) && (best == group->n || better(column, value, median_of(&table->row[group->cell[best]], column))))
			best = i;
	}
	if (best == group->n || !(p = calloc(group->n, sizeof(*p))))
		return group->n;
	for (size_t i = 0; i < group->n; i++) {
		const struct table_samples *other = &table->row[group->cell[i]].column[column];
		const struct table_samples *mine = &table->row[group->cell[best]].column[column];

		if (i != best && other->n)
			p[tests++] = rank_mann_whitney(mine->value, mine->n, other->value, other->n);
	}
	rank_holm(p, tests);
	for (size_t i = 0; i < tests; i++)
		largest = isnan(p[i]) || p[i] > largest ? (isnan(p[i]) ? 1 : p[i]) : largest;
	free(p);
	return tests && largest < ALPHA ? best : group->n;
}

static void print_title(const struct cell_spec *spec, FILE *out)
{
	const char *file = strrchr(spec->trace, '/');
	char miniport[128];

	fputc('\n', out);
	if (spec->miniport[0]) {
		miniport_name(spec->miniport, miniport, sizeof(miniport));
		fprintf(out, "%s: ", miniport);
	}
	fprintf(out, "%" PRIu64 " CPU%s, interrupt to %s CPU, %s duplex, completion by %s, depth %" PRIu64, spec->cpus,
		spec->cpus == 1 ? "" : "s",
		spec->routing == IRQ_ROUTING_SAME ? "the submitter's" : spec->routing == IRQ_ROUTING_OTHER ? "the next" : "every",
		spec->half_duplex ? "half" : "full", spec->completion_dpc ? "DPC" : "ISR", spec->queue_depth);
	if (spec->section_ns)
		fprintf(out, ", section + %" PRIu64 " ns", spec->section_ns);
	if (spec->channels)
		fprintf(out, ", %" PRIu64 " channel%s", spec->channels, spec->channels == 1 ? "" : "s");
	if (spec->think_ns)
		fprintf(out, ", think %" PRIu64 " ns", spec->think_ns);
	if (spec->vectors)
		fprintf(out, ", %" PRIu64 " message%s with %s", spec->vectors, spec->vectors == 1 ? "" : "s",
			spec->message_locks ? "a lock each" : "one lock");
	if (spec->dpc_redirection)
		fputs(", DPC redirection", out);
	fprintf(out, ", service %s", spec->service_time);
	if (spec->delivery != SYNC_POLL)
		fprintf(out, ", delivery by %s", sync_delivery_name(spec->delivery));
	if (spec->bystander_hz)
		fprintf(out, ", bystanders %" PRIu64 "/s", spec->bystander_hz);
	if (spec->preempt_hz)
		fprintf(out, ", preempted %" PRIu64 "/s for %" PRIu64 " ns", spec->preempt_hz, spec->preempt_ns);
	if (spec->trace[0])
		fprintf(out, ", trace %s", file ? file + 1 : spec->trace);
	else
		fprintf(out, ", %" PRIu64 " B", spec->io_bytes);
	fputc('\n', out);
}

static void print_value(FILE *out, unsigned column, double value, bool wins, bool colour)
{
	double shown = value * columns[column].scale;

	if (isnan(value)) {
		fprintf(out, " %9s ", "-");
		return;
	}
	fprintf(out, " %s%9.*f%s%s", wins && colour ? "\033[1m" : "", shown < 100 ? columns[column].decimals : 0, shown,
		wins ? "*" : " ", wins && colour ? "\033[0m" : "");
}

static void print_row(const struct table *table, size_t cell, size_t in_group, const size_t *winners, FILE *out, bool colour)
{
	const struct table_row *row = &table->row[cell];
	const struct matrix_cell *info = &table->matrix->cell[cell];

	fprintf(out, "  %-15s", info->spec.backend);
	if (info->refusal) {
		fprintf(out, "  skipped: %s\n", info->refusal);
		return;
	}
	for (unsigned c = 0; c < TABLE_COLUMNS && row->measured > row->not_ok; c++) {
		if (is_shown(c, &info->spec))
			print_value(out, c, median_of(row, c), winners[c] == in_group, colour);
	}
	if (row->not_ok)
		fprintf(out, "  %s %u of %u: %s", row->worst_status, row->not_ok, row->measured, row->reason);
	else if (!row->measured)
		fprintf(out, "  not run");
	fputc('\n', out);
}

static void print_group(const struct table *table, const struct group *group, FILE *out, bool colour)
{
	const struct cell_spec *spec = &table->matrix->cell[group->cell[0]].spec;
	size_t winners[TABLE_COLUMNS];

	fprintf(out, "  %-15s", "back end");
	for (unsigned c = 0; c < TABLE_COLUMNS; c++) {
		if (is_shown(c, spec))
			fprintf(out, " %9s ", columns[c].title);
	}
	fprintf(out, "\n  %-15s", "");
	for (unsigned c = 0; c < TABLE_COLUMNS; c++) {
		if (is_shown(c, spec))
			fprintf(out, " %9s ", columns[c].unit);
		winners[c] = winner(table, group, c);
	}
	fputc('\n', out);
	for (size_t i = 0; i < group->n; i++)
		print_row(table, group->cell[i], i, winners, out, colour);
}

/* A row that has no figures of bounds says why in the other table, or here. */
static void print_bounds(const struct table *table, const struct group *group, FILE *out)
{
	table_bounds_print_head(out);
	for (size_t i = 0; i < group->n; i++) {
		const struct matrix_cell *cell = &table->matrix->cell[group->cell[i]];

		if (cell->refusal)
			fprintf(out, "  %-15s  skipped: %s\n", cell->spec.backend, cell->refusal);
		else
			table_bounds_print(&table->row[group->cell[i]].bounds, cell->spec.backend, out);
	}
}

static bool all_refused(const struct table *table, const struct group *group)
{
	for (size_t i = 0; i < group->n; i++) {
		if (!table->matrix->cell[group->cell[i]].refusal)
			return false;
	}
	return true;
}

/* One that could not be run at all takes one line. */
static void print_tables(const struct table *table, const struct group *group, const struct run_options *options, FILE *out,
			 bool colour)
{
	const struct matrix_cell *first = &table->matrix->cell[group->cell[0]];

	print_title(&first->spec, out);
	if (all_refused(table, group)) {
		fprintf(out, "  skipped: %s\n", first->refusal);
		return;
	}
	if (options->table_latency)
		print_group(table, group, out, colour);
	if (options->table_bounds)
		print_bounds(table, group, out);
}

/* The cell that lost the most, by its median: what the machine did to the figures above. */
static void print_noise(const struct table *table, FILE *out)
{
	double worst = 0;

	for (size_t c = 0; c < table->matrix->cells; c++) {
		const struct table_samples *lost = &table->row[c].cpu_lost;

		if (lost->n)
			worst = fmax(worst, rank_median(lost->value, lost->n));
	}
	if (worst > NOISE_WORTH_SAYING)
		fprintf(out, "\nNoise: others took up to %.0f%% of a cell's CPU time (median over its invocations); "
			"repeat on a quieter machine.\n", 100 * worst);
}

void table_print(const struct table *table, const struct run_options *options, FILE *out, bool colour)
{
	size_t cells = table->matrix->cells;
	struct group group = { .cell = calloc(cells + 1, sizeof(size_t)) };
	bool *done = calloc(cells + 1, sizeof(*done));

	for (size_t first = 0; group.cell && done && first < cells; first++) {
		if (done[first])
			continue;
		group.n = 0;
		for (size_t c = first; c < cells; c++) {
			if (!done[c] && table->matrix->cell[first].group == table->matrix->cell[c].group) {
				done[c] = true;
				group.cell[group.n++] = c;
			}
		}
		print_tables(table, &group, options, out, colour);
	}
	print_noise(table, out);
	free(group.cell);
	free(done);
}
