/* SPDX-License-Identifier: MIT */
/* The instruments' own cost; see micro_instruments.h. */
#include "bench/micro/micro_instruments.h"

#include <errno.h>
#include <string.h>

#include "bench/instruments/histogram.h"
#include "hba_sim/machine/machine.h"
#include "hba_sim/port/witness.h"

#define SAMPLES 1024

static uint64_t time_stamp_pairs(struct gbench_state *state, const struct micro_case *c, uint64_t n)
{
	uint64_t begin = stamp_now();

	for (uint64_t i = 0; i < n; i++) {
		stamp_now();
		stamp_now();
	}
	return stamp_now() - begin;
}

/* Values over the range of latencies, so that neither the branch nor the bucket is always the same. */
static void fill_samples(uint64_t *samples)
{
	uint64_t x = 1;

	for (unsigned i = 0; i < SAMPLES; i++) {
		/* Knuth's MMIX generator; its high bits are the good ones */
		x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		samples[i] = (x >> 32) >> (16 + i % 10);
	}
}

static uint64_t time_record(struct gbench_state *state, const struct micro_case *c, uint64_t n)
{
	uint64_t samples[SAMPLES];
	static struct gap_witness witness;
	struct histogram histogram;
	uint64_t suspects = 0;
	uint64_t begin;
	uint64_t ticks;

	if (histogram_init(&histogram)) {
		gbench_skip(state, strerror(ENOMEM));
		return 0;
	}
	fill_samples(samples);
	begin = stamp_now();
	for (uint64_t i = 0; i < n; i++) {
		histogram_record(&histogram, samples[i % SAMPLES]);
		if (__builtin_expect(gap_witness_suspects(&witness, begin), 0))
			suspects++;
	}
	ticks = stamp_now() - begin;
	if (histogram.n != n || suspects)
		gbench_skip(state, "the histogram lost samples");
	histogram_fini(&histogram);
	return ticks;
}

static uint64_t time_see_stamp(struct gbench_state *state, const struct micro_case *c, uint64_t n)
{
	static struct gap_witness witness;
	static struct gap_log log;
	uint64_t begin;
	uint64_t ticks;

	gap_log_init(&log, &witness, c->bench->hz > 0 ? (uint64_t)c->bench->hz : 0);
	begin = stamp_now();
	for (uint64_t i = 0; i < n; i++) {
		gap_log_see(&log, begin + i);
		/* between two stamps there is always something */
		atomic_signal_fence(memory_order_seq_cst);
	}
	ticks = stamp_now() - begin;
	if (log.noted)
		gbench_skip(state, "the gap witness saw what was not there");
	return ticks;
}

static uint64_t time_witness(struct gbench_state *state, const struct micro_case *c, uint64_t n)
{
	static struct witness witness;
	struct access_before before;
	uint32_t me = witness_identity(0, false);
	uint64_t begin = stamp_now();
	uint64_t ticks;

	for (uint64_t i = 0; i < n; i++) {
		witness_enter(&witness, me, witness_cpu(me), i, &before);
		/* the section: the witness's stores are not merged across it */
		atomic_signal_fence(memory_order_seq_cst);
		witness_leave(&witness, me, i);
		atomic_signal_fence(memory_order_seq_cst);
	}
	ticks = stamp_now() - begin;
	if (atomic_load_explicit(&witness.violations, memory_order_relaxed))
		gbench_skip(state, "the witness saw somebody else");
	return ticks;
}

/* A source that is asserted towards the CPU once each time that it is scheduled. */
struct blip {
	struct irq_line line;
	uint64_t due; /* SIM_NEVER: not asserted */
	uint64_t served;
};

static bool advance_blip(void *source, struct sim_cpu *cpu, uint64_t now, uint64_t *asserted)
{
	struct blip *blip = source;

	*asserted = blip->due;
	irq_pin_reschedule(&blip->line, cpu, blip->due);
	return blip->due <= now;
}

static int serve_blip(void *context, struct sim_cpu *cpu, struct irq_event *event)
{
	struct blip *blip = context;

	blip->due = SIM_NEVER;
	blip->served++;
	return 1;
}

static uint64_t time_interrupts(struct gbench_state *state, const struct micro_case *c, uint64_t n)
{
	const struct sim_machine_config config = { .cpus = 1, .phys_bytes = 4096, .scale = c->bench->scale };
	struct blip blip = { .due = SIM_NEVER, .line = { .name = "blip", .dirql = 5, .advance = advance_blip, .handler = serve_blip } };
	struct sim_machine machine;
	struct sim_cpu *cpu;
	uint64_t begin;
	uint64_t ticks;

	blip.line.source = blip.line.handler_context = &blip;
	if (sim_machine_init(&machine, &config) || irq_line_connect(&machine, &blip.line)) {
		gbench_skip(state, strerror(ENOMEM));
		return 0;
	}
	cpu = sim_cpu_enter(&machine, 0);
	begin = stamp_now();
	for (uint64_t i = 0; i < n; i++) {
		blip.due = 1;
		irq_pin_schedule(&blip.line, cpu, blip.due);
		sim_cpu_look(cpu);
	}
	ticks = stamp_now() - begin;
	sim_cpu_exit(cpu);
	sim_machine_fini(&machine);
	if (blip.served != n)
		gbench_skip(state, "an interrupt was lost");
	return ticks;
}

double micro_instrument_run(struct gbench_state *state, const struct micro_case *c, uint64_t n)
{
	static uint64_t (*const loops[MICRO_KINDS])(struct gbench_state *, const struct micro_case *, uint64_t) = {
		[MICRO_STAMP_PAIR] = time_stamp_pairs,
		[MICRO_RECORD_SAMPLE] = time_record,
		[MICRO_SEE_STAMP] = time_see_stamp,
		[MICRO_WITNESS] = time_witness,
		[MICRO_TAKE_INTERRUPT] = time_interrupts,
	};

	return (double)loops[c->kind](state, c, n) / c->bench->hz;
}
