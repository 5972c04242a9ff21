/* SPDX-License-Identifier: MIT */
/* broken-late: a gate that re-delivers what it deferred only when the next section begins. */
#include "impls/broken_gate.h"

static void broken_gate_entering(struct broken_gate *gate)
{
	/* the defect: here instead of where the gate opens */
	broken_gate_redeliver(gate);
}

static bool broken_gate_closes(struct broken_gate *gate)
{
	return true;
}

static void broken_gate_open(struct broken_gate *gate)
{
	broken_gate_clear(gate);
}

BROKEN_GATE(broken_late, "broken-late", "broken on purpose: re-delivers a deferred interrupt only at the next section")
