/* SPDX-License-Identifier: MIT */
/*
 * Checks of who took time from the CPUs while they were spinning: the hypervisor,
 * interrupts, other tasks.
 *
 * Source: Intel SDM volume 2A and AMD APM volume 3, CPUID Fn0000_0001_ECX[31];
 * Documentation/virt/kvm/x86/cpuid.rst, Documentation/core-api/irq/irq-affinity.rst
 * and proc(5) of Linux.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/environment/check.h"
#include "bench/environment/interrupts.h"
#include "bench/environment/source.h"
#include "bench/instruments/noise.h"

#define TIMER_LIMIT_HZ 50
#define OTHERS_LIMIT_HZ 100

static const char pin_virtual_cpus[] =
	"# on the hypervisor, pin each virtual CPU to a core of its own; or measure outside of it";

enum verdict examination_bare_metal(const struct examination *examination)
{
	const struct environment *environment = examination->environment;
	uint32_t registers[4];

	if (!environment->probes->cpuid(environment->probes_context, 1, registers))
		return VERDICT_UNKNOWN;
	return registers[2] >> 31 ? VERDICT_BAD : VERDICT_GOOD;
}

CHECK(virtual_machine)
{
	const struct environment *environment = examination->environment;
	enum verdict bare = examination_bare_metal(examination);
	uint32_t registers[4];
	char vendor[13] = "";

	if (bare == VERDICT_UNKNOWN)
		return;
	finding->verdict = bare;
	if (bare == VERDICT_BAD && environment->probes->cpuid(environment->probes_context, 0x40000000, registers))
		memcpy(vendor, &registers[1], sizeof(vendor) - 1);
	if (bare == VERDICT_GOOD)
		finding_value(finding, "no");
	else
		finding_value(finding, "yes%s%s", vendor[0] ? ", " : "", vendor);
	finding_remedy(finding, "%s", pin_virtual_cpus);
}

CHECK(gaps)
{
	const struct gap_probe *gap = &examination->spin[examination_index(examination, cpu)].gap;
	double lost;

	if (examination->spin_error) {
		finding_value(finding, "not known: %s", strerror(-examination->spin_error));
		return;
	}
	if (!gap_probe_lost_frac(gap, &lost))
		return;
	if (gap->backwards)
		finding_value(finding, "clock went back %llu times", (unsigned long long)gap->backwards);
	else if (gap->count)
		finding_value(finding, "%llu, longest %.0f us, %.2f%% lost", (unsigned long long)gap->count,
			      (double)gap->longest_ns / 1000, lost * 100);
	else
		finding_value(finding, "none in %.0f ms", (double)gap->duration_ns / 1e6);
	finding_judge(finding, !gap->count && !gap->backwards);
	if (examination_bare_metal(examination) == VERDICT_BAD)
		finding_remedy(finding, "%s", pin_virtual_cpus);
	else
		finding_remedy(finding, "# keep tasks and interrupts off the CPUs: see load, isolated, irq-affinity, nohz-full");
}

/* A guest whose counter never moved may simply not be told. */
CHECK(steal)
{
	const char *before = examination->before.stat;
	const char *after = examination->after.stat;
	int64_t first = before ? noise_parse_steal(before, cpu->os_cpu) : NOISE_UNKNOWN;
	int64_t last = after ? noise_parse_steal(after, cpu->os_cpu) : NOISE_UNKNOWN;

	if (first < 0 || last < first)
		return;
	if (last == 0 && examination_bare_metal(examination) != VERDICT_GOOD) {
		finding_value(finding, "never any, which a hypervisor may just not report");
		return;
	}
	finding_value(finding, "%lld ticks while looking, %lld since boot", (long long)(last - first), (long long)last);
	finding_judge(finding, last == first);
	finding_remedy(finding, "%s", pin_virtual_cpus);
}

/* This task is one of them. */
CHECK(load)
{
	int64_t before = examination->before.runnable;
	int64_t after = examination->after.runnable;
	int64_t others = (before > after ? before : after) - 1;

	if (before < 1 || after < 1)
		return;
	finding_value(finding, "%lld other%s runnable", (long long)others, others == 1 ? "" : "s");
	finding_judge(finding, others == 0);
	finding_remedy(finding, "ps -eo pid,psr,stat,comm --sort=-pcpu | head  # stop what is not needed, or taskset it away");
}

static bool interrupts_seen(const struct examination *examination, const struct placement_cpu *cpu,
			    struct interrupt_counts *grown)
{
	struct interrupt_counts before;
	struct interrupt_counts after;

	return !examination->spin_error && examination->before.interrupts && examination->after.interrupts &&
	       interrupts_of_cpu(examination->before.interrupts, cpu->os_cpu, &before) &&
	       interrupts_of_cpu(examination->after.interrupts, cpu->os_cpu, &after) &&
	       interrupts_growth(&before, &after, grown);
}

static double spin_s(const struct examination *examination, const struct placement_cpu *cpu)
{
	return (double)examination->spin[examination_index(examination, cpu)].gap.duration_ns / 1e9;
}

static void advise_affinity(const struct examination *examination, struct environment_finding *finding)
{
	if (hwloc_bitmap_iszero(examination->others))
		finding_remedy(finding, "# no other CPU is there to take them: measure fewer (--cpus)");
	else
		finding_remedy(finding, "for i in /proc/irq/*/smp_affinity_list; do echo %s > $i; done 2> /dev/null",
			       examination->others_text);
}

CHECK(device_interrupts)
{
	struct interrupt_counts grown;

	if (!interrupts_seen(examination, cpu, &grown))
		return;
	finding_value(finding, "%llu in %.0f ms", (unsigned long long)grown.devices, spin_s(examination, cpu) * 1000);
	finding_judge(finding, grown.devices == 0);
	advise_affinity(examination, finding);
}

CHECK(timer_ticks)
{
	struct interrupt_counts grown;
	double s = spin_s(examination, cpu);

	if (!interrupts_seen(examination, cpu, &grown) || !grown.has_timer || s <= 0)
		return;
	finding_value(finding, "%.0f a second", (double)grown.timer / s);
	finding_judge(finding, (double)grown.timer < TIMER_LIMIT_HZ * s);
	if (hwloc_bitmap_iszero(examination->others))
		finding_remedy(finding, "# leave a CPU to the system: measure fewer (--cpus), then boot with nohz_full=");
	else
		finding_remedy(finding, "# boot with nohz_full=%s", examination->used_text);
}

CHECK(other_interrupts)
{
	struct interrupt_counts grown;
	double s = spin_s(examination, cpu);

	if (!interrupts_seen(examination, cpu, &grown) || s <= 0)
		return;
	finding_value(finding, "%.0f a second", (double)grown.others / s);
	finding_judge(finding, (double)grown.others < OTHERS_LIMIT_HZ * s);
	finding_remedy(finding, "# other tasks send them, to wake, call or flush: see load and isolated");
}

/* Where an interrupt really goes, where the kernel says so; else where it may. */
static bool targets_of(const struct environment *environment, unsigned irq, hwloc_bitmap_t targets)
{
	if (source_cpus(environment, targets, "/proc/irq/%u/effective_affinity_list", irq) && !hwloc_bitmap_iszero(targets))
		return true;
	return source_cpus(environment, targets, "/proc/irq/%u/smp_affinity_list", irq) && !hwloc_bitmap_iszero(targets);
}

CHECK(irq_affinity)
{
	const char *text = examination->before.interrupts;
	hwloc_bitmap_t targets = hwloc_bitmap_alloc();
	hwloc_bitmap_t bad = hwloc_bitmap_alloc();
	bool silent = !text || !strchr(text, ':');
	unsigned irq;
	char list[64];

	while (targets && bad && text && interrupts_next_line(&text, &irq)) {
		if (!targets_of(examination->environment, irq, targets))
			silent = true;
		else if (hwloc_bitmap_intersects(targets, examination->used))
			hwloc_bitmap_set(bad, irq);
	}
	if (targets && bad && !hwloc_bitmap_iszero(bad)) {
		examination_cpus_text(bad, list, sizeof(list));
		finding_value(finding, "interrupts %s", list);
		finding_judge(finding, false);
		advise_affinity(examination, finding);
	} else if (targets && bad && !silent) {
		finding_value(finding, "none of those active");
		finding_judge(finding, true);
	}
	hwloc_bitmap_free(targets);
	hwloc_bitmap_free(bad);
}
