/* SPDX-License-Identifier: MIT */
/* The verb `storsync selftest`: the parts in turn, and what they add up to. */
#define _GNU_SOURCE
#include <argp.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "bench/cli/quantity.h"
#include "bench/cli/usage.h"
#include "bench/cli/version.h"
#include "bench/selftest/selftest.h"
#include "bench/selftest/trial.h"

#define COMPARISONS 200
#define COMPARISONS_QUICK 40
#define COMPARISONS_MAX 10000

enum { EXIT_PART_FAILED = 1, EXIT_ENVIRONMENT = 4, EXIT_INTERRUPTED = 5 };

static const struct part {
	const char *name;
	void (*run)(struct selftest *selftest);
	bool needs_machine; /* cells, or a calibrated clock */
} parts[] = {
	{ "histogram", selftest_histogram, false },
	{ "recorder", selftest_recorder, true },
	{ "broken", selftest_broken, true },
	{ "delay", selftest_delay, true },
	{ "arrivals", selftest_arrivals, true },
	{ "aa", selftest_aa, true },
};

#define PARTS (sizeof(parts) / sizeof(parts[0]))

struct options {
	bool quick;
	uint64_t comparisons; /* 0: not given */
	uint64_t seed;
	uint64_t cpus;
	bool chosen[PARTS];
};

enum option_key { OPTION_QUICK = 'q', OPTION_COMPARISONS = 'n', OPTION_CPUS = 'c', OPTION_ONLY = 'p', OPTION_SEED = 256 };

static const struct argp_option argp_options[] = {
	{ "quick", OPTION_QUICK, NULL, 0, "40 comparisons of A against A instead of 200, which proves less", 0 },
	{ "comparisons", OPTION_COMPARISONS, "N", 0, "of A against A, twelve invocations each (default: 200)", 0 },
	{ "cpus", OPTION_CPUS, "N", 0, "simulated CPUs of the cells (default: 1)", 0 },
	{ "only", OPTION_ONLY, "LIST", 0, "these parts: histogram, recorder, broken, delay, arrivals, aa (default: all)", 0 },
	{ "seed", OPTION_SEED, "N", 0, "of every random choice (default: random, and printed)", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static const char doc[] =
	"Prove the instrument on this machine, and print the figures.\v"
	"Parts, in their order:\n"
	"  histogram  percentiles against an exact sort of a million samples\n"
	"  recorder   what recording one sample costs; it fails nothing\n"
	"  broken     what is broken on purpose is caught, what is sound is not\n"
	"  delay      a known delay in every synchronized routine is recovered\n"
	"  arrivals   the open loop keeps its schedule when it is overloaded\n"
	"  aa         A against A: a cell does not differ from itself\n"
	"\nExit status: 0 every part passes, 1 one does not, 2 usage, 4 the machine does not allow it, 5 interrupted.";

static uint64_t parse_count(const char *option, const char *text, uint64_t least, uint64_t most)
{
	char error[256];
	uint64_t count;

	if (quantity_count(text, &count, error, sizeof(error)))
		usage_error("--%s: %s", option, error);
	if (count < least || count > most)
		usage_error("--%s: %s is out of range; use %" PRIu64 " to %" PRIu64, option, text, least, most);
	return count;
}

static size_t part_index(const char *name)
{
	for (size_t i = 0; i < PARTS; i++) {
		if (strcmp(parts[i].name, name) == 0)
			return i;
	}
	usage_error("--only: there is no part '%s'; use histogram, recorder, broken, delay, arrivals or aa", name);
}

static void choose_parts(struct options *options, const char *text)
{
	struct quantity_list list;
	char error[256];

	if (quantity_list(text, &list, error, sizeof(error)))
		usage_error("--only: %s", error);
	memset(options->chosen, 0, sizeof(options->chosen));
	for (size_t i = 0; i < list.count; i++)
		options->chosen[part_index(list.items[i])] = true;
	quantity_list_fini(&list);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;
	char error[256];

	switch (key) {
	case OPTION_QUICK:
		options->quick = true;
		return 0;
	case OPTION_COMPARISONS:
		options->comparisons = parse_count("comparisons", argument, 1, COMPARISONS_MAX);
		return 0;
	case OPTION_CPUS:
		options->cpus = parse_count("cpus", argument, 1, CELL_CPUS_MAX);
		return 0;
	case OPTION_ONLY:
		choose_parts(options, argument);
		return 0;
	case OPTION_SEED:
		if (quantity_count(argument, &options->seed, error, sizeof(error)))
			usage_error("--seed: %s", error);
		return 0;
	case ARGP_KEY_ARG:
		usage_error("'%s' is no option; `storsync selftest --help` lists them", argument);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void parse_options(struct options *options, int argc, char **argv)
{
	static const struct argp argp = { .options = argp_options, .parser = parse, .doc = doc };
	uint32_t seed = 1;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		seed = (uint32_t)getpid();
	*options = (struct options){ .seed = seed, .cpus = 1 };
	for (size_t i = 0; i < PARTS; i++)
		options->chosen[i] = true;
	usage_parse(&argp, "selftest", argc, argv, options);
	if (!options->comparisons)
		options->comparisons = options->quick ? COMPARISONS_QUICK : COMPARISONS;
}

/* Before anything is measured: 0, or an exit status after one line on stderr. */
static int look_at_machine(struct selftest *selftest)
{
	struct cell_spec spec = trial_spec(selftest, 0);
	const char *refusal;
	char error[256];

	/* Two CPUs where there are two: torture's share of `broken`. */
	if (torture_host_init(&selftest->host, selftest->cpus > 2 ? (unsigned)selftest->cpus : 2, error, sizeof(error))) {
		fprintf(stderr, "storsync selftest: %s\n", error);
		return EXIT_ENVIRONMENT;
	}
	refusal = cell_refusal(&spec, selftest->host.usable_cores);
	if (!refusal)
		return 0;
	fprintf(stderr, "storsync selftest: --cpus %" PRIu64 ": there are %u usable cores; use 1 to %u\n", selftest->cpus,
		selftest->host.usable_cores, selftest->host.usable_cores);
	torture_host_fini(&selftest->host);
	return EXIT_ENVIRONMENT;
}

/* How many parts fail. */
static unsigned run_parts(struct selftest *selftest, const struct options *options, unsigned *run)
{
	unsigned failed = 0;

	protocol_begin(&selftest->protocol, stdout);
	for (size_t i = 0; i < PARTS && !invoke_interrupted; i++) {
		unsigned before = selftest->protocol.failed;

		if (!options->chosen[i])
			continue;
		protocol_part(&selftest->protocol, parts[i].name);
		parts[i].run(selftest);
		failed += selftest->protocol.failed != before;
		(*run)++;
	}
	return failed;
}

static int conclude(unsigned failed, unsigned run)
{
	if (invoke_interrupted) {
		fprintf(stderr, "storsync selftest: interrupted; what is printed stands, the rest is not known\n");
		return EXIT_INTERRUPTED;
	}
	if (failed)
		printf("\n%u of %u part%s failed: do not believe this instrument on this machine.\n", failed, run, run == 1 ? "" : "s");
	else
		printf("\n%s.\n", run == 1 ? "The part passes" : "All parts pass");
	return failed ? EXIT_PART_FAILED : EXIT_SUCCESS;
}

int selftest_main(int argc, char **argv)
{
	struct selftest selftest = { .invoke = invoke, .check = selftest_check };
	struct options options;
	bool needs_machine = false;
	unsigned failed, run = 0;
	int status;

	parse_options(&options, argc, argv);
	selftest.comparisons = options.comparisons;
	selftest.cpus = options.cpus;
	selftest.rng = options.seed;
	for (size_t i = 0; i < PARTS; i++)
		needs_machine |= options.chosen[i] && parts[i].needs_machine;
	status = needs_machine ? look_at_machine(&selftest) : 0;
	if (status)
		return status;
	invoke_catch_signals();
	printf("storsync %s selftest, seed %" PRIu64 ", cells on %" PRIu64 " CPU%s\n\n", storsync_version, options.seed, options.cpus,
	       options.cpus == 1 ? "" : "s");
	failed = run_parts(&selftest, &options, &run);
	if (needs_machine)
		torture_host_fini(&selftest.host);
	return conclude(failed, run);
}
