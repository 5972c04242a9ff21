/* SPDX-License-Identifier: MIT */
/*
 * Checks of the chosen CPUs: who else may use them, and how they lie to each other.
 *
 * Source: Documentation/admin-guide/{kernel-parameters,cputopology}.txt and
 * Documentation/timers/no_hz.rst of Linux.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/environment/check.h"
#include "bench/environment/source.h"

#define CPU "/sys/devices/system/cpu"

/* A sibling is busy when it works for more than a tenth of the time. */
#define BUSY_SHARE 10

/* Numbers of a CPU's line in /proc/stat: user nice system idle iowait irq softirq steal. */
#define STAT_COLUMNS 8
#define STAT_IDLE 3
#define STAT_IOWAIT 4

/* Judges a set of CPUs that ought to have all of those measured. */
static void judge_all_in(const struct examination *examination, hwloc_const_bitmap_t set, struct environment_finding *finding)
{
	char text[64];

	examination_cpus_text(set, text, sizeof(text));
	finding_value(finding, "%s", hwloc_bitmap_iszero(set) ? "none" : text);
	finding_judge(finding, hwloc_bitmap_isincluded(examination->used, set));
}

static void advise_boot(const struct examination *examination, const char *parameter, const char *flags,
			struct environment_finding *finding)
{
	if (hwloc_bitmap_iszero(examination->others))
		finding_remedy(finding, "# leave a CPU to the system: measure fewer (--cpus), then boot with %s=", parameter);
	else
		finding_remedy(finding, "# boot with %s=%s%s", parameter, flags, examination->used_text);
}

CHECK(isolated)
{
	hwloc_bitmap_t set = hwloc_bitmap_alloc();

	if (set && source_cpus(examination->environment, set, CPU "/isolated")) {
		judge_all_in(examination, set, finding);
		advise_boot(examination, "isolcpus", "domain,managed_irq,", finding);
	}
	hwloc_bitmap_free(set);
}

CHECK(nohz_full)
{
	hwloc_bitmap_t set = hwloc_bitmap_alloc();

	if (set && source_cpus(examination->environment, set, CPU "/nohz_full")) {
		judge_all_in(examination, set, finding);
		advise_boot(examination, "nohz_full", "", finding);
	}
	hwloc_bitmap_free(set);
}

/* A parameter's CPUs added to the set; false when they cannot be told. */
static bool add_boot_cpus(const struct examination *examination, const char *name, hwloc_bitmap_t set)
{
	hwloc_bitmap_t named;
	char value[1024];
	bool parsed;

	switch (source_boot_parameter(examination->environment, name, value, sizeof(value))) {
	case PARAMETER_UNKNOWN:
		return false;
	case PARAMETER_ABSENT:
		return true;
	default:
		break;
	}
	if (strcmp(value, "all") == 0)
		return !hwloc_bitmap_or(set, set, examination->used);
	named = hwloc_bitmap_alloc();
	parsed = named && source_parse_cpus(value, named) && !hwloc_bitmap_or(set, set, named);
	hwloc_bitmap_free(named);
	return parsed;
}

/* nohz_full takes the callbacks off its CPUs as well. */
CHECK(rcu_nocbs)
{
	hwloc_bitmap_t set = hwloc_bitmap_alloc();

	if (set && add_boot_cpus(examination, "rcu_nocbs", set) && add_boot_cpus(examination, "nohz_full", set)) {
		judge_all_in(examination, set, finding);
		advise_boot(examination, "rcu_nocbs", "", finding);
	}
	hwloc_bitmap_free(set);
}

CHECK(allowed_cpus)
{
	hwloc_bitmap_t set = hwloc_bitmap_alloc();
	char *text = source_text(examination->environment, "/proc/self/status");
	char *list = text ? (char *)source_field(text, "Cpus_allowed_list") : NULL;

	if (list)
		list[strcspn(list, "\n")] = '\0';
	if (set && list && *list && source_parse_cpus(list, set)) {
		judge_all_in(examination, set, finding);
		finding_remedy(finding, "taskset -pc %s $$", examination->used_text);
	}
	free(text);
	hwloc_bitmap_free(set);
}

CHECK(numa)
{
	unsigned node[PLACEMENT_CPU_MAX];
	unsigned nodes = placement_nodes(&examination->cpus, node);

	for (unsigned c = 0; c < examination->cpus.count; c++) {
		if (examination->cpus.cpu[c].numa < 0)
			return;
	}
	if (nodes == 1)
		finding_value(finding, "node %d", examination->cpus.cpu[0].numa);
	else
		finding_value(finding, "%u nodes", nodes);
	finding_judge(finding, nodes == 1);
	finding_remedy(finding, "# keep to one node: numactl --cpunodebind=%d --membind=%d storsync ...",
		       examination->cpus.cpu[0].numa, examination->cpus.cpu[0].numa);
}

struct cpu_time {
	uint64_t busy;
	uint64_t total;
};

/* From the text of /proc/stat, in kernel ticks. */
static bool parse_cpu_time(const char *text, unsigned os_cpu, struct cpu_time *time)
{
	char name[32];
	const char *line;
	char *end;

	snprintf(name, sizeof(name), "\ncpu%u ", os_cpu);
	line = text ? strstr(text, name) : NULL;
	if (!line)
		return false;
	line += strlen(name);
	*time = (struct cpu_time){ 0 };
	for (unsigned column = 0; column < STAT_COLUMNS; column++, line = end) {
		unsigned long long value;

		line += strspn(line, " ");
		if (*line < '0' || *line > '9')
			return false;
		value = strtoull(line, &end, 10);
		time->total += value;
		if (column != STAT_IDLE && column != STAT_IOWAIT)
			time->busy += value;
	}
	return true;
}

/* Whether one sibling works, while this CPU spins: good when it does not. */
static enum verdict judge_sibling(const struct examination *examination, unsigned sibling)
{
	struct cpu_time before;
	struct cpu_time after;

	if (hwloc_bitmap_isset(examination->used, sibling))
		return VERDICT_BAD;
	if (!parse_cpu_time(examination->before.stat, sibling, &before) ||
	    !parse_cpu_time(examination->after.stat, sibling, &after) || after.total <= before.total || after.busy < before.busy)
		return VERDICT_UNKNOWN;
	return (after.busy - before.busy) * BUSY_SHARE > after.total - before.total ? VERDICT_BAD : VERDICT_GOOD;
}

static void judge_siblings(const struct examination *examination, hwloc_const_bitmap_t siblings,
			   struct environment_finding *finding)
{
	char text[48];
	unsigned sibling;

	examination_cpus_text(siblings, text, sizeof(text));
	finding->verdict = VERDICT_GOOD;
	finding_value(finding, "%s, idle", text);
	hwloc_bitmap_foreach_begin(sibling, siblings)
		enum verdict verdict = judge_sibling(examination, sibling);

		if (verdict == VERDICT_BAD) {
			finding->verdict = verdict;
			finding_value(finding, "%u, %s", sibling,
				      hwloc_bitmap_isset(examination->used, sibling) ? "measured as well" : "busy");
			finding_remedy(finding, "echo 0 > " CPU "/cpu%u/online", sibling);
			return;
		}
		if (verdict == VERDICT_UNKNOWN) {
			finding->verdict = verdict;
			finding_value(finding, "%s, not known whether idle", text);
		}
	hwloc_bitmap_foreach_end();
}

/* A guest is told what its hypervisor likes: that it sees no sibling does not mean that there is none. */
CHECK(smt_siblings)
{
	static const char path[] = CPU "/cpu%d/topology/thread_siblings_list";
	hwloc_bitmap_t siblings = hwloc_bitmap_alloc();

	if (!siblings || !source_cpus(examination->environment, siblings, path, cpu->os_cpu) ||
	    !hwloc_bitmap_isset(siblings, (unsigned)cpu->os_cpu))
		goto out;
	hwloc_bitmap_clr(siblings, (unsigned)cpu->os_cpu);
	if (!hwloc_bitmap_iszero(siblings)) {
		judge_siblings(examination, siblings, finding);
	} else if (examination_bare_metal(examination) == VERDICT_GOOD) {
		finding_value(finding, "none");
		finding_judge(finding, true);
	} else {
		finding_value(finding, "none shown, which a guest cannot rely on");
	}
out:
	hwloc_bitmap_free(siblings);
}

/* A virtual CPU that moves between cores, or shares one now and then, shows as two different ways between the same two. */
CHECK(core_to_core)
{
	const struct environment *environment = examination->environment;
	uint64_t ns[ENVIRONMENT_REPETITIONS_MAX];
	uint64_t median;

	for (unsigned i = 0; i < environment->repetitions; i++) {
		int error = environment->probes->core_to_core(environment->probes_context, environment->topology,
							      &examination->cpus.cpu[0], cpu, &ns[i]);

		if (error) {
			finding_value(finding, "not known: %s", strerror(-error));
			return;
		}
	}
	median = clock_median(ns, environment->repetitions);
	examination->core_to_core_ns[examination_index(examination, cpu)] = median;
	finding_value(finding, "median %llu ns, %llu to %llu in %u times", (unsigned long long)median, (unsigned long long)ns[0],
		      (unsigned long long)ns[environment->repetitions - 1], environment->repetitions);
	finding_judge(finding, 2 * ns[environment->repetitions - 1] <= 3 * ns[0]);
	if (examination_bare_metal(examination) == VERDICT_BAD)
		finding_remedy(finding, "# on the hypervisor, pin each virtual CPU to a core of its own");
	else
		finding_remedy(finding, "# keep other work off these CPUs and off the caches that they share");
}
