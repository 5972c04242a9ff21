/* SPDX-License-Identifier: MIT */
/* Running blocks; see blocks.h. */
#include "bench/run/blocks.h"

#include <stdlib.h>
#include <string.h>

#include "bench/run/elapsed.h"
#include "bench/run/invoke.h"
#include "bench/run/state_gate.h"
#include "bench/run/store.h"

static bool in_shard(const struct attempt *attempt, uint64_t block)
{
	return (block - 1) % attempt->options.shards == attempt->options.shard - 1;
}

static int compare_orders(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = ((const struct run_journal_entry *)b)->order;

	return (x > y) - (x < y);
}

/* By an earlier attempt. */
static bool is_done(const struct attempt *attempt, uint64_t order)
{
	const struct run_journal *journal = &attempt->destination.journal;

	return journal->count && bsearch(&order, journal->entry, journal->count, sizeof(*journal->entry), compare_orders);
}

static void count(struct attempt *attempt, size_t cell, uint64_t block, const char *status, const json_t *summary)
{
	attempt->done++;
	attempt->not_ok += strcmp(status, "ok") != 0;
	until_ci_add(&attempt->until, cell, block, summary);
}

/* What came of an invocation that was begun at `begin_ns`. */
static void keep(struct attempt *attempt, const struct matrix_invocation *invocation, struct run_row *row,
		 const struct invocation_outcome *outcome, uint64_t begin_ns)
{
	json_t *summary = json_object_get(outcome->result, "summary");
	uint64_t window_ns = (uint64_t)(json_number_value(json_object_get(summary, "duration_s")) * 1e9);
	int err;

	state_gate(summary, destination_core_to_core_ns(&attempt->destination, row->cell->spec.cpus));
	row->status = outcome->status;
	row->reason = outcome->reason;
	row->result = outcome->result;
	err = store_invocation(attempt, row, elapsed_ns() - begin_ns, window_ns);
	if (err) {
		store_failed(attempt, err);
		return;
	}
	count(attempt, invocation->cell, invocation->block, outcome->status, summary);
	attempt->done_here++;
	attempt->wall_ns += elapsed_ns() - begin_ns;
	attempt->window_ns += window_ns;
}

static void note(struct attempt *attempt, const struct cell_spec *spec, const struct invocation_outcome *outcome)
{
	const char *verifier = json_string_value(json_object_get(outcome->result, "verifier_text"));
	const char *truncated = json_string_value(json_object_get(outcome->result, "truncated"));

	if (strcmp(outcome->status, "ok"))
		progress_note(&attempt->progress, spec, outcome->status, outcome->reason, outcome->log);
	if (strcmp(outcome->status, "ok") && verifier)
		progress_words(&attempt->progress, verifier);
	if (truncated)
		progress_note(&attempt->progress, spec, "truncated", truncated, NULL);
}

static void run_one(struct attempt *attempt, const struct matrix_invocation *invocation)
{
	const struct matrix_cell *cell = &attempt->matrix.cell[invocation->cell];
	struct cell_spec spec = cell->spec;
	struct run_row row = { .cell = cell, .invocation = invocation->block, .seed = invocation->seed,
			       .order_index = invocation->order };
	struct invocation_outcome outcome;
	uint64_t begin_ns = elapsed_ns();

	spec.seed = invocation->seed;
	format_utc(row.started_utc, sizeof(row.started_utc), "%Y-%m-%dT%H:%M:%SZ");
	progress_show(&attempt->progress, attempt->done, &spec);
	invoke(&spec, &outcome);
	if (strcmp(outcome.status, "interrupted")) {
		keep(attempt, invocation, &row, &outcome, begin_ns);
		note(attempt, &spec, &outcome);
	}
	invocation_outcome_fini(&outcome);
}

/* Whether one more invocation would end after the budget; the first one is always begun. */
static bool is_over_budget(const struct attempt *attempt)
{
	uint64_t spent_ns = elapsed_ns() - attempt->begin_ns;

	return attempt->options.budget_ns && attempt->done_here &&
	       spent_ns + attempt->wall_ns / attempt->done_here > attempt->options.budget_ns;
}

/* What of a block is wanted and not done. */
static void run_block(struct attempt *attempt, uint64_t block, const bool *wanted)
{
	size_t n = matrix_block(&attempt->matrix, block, attempt->block);

	for (size_t i = 0; i < n && !attempt->stop; i++) {
		if ((wanted && !wanted[attempt->block[i].cell]) || is_done(attempt, attempt->block[i].order))
			continue;
		if (is_over_budget(attempt)) {
			attempt->stop = STOP_BUDGET;
			break;
		}
		run_one(attempt, &attempt->block[i]);
		if (invoke_interrupted)
			attempt->stop = STOP_SIGNAL;
	}
}

/* Of a block, what is wanted and no earlier attempt has done. */
static size_t count_left(struct attempt *attempt, uint64_t block)
{
	size_t n = matrix_block(&attempt->matrix, block, attempt->block);
	size_t left = 0;

	for (size_t i = 0; i < n; i++)
		left += attempt->wanted[attempt->block[i].cell] && !is_done(attempt, attempt->block[i].order);
	return left;
}

/* Blocks beyond the matrix's own, until every interval is as narrow as asked for; each shard sees its own only. */
static void run_until_narrow(struct attempt *attempt)
{
	for (uint64_t block = attempt->matrix.blocks + 1; !attempt->stop && block <= UNTIL_CI_BLOCKS_MAX; block++) {
		if (!in_shard(attempt, block))
			continue;
		if (!until_ci_wanted(&attempt->until, block, attempt->wanted))
			return;
		attempt->progress.total += count_left(attempt, block);
		run_block(attempt, block, attempt->wanted);
	}
}

void blocks_run(struct attempt *attempt)
{
	for (uint64_t block = 1; block <= attempt->matrix.blocks && !attempt->stop; block++) {
		if (in_shard(attempt, block))
			run_block(attempt, block, NULL);
	}
	if (attempt->options.until_ci > 0 && !attempt->stop) {
		attempt->narrowing = true;
		run_until_narrow(attempt);
	}
}

void blocks_count_earlier(struct attempt *attempt)
{
	const struct run_journal *journal = &attempt->destination.journal;

	for (size_t i = 0; i < journal->count; i++) {
		const struct run_journal_entry *entry = &journal->entry[i];
		size_t cell = matrix_find(&attempt->matrix, entry->cell);
		char name[RUN_DIR_PART_BYTES];
		json_t *part = NULL;

		run_dir_part_name(entry->order, name);
		if (attempt->options.until_ci > 0)
			part = run_dir_load_part(&attempt->destination.dir, name);
		if (cell < attempt->matrix.cells)
			count(attempt, cell, entry->block, entry->status, json_object_get(part, "summary"));
		json_decref(part);
	}
}
