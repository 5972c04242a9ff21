/* SPDX-License-Identifier: MIT */
/* `storsync plan`; see plan.h. */
#include "bench/run/plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cli/usage.h"
#include "bench/instruments/placement.h"
#include "bench/matrix/matrix.h"
#include "bench/matrix/refuse.h"
#include "bench/matrix/shipped.h"
#include "bench/run/estimate.h"
#include "bench/run/options.h"

/* What is longer is broken. */
#define LINE_BYTES 90

struct plan {
	struct run_options options;
	struct matrix matrix;
	struct estimate_trace trace;
	bool varies[DIMENSIONS];
	int width[DIMENSIONS];
};

static int print_shipped(const struct run_options *options)
{
	const struct shipped_matrix *shipped = shipped_matrix_find(options->matrix ? options->matrix : "default");
	char names[512];

	shipped_matrix_names(names, sizeof(names));
	if (!shipped)
		usage_error("--print: '%.60s' is no shipped matrix; use %s", options->matrix, names);
	fputs(shipped->text, stdout);
	return EXIT_SUCCESS;
}

static void look_at_trace(struct plan *plan)
{
	const struct matrix_settings *settings = &plan->options.design.settings;
	char error[512];

	if (settings->trace[0] && estimate_look_at_trace(settings->trace, &plan->trace, error, sizeof(error)))
		usage_error("%s: %s", plan->options.design.place[SETTING_TRACE], error);
}

/* "2 h 5 min", "3 min 20 s", "12 s". */
static const char *duration(uint64_t ns, char text[32])
{
	uint64_t s = (ns + 500000000) / 1000000000;

	if (ns < 10000000000)
		snprintf(text, 32, "%.1f s", (double)ns / 1e9);
	else if (s < 60)
		snprintf(text, 32, "%" PRIu64 " s", s);
	else if (s < 3600)
		snprintf(text, 32, "%" PRIu64 " min %" PRIu64 " s", s / 60, s % 60);
	else
		snprintf(text, 32, "%" PRIu64 " h %" PRIu64 " min", s / 3600, s % 3600 / 60);
	return text;
}

static void find_varying(struct plan *plan)
{
	char first[DIMENSION_TEXT_BYTES], text[DIMENSION_TEXT_BYTES];

	for (size_t d = 0; d < DIMENSIONS; d++) {
		dimensions[d].format(&plan->matrix.cell[0].spec, first);
		plan->width[d] = (int)strlen(dimensions[d].name);
		for (size_t c = 0; c < plan->matrix.cells; c++) {
			dimensions[d].format(&plan->matrix.cell[c].spec, text);
			plan->varies[d] |= strcmp(text, first) != 0;
			if ((int)strlen(text) > plan->width[d])
				plan->width[d] = (int)strlen(text);
		}
	}
}

/* Over several lines: there are more dimensions than fit one. */
static void print_constant(const struct plan *plan)
{
	char text[DIMENSION_TEXT_BYTES];
	int column = printf("the same in all:");
	bool first = true;

	for (size_t d = 0; d < DIMENSIONS; d++) {
		if (plan->varies[d])
			continue;
		dimensions[d].format(&plan->matrix.cell[0].spec, text);
		if (column > LINE_BYTES) {
			printf("%s\n ", first ? "" : ",");
			column = 1;
			first = true;
		}
		column += printf("%s %s %s", first ? "" : ",", dimensions[d].name, text);
		first = false;
	}
	putchar('\n');
}

static void print_head(const struct plan *plan)
{
	const struct matrix_design *design = &plan->options.design;

	printf("matrix %s%s%s\n", design->name, design->description ? ": " : "", design->description ? design->description : "");
	printf("cells: %zu, of which %zu can run here; %zu group%s that differ in the back end alone\n", plan->matrix.cells,
	       plan->matrix.runnable, plan->matrix.groups, plan->matrix.groups == 1 ? "" : "s");
	print_constant(plan);
}

static void print_cells(const struct plan *plan, uint64_t blocks)
{
	char text[DIMENSION_TEXT_BYTES];

	printf("\n%-16s", "cell");
	for (size_t d = 0; d < DIMENSIONS; d++) {
		if (plan->varies[d])
			printf("  %-*s", plan->width[d], dimensions[d].name);
	}
	printf("  invocations\n");
	for (size_t c = 0; c < plan->matrix.cells; c++) {
		const struct matrix_cell *cell = &plan->matrix.cell[c];

		if (cell->refusal)
			continue;
		printf("%s", cell->id);
		for (size_t d = 0; d < DIMENSIONS; d++) {
			dimensions[d].format(&cell->spec, text);
			if (plan->varies[d])
				printf("  %-*s", plan->width[d], text);
		}
		printf("  %11" PRIu64 "\n", blocks);
	}
}

static bool is_refused_for(const struct matrix_cell *cell, const char *reason)
{
	return cell->refusal && strcmp(cell->refusal, reason) == 0;
}

/* The back ends that have cells refused for the reason: up to four of them. */
static void print_refused_backends(const struct matrix *matrix, const char *reason)
{
	unsigned named = 0;

	for (size_t c = 0; c < matrix->cells && named <= 4; c++) {
		const char *name = matrix->cell[c].spec.backend;
		bool seen = !is_refused_for(&matrix->cell[c], reason);

		for (size_t o = 0; o < c && !seen; o++)
			seen = is_refused_for(&matrix->cell[o], reason) && strcmp(matrix->cell[o].spec.backend, name) == 0;
		if (seen)
			continue;
		printf("%s%s", named ? ", " : " (", named == 4 ? "and others" : name);
		named++;
	}
	putchar(')');
}

static void print_refused(const struct plan *plan)
{
	const struct matrix *matrix = &plan->matrix;

	if (matrix->runnable == matrix->cells)
		return;
	printf("\nskipped:\n");
	for (size_t c = 0; c < matrix->cells; c++) {
		size_t count = 0;
		bool seen = false;

		if (!matrix->cell[c].refusal)
			continue;
		for (size_t o = 0; o < matrix->cells; o++) {
			bool same = is_refused_for(&matrix->cell[o], matrix->cell[c].refusal);

			seen |= same && o < c;
			count += same;
		}
		if (seen)
			continue;
		printf("%6zu  %s", count, matrix->cell[c].refusal);
		print_refused_backends(matrix, matrix->cell[c].refusal);
		putchar('\n');
	}
}

static void print_blocks(const struct plan *plan, uint64_t blocks)
{
	const struct run_options *options = &plan->options;

	printf("\nblocks: %" PRIu64 ", each of %zu invocation%s, one a cell, in random order; ", plan->matrix.blocks,
	       plan->matrix.runnable, plan->matrix.runnable == 1 ? "" : "s");
	if (options->seed_given)
		printf("seed %" PRIu64 "\n", options->seed);
	else
		printf("a random seed\n");
	if (options->shards == 1)
		return;
	printf("shard %u of %u: %" PRIu64 " of the blocks", options->shard, options->shards, blocks);
	for (uint64_t b = options->shard; b <= plan->matrix.blocks; b += options->shards)
		printf("%s %" PRIu64, b == options->shard ? ":" : ",", b);
	putchar('\n');
}

static void print_times(const struct plan *plan, uint64_t blocks)
{
	struct estimate block = estimate_block(&plan->matrix, &plan->trace);
	const struct run_options *options = &plan->options;
	char least[32], most[32];
	uint64_t fit;

	printf("estimate: %s a block, %s in all", duration(block.least_ns, least), duration(block.least_ns * blocks, most));
	if (block.most_ns != block.least_ns)
		printf("; at most %s if nothing gets steady before its warm-up's limit", duration(block.most_ns * blocks, most));
	printf("\n");
	if (options->until_ci > 0)
		printf("until-ci: more blocks may follow, until the median of %s is known to %g%%\n", options->until_ci_metric, 100 * options->until_ci);
	if (!options->budget_ns)
		return;
	fit = block.most_ns ? options->budget_ns / block.most_ns : blocks;
	fit = fit < blocks ? fit : blocks;
	printf("budget: %s is enough for %" PRIu64 " of %" PRIu64 " complete blocks%s\n", duration(options->budget_ns, most), fit, blocks,
	       fit < blocks ? "; the others would not be run" : "");
}

int plan_main(int argc, char **argv)
{
	static struct plan plan;
	char error[MATRIX_ERROR_BYTES];
	uint64_t blocks;

	run_options_parse(&plan.options, "plan", argc, argv);
	if (plan.options.print)
		return print_shipped(&plan.options);
	look_at_trace(&plan);
	if (matrix_init(&plan.matrix, &plan.options.design, placement_usable_cores(), error, sizeof(error)))
		usage_error("%s", error);
	blocks = run_options_blocks(&plan.options);
	find_varying(&plan);
	print_head(&plan);
	if (plan.matrix.runnable)
		print_cells(&plan, blocks);
	print_refused(&plan);
	print_blocks(&plan, blocks);
	print_times(&plan, blocks);
	matrix_fini(&plan.matrix);
	run_options_fini(&plan.options);
	return EXIT_SUCCESS;
}
