/* SPDX-License-Identifier: MIT */
/* The sides of an explanation; see side.h. */
#include "bench/explain/side.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/stats/hodges_lehmann.h"

static void add_gate(struct explain_side *side, const char *code, size_t length)
{
	size_t i = 0;

	if (!length || length >= sizeof(side->gate[0].code))
		return;
	while (i < side->gates && (strncmp(side->gate[i].code, code, length) || side->gate[i].code[length]))
		i++;
	if (i == EXPLAIN_GATES)
		return;
	if (i == side->gates) {
		memcpy(side->gate[i].code, code, length);
		side->gate[i].code[length] = '\0';
		side->gates++;
	}
	side->gate[i].rows++;
}

void explain_side_add_gates(struct explain_side *side, const char *codes)
{
	side->warned += *codes != '\0';
	while (*codes) {
		size_t length = strcspn(codes, " ");

		add_gate(side, codes, length);
		codes += length + (codes[length] == ' ');
	}
}

/* The column is empty where nothing of the kind was asked for. */
static void set_unasked(struct explain_side *side, enum explain_measure measure, enum run_key asked)
{
	for (size_t i = 0; i < side->taken && !(strtod(side->key[asked], NULL) > 0); i++) {
		if (isnan(side->value[measure][i]))
			side->value[measure][i] = 0;
	}
}

void explain_side_compute(struct explain_side *side)
{
	double cpus = strtod(side->key[RUN_KEY_CPUS], NULL);

	set_unasked(side, EXPLAIN_PREEMPTED, RUN_KEY_PREEMPT_RATE_HZ);
	set_unasked(side, EXPLAIN_SECTION, RUN_KEY_SECTION_NS);
	for (size_t i = 0; i < side->taken; i++) {
		double iops = side->value[EXPLAIN_IOPS][i];
		double call = side->value[EXPLAIN_WAIT][i] + side->value[EXPLAIN_HOLD][i] + side->value[EXPLAIN_RELEASE][i];

		side->value[EXPLAIN_CALL][i] = call;
		side->value[EXPLAIN_IO][i] = 1e9 * cpus / iops;
		side->value[EXPLAIN_IO_CALLS][i] = side->value[EXPLAIN_SYNC_PER_S][i] / iops * call;
		side->value[EXPLAIN_CORE][i] = fmax(side->value[EXPLAIN_CORE_BEFORE][i], side->value[EXPLAIN_CORE_AFTER][i]);
		side->value[EXPLAIN_BEHIND][i] = 1 - iops / side->value[EXPLAIN_OFFERED][i];
	}
}

void explain_side_read(struct explain_side *side, const struct run_data *data, size_t cell)
{
	size_t first;
	size_t end = run_data_rows_of(data, cell, &first);

	*side = (struct explain_side){ .cell_id = data->cell[cell].cell_id, .reason = "" };
	memcpy(side->key, data->cell[cell].key, sizeof(side->key));
	for (size_t row = first; row < end; row++) {
		if (strcmp(data->row[row].status, "ok") != 0) {
			if (!side->not_ok++)
				side->reason = *data->row[row].reason ? data->row[row].reason : data->row[row].status;
			continue;
		}
		side->ok++;
		explain_side_add_gates(side, data->row[row].gate_codes);
		if (side->taken == RANK_SAMPLES_MAX)
			continue;
		for (unsigned m = 0; m < EXPLAIN_READ; m++)
			side->value[m][side->taken] = run_data_value(data, row, m);
		side->taken++;
	}
	explain_side_compute(side);
}

/* Those that there are, in `kept`. */
static size_t finite_values(const struct explain_side *side, enum explain_measure measure, double kept[RANK_SAMPLES_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < side->taken; i++) {
		if (isfinite(side->value[measure][i]))
			kept[n++] = side->value[measure][i];
	}
	return n;
}

static struct explain_spread spread_of(const double *value, size_t n)
{
	struct explain_spread spread = { .n = n, .median = NAN, .least = NAN, .most = NAN };
	struct rank_spread ranks;

	if (rank_spread(value, n, &ranks))
		return spread;
	spread.median = ranks.median;
	spread.least = ranks.min;
	spread.most = ranks.max;
	return spread;
}

void explain_compare(struct explain_difference *difference, const struct explain_side *cell, const struct explain_side *base,
		     enum explain_measure measure)
{
	double a[RANK_SAMPLES_MAX], b[RANK_SAMPLES_MAX];
	size_t n = finite_values(base, measure, a);
	size_t m = finite_values(cell, measure, b);
	struct shift_estimate estimate;

	*difference = (struct explain_difference){ .measure = measure };
	difference->base = spread_of(a, n);
	difference->cell = spread_of(b, m);
	difference->by = difference->cell.median - difference->base.median;
	difference->p = rank_mann_whitney(a, n, b, m);
	if (n && m && !hodges_lehmann(a, n, b, m, 1 - EXPLAIN_ALPHA, &estimate))
		difference->direction = (estimate.shift > 0) - (estimate.shift < 0);
}

void explain_adjust(struct explain_difference *differences, size_t count)
{
	double p[EXPLAIN_MEASURE_COUNT];

	for (size_t i = 0; i < count; i++)
		p[i] = differences[i].p;
	rank_holm(p, count);
	for (size_t i = 0; i < count; i++)
		differences[i].p = p[i];
}

bool explain_is_shown(const struct explain_difference *difference)
{
	if (difference->cell.n < EXPLAIN_LEAST_INVOCATIONS || difference->base.n < EXPLAIN_LEAST_INVOCATIONS)
		return false;
	return difference->p < EXPLAIN_ALPHA && difference->direction * difference->by > 0;
}
