/* SPDX-License-Identifier: MIT */
/*
 * One property of one back end, as one test: property_test [--must-fail|--must-hang] PROPERTY BACKEND CPUS DELIVERY
 *
 * Exit status: 0 it holds, 1 it does not, 77 it does not apply (skipped), 2 usage.
 * With --must-fail: 0 only when the property was violated and reported as such;
 * a crash or a hang is no proof that the check found what it is for.  With
 * --must-hang: 0 only when the watchdog found that it hangs.
 */
#include <stdio.h>
#include <string.h>

#include "bench/cli/quantity.h"
#include "bench/torture/torture.h"
#include "impls/backends.h"

#define DURATION_NS UINT64_C(100000000)
/* Interrupts arrive at their own pace, and what can go wrong goes wrong at once. */
#define ASYNCHRONOUS_DURATION_NS UINT64_C(60000000)
/* A must-fail check ends at the first violation; this is for slow builds and machines. */
#define MUST_FAIL_DURATION_NS UINT64_C(30000000000)
#define MUST_HANG_WATCHDOG_NS UINT64_C(1000000000)
/* Where something has to get lost, nobody is wronged when it is given up early. */
#define MUST_FAIL_LOST_NS UINT64_C(400000000)
/* Fixed, so that a failure can be repeated. */
#define SEED 20241

#define STATUS_SKIPPED 77

/* What a check has to end in for the test to pass. */
enum expectation { MUST_HOLD, MUST_FAIL, MUST_HANG };

static int usage(const char *wrong, const char *value)
{
	fprintf(stderr, "property_test: %s%s%s\nusage: property_test [--must-fail|--must-hang] PROPERTY BACKEND CPUS DELIVERY\n", wrong,
		value ? " " : "", value ? value : "");
	return 2;
}

static int judge(enum torture_verdict verdict, enum expectation expectation)
{
	static const enum torture_verdict expected[] = {
		[MUST_HOLD] = TORTURE_HOLDS,
		[MUST_FAIL] = TORTURE_VIOLATED,
		[MUST_HANG] = TORTURE_HUNG,
	};

	if (verdict == TORTURE_SKIPPED)
		return STATUS_SKIPPED;
	if (verdict == expected[expectation])
		return 0;
	if (expectation != MUST_HOLD)
		printf("this back end is broken on purpose, and it was not found in the way that it has to be\n");
	return 1;
}

static int run(const struct torture_check *check, enum expectation expectation)
{
	struct torture_options options = {
		.duration_ns = expectation != MUST_HOLD            ? MUST_FAIL_DURATION_NS :
			       check->delivery == SYNC_POLL ? DURATION_NS : ASYNCHRONOUS_DURATION_NS,
		.lost_ns = expectation == MUST_FAIL ? MUST_FAIL_LOST_NS : 0,
		.watchdog_ns = expectation == MUST_HANG ? MUST_HANG_WATCHDOG_NS : TORTURE_WATCHDOG_NS,
		.seed = SEED,
	};
	struct torture_host host;
	enum torture_verdict verdict;
	char error[256];

	if (torture_host_init(&host, check->cpus, error, sizeof(error))) {
		fprintf(stderr, "property_test: %s\n", error);
		return 1;
	}
	options.oversubscribe = check->cpus > host.usable_cores;
	verdict = torture_run_one(&host, check, &options, stdout, NULL);
	torture_host_fini(&host);
	return judge(verdict, expectation);
}

int main(int argc, char **argv)
{
	enum expectation expectation = MUST_HOLD;
	struct torture_check check;
	char error[256];
	uint64_t cpus;

	if (argc > 1 && strcmp(argv[1], "--must-fail") == 0)
		expectation = MUST_FAIL;
	else if (argc > 1 && strcmp(argv[1], "--must-hang") == 0)
		expectation = MUST_HANG;
	argv += expectation != MUST_HOLD;
	argc -= expectation != MUST_HOLD;
	if (argc != 5)
		return usage("four arguments are needed", NULL);
	check.property = torture_property_find(argv[1]);
	if (!check.property)
		return usage("no such property:", argv[1]);
	check.backend = sync_backend_find(argv[2]);
	if (!check.backend)
		return usage("no such back end:", argv[2]);
	if (quantity_count(argv[3], &cpus, error, sizeof(error)) || !cpus || cpus > PLACEMENT_CPU_MAX)
		return usage("not a number of CPUs:", argv[3]);
	check.cpus = (unsigned)cpus;
	check.delivery = sync_delivery_find(argv[4]);
	if (!check.delivery)
		return usage("no such delivery:", argv[4]);
	return run(&check, expectation);
}
