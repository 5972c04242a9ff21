/* SPDX-License-Identifier: MIT */
/*
 * exclusion: a section or an ISR is alone inside, whoever calls from wherever.
 *
 * A leak can be rare: what skips one acquire in 65,536 needs a million of them
 * to be found with confidence, as not every skip meets somebody.
 */
#include "bench/torture/load.h"
#include "bench/torture/properties.h"

#define SECTIONS_WANTED (UINT64_C(1) << 20)

static void not_alone(struct load_cpu *self, enum load_role role, uint64_t mark)
{
	struct torture_run *run = self->load->rig.run;
	unsigned cpu = self->rig->index;

	if (!mark)
		torture_violated(run, "not alone inside: cpu %u (%s) found somebody halfway in or out, who has gone since", cpu,
				 load_role_name(role));
	torture_violated(run, "%s inside at once: cpu %u (%s) and cpu %u (%s)",
			 witness_mark_cpu(mark) == cpu ? "one CPU twice" : "two CPUs", witness_mark_cpu(mark),
			 load_role_name(witness_mark_role(mark)), cpu, load_role_name(role));
}

void torture_exclusion(struct torture_run *run)
{
	static const struct load_hooks hooks = { .not_alone = not_alone, .sections_wanted = SECTIONS_WANTED };
	struct load load;

	load_init(&load, run, &hooks);
	load_run(&load);
}
