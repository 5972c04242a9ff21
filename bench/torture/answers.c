/* SPDX-License-Identifier: MIT */
/*
 * return-value: what goes through the back end comes out as it went in.
 *
 * A BOOLEAN is a byte, and drivers do return other values than 0 and 1; the
 * arguments of routine and ISR are the driver's own.
 */
#include "bench/torture/load.h"
#include "bench/torture/properties.h"

static void synchronized(struct load_cpu *self, const struct load_section *section, unsigned char answer)
{
	struct torture_run *run = self->load->rig.run;

	if (!section->extension)
		torture_violated(run, "cpu %u (%s): synchronize returned and had not run the routine with its context",
				 self->rig->index, load_role_name(section->role));
	if (section->extension != self->load)
		torture_violated(run, "cpu %u (%s): the routine got another extension than the caller gave", self->rig->index,
				 load_role_name(section->role));
	if (answer != section->answer)
		torture_violated(run, "cpu %u (%s): the routine answered %u, synchronize returned %u", self->rig->index,
				 load_role_name(section->role), section->answer, answer);
}

static void isr_called(struct load_cpu *self, const void *extension, uint32_t message)
{
	struct torture_run *run = self->load->rig.run;

	if (extension != self->load)
		torture_violated(run, "cpu %u: the ISR got another extension than service was given", self->rig->index);
	if (message != self->message)
		torture_violated(run, "cpu %u: service was given message %u, the ISR got %u", self->rig->index, self->message,
				 message);
}

static void served(struct load_cpu *self, int answer)
{
	if (answer != SYNC_DEFERRED && self->isr_runs == 1 && answer != self->isr_answer)
		torture_violated(self->load->rig.run, "cpu %u: the ISR answered %u, service returned %d", self->rig->index,
				 self->isr_answer, answer);
}

void torture_return_value(struct torture_run *run)
{
	static const struct load_hooks hooks = {
		.synchronized = synchronized,
		.isr_called = isr_called,
		.served = served,
	};
	struct load load;

	load_init(&load, run, &hooks);
	load_run(&load);
}
