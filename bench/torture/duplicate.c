/* SPDX-License-Identifier: MIT */
/*
 * no-duplicate: one interrupt, one run of the ISR.
 *
 * Each acknowledgement takes one pulse, and only the target CPU takes its
 * pulses, so with this source there is no innocent second run: service() runs
 * the ISR once or defers, and the ISR always finds a pulse.
 */
#include "bench/torture/load.h"
#include "bench/torture/properties.h"

static void isr_called(struct load_cpu *self, const void *extension, uint32_t message)
{
	/* relaxed: ordered by what led here, or else it is that which is wrong */
	if (!atomic_load_explicit(&self->serving, memory_order_relaxed))
		torture_violated(self->load->rig.run, "cpu %u: the ISR ran and no interrupt was being served", self->rig->index);
}

static void served(struct load_cpu *self, int answer)
{
	struct torture_run *run = self->load->rig.run;

	if (answer == SYNC_DEFERRED && self->isr_runs)
		torture_violated(run, "cpu %u: service ran the ISR and answered that it had deferred it", self->rig->index);
	if (self->isr_runs_for_nothing)
		torture_violated(run, "cpu %u: one interrupt, %u runs of the ISR, %u of which found nothing to acknowledge",
				 self->rig->index, self->isr_runs, self->isr_runs_for_nothing);
	if (answer != SYNC_DEFERRED && self->isr_runs != 1)
		torture_violated(run, "cpu %u: one interrupt, %u runs of the ISR", self->rig->index, self->isr_runs);
}

void torture_no_duplicate(struct torture_run *run)
{
	static const struct load_hooks hooks = { .isr_called = isr_called, .served = served };
	struct load load;

	load_init(&load, run, &hooks);
	load_run(&load);
}
