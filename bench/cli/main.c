/* SPDX-License-Identifier: MIT */
/* The storsync command: finds the verb and hands over. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cell/cell.h"
#include "bench/cli/list.h"
#include "bench/cli/usage.h"
#include "bench/cli/version.h"
#include "bench/micro/micro.h"
#include "bench/run/run.h"
#include "bench/torture/torture.h"

static const struct verb {
	const char *name;
	int (*main)(int argc, char **argv);
} verbs[] = {
	{ "list", list_main },
	{ "run", run_main },
	{ "micro", micro_main },
	{ "torture", torture_main },
	{ "cell", cell_main }, /* what `run` starts for each invocation; not for users */
};

static const char doc[] =
	"Benchmarks for the synchronization between a storage driver's submission path and its interrupt service routine.\v"
	"Verbs:\n"
	"  list      back ends with what they promise, deliveries, metrics\n"
	"  run       a matrix of cells on the simulated HBA: table and CSV files\n"
	"  micro     the cost of each back end's operations beside other projects' locks\n"
	"  torture   check that a back end keeps its promises\n"
	"\n`storsync VERB --help` tells each one's options.";

static error_t parse(int key, char *argument, struct argp_state *state)
{
	if (key != 'V')
		return ARGP_ERR_UNKNOWN;
	printf("storsync %s\n", storsync_version);
	exit(EXIT_SUCCESS);
}

int main(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "version", 'V', NULL, 0, "print the version", 0 },
		{ NULL, 0, NULL, 0, NULL, 0 },
	};
	static const struct argp argp = { .options = options, .parser = parse, .args_doc = "VERB [OPTION...]", .doc = doc };

	if (argc < 2)
		usage_error("a verb is missing: list, run, micro or torture; `storsync --help` tells what each does");
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(argv[1], verbs[i].name) == 0)
			return verbs[i].main(argc - 1, argv + 1);
	}
	if (argv[1][0] != '-')
		usage_error("there is no verb '%s'; use list, run, micro or torture", argv[1]);
	usage_parse(&argp, "", argc, argv, NULL);
	usage_error("a verb is missing: list, run, micro or torture; `storsync --help` tells what each does");
}
