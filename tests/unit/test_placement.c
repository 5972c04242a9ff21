/* SPDX-License-Identifier: MIT */
/*
 * Which CPU gets which simulated CPU, on machines that hwloc makes up, to the
 * exact number; and that pinning on the machine at hand really pins.
 */
#define _GNU_SOURCE /* sched_getcpu */
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/instruments/placement.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static char error[200];

static hwloc_topology_t synthetic_with(const char *description, unsigned long flags)
{
	hwloc_topology_t topology;

	assert_int_equal(hwloc_topology_init(&topology), 0);
	assert_int_equal(hwloc_topology_set_synthetic(topology, description), 0);
	assert_int_equal(hwloc_topology_set_flags(topology, flags), 0);
	assert_int_equal(hwloc_topology_load(topology), 0);
	return topology;
}

static hwloc_topology_t synthetic(const char *description)
{
	return synthetic_with(description, 0);
}

static hwloc_bitmap_t cpu_list(const char *list)
{
	hwloc_bitmap_t set = hwloc_bitmap_alloc();

	assert_non_null(set);
	assert_int_equal(hwloc_bitmap_list_sscanf(set, list), 0);
	return set;
}

/* Chooses with an affinity given as a list ("" for none at all, NULL for no restriction). */
static int choose(hwloc_topology_t topology, const char *affinity, unsigned count, bool oversubscribe,
		  struct placement *out)
{
	hwloc_bitmap_t allowed = affinity ? cpu_list(affinity) : NULL;
	int result;

	error[0] = '\0';
	memset(out, 0xa5, sizeof(*out));
	result = placement_choose(topology, allowed, count, oversubscribe, out, error, sizeof(error));
	hwloc_bitmap_free(allowed);
	return result;
}

static void assert_os_cpus(const struct placement *p, const int *expected, unsigned count)
{
	assert_int_equal(p->count, count);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(p->cpu[i].os_cpu, expected[i]);
}

static void one_thread_of_every_core_first(void **state)
{
	hwloc_topology_t topology = synthetic("numa:2 core:8 pu:2");
	struct placement p;

	assert_int_equal(choose(topology, NULL, 16, false, &p), 0);
	assert_int_equal(p.count, 16);
	assert_int_equal(p.usable_cores, 16);
	assert_int_equal(p.usable_pus, 32);
	assert_false(p.oversubscribed);
	assert_string_equal(p.policy, "compact");
	for (int i = 0; i < 16; i++) {
		assert_int_equal(p.cpu[i].os_cpu, 2 * i);
		assert_int_equal(p.cpu[i].core, i);
		assert_int_equal(p.cpu[i].numa, i / 8);
		assert_int_equal(p.cpu[i].package, -1);
	}
	hwloc_topology_destroy(topology);
}

static void second_threads_only_when_oversubscribed(void **state)
{
	hwloc_topology_t topology = synthetic("numa:2 core:8 pu:2");
	struct placement p;

	assert_int_equal(choose(topology, NULL, 17, false, &p), -ERANGE);
	assert_string_equal(error, "17 simulated CPUs asked for, 16 usable cores: ask for 16 at most, "
				   "or give --oversubscribe");
	assert_int_equal(p.count, 0);
	assert_int_equal(p.usable_cores, 16);
	assert_int_equal(p.usable_pus, 32);

	assert_int_equal(choose(topology, NULL, 32, true, &p), 0);
	assert_int_equal(p.count, 32);
	assert_true(p.oversubscribed);
	assert_string_equal(p.policy, "compact-smt");
	for (int i = 0; i < 32; i++) {
		assert_int_equal(p.cpu[i].os_cpu, i < 16 ? 2 * i : 2 * (i - 16) + 1);
		assert_int_equal(p.cpu[i].core, i % 16);
		assert_int_equal(p.cpu[i].numa, i % 16 / 8);
	}
	hwloc_topology_destroy(topology);
}

static void nodes_are_numbered_from_0_as_they_come(void **state)
{
	static const struct {
		int numa[5];
		unsigned node[5], nodes;
	} cases[] = {
		{ { 0, 0, 0, 0, 0 }, { 0, 0, 0, 0, 0 }, 1 },
		{ { 3, 3, 1, 3, 8 }, { 0, 0, 1, 0, 2 }, 3 },
		{ { -1, -1, -1, -1, -1 }, { 0, 0, 0, 0, 0 }, 1 },
		{ { 2, -1, 2, -1, 0 }, { 0, 1, 0, 1, 2 }, 3 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct placement p = { .count = 5 };
		unsigned node[6] = { 9, 9, 9, 9, 9, 9 };

		for (unsigned c = 0; c < 5; c++)
			p.cpu[c].numa = cases[i].numa[c];
		assert_int_equal(placement_nodes(&p, node), cases[i].nodes);
		assert_memory_equal(node, cases[i].node, sizeof(cases[i].node));
		assert_int_equal(node[5], 9);
	}
}

static void wraps_around_when_every_thread_is_taken(void **state)
{
	hwloc_topology_t topology = synthetic("numa:2 core:8 pu:2");
	struct placement p;

	assert_int_equal(choose(topology, NULL, 70, true, &p), 0);
	assert_int_equal(p.count, 70);
	assert_true(p.oversubscribed);
	assert_string_equal(p.policy, "compact-wrap");
	for (int i = 0; i < 70; i++)
		assert_int_equal(p.cpu[i].os_cpu, i % 32 < 16 ? 2 * (i % 32) : 2 * (i % 32 - 16) + 1);
	hwloc_topology_destroy(topology);
}

static void permission_to_oversubscribe_changes_nothing_while_cores_last(void **state)
{
	hwloc_topology_t topology = synthetic("numa:2 core:8 pu:2");
	struct placement p;

	assert_int_equal(choose(topology, NULL, 16, true, &p), 0);
	assert_int_equal(p.cpu[15].os_cpu, 30);
	assert_false(p.oversubscribed);
	assert_string_equal(p.policy, "compact");
	hwloc_topology_destroy(topology);
}

/* Firmware often numbers all first threads, then all second ones, or alternates packages. */
static void kernel_numbering_does_not_matter(void **state)
{
	static const int first_and_second[] = { 0, 1, 2, 3, 4, 5, 6, 7 };
	static const int alternating[] = { 0, 2, 1, 3 };
	hwloc_topology_t topology = synthetic("pack:2 numa:1 core:2 pu:2(indexes=0,4,1,5,2,6,3,7)");
	struct placement p;

	assert_int_equal(choose(topology, NULL, 8, true, &p), 0);
	assert_os_cpus(&p, first_and_second, LENGTH(first_and_second));
	assert_int_equal(p.cpu[1].package, 0);
	assert_int_equal(p.cpu[2].package, 1);
	assert_int_equal(p.cpu[2].numa, 1);
	assert_int_equal(p.cpu[2].core, 2);
	assert_int_equal(p.cpu[6].core, 2);
	hwloc_topology_destroy(topology);

	topology = synthetic("pack:2 core:2 pu:1(indexes=0,2,1,3)");
	assert_int_equal(choose(topology, NULL, 4, false, &p), 0);
	assert_os_cpus(&p, alternating, LENGTH(alternating));
	hwloc_topology_destroy(topology);
}

static void one_cpu_machine(void **state)
{
	hwloc_topology_t topology = synthetic("pu:1");
	struct placement p;

	assert_int_equal(choose(topology, NULL, 1, false, &p), 0);
	assert_int_equal(p.count, 1);
	assert_int_equal(p.usable_cores, 1);
	assert_int_equal(p.usable_pus, 1);
	assert_int_equal(p.cpu[0].os_cpu, 0);
	assert_int_equal(p.cpu[0].core, 0);
	assert_int_equal(p.cpu[0].package, -1);

	assert_int_equal(choose(topology, NULL, 2, false, &p), -ERANGE);
	assert_string_equal(error, "2 simulated CPUs asked for, 1 usable core: ask for 1 at most, "
				   "or give --oversubscribe");

	assert_int_equal(choose(topology, NULL, 3, true, &p), 0);
	assert_int_equal(p.count, 3);
	assert_int_equal(p.cpu[2].os_cpu, 0);
	assert_true(p.oversubscribed);
	assert_string_equal(p.policy, "compact-wrap");
	hwloc_topology_destroy(topology);
}

static void a_thread_without_a_core_is_a_core(void **state)
{
	hwloc_topology_t topology = synthetic("pu:4");
	struct placement p;

	assert_int_equal(choose(topology, NULL, 4, false, &p), 0);
	assert_int_equal(p.usable_cores, 4);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(p.cpu[i].os_cpu, i);
		assert_int_equal(p.cpu[i].core, i);
	}
	hwloc_topology_destroy(topology);
}

static void affinity_that_leaves_one_thread_of_each_core(void **state)
{
	static const int expected[] = { 1, 2, 5, 6 };
	hwloc_topology_t topology = synthetic("core:4 pu:2");
	struct placement p;

	assert_int_equal(choose(topology, "1,2,5-6", 4, false, &p), 0);
	assert_os_cpus(&p, expected, LENGTH(expected));
	assert_int_equal(p.usable_cores, 4);
	assert_int_equal(p.usable_pus, 4);

	assert_int_equal(choose(topology, "1,2,5-6", 5, false, &p), -ERANGE);
	assert_non_null(strstr(error, "4 usable cores"));
	hwloc_topology_destroy(topology);
}

static void a_core_without_an_allowed_thread_does_not_count(void **state)
{
	static const int expected[] = { 1, 6, 7, 1 };
	hwloc_topology_t topology = synthetic("numa:2 core:2 pu:2");
	struct placement p;

	/* cores 1 and 2 are shut out, core 0 keeps its second thread, core 3 both */
	assert_int_equal(choose(topology, "1,6-7", 4, true, &p), 0);
	assert_os_cpus(&p, expected, LENGTH(expected));
	assert_int_equal(p.usable_cores, 2);
	assert_int_equal(p.usable_pus, 3);
	assert_int_equal(p.cpu[1].core, 3);
	assert_int_equal(p.cpu[1].numa, 1);
	assert_true(p.oversubscribed);

	assert_int_equal(choose(topology, "1,6-7", 3, false, &p), -ERANGE);
	hwloc_topology_destroy(topology);
}

static void nothing_usable(void **state)
{
	hwloc_topology_t topology = synthetic("core:4 pu:2");
	struct placement p;

	assert_int_equal(choose(topology, "", 1, true, &p), -ENODEV);
	assert_true(strlen(error) > 0);
	assert_int_equal(p.usable_cores, 0);
	assert_int_equal(choose(topology, "8-15", 1, true, &p), -ENODEV);
	assert_int_equal(p.usable_pus, 0);
	hwloc_topology_destroy(topology);
}

static void count_out_of_range(void **state)
{
	hwloc_topology_t topology = synthetic("core:300 pu:1");
	struct placement p;

	assert_int_equal(choose(topology, NULL, 0, true, &p), -EINVAL);
	assert_string_equal(error, "0 simulated CPUs asked for: ask for 1 to 256");
	assert_int_equal(choose(topology, NULL, 257, true, &p), -EINVAL);
	assert_int_equal(p.count, 0);
	assert_int_equal(choose(topology, NULL, 256, false, &p), 0);
	assert_int_equal(p.cpu[255].os_cpu, 255);
	assert_int_equal(p.usable_cores, 300);
	hwloc_topology_destroy(topology);
}

/* hwloc drops what a cpuset cgroup forbids: nodes vanish, logical numbers close up. */
static void restricted_topology(void **state)
{
	static const int expected[] = { 18, 20, 19, 21 };
	hwloc_topology_t topology = synthetic("numa:2 core:8 pu:2");
	hwloc_bitmap_t kept = cpu_list("18-21");
	struct placement p;

	assert_int_equal(hwloc_topology_restrict(topology, kept, 0), 0);
	assert_int_equal(choose(topology, NULL, 4, true, &p), 0);
	assert_os_cpus(&p, expected, LENGTH(expected));
	assert_int_equal(p.usable_cores, 2);
	assert_int_equal(p.cpu[0].numa, 1);

	assert_int_equal(choose(topology, "0-19", 2, false, &p), -ERANGE);
	assert_non_null(strstr(error, "1 usable core:"));
	hwloc_bitmap_free(kept);
	hwloc_topology_destroy(topology);
}

/* A topology loaded with the forbidden CPUs still in it must not hand them out. */
static void disallowed_but_visible(void **state)
{
	static const int expected[] = { 3, 5 };
	hwloc_topology_t topology = synthetic_with("core:4 pu:2", HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED);
	hwloc_bitmap_t allowed = cpu_list("3,5");
	struct placement p;

	assert_int_equal(hwloc_topology_allow(topology, allowed, NULL, HWLOC_ALLOW_FLAG_CUSTOM), 0);
	assert_int_equal(choose(topology, NULL, 2, false, &p), 0);
	assert_os_cpus(&p, expected, LENGTH(expected));
	assert_int_equal(p.usable_pus, 2);
	hwloc_bitmap_free(allowed);
	hwloc_topology_destroy(topology);
}

static void long_error_is_cut_not_overrun(void **state)
{
	hwloc_topology_t topology = synthetic("core:4 pu:2");
	struct placement p;
	char small[8] = "1234567";

	assert_int_equal(placement_choose(topology, NULL, 5, false, &p, small, 4), -ERANGE);
	assert_string_equal(small, "5 s");
	assert_int_equal(small[4], '5');
	hwloc_topology_destroy(topology);
}

static void made_up_topology_refuses_to_pin(void **state)
{
	hwloc_topology_t topology = synthetic("pu:1");
	const struct placement_cpu cpu = { .os_cpu = 0 };

	assert_int_equal(placement_pin_self(topology, &cpu), -ENOTSUP);
	hwloc_topology_destroy(topology);
}

static void real_machine_pins_and_reads_back(void **state)
{
	hwloc_topology_t topology;
	hwloc_bitmap_t before;
	hwloc_bitmap_t after;
	struct placement p;
	unsigned count;

	assert_int_equal(placement_load_topology(&topology), 0);
	assert_int_equal(placement_load_affinity(topology, &before), 0);
	assert_true(hwloc_bitmap_weight(before) > 0);

	assert_int_equal(placement_choose(topology, before, 1, false, &p, error, sizeof(error)), 0);
	count = p.usable_cores < PLACEMENT_CPU_MAX ? p.usable_cores : PLACEMENT_CPU_MAX;
	assert_int_equal(placement_choose(topology, before, count, false, &p, error, sizeof(error)), 0);
	for (unsigned i = 0; i < p.count; i++) {
		assert_true(hwloc_bitmap_isset(before, (unsigned)p.cpu[i].os_cpu));
		assert_int_equal(placement_pin_self(topology, &p.cpu[i]), 0);
		assert_int_equal(sched_getcpu(), p.cpu[i].os_cpu);
		assert_int_equal(placement_load_affinity(topology, &after), 0);
		assert_int_equal(hwloc_bitmap_weight(after), 1);
		hwloc_bitmap_free(after);
	}
	assert_int_equal(hwloc_set_cpubind(topology, before, HWLOC_CPUBIND_THREAD), 0);
	hwloc_bitmap_free(before);
	hwloc_topology_destroy(topology);
}

static void pinning_to_a_cpu_that_is_not_there_fails(void **state)
{
	const struct placement_cpu none = { .os_cpu = -1 };
	const struct placement_cpu absent = { .os_cpu = 8191 };
	hwloc_topology_t topology;

	assert_int_equal(placement_load_topology(&topology), 0);
	assert_int_equal(placement_pin_self(topology, &none), -EINVAL);
	assert_true(placement_pin_self(topology, &absent) < 0);
	hwloc_topology_destroy(topology);
}

static int seen_cpu[2];
static unsigned bodies_run;

static void note_cpu(void *context, unsigned side)
{
	seen_cpu[side] = sched_getcpu();
	__atomic_fetch_add((unsigned *)context, 1, __ATOMIC_RELAXED);
}

static void pair_runs_both_sides_where_it_was_told(void **state)
{
	const struct placement_cpu absent = { .os_cpu = 8191 };
	hwloc_topology_t topology;
	hwloc_bitmap_t affinity;
	struct placement p;

	assert_int_equal(placement_load_topology(&topology), 0);
	assert_int_equal(placement_load_affinity(topology, &affinity), 0);
	assert_int_equal(placement_choose(topology, affinity, 2, true, &p, error, sizeof(error)), 0);
	assert_int_equal(placement_run_pair(topology, &p.cpu[0], &p.cpu[1], note_cpu, &bodies_run), 0);
	assert_int_equal(bodies_run, 2);
	assert_int_equal(seen_cpu[0], p.cpu[0].os_cpu);
	assert_int_equal(seen_cpu[1], p.cpu[1].os_cpu);

	/* one side cannot be pinned: neither runs */
	assert_true(placement_run_pair(topology, &p.cpu[0], &absent, note_cpu, &bodies_run) < 0);
	assert_true(placement_run_pair(topology, &absent, &p.cpu[0], note_cpu, &bodies_run) < 0);
	assert_int_equal(bodies_run, 2);
	hwloc_bitmap_free(affinity);
	hwloc_topology_destroy(topology);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_thread_of_every_core_first),
		cmocka_unit_test(second_threads_only_when_oversubscribed),
		cmocka_unit_test(nodes_are_numbered_from_0_as_they_come),
		cmocka_unit_test(wraps_around_when_every_thread_is_taken),
		cmocka_unit_test(permission_to_oversubscribe_changes_nothing_while_cores_last),
		cmocka_unit_test(kernel_numbering_does_not_matter),
		cmocka_unit_test(one_cpu_machine),
		cmocka_unit_test(a_thread_without_a_core_is_a_core),
		cmocka_unit_test(affinity_that_leaves_one_thread_of_each_core),
		cmocka_unit_test(a_core_without_an_allowed_thread_does_not_count),
		cmocka_unit_test(nothing_usable),
		cmocka_unit_test(count_out_of_range),
		cmocka_unit_test(restricted_topology),
		cmocka_unit_test(disallowed_but_visible),
		cmocka_unit_test(long_error_is_cut_not_overrun),
		cmocka_unit_test(made_up_topology_refuses_to_pin),
		cmocka_unit_test(real_machine_pins_and_reads_back),
		cmocka_unit_test(pinning_to_a_cpu_that_is_not_there_fails),
		cmocka_unit_test(pair_runs_both_sides_where_it_was_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
