/* SPDX-License-Identifier: MIT */
/*
 * broken-window: a gate that looks for what it deferred a moment before it opens.
 *
 * What arrives in between is deferred by a gate that is about to open, and
 * re-delivered by nobody before the next section.  On one CPU nothing can come
 * there but a signal, in a window of a few instructions that random load seldom
 * meets.
 */
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
	/* the defect: before the gate is open */
	bool deferred = atomic_exchange_explicit(&gate->deferred, 0, memory_order_seq_cst);

	broken_gate_clear(gate);
	if (deferred)
		sync_redeliver(gate->line);
}

BROKEN_GATE(broken_window, "broken-window", "broken on purpose: looks for what it deferred a moment before it opens")
