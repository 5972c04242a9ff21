/* SPDX-License-Identifier: MIT */
/*
 * A back end that is broken on purpose is caught, and a sound one is not: by what a cell checks while it measures, and by torture.
 *
 * `none` excludes nobody, which a cell of any size finds.  `broken-skip` leaves out one acquire in 65,536, on two CPUs: that takes torture.
 */
#include <math.h>
#include <string.h>

#include "bench/selftest/trial.h"
#include "bench/torture/random.h"
#include "impls/backends.h"

#define WINDOW_NS UINT64_C(200000000)
/* Windows in which a defect has to show. */
#define WINDOWS 3
/* A check of a broken back end ends when it is caught. */
#define BROKEN_LIMIT_NS UINT64_C(20000000000)

enum torture_verdict selftest_check(const struct selftest *selftest, const char *property, const char *backend, unsigned cpus,
				    char *text, size_t text_bytes)
{
	const struct torture_check check = {
		.backend = sync_backend_find(backend),
		.property = torture_property_find(property),
		.cpus = cpus,
		.delivery = SYNC_POLL,
	};
	const struct torture_options options = {
		.duration_ns = strcmp(backend, "spinlock") ? BROKEN_LIMIT_NS : TORTURE_DURATION_NS,
		.watchdog_ns = TORTURE_WATCHDOG_NS,
		.seed = selftest->rng,
		.oversubscribe = cpus > selftest->host.usable_cores,
	};
	FILE *line = fmemopen(text, text_bytes, "w");
	enum torture_verdict verdict;

	if (!line)
		return TORTURE_ERROR;
	verdict = torture_run_one(&selftest->host, &check, &options, line, NULL);
	fclose(line);
	text[strcspn(text, "\n")] = '\0';
	return verdict;
}

/* Violations that up to WINDOWS invocations of a cell found; it ends with the first that has some. */
static void try_cell(struct trials *trials, const char *backend, bool sound)
{
	struct protocol *protocol = &trials->selftest->protocol;
	struct cell_spec spec = trial_spec(trials->selftest, WINDOW_NS);
	const char *strange = NULL;
	double violations = 0;
	unsigned windows = 0;
	char figure[64], status[16] = "ok";

	snprintf(spec.backend, sizeof(spec.backend), "%s", backend);
	while (windows < WINDOWS && violations == 0 && !strange && !invoke_interrupted) {
		struct invocation_outcome outcome;

		spec.seed = random_next(&trials->selftest->rng);
		trial_run(trials, &spec, &outcome);
		windows++;
		violations += fmax(0, trial_figure(&outcome, "violations")); /* 0 where there is no result */
		snprintf(status, sizeof(status), "%s", outcome.status);
		if (strcmp(status, "ok") && strcmp(status, "violated"))
			strange = "it could not be measured";
		else if ((violations > 0) != (strcmp(status, "violated") == 0))
			strange = "status and violations contradict each other";
		invocation_outcome_fini(&outcome);
	}
	if (invoke_interrupted)
		return;
	snprintf(figure, sizeof(figure), "a cell with %s", backend);
	protocol_judged(protocol, !strange && (sound ? violations == 0 : violations > 0), figure, sound ? "no violation" : "violations",
			"%.0f violations in %u window%s, %s", violations, windows, windows == 1 ? "" : "s", status);
	if (strange)
		protocol_note(protocol, "%s: %s; %s", backend, strange, trials->reason);
}

static void try_property(struct selftest *selftest, const char *backend, unsigned cpus, enum torture_verdict expected)
{
	enum torture_verdict verdict;
	char text[512] = "";
	char figure[64];

	if (invoke_interrupted)
		return;
	verdict = selftest->check(selftest, "exclusion", backend, cpus, text, sizeof(text));
	random_next(&selftest->rng);
	if (invoke_interrupted)
		return;
	snprintf(figure, sizeof(figure), "torture, exclusion, %s, %u CPU%s", backend, cpus, cpus == 1 ? "" : "s");
	protocol_judged(&selftest->protocol, verdict == expected, figure, expected == TORTURE_HOLDS ? "holds" : "violated",
			"%s", verdict == TORTURE_HOLDS ? "holds" : verdict == TORTURE_VIOLATED ? "violated" : "no verdict");
	if (verdict != expected)
		protocol_note(&selftest->protocol, "%s", text);
}

void selftest_broken(struct selftest *selftest)
{
	struct trials trials;

	trials_begin(&trials, selftest, 2 * WINDOWS);
	try_cell(&trials, "none", false);
	try_cell(&trials, "spinlock", true);
	trials_end(&trials);
	try_property(selftest, "none", 1, TORTURE_VIOLATED);
	try_property(selftest, "broken-skip", 2, TORTURE_VIOLATED);
	try_property(selftest, "spinlock", 1, TORTURE_HOLDS);
	try_property(selftest, "spinlock", 2, TORTURE_HOLDS);
}
