/* SPDX-License-Identifier: MIT */
/* The table of checks: what is looked at, what would be right, which figures suffer when it is not. */
#include "bench/environment/check.h"

const struct environment_check environment_checks[] = {
	{ "tsc-invariant", "CPUID, constant_tsc and nonstop_tsc say so", SCOPE_HOST, FIGURE_ALL, check_tsc_invariant },
	{ "clocksource", "tsc", SCOPE_HOST, FIGURE_ALL, check_clocksource },
	{ "tsc-synchronous", "no effect stamped before its cause", SCOPE_PAIR, FIGURE_ALL, check_tsc_synchronous },
	{ "stamp-cost", "at most 50 ns", SCOPE_EACH_CPU, FIGURE_ALL, check_stamp_cost },
	{ "cpu-quota", "none", SCOPE_HOST, FIGURE_ALL, check_cpu_quota },
	{ "allowed-cpus", "all that are measured", SCOPE_CPUS, FIGURE_ALL, check_allowed_cpus },
	{ "gaps", "none above 10 us", SCOPE_EACH_CPU, FIGURE_TAILS, check_gaps },
	{ "virtual-machine", "no", SCOPE_HOST, FIGURE_TAILS, check_virtual_machine },
	{ "steal", "no growth", SCOPE_EACH_CPU, FIGURE_TAILS, check_steal },
	{ "device-interrupts", "none", SCOPE_EACH_CPU, FIGURE_TAILS, check_device_interrupts },
	{ "irq-affinity", "no active interrupt goes to the CPUs", SCOPE_CPUS, FIGURE_TAILS, check_irq_affinity },
	{ "timer-ticks", "below 50 a second", SCOPE_EACH_CPU, FIGURE_TAILS, check_timer_ticks },
	{ "other-interrupts", "below 100 a second", SCOPE_EACH_CPU, FIGURE_TAILS, check_other_interrupts },
	{ "isolated", "all that are measured", SCOPE_CPUS, FIGURE_TAILS, check_isolated },
	{ "nohz-full", "all that are measured", SCOPE_CPUS, FIGURE_TAILS, check_nohz_full },
	{ "rcu-nocbs", "all that are measured", SCOPE_CPUS, FIGURE_TAILS, check_rcu_nocbs },
	{ "nmi-watchdog", "off", SCOPE_HOST, FIGURE_TAILS, check_nmi_watchdog },
	{ "soft-watchdog", "off", SCOPE_HOST, FIGURE_TAILS, check_soft_watchdog },
	{ "timer-migration", "off", SCOPE_HOST, FIGURE_TAILS, check_timer_migration },
	{ "huge-pages", "never or madvise", SCOPE_HOST, FIGURE_TAILS, check_huge_pages },
	{ "swap", "none", SCOPE_HOST, FIGURE_TAILS, check_swap },
	{ "load", "no other task runnable", SCOPE_HOST, FIGURE_DIFFERENCES, check_load },
	{ "governor", "performance", SCOPE_EACH_CPU, FIGURE_DIFFERENCES, check_governor },
	{ "turbo", "off", SCOPE_HOST, FIGURE_DIFFERENCES, check_turbo },
	{ "throttling", "no growth", SCOPE_EACH_CPU, FIGURE_DIFFERENCES, check_throttling },
	{ "power-supply", "mains, or no battery", SCOPE_HOST, FIGURE_DIFFERENCES, check_power_supply },
	{ "smt-siblings", "none, or idle", SCOPE_EACH_CPU, FIGURE_DIFFERENCES, check_smt_siblings },
	{ "core-to-core", "slowest at most 1.5 times fastest", SCOPE_PAIR, FIGURE_HANDOFFS, check_core_to_core },
	{ "numa", "one node", SCOPE_CPUS, FIGURE_HANDOFFS, check_numa },
	{ "idle-states", "left within 2 us", SCOPE_EACH_CPU, FIGURE_DELIVERY, check_idle_states },
	{ "preemption", "PREEMPT_RT or full", SCOPE_HOST, FIGURE_DELIVERY, check_preemption },
	{ "rt-throttling", "off (-1)", SCOPE_HOST, FIGURE_DELIVERY, check_rt_throttling },
	{ "sched-fifo", "allowed", SCOPE_HOST, FIGURE_DELIVERY, check_sched_fifo },
	{ "memlock", "unlimited", SCOPE_HOST, FIGURE_DELIVERY, check_memlock },
};

const size_t environment_check_count = sizeof(environment_checks) / sizeof(environment_checks[0]);
