/* SPDX-License-Identifier: MIT */
/* broken-mask: a mask that leaks; every 64th section leaves the gate open. */
#include "impls/broken_gate.h"

static void broken_gate_entering(struct broken_gate *gate)
{
}

static bool broken_gate_closes(struct broken_gate *gate)
{
	/* the defect */
	return gate->sections % 64 != 0;
}

static void broken_gate_open(struct broken_gate *gate)
{
	broken_gate_clear(gate);
	broken_gate_redeliver(gate);
}

BROKEN_GATE(broken_mask, "broken-mask", "broken on purpose: a mask that leaks in every 64th section")
