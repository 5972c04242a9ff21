/* SPDX-License-Identifier: MIT */
/* An open loop's schedule: exact, drawn as said, and never moved by who comes late. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench/cell/cell.h"
#include "bench/cell/workload.h"

#define START UINT64_C(123456789)

static struct stamp_scale ns_scale;   /* a tick is a nanosecond */
static struct stamp_scale fast_scale; /* 2445423971 ticks a second */

static int set_up(void **state)
{
	return stamp_scale_set(&ns_scale, 1, 1) || stamp_scale_set(&fast_scale, 2445423971u, 1000000000);
}

static void start(struct arrivals *arrivals, enum cell_arrival kind, uint64_t hz, uint64_t seed)
{
	const struct arrivals_config config = { .kind = kind, .hz = hz, .cpus = 1, .seed = seed, .scale = &ns_scale };

	arrivals_start(arrivals, &config, START);
}

/* --- periodic --- */

static void whole_intervals_are_exact(void **state)
{
	struct arrivals arrivals;

	start(&arrivals, ARRIVAL_PERIODIC, 1000000, 0);
	for (uint64_t n = 0; n < 100000; n++, arrivals_take(&arrivals))
		assert_int_equal(arrivals.next, START + n * 1000);
}

/* 333333333.3 ns, 14.28 ns and so on: each arrival where it belongs, however many there were before. */
static void other_intervals_do_not_drift(void **state)
{
	const uint64_t rates[] = { 3, 7, 999983, 69999999, 100000000 };

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		struct arrivals arrivals;

		start(&arrivals, ARRIVAL_PERIODIC, rates[i], 0);
		for (uint64_t n = 0; n < 300000; n++, arrivals_take(&arrivals))
			assert_int_equal(arrivals.next, START + (uint64_t)((unsigned __int128)n * 1000000000 / rates[i]));
		/* And the one after a thousand million. */
		arrivals.taken = 999999999;
		arrivals_take(&arrivals);
		assert_int_equal(arrivals.next, START + (uint64_t)((unsigned __int128)1000000000 * 1000000000 / rates[i]));
	}
}

/* In ticks of a real counter: within a nanosecond's of the exact place, after a thousand million. */
static void nor_in_ticks_of_another_length(void **state)
{
	const struct arrivals_config config = { .kind = ARRIVAL_PERIODIC, .hz = 300007, .cpus = 1, .scale = &fast_scale };
	struct arrivals arrivals;

	arrivals_start(&arrivals, &config, START);
	for (uint64_t n = 0; n < 1000000000; n = n * 3 + 1) {
		uint64_t exact = (uint64_t)((unsigned __int128)n * 2445423971u / 300007);

		arrivals.taken = n - 1;
		arrivals_take(&arrivals);
		assert_in_range(arrivals.next - START, exact > 4 ? exact - 4 : 0, exact);
	}
}

static void cpus_take_turns(void **state)
{
	struct arrivals cpu[4];

	for (unsigned c = 0; c < 4; c++) {
		const struct arrivals_config config = { .kind = ARRIVAL_PERIODIC, .hz = 1000, .cpus = 4, .index = c, .scale = &ns_scale };

		arrivals_start(&cpu[c], &config, START);
	}
	for (uint64_t n = 0; n < 4000; n++) {
		assert_int_equal(cpu[n % 4].next, START + n * 250000);
		arrivals_take(&cpu[n % 4]);
	}
}

/* --- Poisson --- */

#define GAPS 200000

/* The mean m of n exponential gaps has a standard deviation of m / sqrt(n); their variance is m^2, with one of m^2 sqrt(8 / n). */
static void gaps_are_exponential(void **state)
{
	const uint64_t rates[] = { 1000, 1000000, 100000000 };

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		double mean = 1e9 / (double)rates[i], sum = 0, squares = 0, short_ones = 0;
		struct arrivals arrivals;
		uint64_t last = START;

		start(&arrivals, ARRIVAL_POISSON, rates[i], 11 + i);
		for (unsigned n = 0; n < GAPS; n++, arrivals_take(&arrivals)) {
			double gap = (double)(arrivals.next - last);

			sum += gap;
			squares += (gap - mean) * (gap - mean);
			short_ones += gap < mean;
			last = arrivals.next;
		}
		assert_true(fabs(sum / GAPS - mean) < 4 * mean / sqrt(GAPS));
		assert_true(fabs(squares / GAPS - mean * mean) < mean * mean * (4 * sqrt(8.0 / GAPS) + 0.02));
		/* 1 - 1/e; where a gap is ten ticks, rounding moves some across the mean. */
		assert_true(fabs(short_ones / GAPS - 0.632) < (mean > 100 ? 0.005 : 0.03));
	}
}

/* Rounded gaps would be half a tick short each: 5 parts in 100 of these. */
static void rounding_does_not_add_up(void **state)
{
	const unsigned n = 4000000;
	struct arrivals arrivals;

	start(&arrivals, ARRIVAL_POISSON, 100000000, 5);
	for (unsigned i = 0; i < n; i++)
		arrivals_take(&arrivals);
	assert_true(fabs((double)(arrivals.next - START) / n - 10) < 4 * 10 / sqrt(n));
}

static void one_seed_is_one_schedule(void **state)
{
	struct arrivals a, b, c;
	unsigned same = 0;

	start(&a, ARRIVAL_POISSON, 1000, 1);
	start(&b, ARRIVAL_POISSON, 1000, 1);
	start(&c, ARRIVAL_POISSON, 1000, 2);
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(a.next, b.next);
		same += a.next == c.next;
		arrivals_take(&a);
		arrivals_take(&b);
		arrivals_take(&c);
	}
	assert_in_range(same, 0, 5);
}

/* --- who comes late --- */

static struct cell cell;
static struct cell_cpu cpu;
static struct cell_io io;

static void set_up_cell(enum cell_arrival kind, uint64_t hz)
{
	memset(&cell, 0, sizeof(cell));
	memset(&cpu, 0, sizeof(cpu));
	cell.spec.cpus = 1;
	cell.spec.queue_depth = 1;
	cell.spec.io_bytes = 4096;
	cell.spec.arrival = kind;
	cell.spec.arrival_hz = hz;
	cell.scale = ns_scale;
	cpu.cell = &cell;
	cpu.rng = 99;
	workload_start(&cpu, START);
}

/* What a loop that makes up for lost time by leaving it out would do. */
static bool next_skipping(struct cell_cpu *self, struct cell_io *slot, uint64_t now)
{
	while (self->arrivals.next < now)
		arrivals_take(&self->arrivals);
	return workload_next(self, slot, now);
}

/*
 * A CPU that is away until `away` after the start, and then submits one every
 * 10 ns: whether it finds each arrival of [0, away), in order and with its time.
 */
static bool sees_all(enum cell_arrival kind, bool (*next)(struct cell_cpu *, struct cell_io *, uint64_t))
{
	const uint64_t away = 10000000;
	struct arrivals reference;
	uint64_t now = START + away;

	set_up_cell(kind, 1000000);
	reference = cpu.arrivals;
	for (; reference.next < START + away; now += 10, arrivals_take(&reference)) {
		if (!next(&cpu, &io, now) || io.intended != reference.next)
			return false;
	}
	return reference.taken > 9000 && cpu.arrivals.taken == reference.taken;
}

static void a_late_cpu_finds_every_arrival(void **state)
{
	assert_true(sees_all(ARRIVAL_PERIODIC, workload_next));
	assert_true(sees_all(ARRIVAL_POISSON, workload_next));
}

static void and_a_skipping_one_is_caught(void **state)
{
	assert_false(sees_all(ARRIVAL_PERIODIC, next_skipping));
	assert_false(sees_all(ARRIVAL_POISSON, next_skipping));
}

static void nothing_starts_early(void **state)
{
	set_up_cell(ARRIVAL_PERIODIC, 1000000);
	assert_true(workload_next(&cpu, &io, START));
	assert_false(workload_next(&cpu, &io, START + 1));
	assert_false(workload_next(&cpu, &io, START + 999));
	assert_true(workload_next(&cpu, &io, START + 1000));
	assert_int_equal(io.intended, START + 1000);
	assert_int_equal(cpu.arrivals.taken, 2);
}

static void the_closed_loop_starts_at_once(void **state)
{
	set_up_cell(ARRIVAL_CLOSED, 0);
	assert_true(workload_next(&cpu, &io, 5));
	assert_int_equal(io.intended, 5);
	assert_true(workload_next(&cpu, &io, 5));
}

/* A trace's records keep their times from the window's begin on, and its speed. */
static void a_trace_keeps_its_schedule(void **state)
{
	struct trace_record records[] = { { .opcode = TRACE_READ_10 }, { .arrival_ns = 1000, .opcode = TRACE_READ_10 },
					  { .arrival_ns = 3000, .opcode = TRACE_READ_10 } };

	set_up_cell(ARRIVAL_CLOSED, 0);
	cell.trace = (struct trace){ .count = 3, .records = records };
	cell.spec.trace_speed = 2;
	cell.begin = START;
	assert_true(workload_next(&cpu, &io, START + 1));
	assert_int_equal(io.intended, START);
	assert_false(workload_next(&cpu, &io, START + 499));
	assert_true(workload_next(&cpu, &io, START + 9000));
	assert_int_equal(io.intended, START + 500);
	assert_false(workload_exhausted(&cpu));
	assert_true(workload_next(&cpu, &io, START + 9000));
	assert_int_equal(io.intended, START + 1500);
	assert_true(workload_exhausted(&cpu));
	assert_false(workload_next(&cpu, &io, START + 9000));
}

/* --- what is left --- */

/* Taken one by one. */
static uint64_t walk(struct arrivals arrivals)
{
	uint64_t left = 0;

	for (; arrivals.next < arrivals.until; arrivals_take(&arrivals))
		left += arrivals.next >= arrivals.from;
	return left;
}

static void what_is_left_is_counted(void **state)
{
	for (unsigned kind = ARRIVAL_PERIODIC; kind <= ARRIVAL_POISSON; kind++) {
		for (uint64_t taken = 0; taken < 400; taken += 37) {
			struct arrivals arrivals;

			start(&arrivals, (enum cell_arrival)kind, 1000003, 3);
			arrivals_set_window(&arrivals, START + 100000, START + 300000);
			for (uint64_t i = 0; i < taken; i++)
				arrivals_take(&arrivals);
			assert_int_equal(arrivals_left(&arrivals), walk(arrivals));
			/* What was taken and what was not make up the window. */
			if (kind == ARRIVAL_PERIODIC)
				assert_int_equal(arrivals.in_window + arrivals_left(&arrivals), 200);
		}
	}
}

/* Arrivals at 100 and 200 ns: the begin belongs to the window, the end does not. */
static void a_window_has_its_begin_and_not_its_end(void **state)
{
	struct arrivals arrivals;

	start(&arrivals, ARRIVAL_PERIODIC, 10000000, 0);
	arrivals_set_window(&arrivals, START + 100, START + 200);
	assert_int_equal(arrivals_left(&arrivals), 1);
	for (unsigned i = 0; i < 5; i++)
		arrivals_take(&arrivals);
	assert_int_equal(arrivals.in_window, 1);
	assert_int_equal(arrivals_left(&arrivals), 0);
}

static void without_a_window_nothing_is(void **state)
{
	for (unsigned kind = ARRIVAL_PERIODIC; kind <= ARRIVAL_POISSON; kind++) {
		struct arrivals arrivals;

		start(&arrivals, (enum cell_arrival)kind, 1000, 3);
		arrivals_take(&arrivals);
		assert_int_equal(arrivals.in_window, 0);
		assert_int_equal(arrivals_left(&arrivals), 0);
	}
}

/* 10^11 of them behind, and 10^10 more in the window, of which nobody walks past. */
static void millions_are_not_walked(void **state)
{
	const double expected = 1e10;

	for (unsigned kind = ARRIVAL_PERIODIC; kind <= ARRIVAL_POISSON; kind++) {
		struct arrivals arrivals;
		double left;

		start(&arrivals, (enum cell_arrival)kind, 100000000, 3);
		arrivals_set_window(&arrivals, START + UINT64_C(1000000000000), START + UINT64_C(1100000000000));
		left = (double)arrivals_left(&arrivals);
		assert_true(fabs(left - expected) <= (kind == ARRIVAL_PERIODIC ? 0 : 5 * sqrt(expected) + expected * 1e-6));
		assert_int_equal(arrivals.taken, 0);
	}
}

/* Drawn at once, the number varies as one that is counted would: its variance is its mean. */
static void a_number_that_is_drawn_varies_as_it_should(void **state)
{
	const double expected = 4e6;
	double sum = 0, squares = 0;

	for (uint64_t seed = 0; seed < 2000; seed++) {
		struct arrivals arrivals;
		double off;

		start(&arrivals, ARRIVAL_POISSON, 1000000, seed);
		arrivals_set_window(&arrivals, START, START + UINT64_C(4000000000));
		off = (double)arrivals_left(&arrivals) - expected;
		sum += off;
		squares += off * off;
	}
	assert_true(fabs(sum / 2000) < 4 * sqrt(expected / 2000));
	assert_true(fabs(squares / 2000 / expected - 1) < 4 * sqrt(2.0 / 2000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_intervals_are_exact),
		cmocka_unit_test(other_intervals_do_not_drift),
		cmocka_unit_test(nor_in_ticks_of_another_length),
		cmocka_unit_test(cpus_take_turns),
		cmocka_unit_test(gaps_are_exponential),
		cmocka_unit_test(rounding_does_not_add_up),
		cmocka_unit_test(one_seed_is_one_schedule),
		cmocka_unit_test(a_late_cpu_finds_every_arrival),
		cmocka_unit_test(and_a_skipping_one_is_caught),
		cmocka_unit_test(nothing_starts_early),
		cmocka_unit_test(the_closed_loop_starts_at_once),
		cmocka_unit_test(a_trace_keeps_its_schedule),
		cmocka_unit_test(what_is_left_is_counted),
		cmocka_unit_test(a_window_has_its_begin_and_not_its_end),
		cmocka_unit_test(without_a_window_nothing_is),
		cmocka_unit_test(millions_are_not_walked),
		cmocka_unit_test(a_number_that_is_drawn_varies_as_it_should),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
