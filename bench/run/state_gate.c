/* SPDX-License-Identifier: MIT */
/* The gate of a changed state; see state_gate.h. */
#include "bench/run/state_gate.h"

#include <stdbool.h>
#include <stdio.h>

#include "bench/cell/gates.h"

static bool has_moved(const json_t *now, uint64_t reference_ns)
{
	return json_is_number(now) && gates_core_to_core_differs(json_number_value(now), (double)reference_ns);
}

void state_gate(json_t *summary, uint64_t reference_ns)
{
	const char *codes = json_string_value(json_object_get(summary, "gate_codes"));
	char all[GATE_CODES_BYTES];

	if (!summary || !reference_ns)
		return;
	if (!has_moved(json_object_get(summary, "core_to_core_before_ns"), reference_ns) &&
	    !has_moved(json_object_get(summary, "core_to_core_after_ns"), reference_ns))
		return;
	snprintf(all, sizeof(all), "%s", codes ? codes : "");
	/* What finds no room there has company enough. */
	gates_append(all, sizeof(all), STATE_GATE_CODE);
	json_object_set_new(summary, "gate_codes", json_string(all));
	json_object_set_new(summary, "gate", json_string("warn"));
}
