/* SPDX-License-Identifier: MIT */
/* Running blocks; see blocks.h. */
#include "bench/run/blocks.h"

#include <stdlib.h>
#include <string.h>

#include "bench/run/elapsed.h"
#include "bench/run/invoke.h"
#include "bench/run/state_gate.h"
#include "bench/run/store.h"

static bool in_shard(const struct session *session, uint64_t block)
{
	return (block - 1) % session->options.shards == session->options.shard - 1;
}

static int compare_orders(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = ((const struct run_journal_entry *)b)->order;

	return (x > y) - (x < y);
}

/* By an earlier session. */
static bool is_done(const struct session *session, uint64_t order)
{
	const struct run_journal *journal = &session->destination.journal;

	return journal->count && bsearch(&order, journal->entry, journal->count, sizeof(*journal->entry), compare_orders);
}

static void count(struct session *session, size_t cell, uint64_t block, const char *status, const json_t *summary)
{
	session->done++;
	session->not_ok += strcmp(status, "ok") != 0;
	until_ci_add(&session->until, cell, block, summary);
}

/* What came of an invocation that was begun at `begin_ns`. */
static void keep(struct session *session, const struct matrix_invocation *invocation, struct run_row *row,
		 const struct invocation_outcome *outcome, uint64_t begin_ns)
{
	json_t *summary = json_object_get(outcome->result, "summary");
	uint64_t window_ns = (uint64_t)(json_number_value(json_object_get(summary, "duration_s")) * 1e9);
	int err;

	state_gate(summary, destination_core_to_core_ns(&session->destination, row->cell->spec.cpus));
	row->status = outcome->status;
	row->reason = outcome->reason;
	row->result = outcome->result;
	err = store_invocation(session, row, elapsed_ns() - begin_ns, window_ns);
	if (err) {
		store_failed(session, err);
		return;
	}
	count(session, invocation->cell, invocation->block, outcome->status, summary);
	session->done_here++;
	session->wall_ns += elapsed_ns() - begin_ns;
	session->window_ns += window_ns;
}

static void note(struct session *session, const struct cell_spec *spec, const struct invocation_outcome *outcome)
{
	const char *truncated = json_string_value(json_object_get(outcome->result, "truncated"));

	if (strcmp(outcome->status, "ok"))
		progress_note(&session->progress, spec, outcome->status, outcome->reason, outcome->log);
	if (truncated)
		progress_note(&session->progress, spec, "truncated", truncated, NULL);
}

static void run_one(struct session *session, const struct matrix_invocation *invocation)
{
	const struct matrix_cell *cell = &session->matrix.cell[invocation->cell];
	struct cell_spec spec = cell->spec;
	struct run_row row = { .cell = cell, .invocation = invocation->block, .seed = invocation->seed,
			       .order_index = invocation->order };
	struct invocation_outcome outcome;
	uint64_t begin_ns = elapsed_ns();

	spec.seed = invocation->seed;
	format_utc(row.started_utc, sizeof(row.started_utc), "%Y-%m-%dT%H:%M:%SZ");
	progress_show(&session->progress, session->done, &spec);
	invoke(&spec, &outcome);
	if (strcmp(outcome.status, "interrupted")) {
		keep(session, invocation, &row, &outcome, begin_ns);
		note(session, &spec, &outcome);
	}
	invocation_outcome_fini(&outcome);
}

/* Whether one more invocation would end after the budget; the first one is always begun. */
static bool is_over_budget(const struct session *session)
{
	uint64_t spent_ns = elapsed_ns() - session->begin_ns;

	return session->options.budget_ns && session->done_here &&
	       spent_ns + session->wall_ns / session->done_here > session->options.budget_ns;
}

/* What of a block is wanted and not done. */
static void run_block(struct session *session, uint64_t block, const bool *wanted)
{
	size_t n = matrix_block(&session->matrix, block, session->block);

	for (size_t i = 0; i < n && !session->stop; i++) {
		if ((wanted && !wanted[session->block[i].cell]) || is_done(session, session->block[i].order))
			continue;
		if (is_over_budget(session)) {
			session->stop = STOP_BUDGET;
			break;
		}
		run_one(session, &session->block[i]);
		if (invoke_interrupted)
			session->stop = STOP_SIGNAL;
	}
}

/* Of a block, what is wanted and no earlier session has done. */
static size_t count_left(struct session *session, uint64_t block)
{
	size_t n = matrix_block(&session->matrix, block, session->block);
	size_t left = 0;

	for (size_t i = 0; i < n; i++)
		left += session->wanted[session->block[i].cell] && !is_done(session, session->block[i].order);
	return left;
}

/* Blocks beyond the matrix's own, until every interval is as narrow as asked for; each shard sees its own only. */
static void run_until_narrow(struct session *session)
{
	for (uint64_t block = session->matrix.blocks + 1; !session->stop && block <= UNTIL_CI_BLOCKS_MAX; block++) {
		if (!in_shard(session, block))
			continue;
		if (!until_ci_wanted(&session->until, block, session->wanted))
			return;
		session->progress.total += count_left(session, block);
		run_block(session, block, session->wanted);
	}
}

void blocks_run(struct session *session)
{
	for (uint64_t block = 1; block <= session->matrix.blocks && !session->stop; block++) {
		if (in_shard(session, block))
			run_block(session, block, NULL);
	}
	if (session->options.until_ci > 0 && !session->stop) {
		session->narrowing = true;
		run_until_narrow(session);
	}
}

void blocks_count_earlier(struct session *session)
{
	const struct run_journal *journal = &session->destination.journal;

	for (size_t i = 0; i < journal->count; i++) {
		const struct run_journal_entry *entry = &journal->entry[i];
		size_t cell = matrix_find(&session->matrix, entry->cell);
		char name[RUN_DIR_PART_BYTES];
		json_t *part = NULL;

		run_dir_part_name(entry->order, name);
		if (session->options.until_ci > 0)
			part = run_dir_load_part(&session->destination.dir, name);
		if (cell < session->matrix.cells)
			count(session, cell, entry->block, entry->status, json_object_get(part, "summary"));
		json_decref(part);
	}
}
