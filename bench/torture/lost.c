/* SPDX-License-Identifier: MIT */
/*
 * no-lost: once nobody calls any more, every pulse that fell due is served.
 *
 * In short legs, as a forgotten interrupt is often rescued by the next one that
 * is deferred.  What a CPU gets at the end of an episode is a number of
 * looks, not a time: an open back end lets an interrupt through at the first.
 */
#include <inttypes.h>

#include "bench/torture/load.h"
#include "bench/torture/properties.h"

static void find_lost(struct load_cpu *self)
{
	struct load *load = self->load;
	struct sim_cpu *cpu = self->rig->cpu;
	struct pulse first;
	struct pulse last;
	bool parked = cpu->pin[load->rig.pulse.line.index].parked;
	unsigned lost = pulse_waiting(&load->rig.pulse, cpu, cpu->index, &first, &last);

	if (lost)
		torture_violated(load->rig.run,
				 "%u interrupt%s lost: pulse %" PRIu64 " of cpu %u, due %" PRIu64 " ns ago, is not served after %d looks by an idle CPU%s%s",
				 lost, lost == 1 ? "" : "s", first.serial, cpu->index,
				 stamp_to_ns(&load->rig.machine.scale, stamp_now() - first.due), LOAD_LOOKS,
				 load_left_behind(self) ? "; handed over, and left behind" : parked ? "; still deferred by the back end" : "",
				 irq_line_is_masked(&load->rig.pulse.line) ? "; the line is masked" : "");
}

void torture_no_lost(struct torture_run *run)
{
	static const struct load_hooks hooks = { .settled = find_lost, .short_legs = true };
	struct load load;

	load_init(&load, run, &hooks);
	load_run(&load);
}
