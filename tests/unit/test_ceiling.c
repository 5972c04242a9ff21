/* SPDX-License-Identifier: MIT */
/*
 * The back ends with a priority ceiling, where two vectors of different levels
 * share one section: neither ISR enters while somebody is inside, a device
 * above the ceiling does, and the ceiling is what the vectors say.
 *
 * Every test runs over both back ends and over levels that no constant fits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hba_sim/devices/pulse.h"
#include "hba_sim/machine/machine.h"
#include "impls/backends.h"

enum who { LOWER, HIGHER, BYSTANDER, SOURCES };

struct levels {
	uint8_t dirql[SOURCES];
	bool higher_first; /* in the list of vectors */
};

static const struct levels all_levels[] = {
	{ { 5, 8, 11 }, false },
	{ { 3, 4, 5 }, true },
	{ { 9, 12, 13 }, false },
	{ { 3, 12, 15 }, true },
};

struct fixture {
	const struct sync_backend *backend;
	const struct levels *levels;
	uint8_t ceiling;
	struct sim_machine machine;
	struct sim_cpu *cpu;
	struct pulse_source source[SOURCES];
	void *lock;
	enum who serving; /* whose ISR is being served */
	bool inside;      /* a section or a sharing ISR is running */
	bool lower_isr_asks; /* the lower one's ISR has everybody interrupt it */
	unsigned served[SOURCES];
	unsigned served_inside[SOURCES];
	unsigned sections;
};

static void ask(struct fixture *fixture, enum who who)
{
	assert_true(pulse_schedule(&fixture->source[who], fixture->cpu, 0, stamp_now()));
}

/* Everybody who may interrupt does so within this; one look is enough. */
static void look(struct fixture *fixture)
{
	for (unsigned i = 0; i < 8; i++)
		sim_idle(fixture->cpu);
}

static void acknowledge(struct fixture *fixture, enum who who)
{
	struct pulse pulse;

	fixture->served[who]++;
	fixture->served_inside[who] += fixture->inside;
	assert_true(pulse_acknowledge(&fixture->source[who], fixture->cpu, &pulse));
}

static unsigned char sharing_isr(void *extension, uint32_t message)
{
	struct fixture *fixture = extension;
	enum who me = message;

	assert_int_equal(sim_irql(fixture->cpu), fixture->ceiling);
	acknowledge(fixture, me);
	fixture->inside = true;
	if (me == LOWER && fixture->lower_isr_asks) {
		ask(fixture, HIGHER);
		ask(fixture, BYSTANDER);
		look(fixture);
	}
	fixture->inside = false;
	return 1;
}

static int handle_sharing(struct fixture *fixture, enum who who)
{
	int answer;

	assert_int_equal(sim_irql(fixture->cpu), fixture->levels->dirql[who]);
	answer = fixture->backend->service(fixture->lock, fixture->cpu, sharing_isr, fixture, who);
	assert_int_equal(sim_irql(fixture->cpu), fixture->levels->dirql[who]);
	return answer;
}

static int handle_lower(void *context, struct sim_cpu *cpu, struct irq_event *event)
{
	return handle_sharing(context, LOWER);
}

static int handle_higher(void *context, struct sim_cpu *cpu, struct irq_event *event)
{
	return handle_sharing(context, HIGHER);
}

static int handle_bystander(void *context, struct sim_cpu *cpu, struct irq_event *event)
{
	acknowledge(context, BYSTANDER);
	return 1;
}

static void set_up(struct fixture *fixture, const char *backend, const struct levels *levels, unsigned vectors)
{
	static irq_handler *const handler[SOURCES] = { handle_lower, handle_higher, handle_bystander };
	struct sim_machine_config machine = { .cpus = 1, .phys_bytes = 4096 };
	struct irq_line *vector[2];
	struct sync_config config;
	size_t bytes;

	*fixture = (struct fixture){ .backend = sync_backend_find(backend), .levels = levels };
	assert_non_null(fixture->backend);
	assert_int_equal(stamp_scale_set(&machine.scale, 1, 1), 0);
	assert_int_equal(sim_machine_init(&fixture->machine, &machine), 0);
	for (unsigned i = 0; i < SOURCES; i++)
		assert_int_equal(pulse_init(&fixture->source[i], &fixture->machine, "pulse", levels->dirql[i], handler[i], fixture), 0);
	vector[levels->higher_first] = &fixture->source[LOWER].line;
	vector[!levels->higher_first] = &fixture->source[HIGHER].line;
	if (vectors < 2)
		vector[0] = &fixture->source[LOWER].line;
	fixture->ceiling = levels->dirql[vectors < 2 ? LOWER : HIGHER];

	config = sim_machine_sync_config(&fixture->machine, vector[0]);
	config.dirql = fixture->ceiling;
	config.vector = vectors ? vector : NULL;
	config.vectors = vectors;
	bytes = (fixture->backend->lock_bytes / SYNC_LINE_BYTES + 1) * SYNC_LINE_BYTES;
	fixture->lock = aligned_alloc(SYNC_LINE_BYTES, bytes);
	assert_non_null(fixture->lock);
	memset(fixture->lock, 0, bytes);
	assert_int_equal(fixture->backend->init(fixture->lock, &config), 0);
	/* What the vectors were listed in is the caller's, and gone by now. */
	memset(vector, 0, sizeof(vector));
	fixture->cpu = sim_cpu_enter(&fixture->machine, 0);
}

static void tear_down(struct fixture *fixture)
{
	sim_cpu_exit(fixture->cpu);
	if (fixture->backend->fini)
		fixture->backend->fini(fixture->lock);
	free(fixture->lock);
	for (unsigned i = 0; i < SOURCES; i++)
		pulse_fini(&fixture->source[i]);
	sim_machine_fini(&fixture->machine);
}

static void over_all(void (*test)(struct fixture *fixture), unsigned vectors)
{
	static const char *const backends[] = { "icpp", "msrp" };
	static struct fixture fixture;

	for (unsigned b = 0; b < sizeof(backends) / sizeof(backends[0]); b++) {
		for (unsigned i = 0; i < sizeof(all_levels) / sizeof(all_levels[0]); i++) {
			set_up(&fixture, backends[b], &all_levels[i], vectors);
			test(&fixture);
			tear_down(&fixture);
		}
	}
}

static unsigned char section(void *extension, void *context)
{
	struct fixture *fixture = extension;

	assert_int_equal(sim_irql(fixture->cpu), fixture->ceiling);
	fixture->inside = true;
	for (unsigned i = 0; i < SOURCES; i++)
		ask(fixture, i);
	look(fixture);
	fixture->inside = false;
	fixture->sections++;
	return 7;
}

static void all_interrupt_a_section(struct fixture *fixture)
{
	struct sync_hold hold;

	assert_int_equal(fixture->backend->synchronize(fixture->lock, fixture->cpu, section, fixture, NULL), 7);
	assert_int_equal(sim_irql(fixture->cpu), IRQL_PASSIVE);
	fixture->backend->enter(fixture->lock, fixture->cpu, &hold);
	section(fixture, NULL);
	fixture->backend->leave(fixture->lock, fixture->cpu, &hold);
	assert_int_equal(sim_irql(fixture->cpu), IRQL_PASSIVE);
	look(fixture);
	assert_int_equal(fixture->sections, 2);
	for (unsigned i = 0; i < SOURCES; i++)
		assert_int_equal(fixture->served[i], 2);
	assert_int_equal(fixture->served_inside[LOWER], 0);
	assert_int_equal(fixture->served_inside[HIGHER], 0);
	assert_int_equal(fixture->served_inside[BYSTANDER], 2);
}

static void test_a_section_keeps_all_who_share_it_out_and_nobody_else(void **state)
{
	over_all(all_interrupt_a_section, 2);
}

static void all_interrupt_the_lower_isr(struct fixture *fixture)
{
	fixture->lower_isr_asks = true;
	ask(fixture, LOWER);
	look(fixture);
	for (unsigned i = 0; i < SOURCES; i++)
		assert_int_equal(fixture->served[i], 1);
	assert_int_equal(fixture->served_inside[HIGHER], 0);
	assert_int_equal(fixture->served_inside[BYSTANDER], 1);
}

static void test_the_lower_isr_keeps_the_higher_one_out_and_nobody_else(void **state)
{
	over_all(all_interrupt_the_lower_isr, 2);
}

static unsigned char level_only(void *extension, void *context)
{
	struct fixture *fixture = extension;

	assert_int_equal(sim_irql(fixture->cpu), fixture->levels->dirql[LOWER]);
	fixture->sections++;
	return 1;
}

static void one_vector(struct fixture *fixture)
{
	fixture->backend->synchronize(fixture->lock, fixture->cpu, level_only, fixture, NULL);
	assert_int_equal(fixture->sections, 1);
	ask(fixture, LOWER);
	look(fixture);
	assert_int_equal(fixture->served[LOWER], 1);
}

static void test_one_vectors_ceiling_is_its_dirql(void **state)
{
	over_all(one_vector, 1);
	over_all(one_vector, 0);
}

static void a_caller_at_a_device_level(struct fixture *fixture)
{
	struct sync_hold hold;

	sim_raise(fixture->cpu, fixture->levels->dirql[LOWER]);
	fixture->backend->enter(fixture->lock, fixture->cpu, &hold);
	assert_int_equal(sim_irql(fixture->cpu), fixture->ceiling);
	ask(fixture, HIGHER);
	look(fixture);
	assert_int_equal(fixture->served[HIGHER], 0);
	fixture->backend->leave(fixture->lock, fixture->cpu, &hold);
	assert_int_equal(sim_irql(fixture->cpu), fixture->levels->dirql[LOWER]);
	assert_int_equal(fixture->served[HIGHER], 1);
	sim_lower(fixture->cpu, IRQL_PASSIVE);
}

static void test_leaving_goes_back_to_the_callers_level(void **state)
{
	over_all(a_caller_at_a_device_level, 2);
}

static void test_the_back_ends_say_so(void **state)
{
	assert_true(sync_backend_find("icpp")->capabilities & SYNC_CEILING);
	assert_true(sync_backend_find("icpp")->capabilities & SYNC_ONE_CPU);
	assert_true(sync_backend_find("msrp")->capabilities & SYNC_CEILING);
	assert_true(sync_backend_find("msrp")->capabilities & SYNC_FIFO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_section_keeps_all_who_share_it_out_and_nobody_else),
		cmocka_unit_test(test_the_lower_isr_keeps_the_higher_one_out_and_nobody_else),
		cmocka_unit_test(test_one_vectors_ceiling_is_its_dirql),
		cmocka_unit_test(test_leaving_goes_back_to_the_callers_level),
		cmocka_unit_test(test_the_back_ends_say_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
