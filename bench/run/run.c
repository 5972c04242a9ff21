/* SPDX-License-Identifier: MIT */
/*
 * `storsync run`; see run.h.
 *
 * Blocks come one after the other, each a process a cell; what a process has
 * said is stored and synced before the next one starts.  The CSV files are made
 * at the end, from what is stored, whether the run ends by itself or by a signal.
 */
#include "bench/run/run.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "bench/cli/usage.h"
#include "bench/instruments/placement.h"
#include "bench/matrix/refuse.h"
#include "bench/run/blocks.h"
#include "bench/run/elapsed.h"
#include "bench/run/ending.h"
#include "bench/run/housekeeping.h"
#include "bench/run/invoke.h"
#include "bench/run/run_environment.h"
#include "bench/run/attempt.h"
#include "bench/run/store.h"

/* What an invocation leaves on the disk at most, its part and its rows; seen: 0.3 MB of each for the busiest cells. */
#define BYTES_AN_INVOCATION (1u << 20)

/* A disk that is too full now is no reason to begin. */
static void check_room(const struct attempt *attempt)
{
	uint64_t left = attempt->progress.total - attempt->done;
	uint64_t need = left * BYTES_AN_INVOCATION;
	struct statvfs disk;

	if (fstatvfs(attempt->destination.dir.fd, &disk))
		return;
	if ((uint64_t)disk.f_bavail * disk.f_frsize >= need)
		return;
	fprintf(stderr, "storsync run: %s: %" PRIu64 " MiB are free, and %" PRIu64 " invocations may take %" PRIu64
		" MiB; make room, or put the results elsewhere with -o\n", attempt->destination.path,
		(uint64_t)disk.f_bavail * disk.f_frsize >> 20, left, need >> 20);
	exit(EXIT_ENVIRONMENT);
}

static int open_destination(struct attempt *attempt, int argc, char **argv)
{
	struct run_manifest *manifest = &attempt->destination.manifest;
	struct destination_state state = {
		.core_to_core = run_environment_core_to_core(&attempt->matrix),
		.machine = run_environment_machine(),
	};

	destination_open(&attempt->destination, &attempt->options, &attempt->matrix, argc, argv, &state);
	json_decref(state.core_to_core);
	json_decref(state.machine);
	snprintf(attempt->identity.run_id, sizeof(attempt->identity.run_id), "%s", manifest->run_id);
	snprintf(attempt->identity.host_id, sizeof(attempt->identity.host_id), "%s", manifest->host_id);
	if (attempt->destination.complete)
		return 0;
	progress_begin(&attempt->progress, run_options_blocks(&attempt->options) * attempt->matrix.runnable);
	blocks_count_earlier(attempt);
	attempt->progress.before = attempt->done;
	/* Blocks that --until-ci has added. */
	if (attempt->progress.total < attempt->done)
		attempt->progress.total = attempt->done;
	check_room(attempt);
	if (attempt->destination.resumed)
		fprintf(stderr, "storsync run: going on with %s: %zu of %zu invocations are done (--fresh starts a new run)\n",
			attempt->destination.path, attempt->done, attempt->progress.total);
	return store_skipped(attempt);
}

static int measure(struct attempt *attempt)
{
	int err = store_start(attempt);

	if (!err)
		err = store_environment(attempt, "before");
	if (err) {
		store_failed(attempt, err);
		return EXIT_PARTIAL;
	}
	invoke_keep_affinity();
	housekeeping_withdraw(matrix_cores(&attempt->matrix));
	blocks_run(attempt);
	/* The machine is examined where cells run. */
	housekeeping_return();
	return ending(attempt);
}

/* A trace that cannot be read is a mistake of the command line, and known before anything is written. */
static void look_at_trace(struct attempt *attempt)
{
	const struct matrix_design *design = &attempt->options.design;
	json_t *name = json_string(design->settings.trace);
	char error[512];

	json_decref(name);
	if (!design->settings.trace[0])
		return;
	/* It becomes part of JSON and of rows. */
	if (!name)
		usage_error("%s: the file's name is not UTF-8; give it another one", design->place[SETTING_TRACE]);
	if (estimate_look_at_trace(design->settings.trace, &attempt->trace, error, sizeof(error)))
		usage_error("%s: %s", design->place[SETTING_TRACE], error);
	fprintf(stderr, "trace: %s, %" PRIu64 " commands\n", attempt->trace.format, attempt->trace.count);
}

static int init(struct attempt *attempt, int argc, char **argv)
{
	char error[MATRIX_ERROR_BYTES];
	int err;

	run_options_parse(&attempt->options, "run", argc, argv);
	look_at_trace(attempt);
	if (matrix_init(&attempt->matrix, &attempt->options.design, placement_usable_cores(), error, sizeof(error)))
		usage_error("%s", error);
	err = until_ci_init(&attempt->until, &attempt->matrix, attempt->options.until_ci_metric, attempt->options.until_ci);
	attempt->block = calloc(attempt->matrix.cells + 1, sizeof(*attempt->block));
	attempt->wanted = calloc(attempt->matrix.cells + 1, sizeof(*attempt->wanted));
	return err ? err : !attempt->block || !attempt->wanted ? -ENOMEM : 0;
}

int run_main(int argc, char **argv)
{
	static struct attempt attempt;
	int status = EXIT_SUCCESS;
	int err = init(&attempt, argc, argv);

	attempt.begin_ns = elapsed_ns();
	if (!err && !attempt.matrix.runnable) {
		fprintf(stderr, "storsync run: nothing to measure: every cell is refused; %s\n", attempt.matrix.cell[0].refusal);
		return EXIT_NOTHING;
	}
	invoke_catch_signals();
	if (!err)
		err = open_destination(&attempt, argc, argv);
	if (err) {
		fprintf(stderr, "storsync run: %s\n", strerror(-err));
		return EXIT_PARTIAL;
	}
	if (attempt.destination.complete)
		printf("%s is complete: %zu invocations; --fresh starts over\n", attempt.destination.path, attempt.destination.journal.count);
	else
		status = measure(&attempt);
	destination_close(&attempt.destination);
	until_ci_fini(&attempt.until);
	matrix_fini(&attempt.matrix);
	run_options_fini(&attempt.options);
	free(attempt.block);
	free(attempt.wanted);
	return status;
}
