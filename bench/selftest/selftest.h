/* SPDX-License-Identifier: MIT */
/* `storsync selftest`: proves the instrument on known input, and prints the figures. */
#ifndef STORSYNC_BENCH_SELFTEST_SELFTEST_H
#define STORSYNC_BENCH_SELFTEST_SELFTEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/run/invoke.h"
#include "bench/selftest/protocol.h"
#include "bench/torture/torture.h"

struct selftest {
	struct protocol protocol;
	uint64_t comparisons; /* of A against A */
	uint64_t cpus;        /* simulated CPUs of a cell */
	uint64_t rng;
	struct torture_host host; /* only for parts that need the machine */

	/* How a cell is run, and a property checked: tests put others in their place. */
	void (*invoke)(const struct cell_spec *spec, struct invocation_outcome *outcome);
	enum torture_verdict (*check)(const struct selftest *selftest, const char *property, const char *backend, unsigned cpus,
				      char *text, size_t text_bytes);
};

/* Each prints its lines; those that fail are in the protocol's count.  Returns early when invoke_interrupted is set. */
void selftest_aa(struct selftest *selftest);
void selftest_delay(struct selftest *selftest);
void selftest_histogram(struct selftest *selftest);
void selftest_recorder(struct selftest *selftest);
void selftest_arrivals(struct selftest *selftest);
void selftest_broken(struct selftest *selftest);

/* One check through bench/torture, as it is without a test's replacement. */
enum torture_verdict selftest_check(const struct selftest *selftest, const char *property, const char *backend, unsigned cpus,
				    char *text, size_t text_bytes);

/* Exit status: 0 every part passes, 1 one does not, 2 usage, 4 the machine does not allow it, 5 interrupted. */
int selftest_main(int argc, char **argv);

#endif
