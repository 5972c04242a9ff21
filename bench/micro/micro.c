/* SPDX-License-Identifier: MIT */
/*
 * The verb `storsync micro`: options, CPUs and clock, and the order of things
 * around a run; see micro.h.
 */
#define _GNU_SOURCE /* asprintf */
#include "bench/micro/micro.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/cli/usage.h"
#include "bench/instruments/clock.h"
#include "bench/files/csv.h"
#include "bench/gbench/gbench.h"
#include "bench/micro/micro_cases.h"
#include "bench/micro/micro_list.h"
#include "bench/micro/micro_report.h"
#include "bench/instruments/placement.h"

#define PROGRAM "storsync micro"

enum {
	EXIT_ENVIRONMENT = 4,
	EXIT_PARTIAL = 5,
};

/* Short repetitions, and their order shuffled, so that drift of the machine hits all alike. */
static const char *const library_defaults[] = {
	"--benchmark_repetitions=5",
	"--benchmark_min_time=0.1",
	"--benchmark_enable_random_interleaving=true",
	NULL,
};

struct micro_options {
	const char *backends;
	const char *directory;
};

struct micro_run {
	struct micro_bench bench;
	struct clock_calibration calibration;
	struct micro_list list;
	char *path; /* of micro.csv, NULL when none is to be written */
	struct csv_writer csv;
	int store_error; /* the first one */
};

/* A thread that sleeps: the C library takes shortcuts in locks while there is only one. */
struct sleeper {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool over;
};

static int complain(int status, const char *text)
{
	fprintf(stderr, PROGRAM ": %s\n", text);
	return status;
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct micro_options *options = state->input;

	switch (key) {
	case 'b':
		options->backends = argument;
		return 0;
	case 'o':
		options->directory = argument;
		return 0;
	case ARGP_KEY_ARG:
		usage_error("'%s' is no option; `storsync micro --help` lists them", argument);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static char *add_library_help(int key, const char *text, void *input)
{
	char *extended;

	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)text;
	if (asprintf(&extended, "Options of the benchmark library; by default here, 5 shuffled repetitions of 0.1 s:\n%s",
		     gbench_help()) < 0)
		return NULL;
	return extended;
}

static const struct argp_option own_options[] = {
	{ "backends", 'b', "LIST", 0,
	  "Back ends to measure, separated by commas; all, the default, are the sound ones of this project, all-peers other projects' locks at DIRQL", 0 },
	{ "output", 'o', "DIR", 0, "Write DIR/micro.csv, a row a repetition; an existing one is not overwritten", 0 },
	{ 0 },
};

static const struct argp own_argp = {
	.options = own_options,
	.parser = parse_option,
	.doc = "Measure what each back end's operations cost, beside other projects' locks.\v",
	.help_filter = add_library_help,
};

/* Gives the library its options and argp the others.  Returns an exit status. */
static int parse(int argc, char **argv, struct micro_options *options)
{
	char **own = calloc(2 * (size_t)argc + 4, sizeof(*own));
	char **library = own + argc + 2;
	int own_count = 1;
	int library_count = 1;
	char error[600];
	int err;

	if (!own)
		return complain(EXIT_ENVIRONMENT, strerror(ENOMEM));
	own[0] = library[0] = (char *)PROGRAM;
	for (int i = 1; i < argc; i++) {
		if (gbench_is_option(argv[i]))
			library[library_count++] = argv[i];
		else
			own[own_count++] = argv[i];
	}
	usage_parse(&own_argp, "micro", own_count, own, options);
	err = gbench_initialize(library_count, library, library_defaults, error, sizeof(error));
	free(own);
	if (err == -EINVAL)
		return complain(EXIT_USAGE, error);
	return err ? complain(EXIT_ENVIRONMENT, strerror(-err)) : 0;
}

/* Two CPUs or, where there are no two cores, one.  Returns an exit status. */
static int choose_cpus(struct micro_bench *bench)
{
	hwloc_bitmap_t allowed;
	char error[200];
	int err = placement_load_affinity(bench->topology, &allowed);

	if (err)
		return complain(EXIT_ENVIRONMENT, strerror(-err));
	err = placement_choose(bench->topology, allowed, 2, false, &bench->placement, error, sizeof(error));
	if (err == -ERANGE)
		err = placement_choose(bench->topology, allowed, 1, false, &bench->placement, error, sizeof(error));
	hwloc_bitmap_free(allowed);
	return err ? complain(EXIT_ENVIRONMENT, error) : 0;
}

static int read_clock(struct clock_window *window)
{
	int err = clock_window_open(&clock_system_reader, window);

	return err ? err : clock_window_close(&clock_system_reader, window, CLOCK_WINDOW_NS);
}

/* Chooses the clock, pins, and calibrates.  Returns an exit status. */
static int set_up_clock(struct micro_run *run)
{
	struct micro_bench *bench = &run->bench;
	struct clock_window window;
	struct clock_setup setup;
	int err = clock_set_up(bench->topology, &bench->placement, &setup);

	if (!err && setup.warning)
		complain(0, setup.warning);
	if (!err)
		err = placement_pin_self(bench->topology, &bench->placement.cpu[0]);
	if (!err)
		err = read_clock(&window);
	if (!err)
		err = clock_calibrate_begin(&window, &run->calibration);
	if (err)
		return complain(EXIT_ENVIRONMENT, strerror(-err));
	bench->hz = run->calibration.hz;
	bench->scale = run->calibration.scale;
	return 0;
}

/* Whether what the times were converted by still holds after the run.  Returns an exit status. */
static int check_clock(struct micro_run *run)
{
	struct clock_window window;
	int err = read_clock(&window);

	if (!err)
		err = clock_calibrate_end(&window, &run->calibration);
	if (err)
		return complain(EXIT_ENVIRONMENT, strerror(-err));
	if (clock_drift_acceptable(&run->calibration))
		return 0;
	fprintf(stderr, PROGRAM ": the clock drifted by %.0f ppm during the run, known to %.0f ppm; %.0f are allowed\n",
		run->calibration.drift_ppm, run->calibration.uncertainty_ppm, CLOCK_DRIFT_LIMIT_PPM);
	return EXIT_ENVIRONMENT;
}

static void *sleep_until_over(void *context)
{
	struct sleeper *sleeper = context;

	pthread_mutex_lock(&sleeper->lock);
	while (!sleeper->over)
		pthread_cond_wait(&sleeper->changed, &sleeper->lock);
	pthread_mutex_unlock(&sleeper->lock);
	return NULL;
}

static int sleeper_start(struct sleeper *sleeper)
{
	*sleeper = (struct sleeper){ .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
	return -pthread_create(&sleeper->thread, NULL, sleep_until_over, sleeper);
}

static void sleeper_stop(struct sleeper *sleeper)
{
	pthread_mutex_lock(&sleeper->lock);
	sleeper->over = true;
	pthread_cond_signal(&sleeper->changed);
	pthread_mutex_unlock(&sleeper->lock);
	pthread_join(sleeper->thread, NULL);
}

/* Returns an exit status. */
static int open_csv(struct micro_run *run, const char *directory)
{
	int err;

	if (!directory || gbench_lists_only())
		return 0;
	if (asprintf(&run->path, "%s/micro.csv", directory) < 0) {
		run->path = NULL;
		return complain(EXIT_ENVIRONMENT, strerror(ENOMEM));
	}
	err = mkdir(directory, 0777) && errno != EEXIST ? -errno : csv_create(&run->csv, run->path, &micro_schema);
	if (!err)
		return 0;
	fprintf(stderr, PROGRAM ": --output: '%s': %s%s\n", run->path, strerror(-err),
		err == -EEXIST ? "; name another directory" : "");
	free(run->path);
	run->path = NULL;
	return EXIT_USAGE;
}

/* Takes the exit status so far and returns the one to end with. */
static int close_csv(struct micro_run *run, int status)
{
	int err;

	if (!run->path)
		return status;
	err = csv_close(&run->csv);
	/* nothing was run: no empty file either */
	if (status == EXIT_USAGE)
		unlink(run->path);
	else if (err)
		status = complain(EXIT_PARTIAL, strerror(-err));
	free(run->path);
	return status;
}

static void note_result(void *context, const struct gbench_result *result)
{
	struct micro_run *run = context;
	struct micro_series *series;
	int err;

	if (result->aggregate)
		return;
	series = &run->list.series[micro_list_index(&run->list, result->name)];
	err = micro_series_add(series, result);
	if (!err && run->path)
		err = micro_write_row(&run->csv, series, result);
	if (err && !run->store_error)
		run->store_error = err;
}

/* Names what could be run but gave no result.  Returns an exit status. */
static int check_results(const struct micro_list *list)
{
	int status = 0;

	for (size_t i = 0; i < list->count; i++) {
		if (!*list->series[i].skipped || micro_case_refusal(&list->cases[i]))
			continue;
		fprintf(stderr, PROGRAM ": %s: %s\n", list->series[i].name, list->series[i].skipped);
		status = EXIT_PARTIAL;
	}
	return status;
}

/* Runs, with files open and clock set up.  Returns an exit status. */
static int measure(struct micro_run *run)
{
	struct gbench_observer observer = { .result = note_result, .context = run };
	struct sleeper sleeper;
	int status;
	int err = sleeper_start(&sleeper);

	if (err)
		return complain(EXIT_ENVIRONMENT, strerror(-err));
	err = gbench_run(&observer);
	sleeper_stop(&sleeper);
	if (err == -ENOENT)
		return EXIT_USAGE;
	if (!err)
		err = run->store_error;
	if (err)
		return complain(EXIT_PARTIAL, strerror(-err));
	if (strcmp(gbench_format(), "console") == 0)
		micro_print_ratios(stdout, run->list.series, run->list.count);
	status = check_results(&run->list);
	return check_clock(run) ? EXIT_ENVIRONMENT : status;
}

static int list_names(void)
{
	struct gbench_observer nobody = { 0 };

	return gbench_run(&nobody) == -ENOENT ? EXIT_USAGE : 0;
}

static int run_with_list(struct micro_run *run, const struct micro_options *options)
{
	int err = micro_list_register(&run->list);
	int status;

	if (err)
		return complain(EXIT_ENVIRONMENT, strerror(-err));
	if (gbench_lists_only())
		return list_names();
	status = open_csv(run, options->directory);
	if (status)
		return status;
	status = set_up_clock(run);
	if (!status)
		status = measure(run);
	return close_csv(run, status);
}

int micro_main(int argc, char **argv)
{
	struct micro_options options = { 0 };
	struct micro_run run = { 0 };
	char error[600];
	int status = parse(argc, argv, &options);
	int err;

	if (status)
		return status;
	err = placement_load_topology(&run.bench.topology);
	if (err)
		return complain(EXIT_ENVIRONMENT, strerror(-err));
	status = choose_cpus(&run.bench);
	if (!status) {
		err = micro_list_init(&run.list, options.backends, &run.bench, error, sizeof(error));
		if (err == -EINVAL)
			fprintf(stderr, PROGRAM ": --backends: %s\n", error);
		status = err ? EXIT_USAGE : run_with_list(&run, &options);
		gbench_clear();
		micro_list_fini(&run.list);
	}
	hwloc_topology_destroy(run.bench.topology);
	return status;
}
