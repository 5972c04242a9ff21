/* SPDX-License-Identifier: MIT */
/* The command line of `storsync run`; see options.h. */
#include "bench/run/options.h"

#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "bench/cell/spec.h"
#include "bench/cli/usage.h"
#include "impls/backends.h"

enum option_key {
	OPTION_BACKENDS = 'b',
	OPTION_CPUS = 'c',
	OPTION_SECTION = 's',
	OPTION_ROUTING = 'r',
	OPTION_DEPTH = 'q',
	OPTION_SERVICE = 'S',
	OPTION_OUTPUT = 'o',
	OPTION_DURATION = 'd',
	OPTION_INVOCATIONS = 'n',
	OPTION_COMPLETION = 256,
	OPTION_DUPLEX,
	OPTION_CHANNELS,
	OPTION_THINK,
	OPTION_IO_SIZE,
	OPTION_DATA,
	OPTION_TRACE,
	OPTION_TRACE_SPEED,
	OPTION_WARMUP,
	OPTION_SEED,
	OPTION_OVERSUBSCRIBE,
	OPTION_HISTOGRAM_DIGITS,
	OPTION_DELIVERY,
	OPTION_BYSTANDER,
	OPTION_PREEMPT,
	OPTION_TABLE,
};

static const struct argp_option argp_options[] = {
	{ NULL, 0, NULL, 0, "What is compared (lists are separated by commas; the cells are the cross product):", 1 },
	{ "backends", OPTION_BACKENDS, "LIST|all", 0,
	  "back ends (default: all, every sound one; all-peers, other projects' locks; see `storsync list`)", 1 },
	{ "cpus", OPTION_CPUS, "LIST", 0, "simulated CPUs, such as 1,2 (the default) or 1-4", 1 },
	{ "routing", OPTION_ROUTING, "LIST", 0,
	  "where the vector points relative to the submitter: same, other, spread (default: same,other)", 1 },
	{ "delivery", OPTION_DELIVERY, "LIST", 0, "how interrupts are delivered: poll, signal, thread (default: poll)", 1 },
	{ "section", OPTION_SECTION, "LIST", 0, "work added to the synchronized routine, such as 50ns,1us (default: 0)", 1 },
	{ "completion", OPTION_COMPLETION, "LIST", 0, "who reports completions: isr, dpc (default: isr)", 1 },
	{ "duplex", OPTION_DUPLEX, "LIST", 0, "full or half (default: full)", 1 },
	{ "channels", OPTION_CHANNELS, "LIST", 0,
	  "StartIo calls at a time: 1 takes the StartIo lock; default 0, as many as CPUs", 1 },
	{ NULL, 0, NULL, 0, "The load:", 2 },
	{ "queue-depth", OPTION_DEPTH, "LIST", 0, "I/Os in flight on each CPU (default: 8)", 2 },
	{ "service-time", OPTION_SERVICE, "LIST", 0,
	  "of the device: 5us (the default), exp:20us or bimodal:5us/200us/1%", 2 },
	{ "think", OPTION_THINK, "LIST", 0, "work between two submissions (default: 0)", 2 },
	{ "io-size", OPTION_IO_SIZE, "LIST", 0, "bytes of an I/O, a multiple of 512 (default: 4k)", 2 },
	{ "bystander", OPTION_BYSTANDER, "LIST", 0,
	  "unrelated interrupts on each CPU, so many a second above the HBA's level and as many below, such as 2k (default: 0)", 2 },
	{ "preempt", OPTION_PREEMPT, "LIST", 0,
	  "take the CPU from the section's holder: times a second and CPU, and for how long, such as 1k/50us (default: 0)", 2 },
	{ "data", OPTION_DATA, "stamp|copy", 0,
	  "move only each block's stamp (the default), or all of its data; both are checked", 2 },
	{ "trace", OPTION_TRACE, "FILE", 0, "replay a trace instead: VSCSI 1 and 2, fio iolog 2 and 3, MSR Cambridge CSV", 2 },
	{ "trace-speed", OPTION_TRACE_SPEED, "X|max", 0,
	  "keep the arrival pattern, X times as fast; max (the default): as fast as it goes", 2 },
	{ NULL, 0, NULL, 0, "The measurement:", 3 },
	{ "duration", OPTION_DURATION, "TIME", 0, "of the measured window (default: 200ms; a trace runs to its end)", 3 },
	{ "warmup", OPTION_WARMUP, "TIME", 0, "before it (default: 10ms)", 3 },
	{ "invocations", OPTION_INVOCATIONS, "N", 0, "fresh processes a cell, in randomized blocks (default: 7)", 3 },
	{ "seed", OPTION_SEED, "N", 0, "of every random choice (default: random, and printed)", 3 },
	{ "oversubscribe", OPTION_OVERSUBSCRIBE, NULL, 0,
	  "allow more simulated CPUs than usable cores: spinning yields, and every row says so", 3 },
	{ "histogram-digits", OPTION_HISTOGRAM_DIGITS, "2|3", 0,
	  "significant digits of histogram.csv's buckets (default: 2); percentiles always come from 3", 3 },
	{ "table", OPTION_TABLE, "LIST", 0,
	  "what is printed: latency (the default), bounds (bounds on waiting, and starvation); latency,bounds: both in turn", 3 },
	{ "output", OPTION_OUTPUT, "DIR", 0, "where the files go: a folder that is new or empty (default: results/<run id>)", 3 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static const char doc[] =
	"Run a matrix of cells on the simulated HBA, compare the back ends and write CSV files.\v"
	"Exit status: 0 done, 2 usage, 3 nothing to measure, 5 partial: interrupted, or a cell failed; its row says how.";

static void replace_list(struct quantity_list *list, const char *option, const char *text)
{
	char error[256];

	quantity_list_fini(list);
	if (quantity_list(text, list, error, sizeof(error)))
		usage_error("--%s: %s", option, error);
}

static void replace_counts(uint64_t *values, size_t capacity, size_t *count, const char *option, const char *text, uint64_t least,
			   uint64_t most)
{
	char error[256];

	if (quantity_counts(text, values, capacity, count, error, sizeof(error)))
		usage_error("--%s: %s", option, error);
	for (size_t i = 0; i < *count; i++) {
		if (values[i] < least || values[i] > most)
			usage_error("--%s: %llu is out of range; use %llu to %llu", option, (unsigned long long)values[i],
				    (unsigned long long)least, (unsigned long long)most);
	}
}

static uint64_t parse_count(const char *option, const char *text)
{
	char error[256];
	uint64_t count;

	if (quantity_count(text, &count, error, sizeof(error)))
		usage_error("--%s: %s", option, error);
	return count;
}

static void parse_speed(struct run_options *options, const char *text)
{
	char error[256];

	if (quantity_speed(text, &options->trace_speed, error, sizeof(error)))
		usage_error("--trace-speed: %s", error);
}

static void parse_table(struct run_options *options, const char *text)
{
	struct quantity_list tables = { 0 };

	replace_list(&tables, "table", text);
	options->table_latency = options->table_bounds = false;
	for (size_t i = 0; i < tables.count; i++) {
		if (strcmp(tables.items[i], "latency") == 0)
			options->table_latency = true;
		else if (strcmp(tables.items[i], "bounds") == 0)
			options->table_bounds = true;
		else
			usage_error("--table: '%s' is neither latency nor bounds", tables.items[i]);
	}
	quantity_list_fini(&tables);
}

static error_t parse_dimension(int key, char *argument, struct run_options *options)
{
	switch (key) {
	case OPTION_BACKENDS:
		replace_list(&options->backends, "backends", argument);
		return 0;
	case OPTION_CPUS:
		replace_counts(options->cpus, 64, &options->cpus_count, "cpus", argument, 1, CELL_CPUS_MAX);
		return 0;
	case OPTION_ROUTING:
		replace_list(&options->routings, "routing", argument);
		return 0;
	case OPTION_DELIVERY:
		replace_list(&options->deliveries, "delivery", argument);
		return 0;
	case OPTION_SECTION:
		replace_list(&options->sections, "section", argument);
		return 0;
	case OPTION_COMPLETION:
		replace_list(&options->completions, "completion", argument);
		return 0;
	case OPTION_DUPLEX:
		replace_list(&options->duplexes, "duplex", argument);
		return 0;
	case OPTION_CHANNELS:
		replace_counts(options->channels, 32, &options->channels_count, "channels", argument, 0, CELL_CPUS_MAX);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse_load(int key, char *argument, struct run_options *options)
{
	switch (key) {
	case OPTION_DEPTH:
		replace_counts(options->depths, 32, &options->depths_count, "queue-depth", argument, 1, 256);
		return 0;
	case OPTION_SERVICE:
		replace_list(&options->service_times, "service-time", argument);
		return 0;
	case OPTION_THINK:
		replace_list(&options->thinks, "think", argument);
		return 0;
	case OPTION_IO_SIZE:
		replace_list(&options->io_sizes, "io-size", argument);
		return 0;
	case OPTION_BYSTANDER:
		replace_list(&options->bystanders, "bystander", argument);
		return 0;
	case OPTION_PREEMPT:
		replace_list(&options->preemptions, "preempt", argument);
		return 0;
	case OPTION_DATA:
		if (strcmp(argument, "stamp") && strcmp(argument, "copy"))
			usage_error("--data: '%s' is neither stamp nor copy", argument);
		options->copy_data = strcmp(argument, "copy") == 0;
		return 0;
	case OPTION_TRACE:
		options->trace = argument;
		return 0;
	case OPTION_TRACE_SPEED:
		parse_speed(options, argument);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct run_options *options = state->input;

	switch (key) {
	case OPTION_DURATION:
		options->duration_ns = usage_duration("duration", argument);
		if (options->duration_ns < 1000000)
			usage_error("--duration: %s is too short to measure anything; use 1ms or more", argument);
		return 0;
	case OPTION_WARMUP:
		options->warmup_ns = usage_duration("warmup", argument);
		return 0;
	case OPTION_INVOCATIONS:
		options->invocations = parse_count("invocations", argument);
		if (options->invocations < 1 || options->invocations > 50)
			usage_error("--invocations: %s is out of range; use 1 to 50", argument);
		return 0;
	case OPTION_SEED:
		options->seed = parse_count("seed", argument);
		return 0;
	case OPTION_OVERSUBSCRIBE:
		options->oversubscribe = true;
		return 0;
	case OPTION_HISTOGRAM_DIGITS:
		options->histogram_digits = parse_count("histogram-digits", argument);
		if (options->histogram_digits != 2 && options->histogram_digits != 3)
			usage_error("--histogram-digits: %s is neither 2 nor 3", argument);
		return 0;
	case OPTION_TABLE:
		parse_table(options, argument);
		return 0;
	case OPTION_OUTPUT:
		options->directory = argument;
		return 0;
	case ARGP_KEY_ARG:
		usage_error("'%s' is no option; `storsync run --help` lists them", argument);
	default:
		break;
	}
	if (parse_dimension(key, argument, options) == 0)
		return 0;
	return parse_load(key, argument, options);
}

static void set_defaults(struct run_options *options)
{
	uint32_t seed = 1;

	memset(options, 0, sizeof(*options));
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		seed = (uint32_t)getpid();
	options->seed = seed;
	replace_list(&options->backends, "backends", "all");
	replace_list(&options->sections, "section", "0");
	replace_list(&options->thinks, "think", "0");
	replace_list(&options->routings, "routing", "same,other");
	replace_list(&options->service_times, "service-time", "5us");
	replace_list(&options->completions, "completion", "isr");
	replace_list(&options->duplexes, "duplex", "full");
	replace_list(&options->deliveries, "delivery", "poll");
	replace_list(&options->bystanders, "bystander", "0");
	replace_list(&options->preemptions, "preempt", "0");
	replace_list(&options->io_sizes, "io-size", "4k");
	options->cpus[0] = 1;
	options->cpus[1] = 2;
	options->cpus_count = 2;
	options->depths[0] = 8;
	options->depths_count = 1;
	options->channels_count = 1;
	options->trace_speed = INFINITY;
	options->duration_ns = 200000000;
	options->warmup_ns = 10000000;
	options->invocations = 7;
	options->histogram_digits = 2;
	options->table_latency = true;
}

void run_options_parse(struct run_options *options, int argc, char **argv)
{
	static const struct argp argp = { .options = argp_options, .parser = parse, .doc = doc };

	set_defaults(options);
	usage_parse(&argp, "run", argc, argv, options);
	if (!options->trace && !isinf(options->trace_speed))
		usage_error("--trace-speed goes with --trace FILE");
}

void run_options_fini(struct run_options *options)
{
	quantity_list_fini(&options->backends);
	quantity_list_fini(&options->sections);
	quantity_list_fini(&options->thinks);
	quantity_list_fini(&options->routings);
	quantity_list_fini(&options->service_times);
	quantity_list_fini(&options->completions);
	quantity_list_fini(&options->duplexes);
	quantity_list_fini(&options->deliveries);
	quantity_list_fini(&options->bystanders);
	quantity_list_fini(&options->preemptions);
	quantity_list_fini(&options->io_sizes);
}
