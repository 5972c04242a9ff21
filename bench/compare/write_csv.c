/* SPDX-License-Identifier: MIT */
/* Comparisons as CSV: the columns of schema_compare, one row each. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/compare/command.h"
#include "bench/files/schema.h"

/* A text of summary.csv, as its column's type has it. */
static void set_key(struct csv_row *row, enum run_key key, const char *text)
{
	size_t column = csv_column_index(row->schema, run_key_name(key));

	if (!text || !*text)
		return;
	switch (row->schema->columns[column].type) {
	case CSV_INTEGER:
		csv_set_u64_at(row, column, strtoull(text, NULL, 10));
		return;
	case CSV_NUMBER:
		csv_set_double_at(row, column, strtod(text, NULL));
		return;
	case CSV_BOOLEAN:
		csv_set_bool_at(row, column, *text == '1');
		return;
	default:
		csv_set_string_at(row, column, text);
	}
}

static void set_result(struct csv_row *row, const struct comparison *c)
{
	char why[COMPARE_MACHINE_BYTES + 40], machine[COMPARE_MACHINE_BYTES];

	csv_set_u64(row, "n_base", c->n_base);
	csv_set_u64(row, "n_cand", c->n_cand);
	csv_set_double(row, "base_median", c->base_median);
	csv_set_double(row, "cand_median", c->cand_median);
	csv_set_double(row, "ratio", c->ratio);
	csv_set_double(row, "ci_lo", c->ci_lo);
	csv_set_double(row, "ci_hi", c->ci_hi);
	csv_set_double(row, "p_value", c->p_value);
	csv_set_double(row, "p_adj", c->p_adj);
	csv_set_double(row, "noise_floor", c->why ? NAN : c->noise_floor);
	csv_set_string(row, "verdict", compare_verdict_name(c->verdict));
	csv_set_double(row, "confidence", c->confidence);
	csv_set_u64(row, "gated", c->gated);
	csv_set_u64(row, "not_ok_base", c->not_ok_base);
	csv_set_u64(row, "not_ok_cand", c->not_ok_cand);
	compare_why(c, why, sizeof(why));
	csv_set_string(row, "why", why);
	compare_machine_text(&c->machine, machine, sizeof(machine));
	csv_set_string(row, "machine_differs", machine);
	if (c->why)
		return;
	csv_set_string(row, "test", c->test == COMPARE_TEST_PAIRED ? "paired" : "unpaired");
	csv_set_string(row, "test_why", c->test_why);
	csv_set_u64(row, "pairs", c->pairs);
	csv_set_double(row, "margin", c->margin);
	csv_set_string(row, "p_method", compare_p_method(c));
	if (c->more)
		csv_set_u64(row, "more", c->more);
}

static int write_one(struct csv_writer *writer, struct csv_row *row, const struct comparison *c)
{
	csv_row_clear(row);
	csv_set_string(row, "metric", c->figure->name);
	csv_set_string(row, "unit", c->figure->unit);
	csv_set_string(row, "better", figure_better_name(c->figure->better));
	csv_set_string(row, "baseline", c->baseline);
	csv_set_string(row, "candidate", c->candidate);
	for (unsigned k = 0; k < RUN_KEY_COUNT; k++)
		set_key(row, (enum run_key)k, c->key[k]);
	set_result(row, c);
	return csv_write_row(writer, row);
}

int compare_write_csv(const struct compare_result *result, FILE *out)
{
	struct csv_writer writer;
	struct csv_row row;
	int fd = dup(fileno(out));
	int error = fd < 0 ? -errno : csv_open_fd(&writer, fd, &schema_compare);
	int close_error;

	if (error)
		return error;
	error = csv_row_init(&row, &schema_compare);
	for (size_t i = 0; i < result->all->count && !error; i++)
		error = write_one(&writer, &row, &result->all->comparison[result->order[i]]);
	if (row.cells)
		csv_row_fini(&row);
	close_error = csv_close(&writer);
	return error ? error : close_error;
}
