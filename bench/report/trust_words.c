/* SPDX-License-Identifier: MIT */
/* The words; see trust_words.h. Limits are those of bench/cell/gates.h and bench/run/state_gate.h. */
#include "bench/report/trust_words.h"

#include <string.h>

#include "bench/environment/check.h"

const struct trust_gate trust_gates[] = {
	{ "section", "The work inside the critical section was not as long as was asked for.",
	  "Compare with care whatever depends on how long access is held." },
	{ "clock", "No invariant and synchronous cycle counter could be used: the system's clock took the stamps, at a higher "
	     "cost.",
	  "Short times are too long by the cost of a stamp." },
	{ "oversubscribed", "There were more simulated CPUs than cores, so some of them stood still while others ran.",
	  "Every figure is as much the scheduler's as the back end's." },
	{ "bystander", "Some of the unrelated interrupts had not been served when the window ended.",
	  "The bystanders' latencies lack their worst cases." },
	{ "core-to-core", "What a cache line takes from one core to the other changed by more than half during the invocation.",
	  "A back end that hands over more looks better or worse than it is." },
	{ "core-to-core-moved", "What a cache line takes from one core to the other was more than half off what it was when "
	     "the run began.",
	  "Compare only with rows of the same state of the machine." },
	{ "gaps", "Over 5% of the time was lost in gaps: the CPU was taken away, by a hypervisor, another task or firmware.",
	  "High percentiles and maxima show the machine, not the back end." },
	{ "cpu-lost", "Over 2% of the wall time was without CPU time, or the two did not agree.",
	  "Throughput is too low, and tails are too long." },
	{ "migrated", "A thread moved from one core to another.", "Caches were cold after it: tails are too long." },
	{ "concurrency", "All simulated CPUs were running together for less than 95% of the window.",
	  "There was less contention than the row says." },
	{ "verified", "The verifier was on, which takes time at every callback and call.",
	  "The figures are no measurements." },
};

const size_t trust_gate_count = sizeof(trust_gates) / sizeof(trust_gates[0]);

static const struct {
	const char *check;
	const char *words;
} checks[] = {
	{ "tsc-invariant", "The rate of the cycle counter is not constant." },
	{ "clocksource", "The kernel does not trust the cycle counter." },
	{ "tsc-synchronous", "The CPUs' cycle counters do not agree." },
	{ "stamp-cost", "Taking a time stamp is slow: something traps it." },
	{ "cpu-quota", "A control group limits CPU time: at the end of each period everything stands still." },
	{ "allowed-cpus", "The process may not run on all CPUs that are measured." },
	{ "gaps", "The CPU was taken away while it did nothing but look at the clock." },
	{ "virtual-machine", "There is a hypervisor, which may take a CPU away at any time." },
	{ "steal", "The hypervisor ran others on this CPU." },
	{ "device-interrupts", "Real devices interrupted the CPU." },
	{ "irq-affinity", "Real devices' interrupts are routed to the CPUs." },
	{ "timer-ticks", "The kernel's timer interrupts the CPU often." },
	{ "other-interrupts", "Other CPUs interrupted this one, to wake, call or flush." },
	{ "isolated", "The scheduler may put other tasks on the CPUs." },
	{ "nohz-full", "The CPUs keep their timer tick while one task runs." },
	{ "rcu-nocbs", "The kernel's RCU callbacks run on the CPUs." },
	{ "nmi-watchdog", "The kernel's watchdog interrupts the CPUs." },
	{ "soft-watchdog", "The kernel's watchdog wakes a task on each CPU." },
	{ "timer-migration", "Timers of idle CPUs are moved to busy ones, such as those that are measured." },
	{ "huge-pages", "The kernel may stop a thread to merge its pages." },
	{ "swap", "Memory may be swapped out." },
	{ "load", "Other tasks want the CPUs." },
	{ "governor", "The CPU's frequency follows its load." },
	{ "turbo", "The CPU's frequency depends on heat and on its neighbours." },
	{ "throttling", "The CPU was slowed down by heat." },
	{ "power-supply", "The machine runs on its battery." },
	{ "smt-siblings", "Another hardware thread shares the core." },
	{ "core-to-core", "A cache line's way between cores varies: a virtual CPU moves, or something is in the way." },
	{ "numa", "The CPUs are on several memory nodes." },
	{ "idle-states", "An idle CPU takes long to wake up." },
	{ "preemption", "The kernel cannot be preempted everywhere." },
	{ "rt-throttling", "Real-time threads are stopped for a share of each period." },
	{ "sched-fifo", "Real-time threads are not allowed." },
	{ "memlock", "Not all memory may be locked: a page fault may hit a real-time thread." },
};

static const char *const limits[FIGURES] = {
	[FIGURE_ALL] = "every figure",
	[FIGURE_TAILS] = "maxima and high percentiles",
	[FIGURE_DIFFERENCES] = "small differences",
	[FIGURE_HANDOFFS] = "what passes from CPU to CPU",
	[FIGURE_DELIVERY] = "delivery by signals and threads",
};

const struct trust_gate *trust_gate_find(const char *code)
{
	for (size_t i = 0; i < trust_gate_count; i++) {
		if (strcmp(trust_gates[i].code, code) == 0)
			return &trust_gates[i];
	}
	return NULL;
}

const char *trust_check_words(const char *check)
{
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		if (strcmp(checks[i].check, check) == 0)
			return checks[i].words;
	}
	return NULL;
}

const char *trust_check_limits(const char *check)
{
	for (size_t i = 0; i < environment_check_count; i++) {
		if (strcmp(environment_checks[i].name, check) == 0)
			return limits[environment_checks[i].limits];
	}
	return NULL;
}
