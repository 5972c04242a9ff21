/* SPDX-License-Identifier: MIT */
/* Storing; see store.h. */
#include "bench/run/store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/run/elapsed.h"
#include "bench/run/run_environment.h"

/* A summary's own view of the invocation, for the table and for whoever counts intervals. */
static json_t *part_of(const struct attempt *attempt, const struct run_row *row)
{
	json_t *rows = json_object();
	int err = rows_add_all(rows, &attempt->identity, row);

	if (err) {
		json_decref(rows);
		return NULL;
	}
	return json_pack("{s:s, s:I, s:s, s:s, s:O*, s:o, s:O*}", "cell", row->cell->id, "block", (json_int_t)row->invocation, "status",
			 row->status, "reason", row->reason ? row->reason : "", "summary", json_object_get(row->result, "summary"), "rows",
			 rows, "benchmark", json_object_get(row->result, "benchmark"));
}

int store_invocation(struct attempt *attempt, const struct run_row *row, uint64_t wall_ns, uint64_t window_ns)
{
	json_t *part = part_of(attempt, row);
	char name[RUN_DIR_PART_BYTES];
	json_t *event;
	int err;

	if (!part)
		return -ENOMEM;
	run_dir_part_name(row->order_index, name);
	err = run_dir_store_part(&attempt->destination.dir, name, part);
	json_decref(part);
	if (err)
		return err;
	event = json_pack("{s:s, s:I, s:I, s:s, s:s, s:I, s:I}", "event", "invocation", "order", (json_int_t)row->order_index, "block",
			  (json_int_t)row->invocation, "cell", row->cell->id, "status", row->status, "wall_ns", (json_int_t)wall_ns,
			  "window_ns", (json_int_t)window_ns);
	if (event && row->reason && row->reason[0])
		json_object_set_new(event, "reason", json_string(row->reason));
	return event ? run_dir_log(&attempt->destination.dir, event) : -ENOMEM;
}

int store_skipped(struct attempt *attempt)
{
	json_t *rows = json_object();
	json_t *part;
	int err = 0;

	for (size_t c = 0; c < attempt->matrix.cells && !err; c++) {
		const struct matrix_cell *cell = &attempt->matrix.cell[c];
		const struct run_row row = { .cell = cell, .status = "skipped", .reason = cell->refusal };

		if (cell->refusal)
			err = rows_add(rows, &schema_summary, &attempt->identity, &row);
	}
	part = json_pack("{s:o}", "rows", rows);
	if (!err)
		err = part ? run_dir_store_part(&attempt->destination.dir, "skipped", part) : -ENOMEM;
	json_decref(part);
	return err;
}

/* The environment as it is now, as a part: what a machine does to figures is part of them. */
int store_environment(struct attempt *attempt, const char *phase)
{
	char name[RUN_DIR_PART_BYTES];
	json_t *rows = json_object();
	json_t *part;
	int err = run_environment_add(rows, &attempt->matrix, &attempt->identity, phase);

	/* Each process that works on the run has its own: it may be days later. */
	snprintf(name, sizeof(name), "env-%06zu-%s", attempt->destination.journal.count + 1, strcmp(phase, "before") ? "2-after" : "1-before");
	part = json_pack("{s:o}", "rows", rows);
	if (!err)
		err = part ? run_dir_store_part(&attempt->destination.dir, name, part) : -ENOMEM;
	json_decref(part);
	return err;
}

int store_start(struct attempt *attempt)
{
	char now[32];

	format_utc(now, sizeof(now), "%Y-%m-%dT%H:%M:%SZ");
	return run_dir_log(&attempt->destination.dir, json_pack("{s:s, s:s, s:i}", "event", "start", "started_utc", now, "pid", (int)getpid()));
}

int store_complete(struct attempt *attempt)
{
	return run_dir_log(&attempt->destination.dir,
			   json_pack("{s:s, s:I}", "event", "complete", "took_ns", (json_int_t)(elapsed_ns() - attempt->begin_ns)));
}

void store_failed(struct attempt *attempt, int err)
{
	if (attempt->stop >= STOP_ERROR)
		return;
	progress_end(&attempt->progress);
	fprintf(stderr, "storsync run: writing to %s: %s; what is done is safe: make room, and the same command%s goes on\n",
		attempt->destination.path, strerror(-err), attempt_without_fresh(attempt));
	attempt->stop = STOP_ERROR;
}
