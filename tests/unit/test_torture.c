/* SPDX-License-Identifier: MIT */
/*
 * The torture engine itself, on back ends that are broken in ways of which the
 * project's own broken ones have none: hangs, crashes, runs in which nothing
 * happens, and defects that a property must name.  Also its report and its
 * command line.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/torture/random.h"
#include "bench/torture/torture.h"
#include "impls/backends.h"
#include "impls/contract.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define SHORT_NS UINT64_C(50000000)
#define LONG_NS UINT64_C(20000000000)
#define WATCHDOG_NS UINT64_C(10000000000)
#define HANG_WATCHDOG_NS UINT64_C(400000000)

static struct torture_host host;

/* --- a spin lock to break --- */

struct toy {
	_Atomic(uint32_t) held;
	_Atomic(uint32_t) calls;
	uint8_t dirql;
};

static int toy_init(void *state, const struct sync_config *config)
{
	struct toy *lock = state;

	lock->dirql = config->dirql;
	return 0;
}

static void toy_acquire(struct toy *lock, struct sim_cpu *cpu, struct sync_hold *hold)
{
	while (atomic_exchange_explicit(&lock->held, 1, memory_order_acquire))
		sync_relax(cpu);
}

static void toy_release(struct toy *lock, struct sim_cpu *cpu, struct sync_hold *hold)
{
	atomic_store_explicit(&lock->held, 0, memory_order_release);
}

SYNC_LOCK_OPERATIONS(toy, struct toy, toy_acquire, toy_release)

static bool now_and_then(struct toy *lock)
{
	return atomic_fetch_add_explicit(&lock->calls, 1, memory_order_relaxed) % 1000 == 999;
}

static unsigned char never_releases(void *state, struct sim_cpu *cpu, sync_routine *routine, void *extension, void *context)
{
	struct toy *lock = state;
	unsigned char answer = toy_synchronize(state, cpu, routine, extension, context);

	if (now_and_then(lock))
		atomic_store_explicit(&lock->held, 1, memory_order_relaxed);
	return answer;
}

static unsigned char crashes(void *state, struct sim_cpu *cpu, sync_routine *routine, void *extension, void *context)
{
	if (now_and_then(state))
		raise(SIGKILL);
	return toy_synchronize(state, cpu, routine, extension, context);
}

static unsigned char exits(void *state, struct sim_cpu *cpu, sync_routine *routine, void *extension, void *context)
{
	if (now_and_then(state))
		_exit(0);
	return toy_synchronize(state, cpu, routine, extension, context);
}

static unsigned char runs_nothing(void *state, struct sim_cpu *cpu, sync_routine *routine, void *extension, void *context)
{
	return now_and_then(state) ? 0 : toy_synchronize(state, cpu, routine, extension, context);
}

static unsigned char wrong_extension(void *state, struct sim_cpu *cpu, sync_routine *routine, void *extension, void *context)
{
	return toy_synchronize(state, cpu, routine, now_and_then(state) ? context : extension, context);
}

/* Raises above every device: nothing can nest. */
static int too_high(void *state, const struct sync_config *config)
{
	struct toy *lock = state;

	lock->dirql = IRQL_HIGH;
	return 0;
}

static int wrong_message(void *state, struct sim_cpu *cpu, sync_isr *isr, void *extension, uint32_t message)
{
	return toy_service(state, cpu, isr, extension, now_and_then(state) ? message + 1 : message);
}

static int wrong_answer(void *state, struct sim_cpu *cpu, sync_isr *isr, void *extension, uint32_t message)
{
	return toy_service(state, cpu, isr, extension, message) != 0;
}

static int runs_and_defers(void *state, struct sim_cpu *cpu, sync_isr *isr, void *extension, uint32_t message)
{
	int answer = toy_service(state, cpu, isr, extension, message);

	return now_and_then(state) ? SYNC_DEFERRED : answer;
}

static int runs_none(void *state, struct sim_cpu *cpu, sync_isr *isr, void *extension, uint32_t message)
{
	return now_and_then(state) ? 1 : toy_service(state, cpu, isr, extension, message);
}

static int always_defers(void *state, struct sim_cpu *cpu, sync_isr *isr, void *extension, uint32_t message)
{
	return SYNC_DEFERRED;
}

static int runs_low(void *state, struct sim_cpu *cpu, sync_isr *isr, void *extension, uint32_t message)
{
	struct toy *lock = state;
	int answer;

	sync_lower(cpu, lock->dirql - 1);
	answer = toy_service(state, cpu, isr, extension, message);
	sync_raise(cpu, lock->dirql);
	return answer;
}

static int fails_to_start(void *state, const struct sync_config *config)
{
	return -1;
}

static struct sync_backend toy_backend(const char *name)
{
	return (struct sync_backend){
		.name = name,
		.capabilities = SYNC_BROKEN,
		.deliveries = SYNC_POLL,
		.lock_bytes = sizeof(struct toy),
		.init = toy_init,
		.synchronize = toy_synchronize,
		.service = toy_service,
	};
}

/* --- running it --- */

static char *output;

static enum torture_verdict run(const struct sync_backend *backend, const char *property, unsigned cpus, uint64_t duration_ns,
				uint64_t watchdog_ns)
{
	struct torture_options options = {
		.duration_ns = duration_ns,
		.watchdog_ns = watchdog_ns,
		.seed = 7,
		.oversubscribe = cpus > host.usable_cores,
	};
	struct torture_check check = { .backend = backend, .property = torture_property_find(property), .cpus = cpus,
				       .delivery = SYNC_POLL };
	enum torture_verdict verdict;
	size_t bytes;
	FILE *out;

	assert_non_null(check.property);
	free(output);
	out = open_memstream(&output, &bytes);
	assert_non_null(out);
	verdict = torture_run_one(&host, &check, &options, out, NULL);
	fclose(out);
	return verdict;
}

static void expect_text(const char *text)
{
	if (!strstr(output, text))
		fail_msg("\"%s\" is not in: %s", text, output);
}

static void expect_violation(const struct sync_backend *backend, const char *property, const char *text)
{
	assert_int_equal(run(backend, property, 1, LONG_NS, WATCHDOG_NS), TORTURE_VIOLATED);
	assert_int_equal(strncmp(output, "FAIL ", 5), 0);
	expect_text(text);
	expect_text("caught after");
	expect_text("--seed 7");
}

static void a_sound_lock_holds(void **state)
{
	struct sync_backend backend = toy_backend("toy");

	for (size_t i = 0; i < torture_property_count; i++) {
		enum torture_verdict verdict = run(&backend, torture_properties[i].name, 1, SHORT_NS, WATCHDOG_NS);

		if (verdict != TORTURE_HOLDS && verdict != TORTURE_SKIPPED)
			fail_msg("%s", output);
		assert_int_equal(strncmp(output, verdict == TORTURE_HOLDS ? "ok   " : "skip ", 5), 0);
	}
}

static void a_hang_is_reported_with_the_state_of_the_machine(void **state)
{
	struct sync_backend backend = toy_backend("toy");

	backend.synchronize = never_releases;
	assert_int_equal(run(&backend, "exclusion", 1, LONG_NS, HANG_WATCHDOG_NS), TORTURE_HUNG);
	expect_text("hung: no progress for 400 ms: cpu 0 stands still");
	expect_text("spin iterations");
	expect_text("line guarded: dirql 6");
	assert_int_equal(run(&backend, "exclusion", 2, LONG_NS, HANG_WATCHDOG_NS), TORTURE_HUNG);
	expect_text("cpu 1: irql");
}

static void a_crash_is_reported(void **state)
{
	struct sync_backend backend = toy_backend("toy");

	backend.synchronize = crashes;
	assert_int_equal(run(&backend, "exclusion", 1, LONG_NS, WATCHDOG_NS), TORTURE_CRASHED);
	expect_text("crashed: ended by signal 9");
}

static void an_exit_without_a_verdict_does_not_hold(void **state)
{
	struct sync_backend backend = toy_backend("toy");

	backend.synchronize = exits;
	assert_int_equal(run(&backend, "exclusion", 1, LONG_NS, WATCHDOG_NS), TORTURE_CRASHED);
	expect_text("without a verdict");
}

static void what_cannot_be_set_up_does_not_hold(void **state)
{
	struct sync_backend backend = toy_backend("toy");

	backend.init = fails_to_start;
	assert_int_equal(run(&backend, "exclusion", 1, SHORT_NS, WATCHDOG_NS), TORTURE_ERROR);
	expect_text("could not run: the back end's init");
}

static void a_run_without_interrupts_is_not_exercised(void **state)
{
	struct sync_backend backend = toy_backend("toy");

	backend.service = always_defers;
	assert_int_equal(run(&backend, "exclusion", 1, SHORT_NS, UINT64_C(1000000000)), TORTURE_NOT_EXERCISED);
	expect_text("not exercised: no interrupt was served");
	assert_int_equal(run(&backend, "irql", 1, SHORT_NS, UINT64_C(1000000000)), TORTURE_NOT_EXERCISED);
	expect_text("not exercised: no guarded interrupt was served");
}

static void an_interrupt_that_is_never_served_is_lost(void **state)
{
	struct sync_backend backend = toy_backend("toy");

	backend.service = always_defers;
	expect_violation(&backend, "no-lost", "not served after 64 looks by an idle CPU; still deferred");
	expect_violation(&backend, "prompt", "the interrupt that fell due meanwhile is not served");
}

static void what_goes_through_must_come_out_unchanged(void **state)
{
	struct sync_backend backend = toy_backend("toy");

	backend.synchronize = runs_nothing;
	expect_violation(&backend, "return-value", "had not run the routine");
	backend.synchronize = wrong_extension;
	expect_violation(&backend, "return-value", "another extension");
	backend = toy_backend("toy");
	backend.service = wrong_message;
	expect_violation(&backend, "return-value", "was given message");
	backend.service = wrong_answer;
	expect_violation(&backend, "return-value", "service returned 1");
}

static void one_interrupt_is_one_run(void **state)
{
	struct sync_backend backend = toy_backend("toy");

	backend.service = runs_and_defers;
	expect_violation(&backend, "no-duplicate", "ran the ISR and answered that it had deferred it");
	backend.service = runs_none;
	expect_violation(&backend, "no-duplicate", "one interrupt, 0 runs of the ISR");
}

static void levels_are_checked_inside_too(void **state)
{
	struct sync_backend backend = toy_backend("toy");

	backend.init = too_high;
	expect_violation(&backend, "irql", "a section runs at IRQL 15");
	backend = toy_backend("toy");
	backend.service = runs_low;
	expect_violation(&backend, "irql", "the IRQL is 5 inside the ISR, not 6");
}

static void refusals_are_skipped_with_their_reason(void **state)
{
	assert_int_equal(run(sync_backend_find("irqmask-local"), "exclusion", 2, SHORT_NS, WATCHDOG_NS), TORTURE_SKIPPED);
	expect_text("skip irqmask-local");
	expect_text("caller's own CPU only");
	assert_int_equal(run(sync_backend_find("spinlock"), "fifo", 2, SHORT_NS, WATCHDOG_NS), TORTURE_SKIPPED);
	expect_text("does not declare");
	assert_int_equal(run(sync_backend_find("ticket"), "fifo", 1, SHORT_NS, WATCHDOG_NS), TORTURE_SKIPPED);
	expect_text("two CPUs");
	assert_int_equal(run(sync_backend_find("ck-ticket"), "fifo", 2, SHORT_NS, WATCHDOG_NS), TORTURE_SKIPPED);
	expect_text("as its project wrote it");
	assert_int_equal(run(sync_backend_find("ck-ticket"), "exclusion", host.usable_cores + 1, SHORT_NS,
			     WATCHDOG_NS), TORTURE_SKIPPED);
	expect_text("gives a shared core away");
}

/* A name in a property's list of what it must catch, as it is written there. */
static void expect_known_broken(const char *name)
{
	const struct sync_backend *backend = sync_backend_find(name);

	if (!backend || !sync_backend_is_broken(backend))
		fail_msg("%s is no broken back end", name);
}

static void every_broken_back_end_has_a_property_that_catches_it(void **state)
{
	char caught[1024] = " ";

	for (size_t i = 0; i < torture_property_count; i++) {
		char *names = strdup(torture_properties[i].catches);
		char *rest = NULL;

		for (char *name = strtok_r(names, " ", &rest); name; name = strtok_r(NULL, " ", &rest)) {
			name[strcspn(name, "@!")] = '\0';
			expect_known_broken(name);
			strcat(strcat(caught, name), " ");
		}
		free(names);
	}
	for (size_t i = 0; i < sync_backend_count; i++) {
		char name[64];

		snprintf(name, sizeof(name), " %s ", sync_backends[i]->name);
		if (sync_backend_is_broken(sync_backends[i]) && !strstr(caught, name))
			fail_msg("no property must catch%s", name);
	}
}

static void a_seed_gives_one_sequence_for_each_cpu_and_property(void **state)
{
	struct torture_options options = { .seed = 1 };
	struct torture_check check = { .property = torture_property_find("exclusion"), .delivery = SYNC_POLL };
	struct torture_run one = { .check = &check, .options = &options };
	uint64_t first = torture_seed(&one, 0);

	assert_int_equal(torture_seed(&one, 0), first);
	assert_int_not_equal(torture_seed(&one, 1), first);
	check.property = torture_property_find("prompt");
	assert_int_not_equal(torture_seed(&one, 0), first);
	check.property = torture_property_find("exclusion");
	options.seed = 2;
	assert_int_not_equal(torture_seed(&one, 0), first);
}

static void random_numbers_stay_below_their_bound(void **state)
{
	unsigned seen[5] = { 0 };
	uint64_t random = 3;

	for (unsigned i = 0; i < 5000; i++)
		seen[random_below(&random, 5)]++;
	for (unsigned i = 0; i < 5; i++)
		assert_in_range(seen[i], 800, 1200);
	assert_int_equal(random_below(&random, 1), 0);
}

static int command(const char *options)
{
	char *copy = strdup(options);
	char *argv[16] = { "torture" };
	char *rest = NULL;
	int argc = 1;
	int status;

	for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		argv[argc++] = word;
	status = torture_main(argc, argv);
	free(copy);
	return status;
}

static void the_exit_status_says_how_it_went(void **state)
{
	assert_int_equal(command("--list"), 0);
	assert_int_equal(command("--backends spinlock --delivery poll --cpus 1 --properties irql --duration 10ms --seed 1"), 0);
	assert_int_equal(command("--backends broken-irql --delivery poll --cpus 1 --properties irql --seed 1 --duration 5s"), 1);
	assert_int_equal(command("--backends irqmask-local --cpus 2 --properties irql --oversubscribe"), 2);
	assert_int_equal(command("--backends spinlock --cpus 250 --properties irql"), 2);
	assert_int_equal(command("--backends mutex-none --delivery poll,signal --cpus 1 --properties irql"), 2);
}

static int set_up_group(void **state)
{
	char error[256];

	return torture_host_init(&host, 2, error, sizeof(error));
}

static int tear_down_group(void **state)
{
	free(output);
	torture_host_fini(&host);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sound_lock_holds),
		cmocka_unit_test(a_hang_is_reported_with_the_state_of_the_machine),
		cmocka_unit_test(a_crash_is_reported),
		cmocka_unit_test(an_exit_without_a_verdict_does_not_hold),
		cmocka_unit_test(what_cannot_be_set_up_does_not_hold),
		cmocka_unit_test(a_run_without_interrupts_is_not_exercised),
		cmocka_unit_test(an_interrupt_that_is_never_served_is_lost),
		cmocka_unit_test(what_goes_through_must_come_out_unchanged),
		cmocka_unit_test(one_interrupt_is_one_run),
		cmocka_unit_test(levels_are_checked_inside_too),
		cmocka_unit_test(refusals_are_skipped_with_their_reason),
		cmocka_unit_test(every_broken_back_end_has_a_property_that_catches_it),
		cmocka_unit_test(a_seed_gives_one_sequence_for_each_cpu_and_property),
		cmocka_unit_test(random_numbers_stay_below_their_bound),
		cmocka_unit_test(the_exit_status_says_how_it_went),
	};

	return cmocka_run_group_tests(tests, set_up_group, tear_down_group);
}
