/* SPDX-License-Identifier: MIT */
/* What a check is, and what it gets to see; see environment.h. */
#ifndef STORSYNC_BENCH_ENVIRONMENT_CHECK_H
#define STORSYNC_BENCH_ENVIRONMENT_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/environment/environment.h"

/* Which figures a bad finding makes less believable. */
enum figure {
	FIGURE_ALL,
	FIGURE_TAILS,
	FIGURE_DIFFERENCES,
	FIGURE_HANDOFFS,
	FIGURE_DELIVERY,
	FIGURES,
};

/* What a finding is about, and so how many there are. */
enum check_scope {
	SCOPE_HOST,     /* one */
	SCOPE_CPUS,     /* one, about all CPUs together */
	SCOPE_EACH_CPU, /* one a CPU */
	SCOPE_PAIR,     /* one for each CPU but the first, which is the other side */
};

/* The kernel's counters at one instant; NULL or below 0 where they cannot be read. */
struct snapshot {
	char *stat;
	char *interrupts;
	int64_t runnable; /* tasks, this one included */
	int64_t throttled[PLACEMENT_CPU_MAX];
};

/* What the checks look at: gathered once, read only from then on. */
struct examination {
	const struct environment *environment;
	struct placement cpus; /* the placement's, each once */
	hwloc_bitmap_t used;   /* the same */
	hwloc_bitmap_t others; /* what else is online; empty when that is not known, too */
	char used_text[48];    /* a list, "0,2-3" */
	char others_text[48];
	struct snapshot before; /* around the spinning */
	struct snapshot after;
	int spin_error;
	struct environment_spin *spin; /* one for each of `cpus` */
	/* Median of the repetitions against the first CPU; 0 where it could not be timed. */
	uint64_t core_to_core_ns[PLACEMENT_CPU_MAX];
};

struct environment_check {
	const char *name;
	const char *expected;
	enum check_scope scope;
	enum figure limits;
	/*
	 * Sets value, verdict and remedy; they start as "", unknown and "", and the
	 * remedy counts only with a bad verdict.  cpu is NULL unless the scope is a
	 * CPU's.  The examination is not const for what a check measures on behalf
	 * of the run.
	 */
	void (*examine)(struct examination *examination, const struct placement_cpu *cpu, struct environment_finding *finding);
};

extern const struct environment_check environment_checks[];
extern const size_t environment_check_count;

/* Printable ASCII only, as a file may say anything; what does not fit ends in "...". */
void finding_value(struct environment_finding *finding, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A command to be run by root, or a comment.  One that does not fit is left out: half a command is worse than none. */
void finding_remedy(struct environment_finding *finding, const char *format, ...) __attribute__((format(printf, 2, 3)));

static inline void finding_judge(struct environment_finding *finding, bool good)
{
	finding->verdict = good ? VERDICT_GOOD : VERDICT_BAD;
}

/* The CPU's position in `cpus`, `spin` and the snapshots. */
static inline size_t examination_index(const struct examination *examination, const struct placement_cpu *cpu)
{
	return (size_t)(cpu - examination->cpus.cpu);
}

/* CPUs as a list; what does not fit ends in "...". */
void examination_cpus_text(hwloc_const_bitmap_t cpus, char *text, size_t bytes);

/* CPUID says that a hypervisor is there; unknown without CPUID. */
enum verdict examination_bare_metal(const struct examination *examination);

#define CHECK(name) \
	void check_##name(struct examination *examination, const struct placement_cpu *cpu, struct environment_finding *finding)

/* clock_checks.c */
CHECK(tsc_invariant);
CHECK(clocksource);
CHECK(tsc_synchronous);
CHECK(stamp_cost);

/* power_checks.c */
CHECK(governor);
CHECK(turbo);
CHECK(idle_states);
CHECK(throttling);
CHECK(power_supply);

/* cpu_checks.c */
CHECK(allowed_cpus);
CHECK(numa);
CHECK(isolated);
CHECK(nohz_full);
CHECK(rcu_nocbs);
CHECK(smt_siblings);
CHECK(core_to_core);

/* kernel_checks.c */
CHECK(preemption);
CHECK(rt_throttling);
CHECK(sched_fifo);
CHECK(memlock);
CHECK(huge_pages);
CHECK(swap);
CHECK(nmi_watchdog);
CHECK(soft_watchdog);
CHECK(timer_migration);

/* noise_checks.c */
CHECK(virtual_machine);
CHECK(gaps);
CHECK(steal);
CHECK(load);
CHECK(device_interrupts);
CHECK(irq_affinity);
CHECK(timer_ticks);
CHECK(other_interrupts);

/* quota_checks.c */
CHECK(cpu_quota);

#endif
