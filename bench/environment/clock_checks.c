/* SPDX-License-Identifier: MIT */
/* Checks of the time stamp counter, which every figure is read from. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/environment/check.h"
#include "bench/environment/source.h"

#define STAMP_COST_LIMIT_NS 50

/* What /proc/cpuinfo lists for the first CPU; false when it lists nothing. */
static bool kernel_flags(const struct environment *environment, bool *constant, bool *nonstop)
{
	char *text = source_text(environment, "/proc/cpuinfo");
	const char *flags = text ? source_field(text, "flags") : NULL;

	if (flags) {
		*constant = source_has_word(flags, "constant_tsc");
		*nonstop = source_has_word(flags, "nonstop_tsc");
	}
	free(text);
	return flags != NULL;
}

static const char *answer(bool known, bool yes)
{
	return !known ? "not known" : yes ? "yes" : "no";
}

CHECK(tsc_invariant)
{
	const struct environment *environment = examination->environment;
	uint32_t registers[4];
	bool constant = false;
	bool nonstop = false;
	bool has_leaf = environment->probes->cpuid(environment->probes_context, 0x80000007, registers);
	bool has_flags = kernel_flags(environment, &constant, &nonstop);
	bool invariant = has_leaf && clock_edx_says_invariant(registers[3]);

	finding_value(finding, "CPUID: %s; constant_tsc: %s; nonstop_tsc: %s", answer(has_leaf, invariant),
		      answer(has_flags, constant), answer(has_flags, nonstop));
	if ((has_leaf && !invariant) || (has_flags && !(constant && nonstop)))
		finding_judge(finding, false);
	else if (has_leaf && has_flags)
		finding_judge(finding, true);
	finding_remedy(finding, "# none here: stamps are clock_gettime; measure on a CPU with an invariant counter");
}

CHECK(clocksource)
{
	static const char folder[] = "/sys/devices/system/clocksource/clocksource0";
	char current[64];
	char available[256];

	if (!source_line(examination->environment, current, sizeof(current), "%s/current_clocksource", folder) || !current[0])
		return;
	finding_value(finding, "%s", current);
	finding_judge(finding, strcmp(current, "tsc") == 0);
	if (source_line(examination->environment, available, sizeof(available), "%s/available_clocksource", folder) &&
	    source_has_word(available, "tsc"))
		finding_remedy(finding, "echo tsc > %s/current_clocksource", folder);
	else
		finding_remedy(finding, "# the kernel has given the TSC up; `dmesg | grep -i tsc` says why");
}

CHECK(tsc_synchronous)
{
	const struct environment *environment = examination->environment;
	struct clock_skew skew;
	int error = environment->probes->skew(environment->probes_context, environment->topology, &examination->cpus.cpu[0],
					      cpu, &skew);

	if (error) {
		finding_value(finding, "not known: %s", strerror(-error));
		return;
	}
	if (skew.rounds == 0)
		return;
	finding_value(finding, "%llu of %llu exchanges backwards", (unsigned long long)skew.backwards,
		      (unsigned long long)skew.rounds);
	finding_judge(finding, clock_skew_synchronous(&skew));
	finding_remedy(finding, "# none here: stamps are clock_gettime; firmware or hypervisor left the counters apart");
}

CHECK(stamp_cost)
{
	double ns = examination->spin[examination_index(examination, cpu)].stamp_cost_ns;

	if (examination->spin_error || ns <= 0)
		return;
	finding_value(finding, "%.1f ns", ns);
	finding_judge(finding, ns <= STAMP_COST_LIMIT_NS);
	finding_remedy(finding, "# something traps the counter's readings: a hypervisor, or a profiler or sandbox");
}
