/* SPDX-License-Identifier: MIT */
/* The command line of `storsync run`: lists of values a dimension, whose cross product is the matrix. */
#ifndef STORSYNC_BENCH_RUN_OPTIONS_H
#define STORSYNC_BENCH_RUN_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/cli/quantity.h"

struct run_options {
	struct quantity_list backends;
	struct quantity_list sections;
	struct quantity_list thinks;
	struct quantity_list routings;
	struct quantity_list service_times;
	struct quantity_list completions;
	struct quantity_list duplexes;
	struct quantity_list deliveries;
	struct quantity_list bystanders;
	struct quantity_list preemptions;
	struct quantity_list io_sizes;
	uint64_t cpus[64];
	size_t cpus_count;
	uint64_t depths[32];
	size_t depths_count;
	uint64_t channels[32]; /* 0: as many as CPUs */
	size_t channels_count;
	const char *trace;
	double trace_speed;
	bool copy_data;
	uint64_t duration_ns;
	uint64_t warmup_ns;
	uint64_t invocations;
	uint64_t seed;
	bool oversubscribe;
	uint64_t histogram_digits;
	bool table_latency;    /* what is printed */
	bool table_bounds;
	const char *directory; /* NULL: results/<run id> */
};

/* Parses or does not return: a mistake is one line on stderr and exit 2. */
void run_options_parse(struct run_options *options, int argc, char **argv);
void run_options_fini(struct run_options *options);

#endif
