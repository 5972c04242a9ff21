/* SPDX-License-Identifier: MIT */
/* A known delay; see inject.h. */
#include "bench/cell/inject.h"

#include <math.h>

#include "bench/instruments/clock.h"

#define ROUNDS 21
/* Medians to choose the least of: on a shared core there are slow times longer than one takes. */
#define CALIBRATIONS 5
/* Beside it two stamps are a thousandth, and the gaps of a shared machine rare. */
#define BATCH_NS 50000
/* Odd, so that the product never becomes 0. */
#define FACTOR UINT64_C(6364136223846793005)

static inline void fence(void)
{
#if STAMP_HAS_COUNTER
	__asm__ volatile("lfence" : : : "memory");
#endif
}

/* One copy, so that what is calibrated is what runs. */
__attribute__((noinline)) void inject_delay(uint64_t iterations)
{
	uint64_t link = 1;

	fence();
	for (; iterations; iterations--) {
		link *= FACTOR;
		/* The compiler must not see through the chain. */
		__asm__ volatile("" : "+r"(link));
	}
	fence();
}

/* Median ticks of `calls` delays in a row, over ROUNDS. */
static uint64_t time_delays(uint64_t iterations, uint64_t calls)
{
	uint64_t ticks[ROUNDS];

	for (unsigned round = 0; round < ROUNDS; round++) {
		uint64_t begin = stamp_now_ordered();

		for (uint64_t i = 0; i < calls; i++)
			inject_delay(iterations);
		ticks[round] = stamp_now_ordered() - begin;
	}
	return clock_median(ticks, ROUNDS);
}

/* Ticks a link.  The length of the chain matters little, so a gap does no harm while it is looked for. */
static double calibrate_link(uint64_t batch_ticks)
{
	uint64_t iterations = 1024;
	uint64_t least = UINT64_MAX;
	uint64_t begin;

	do {
		iterations *= 2;
		begin = stamp_now_ordered();
		inject_delay(iterations);
	} while (stamp_now_ordered() - begin < batch_ticks);
	for (unsigned i = 0; i < CALIBRATIONS; i++) {
		uint64_t ticks = time_delays(iterations, 1);

		least = ticks < least ? ticks : least;
	}
	return (double)least / (double)iterations;
}

uint64_t inject_iterations(double ticks_per_iteration, double ticks)
{
	return (uint64_t)llround(ticks / ticks_per_iteration);
}

/* Taken over a second, so that no fraction of a tick is lost. */
static double ticks_per_ns(const struct stamp_scale *scale)
{
	return (double)stamp_from_ns(scale, 1000000000) / 1e9;
}

void inject_calibrate(struct inject *inject, const struct stamp_scale *scale, uint64_t ns)
{
	double link = calibrate_link(stamp_from_ns(scale, BATCH_NS));

	inject->iterations = inject_iterations(link, (double)ns * ticks_per_ns(scale));
	inject->before_ns = inject_measure_ns(inject, scale);
}

double inject_measure_ns(const struct inject *inject, const struct stamp_scale *scale)
{
	uint64_t begin = stamp_now_ordered();
	uint64_t calls;
	double excess;

	/* As many in a row as make about a batch. */
	inject_delay(inject->iterations);
	calls = 1 + stamp_from_ns(scale, BATCH_NS) / (stamp_now_ordered() - begin + 1);
	excess = (double)time_delays(inject->iterations, calls) - (double)time_delays(0, calls);
	return excess / (double)calls / ticks_per_ns(scale);
}

double inject_actual_ns(const struct inject *inject, uint64_t ns)
{
	return fabs(inject->after_ns - (double)ns) > fabs(inject->before_ns - (double)ns) ? inject->after_ns : inject->before_ns;
}
