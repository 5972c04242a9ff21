/* SPDX-License-Identifier: MIT */
/* broken-forget: a gate that forgets what it deferred, every 8th time. */
#include "impls/broken_gate.h"

static void broken_gate_entering(struct broken_gate *gate)
{
}

static bool broken_gate_closes(struct broken_gate *gate)
{
	return true;
}

static void broken_gate_open(struct broken_gate *gate)
{
	broken_gate_clear(gate);
	/* the defect */
	if (gate->sections % 8 == 0)
		atomic_store_explicit(&gate->deferred, 0, memory_order_relaxed);
	broken_gate_redeliver(gate);
}

BROKEN_GATE(broken_forget, "broken-forget", "broken on purpose: a gate that at times forgets a deferred interrupt")
