/* SPDX-License-Identifier: MIT */
/*
 * `storsync micro` without its clock: every back end and peer goes through
 * every loop and comes out right, what is wrong is noticed, and the ratios
 * follow from made-up times.
 */
#define _GNU_SOURCE /* open_memstream */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/files/csv.h"
#include "bench/gbench/gbench.h"
#include "bench/micro/micro_algorithm.h"
#include "bench/micro/micro_cases.h"
#include "bench/micro/micro_list.h"
#include "bench/micro/micro_report.h"
#include "hba_sim/machine/cpu.h"
#include "hba_sim/machine/machine.h"
#include "impls/backends.h"
#include "tests/unit/temp_folder.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define OPERATIONS 500

static struct micro_bench bench;

/* The last result. */
static char skipped[160];
static double threads;
static size_t results;

static int set_up_bench(void **state)
{
	char error[200];

	if (placement_load_topology(&bench.topology))
		return -1;
	if (placement_choose(bench.topology, NULL, 2, false, &bench.placement, error, sizeof(error)) &&
	    placement_choose(bench.topology, NULL, 1, false, &bench.placement, error, sizeof(error)))
		return -1;
	bench.hz = 1e9;
	return stamp_scale_set(&bench.scale, 1, 1);
}

static int tear_down_bench(void **state)
{
	hwloc_topology_destroy(bench.topology);
	return 0;
}

static void note(void *context, const struct gbench_result *result)
{
	results++;
	snprintf(skipped, sizeof(skipped), "%s", result->skipped ? result->skipped : "");
	threads = 0;
	for (size_t i = 0; i < result->counters; i++) {
		if (strcmp(result->counter[i].name, "threads") == 0)
			threads = result->counter[i].value;
	}
}

static void run_case(enum micro_kind kind, const struct sync_backend *ops)
{
	static const struct gbench_options once = { .iterations = OPERATIONS };
	struct gbench_observer observer = { .result = note, .quiet = true };
	struct micro_case c = { .kind = kind, .ops = ops, .bench = &bench };
	char *argv[] = { (char *)"test", NULL };
	char error[100];

	results = 0;
	assert_int_equal(gbench_initialize(1, argv, NULL, error, sizeof(error)), 0);
	assert_int_equal(gbench_register("case", micro_case_run, &c, &once), 0);
	assert_int_equal(gbench_run(&observer), 0);
	gbench_clear();
	assert_int_equal(results, 1);
}

static void expect_result(enum micro_kind kind, const struct sync_backend *ops)
{
	struct micro_case c = { .kind = kind, .ops = ops, .bench = &bench };

	run_case(kind, ops);
	if (micro_case_refusal(&c)) {
		assert_string_equal(skipped, micro_case_refusal(&c));
		return;
	}
	if (*skipped)
		fail_msg("%s/%s: %s", micro_kind_name(kind), ops ? ops->name : "", skipped);
	assert_true(threads == micro_kind_threads(kind));
}

static void test_every_sound_backend_passes_every_loop(void **state)
{
	for (size_t i = 0; i < sync_backend_count; i++) {
		if (sync_backend_is_broken(sync_backends[i]))
			continue;
		expect_result(MICRO_UNCONTENDED, sync_backends[i]);
		expect_result(MICRO_SYNCHRONIZE, sync_backends[i]);
		expect_result(MICRO_SERVICE, sync_backends[i]);
		expect_result(MICRO_TWO_THREAD, sync_backends[i]);
	}
}

static void test_every_bare_peer_passes_its_loops(void **state)
{
	assert_true(sync_peer_count > 0);
	for (size_t i = 0; i < sync_peer_count; i++) {
		expect_result(MICRO_UNCONTENDED, &sync_peers[i]->bare);
		expect_result(MICRO_TWO_THREAD, &sync_peers[i]->bare);
	}
}

/* One lock in two tables. */
static void test_peers_are_listed_and_marked(void **state)
{
	for (size_t i = 0; i < sync_peer_count; i++) {
		const struct sync_backend *backend = &sync_peers[i]->backend;
		const struct sync_backend *bare = &sync_peers[i]->bare;

		assert_ptr_equal(sync_backend_find(backend->name), backend);
		assert_null(sync_backend_find(bare->name));
		assert_true(sync_backend_is_peer(backend) && !sync_backend_is_broken(backend));
		assert_true(backend->synchronize && backend->service && backend->enter && backend->leave);
		assert_true(!bare->synchronize && !bare->service && bare->enter && bare->leave);
		assert_int_equal(bare->capabilities, backend->capabilities);
		assert_ptr_equal(bare->init, backend->init);
		assert_string_equal(micro_algorithm_of(backend->name), sync_peers[i]->algorithm);
	}
}

/* What is bare leaves the level alone; the same lock as a back end raises it. */
static void test_only_the_back_end_raises_the_irql(void **state)
{
	_Alignas(SYNC_LINE_BYTES) unsigned char lock[512] = { 0 };
	struct sync_config config = { .cpus = 1, .dirql = 5 };
	struct sim_machine_config machine_config = { .cpus = 1, .phys_bytes = 4096, .scale = bench.scale };
	static struct sim_machine machine;
	struct sim_cpu *cpu;

	assert_int_equal(sim_machine_init(&machine, &machine_config), 0);
	cpu = sim_cpu_enter(&machine, 0);
	for (size_t i = 0; i < sync_peer_count; i++) {
		const struct sync_backend *forms[] = { &sync_peers[i]->bare, &sync_peers[i]->backend };

		for (size_t f = 0; f < LENGTH(forms); f++) {
			struct sync_hold hold;

			assert_true(forms[f]->lock_bytes <= sizeof(lock));
			assert_int_equal(forms[f]->init(lock, &config), 0);
			forms[f]->enter(lock, cpu, &hold);
			assert_int_equal(sim_irql(cpu), f ? 5 : IRQL_PASSIVE);
			forms[f]->leave(lock, cpu, &hold);
			assert_int_equal(sim_irql(cpu), IRQL_PASSIVE);
			if (forms[f]->fini)
				forms[f]->fini(lock);
		}
	}
	sim_cpu_exit(cpu);
	sim_machine_fini(&machine);
}

static void test_instruments(void **state)
{
	expect_result(MICRO_STAMP_PAIR, NULL);
	expect_result(MICRO_RECORD_SAMPLE, NULL);
	expect_result(MICRO_SEE_STAMP, NULL);
	expect_result(MICRO_WITNESS, NULL);
	expect_result(MICRO_TAKE_INTERRUPT, NULL);
}

static void test_a_raised_irql_is_noticed(void **state)
{
	run_case(MICRO_UNCONTENDED, sync_backend_find("broken-irql"));
	assert_non_null(strstr(skipped, "IRQL"));
}

static void test_a_changed_answer_is_noticed(void **state)
{
	run_case(MICRO_SYNCHRONIZE, sync_backend_find("broken-return"));
	assert_non_null(strstr(skipped, "answer"));
}

static unsigned char swallow(void *lock, struct sim_cpu *cpu, sync_routine *routine, void *extension, void *context)
{
	routine(extension, context);
	return 0;
}

static int refuse_service(void *lock, struct sim_cpu *cpu, sync_isr *isr, void *extension, uint32_t message)
{
	return SYNC_DEFERRED;
}

static int refuse_online(void *lock, struct sim_cpu *cpu)
{
	return cpu->index == 1 ? -EXDEV : 0;
}

static int refuse_init(void *lock, const struct sync_config *config)
{
	return -EXDEV;
}

static void test_service_that_defers_is_noticed(void **state)
{
	struct sync_backend fake = *sync_backend_find("spinlock");

	fake.service = refuse_service;
	fake.synchronize = swallow;
	run_case(MICRO_SERVICE, &fake);
	assert_non_null(strstr(skipped, "answer"));
	run_case(MICRO_SYNCHRONIZE, &fake);
	assert_non_null(strstr(skipped, "answer"));
}

static void test_set_up_that_fails_is_a_skip(void **state)
{
	struct sync_backend fake = *sync_backend_find("spinlock");

	fake.init = refuse_init;
	run_case(MICRO_UNCONTENDED, &fake);
	assert_string_equal(skipped, strerror(EXDEV));
}

/* Nobody waits for ever at the gate. */
static void test_one_side_that_fails_ends_both(void **state)
{
	struct sync_backend fake = *sync_backend_find("spinlock");

	if (bench.placement.count < 2)
		skip();
	fake.online = refuse_online;
	run_case(MICRO_TWO_THREAD, &fake);
	assert_string_equal(skipped, strerror(EXDEV));
}

static void test_refusals(void **state)
{
	struct micro_case c = { .kind = MICRO_TWO_THREAD, .ops = sync_backend_find("irqmask-local"), .bench = &bench };
	struct sync_backend fake = *sync_backend_find("spinlock");
	struct micro_bench lonely = { .placement.count = 1 };

	assert_non_null(micro_case_refusal(&c));
	c.kind = MICRO_UNCONTENDED;
	assert_null(micro_case_refusal(&c));
	c = (struct micro_case){ .kind = MICRO_TWO_THREAD, .ops = &fake, .bench = &lonely };
	assert_non_null(strstr(micro_case_refusal(&c), "two usable cores"));
	c.kind = MICRO_UNCONTENDED;
	assert_null(micro_case_refusal(&c));
	fake.enter = NULL;
	assert_non_null(strstr(micro_case_refusal(&c), "no enter"));
	c.kind = MICRO_SYNCHRONIZE;
	assert_null(micro_case_refusal(&c));
}

static void test_list_of_backends(void **state)
{
	struct micro_list list;
	char error[600] = "";

	assert_int_equal(micro_list_init(&list, "ticket,none", &bench, error, sizeof(error)), 0);
	assert_int_equal(list.count, 2 * 5 + 2 * sync_peer_count + 5);
	assert_string_equal(list.series[0].name, "uncontended/ticket");
	assert_string_equal(list.series[0].algorithm, "ticket");
	assert_null(list.series[5].algorithm);
	assert_int_equal(micro_list_index(&list, "service/none"), 7);
	assert_string_equal(list.series[list.count - 1].name, "instrument/take-interrupt");
	micro_list_fini(&list);
	assert_int_equal(micro_list_init(&list, "ticket,foo", &bench, error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "'foo'"));
	assert_non_null(strstr(error, "irqmask-lazy"));
}

static void test_all_means_all_sound_ones(void **state)
{
	struct micro_list list;
	char error[600];

	assert_int_equal(micro_list_init(&list, "all", &bench, error, sizeof(error)), 0);
	for (size_t i = 0; i < list.count; i++) {
		assert_false(list.cases[i].ops && sync_backend_is_broken(list.cases[i].ops));
		assert_true(list.series[i].peer == list.series[i].bare);
	}
	micro_list_index(&list, "two-thread/rcu-qsbr");
	micro_list_fini(&list);
}

static void test_peers_are_back_ends_when_named(void **state)
{
	struct micro_list list;
	char error[600];
	size_t at;

	assert_int_equal(micro_list_init(&list, "spinlock,all-peers", &bench, error, sizeof(error)), 0);
	assert_int_equal(list.count, 5 + (5 + 2) * sync_peer_count + 5);
	at = micro_list_index(&list, "service/ck-mcs");
	assert_true(list.series[at].peer && !list.series[at].bare);
	assert_string_equal(list.series[at].algorithm, "mcs");
	at = micro_list_index(&list, "uncontended/ck_spinlock_mcs");
	assert_true(list.series[at].peer && list.series[at].bare);
	assert_string_equal(list.series[at].algorithm, "mcs");
	micro_list_fini(&list);
	assert_int_equal(micro_list_init(&list, "ck_spinlock_mcs", &bench, error, sizeof(error)), -EINVAL);
}

static void test_verdicts(void **state)
{
	static const double peer[] = { 10, 10, 10, 10, 10 };
	static const struct {
		double ns[5];
		enum micro_verdict verdict;
	} cases[] = {
		{ { 10, 9, 11, 10, 10 }, MICRO_MET },
		{ { 12, 13, 12, 14, 11.5 }, MICRO_NOT_MET },
		{ { 10, 10, 10, 10, 11.5 }, MICRO_UNDECIDED },
		{ { 12, 12, 12, 12, 10.5 }, MICRO_UNDECIDED },
	};
	struct micro_ratio ratio;

	for (size_t i = 0; i < LENGTH(cases); i++) {
		assert_int_equal(micro_compare(cases[i].ns, peer, 5, &ratio), 0);
		assert_int_equal(ratio.verdict, cases[i].verdict);
	}
	assert_int_equal(micro_compare(cases[0].ns, peer, 4, &ratio), 0);
	assert_int_equal(ratio.verdict, MICRO_UNDECIDED);
	assert_int_equal(micro_compare(cases[0].ns, peer, 0, &ratio), -EINVAL);
}

/* The order statistics that bracket a median, from a table of the binomial distribution at 15/16. */
static void test_interval_of_ratios(void **state)
{
	static const struct {
		size_t n;
		size_t left_out;
	} table[] = { { 1, 0 }, { 4, 0 }, { 5, 0 }, { 8, 0 }, { 9, 1 }, { 11, 1 }, { 12, 2 }, { 100, 40 }, { 5000, 2433 } };
	double *ns = malloc(5000 * sizeof(*ns));
	double *ones = malloc(5000 * sizeof(*ones));
	struct micro_ratio ratio;

	assert_true(ns && ones);
	for (size_t i = 0; i < 5000; i++)
		ones[i] = 1;
	for (size_t i = 0; i < LENGTH(table); i++) {
		size_t n = table[i].n;

		/* backwards: the ratios have to be sorted */
		for (size_t k = 0; k < n; k++)
			ns[k] = (double)(n - k);
		assert_int_equal(micro_compare(ns, ones, n, &ratio), 0);
		if (ratio.low != (double)(table[i].left_out + 1) || ratio.high != (double)(n - table[i].left_out))
			fail_msg("%zu: %g to %g", n, ratio.low, ratio.high);
		assert_true(ratio.of_medians == (double)(n + 1) / 2);
	}
	free(ns);
	free(ones);
}

static void fill(struct micro_series *s, enum micro_kind kind, const char *subject, bool bare, double ns, double lost)
{
	struct gbench_counter counter = { "cpu_lost_frac", lost };
	struct gbench_result result = { .counters = 1, .counter = &counter };

	*s = (struct micro_series){ .kind = kind, .subject = subject, .peer = bare, .bare = bare,
				    .algorithm = "test-and-set" };
	snprintf(s->name, sizeof(s->name), "%s/%s", micro_kind_name(kind), subject);
	for (unsigned i = 0; i < 5; i++) {
		result.repetition = i;
		result.real_ns = ns;
		assert_int_equal(micro_series_add(s, &result), 0);
	}
}

/* The line of the table that starts with this name. */
static const char *line_of(const char *text, const char *name)
{
	static char line[300];
	const char *at = strstr(text, name);

	if (!at)
		fail_msg("no %s", name);
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(at, "\n"), at);
	return line;
}

static void test_table_takes_the_fastest_peer(void **state)
{
	struct gbench_result refused = { .skipped = "not here" };
	struct micro_series s[8];
	size_t bytes;
	char *text;
	FILE *out = open_memstream(&text, &bytes);

	fill(&s[0], MICRO_UNCONTENDED, "cheap", false, 10, 0);
	fill(&s[1], MICRO_UNCONTENDED, "dear", false, 20, 0.04);
	fill(&s[2], MICRO_UNCONTENDED, "disturbed", false, 20, 0.06);
	fill(&s[3], MICRO_TWO_THREAD, "cheap", false, 30, 0);
	fill(&s[4], MICRO_UNCONTENDED, "slow_peer", true, 14, 0);
	fill(&s[5], MICRO_UNCONTENDED, "fast_peer", true, 10, 0);
	fill(&s[7], MICRO_UNCONTENDED, "raised-peer", false, 5, 0);
	s[7].peer = true;
	s[6] = (struct micro_series){ .name = "two-thread/refused", .kind = MICRO_TWO_THREAD, .subject = "refused" };
	assert_int_equal(micro_series_add(&s[6], &refused), 0);
	micro_print_ratios(out, s, LENGTH(s));
	fclose(out);
	assert_non_null(strstr(line_of(text, "uncontended/cheap"), "fast_peer"));
	assert_non_null(strstr(line_of(text, "uncontended/cheap"), "1.00  met"));
	assert_non_null(strstr(line_of(text, "uncontended/dear"), "2.00  not met"));
	assert_non_null(strstr(line_of(text, "uncontended/disturbed"), "undecided: CPU time was lost"));
	assert_null(strstr(line_of(text, "two-thread/cheap"), "peer"));
	assert_non_null(strstr(line_of(text, "two-thread/refused"), "skipped: not here"));
	assert_null(strstr(text, "uncontended/fast_peer"));
	assert_non_null(strstr(line_of(text, "uncontended/raised-peer"), "0.50  met"));
	for (size_t i = 0; i < LENGTH(s); i++)
		micro_series_fini(&s[i]);
	free(text);
}

static void test_rows(void **state)
{
	struct gbench_counter counters[] = { { "cpu_lost_frac", 0.25 }, { "full_concurrency", 0.5 }, { "handoffs_per_op", 0.75 } };
	struct gbench_result good = { .repetition = 3, .iterations = 1000, .real_ns = 12.5, .counters = 3,
				      .counter = counters };
	struct gbench_result none = { .repetition = 4, .iterations = 1000, .skipped = "because" };
	struct micro_series peer = { .kind = MICRO_TWO_THREAD, .subject = "some_peer", .peer = true, .algorithm = "mcs" };
	struct micro_series instrument = { .kind = MICRO_STAMP_PAIR };
	char directory[TEMP_FOLDER_BYTES];
	char path[80];
	char error[200];
	struct csv_writer writer;
	struct csv_table table;
	static const char *const want[2][14] = {
		{ "2", "two-thread", "some_peer", "1", "mcs", "2", "3", "1000", "12.5", "0", "", "0.5", "0.25", "0.75" },
		{ "2", "instrument/stamp-pair", "", "0", "", "1", "4", "", "", "1", "because", "", "", "" },
	};

	assert_int_equal(temp_folder_make(directory), 0);
	snprintf(path, sizeof(path), "%s/micro.csv", directory);
	assert_int_equal(csv_create(&writer, path, &micro_schema), 0);
	assert_int_equal(micro_write_row(&writer, &peer, &good), 0);
	assert_int_equal(micro_write_row(&writer, &instrument, &none), 0);
	assert_int_equal(csv_close(&writer), 0);
	assert_int_equal(csv_table_load(path, &table, error, sizeof(error)), 0);
	assert_int_equal(table.rows, 2);
	assert_int_equal(table.columns, 14);
	for (size_t row = 0; row < 2; row++) {
		for (size_t column = 0; column < 14; column++)
			assert_string_equal(csv_table_string(&table, row, column), want[row][column]);
	}
	csv_table_fini(&table);
	temp_folder_remove(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_sound_backend_passes_every_loop),
		cmocka_unit_test(test_every_bare_peer_passes_its_loops),
		cmocka_unit_test(test_peers_are_listed_and_marked),
		cmocka_unit_test(test_only_the_back_end_raises_the_irql),
		cmocka_unit_test(test_instruments),
		cmocka_unit_test(test_a_raised_irql_is_noticed),
		cmocka_unit_test(test_a_changed_answer_is_noticed),
		cmocka_unit_test(test_service_that_defers_is_noticed),
		cmocka_unit_test(test_set_up_that_fails_is_a_skip),
		cmocka_unit_test(test_one_side_that_fails_ends_both),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_list_of_backends),
		cmocka_unit_test(test_all_means_all_sound_ones),
		cmocka_unit_test(test_peers_are_back_ends_when_named),
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_interval_of_ratios),
		cmocka_unit_test(test_table_takes_the_fastest_peer),
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, set_up_bench, tear_down_bench);
}
