/* SPDX-License-Identifier: MIT */
/* The properties, in the order in which they are checked: one line each. */
#include <string.h>

#include "bench/torture/properties.h"

/* name, function, the broken back ends that it must catch, where it does not apply, summary */
const struct torture_property torture_properties[] = {
	{ "exclusion", torture_exclusion, "none broken-skip@2 broken-early@2 broken-mask broken-raise!", NULL, "a section or an ISR is alone inside" },
	{ "return-value", torture_return_value, "broken-return", NULL, "arguments and BOOLEANs come through unchanged" },
	{ "no-lost", torture_no_lost, "broken-forget broken-late broken-handover@2", NULL, "every interrupt is served once nobody calls any more" },
	{ "no-duplicate", torture_no_duplicate, "broken-twice", NULL, "one interrupt is one run of the ISR" },
	{ "prompt", torture_prompt, "broken-late broken-forget", NULL, "what was held off is taken at the first look after the section" },
	{ "irql", torture_irql, "broken-irql", NULL, "levels are restored, and higher interrupts nest" },
	{ "fifo", torture_fifo, "broken-fifo@2", torture_fifo_refusal, "waiting callers are served in the order of their arrival" },
	{ "integrity", torture_integrity, "none@2 broken-forget broken-late", torture_integrity_refusal, "through the whole HBA no I/O is lost, doubled or spoilt" },
	{ "anywhere", torture_anywhere, "none broken-window broken-raise!", torture_anywhere_refusal, "an interrupt is harmless at every instruction of the port" },
	{ "progress", torture_progress, "broken-progress@2", torture_progress_refusal, "service waits for callers no more than declared" },
};

const size_t torture_property_count = sizeof(torture_properties) / sizeof(torture_properties[0]);

const struct torture_property *torture_property_find(const char *name)
{
	for (size_t i = 0; i < torture_property_count; i++)
		if (strcmp(torture_properties[i].name, name) == 0)
			return &torture_properties[i];
	return NULL;
}
