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
#include "bench/run/session.h"
#include "bench/run/store.h"

/* What an invocation leaves on the disk at most, its part and its rows; seen: 0.3 MB of each for the busiest cells. */
#define BYTES_AN_INVOCATION (1u << 20)

/* A disk that is too full now is no reason to begin. */
static void check_room(const struct session *session)
{
	uint64_t left = session->progress.total - session->done;
	uint64_t need = left * BYTES_AN_INVOCATION;
	struct statvfs disk;

	if (fstatvfs(session->destination.dir.fd, &disk))
		return;
	if ((uint64_t)disk.f_bavail * disk.f_frsize >= need)
		return;
	fprintf(stderr, "storsync run: %s: %" PRIu64 " MiB are free, and %" PRIu64 " invocations may take %" PRIu64
		" MiB; make room, or put the results elsewhere with -o\n", session->destination.path,
		(uint64_t)disk.f_bavail * disk.f_frsize >> 20, left, need >> 20);
	exit(EXIT_ENVIRONMENT);
}

static int open_destination(struct session *session, int argc, char **argv)
{
	struct run_manifest *manifest = &session->destination.manifest;
	json_t *core_to_core = run_environment_core_to_core(&session->matrix);

	destination_open(&session->destination, &session->options, &session->matrix, argc, argv, core_to_core);
	json_decref(core_to_core);
	snprintf(session->identity.run_id, sizeof(session->identity.run_id), "%s", manifest->run_id);
	snprintf(session->identity.host_id, sizeof(session->identity.host_id), "%s", manifest->host_id);
	if (session->destination.complete)
		return 0;
	progress_begin(&session->progress, run_options_blocks(&session->options) * session->matrix.runnable);
	blocks_count_earlier(session);
	session->progress.before = session->done;
	/* Blocks that --until-ci has added. */
	if (session->progress.total < session->done)
		session->progress.total = session->done;
	check_room(session);
	if (session->destination.resumed)
		fprintf(stderr, "storsync run: going on with %s: %zu of %zu invocations are done (--fresh starts a new run)\n",
			session->destination.path, session->done, session->progress.total);
	return store_skipped(session);
}

static int measure(struct session *session)
{
	int err = store_start(session);

	if (!err)
		err = store_environment(session, "before");
	if (err) {
		store_failed(session, err);
		return EXIT_PARTIAL;
	}
	invoke_keep_affinity();
	housekeeping_withdraw(matrix_cores(&session->matrix));
	blocks_run(session);
	/* The machine is examined where cells run. */
	housekeeping_return();
	return ending(session);
}

/* A trace that cannot be read is a mistake of the command line, and known before anything is written. */
static void look_at_trace(struct session *session)
{
	const struct matrix_design *design = &session->options.design;
	json_t *name = json_string(design->settings.trace);
	char error[512];

	json_decref(name);
	if (!design->settings.trace[0])
		return;
	/* It becomes part of JSON and of rows. */
	if (!name)
		usage_error("%s: the file's name is not UTF-8; give it another one", design->place[SETTING_TRACE]);
	if (estimate_look_at_trace(design->settings.trace, &session->trace, error, sizeof(error)))
		usage_error("%s: %s", design->place[SETTING_TRACE], error);
	fprintf(stderr, "trace: %s, %" PRIu64 " commands\n", session->trace.format, session->trace.count);
}

static int init(struct session *session, int argc, char **argv)
{
	char error[MATRIX_ERROR_BYTES];
	int err;

	run_options_parse(&session->options, "run", argc, argv);
	look_at_trace(session);
	if (matrix_init(&session->matrix, &session->options.design, placement_usable_cores(), error, sizeof(error)))
		usage_error("%s", error);
	err = until_ci_init(&session->until, &session->matrix, session->options.until_ci_metric, session->options.until_ci);
	session->block = calloc(session->matrix.cells + 1, sizeof(*session->block));
	session->wanted = calloc(session->matrix.cells + 1, sizeof(*session->wanted));
	return err ? err : !session->block || !session->wanted ? -ENOMEM : 0;
}

int run_main(int argc, char **argv)
{
	static struct session session;
	int status = EXIT_SUCCESS;
	int err = init(&session, argc, argv);

	session.begin_ns = elapsed_ns();
	if (!err && !session.matrix.runnable) {
		fprintf(stderr, "storsync run: nothing to measure: every cell is refused; %s\n", session.matrix.cell[0].refusal);
		return EXIT_NOTHING;
	}
	invoke_catch_signals();
	if (!err)
		err = open_destination(&session, argc, argv);
	if (err) {
		fprintf(stderr, "storsync run: %s\n", strerror(-err));
		return EXIT_PARTIAL;
	}
	if (session.destination.complete)
		printf("%s is complete: %zu invocations; --fresh starts over\n", session.destination.path, session.destination.journal.count);
	else
		status = measure(&session);
	destination_close(&session.destination);
	until_ci_fini(&session.until);
	matrix_fini(&session.matrix);
	run_options_fini(&session.options);
	free(session.block);
	free(session.wanted);
	return status;
}
