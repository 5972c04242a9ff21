/* SPDX-License-Identifier: MIT */
/* The storsync command: finds the verb and hands over. */
#include <argp.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/cell/cell.h"
#include "bench/cli/doctor.h"
#include "bench/cli/list.h"
#include "bench/cli/usage.h"
#include "bench/cli/verifier_rules.h"
#include "bench/cli/version.h"
#include "bench/export/export.h"
#include "bench/history/history.h"
#include "bench/explain/explain_main.h"
#include "bench/compare/main.h"
#include "bench/micro/micro.h"
#include "bench/miniport/main.h"
#include "bench/report/report.h"
#include "bench/run/plan.h"
#include "bench/run/run.h"
#include "bench/run_dir/merge.h"
#include "bench/run_dir/status.h"
#include "bench/run_dir/validate.h"
#include "bench/selftest/selftest.h"
#include "bench/torture/torture.h"

static const struct verb {
	const char *name;
	const char *help; /* NULL: not for users */
	int (*main)(int argc, char **argv);
} verbs[] = {
	{ "list", "back ends with what they promise, deliveries, metrics", list_main },
	{ "run", "a matrix of cells on the simulated HBA: table and CSV files", run_main },
	{ "plan", "what run would do with the same arguments, and how long it takes", plan_main },
	{ "status", "how far a run is, and how to go on with it", status_main },
	{ "validate", "whether the files of a run are whole and agree with each other", validate_main },
	{ "merge", "the shards of a matrix, from several machines, into one", merge_main },
	{ "compare", "which back end, or run, is better, by how much, and is that real", compare_main },
	{ "explain", "why one cell of a run is slower or faster than another", explain_main },
	{ "report", "a finished run as one HTML page, with verdicts and pictures", report_main },
	{ "export", "a finished run in the formats of other tools", export_main },
	{ "history", "each host's figures from run to run, and where they changed", history_main },
	{ "micro", "the cost of each back end's operations beside others' locks", micro_main },
	{ "miniport", "compile a driver's own source, to run it with `run --miniport`", miniport_main },
	{ "torture", "check that a back end keeps its promises", torture_main },
	{ "verifier", "the rules that run --verify holds a miniport to", verifier_main },
	{ "doctor", "whether this machine is fit to be measured on, and how to mend it", doctor_main },
	{ "selftest", "whether the instrument measures what it says, with figures", selftest_main },
	{ "cell", NULL, cell_main }, /* what `run` starts for each invocation */
};

#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

/* "list, run or micro" */
static const char *verb_names(void)
{
	static char text[256];
	size_t last = 0;

	for (size_t i = 0; i < VERBS; i++)
		last = verbs[i].help ? i : last;
	for (size_t i = 0; i <= last; i++) {
		if (verbs[i].help)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", !i ? "" : i == last ? " or " : ", ", verbs[i].name);
	}
	return text;
}

/* --help's: the verbs go between the two paragraphs. */
static char *describe_verbs(int key, const char *text, void *input)
{
	char *verbs_text = NULL;
	size_t bytes;
	FILE *out;

	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)text;
	out = open_memstream(&verbs_text, &bytes);
	if (!out)
		return (char *)text;
	fputs("Verbs:\n", out);
	for (size_t i = 0; i < VERBS; i++) {
		if (verbs[i].help)
			fprintf(out, "  %-9s %s\n", verbs[i].name, verbs[i].help);
	}
	fprintf(out, "\n%s", text);
	fclose(out);
	return verbs_text;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	if (key != 'V')
		return ARGP_ERR_UNKNOWN;
	printf("storsync %s\n", storsync_version);
	exit(EXIT_SUCCESS);
}

/* A file opened under the number of a closed stream would get what is meant for that. */
static void fill_streams(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "version", 'V', NULL, 0, "print the version", 0 },
		{ NULL, 0, NULL, 0, NULL, 0 },
	};
	static const char doc[] =
		"Benchmarks for the synchronization between a storage driver's submission path and its interrupt service routine."
		"\v`storsync VERB --help` tells each one's options.";
	static const struct argp argp = {
		.options = options, .parser = parse, .args_doc = "VERB [OPTION...]", .doc = doc, .help_filter = describe_verbs,
	};

	fill_streams();
	if (argc < 2)
		usage_error("a verb is missing: %s; `storsync --help` tells what each does", verb_names());
	for (size_t i = 0; i < VERBS; i++) {
		if (strcmp(argv[1], verbs[i].name) == 0)
			return verbs[i].main(argc - 1, argv + 1);
	}
	if (argv[1][0] != '-')
		usage_error("there is no verb '%s'; use %s", argv[1], verb_names());
	usage_parse(&argp, "", argc, argv, NULL);
	usage_error("a verb is missing: %s; `storsync --help` tells what each does", verb_names());
}
