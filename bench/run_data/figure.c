/* SPDX-License-Identifier: MIT */
/* The table of figures; see figure.h. */
#include "bench/run_data/figure.h"

#include <string.h>

#define ROW(name_, words_, better_, tested_) \
	{ .name = name_, .column = name_ "_ns", .unit = "ns", .words = words_, .better = better_, .tested = tested_ }

/* The figures of one distribution of times. */
#define TIMES(name, words, better) \
	ROW(name "_p50", words ", median", better, true), \
	ROW(name "_p90", words ", p90", better, true), \
	ROW(name "_p99", words ", p99", better, true), \
	ROW(name "_p99_9", words ", p99.9", better, true), \
	ROW(name "_p99_99", words ", p99.99", better, true), \
	ROW(name "_mean", words ", mean", better, true), \
	ROW(name "_min", words ", smallest", better, false), \
	ROW(name "_max", words ", largest", better, false), \
	ROW(name "_clean_p50", words ", median without what gaps hit", better, true), \
	ROW(name "_clean_p99", words ", p99 without what gaps hit", better, true), \
	ROW(name "_clean_p99_9", words ", p99.9 without what gaps hit", better, true), \
	ROW(name "_clean_max", words ", largest without what gaps hit", better, false)

#define RATE(name_, column_, words_) \
	{ .name = name_, .column = column_, .unit = "1/s", .words = words_, .better = FIGURE_MORE, .tested = true }

#define EVIDENCE(name_, column_, per_, unit_, words_, better_, tested_) \
	{ .name = name_, .column = column_, .per = per_, .unit = unit_, .words = words_, .better = better_, .tested = tested_ }

const struct figure figures[] = {
	RATE("iops", "iops", "I/Os a second"),
	RATE("sync_per_s", "sync_per_s", "synchronized calls a second"),
	RATE("irq_per_s", "irq_per_s", "interrupts a second"),
	TIMES("isr_latency", "ISR latency", FIGURE_LESS),
	TIMES("isr_masked", "ISR masked", FIGURE_LESS),
	TIMES("isr_delivery", "ISR delivery", FIGURE_LESS),
	TIMES("isr_acquire", "ISR acquire", FIGURE_LESS),
	TIMES("isr_service", "ISR service", FIGURE_LESS),
	TIMES("device_model", "device model", FIGURE_NEITHER),
	TIMES("sync_wait", "sync wait", FIGURE_LESS),
	TIMES("sync_hold", "sync hold", FIGURE_LESS),
	TIMES("sync_release", "sync release", FIGURE_LESS),
	TIMES("response", "response", FIGURE_LESS),
	TIMES("service", "service", FIGURE_LESS),
	TIMES("bystander_high", "bystander above", FIGURE_LESS),
	TIMES("bystander_low", "bystander below", FIGURE_LESS),
	{ .name = "jain", .column = "jain", .unit = "", .words = "fairness (Jain)", .better = FIGURE_MORE, .tested = true },
	{ .name = "starvation", .column = "starvation", .unit = "", .words = "starvation", .better = FIGURE_LESS, .tested = false },
	{ .name = "handoffs_per_acquisition", .column = "handoffs", .per = "acquisitions", .unit = "", .words = "handoffs per acquisition",
	  .better = FIGURE_NEITHER, .tested = true },
	{ .name = "completions_per_interrupt", .column = "ios", .per = "interrupts", .unit = "", .words = "completions per interrupt",
	  .better = FIGURE_NEITHER, .tested = true },
	/* What stands behind the others: shown, and evidence for why they differ. */
	EVIDENCE("held_max", "held_max_ns", NULL, "ns", "longest access", FIGURE_LESS, false),
	EVIDENCE("isr_blocked_max", "isr_blocked_max_ns", NULL, "ns", "longest masked and waiting", FIGURE_LESS, false),
	EVIDENCE("preempted_held_per_interrupt", "preempted_held", "interrupts", "",
		 "share of interrupts kept out", FIGURE_NEITHER, true),
	EVIDENCE("deferred_per_interrupt", "deferred", "interrupts", "", "deferrals per interrupt", FIGURE_NEITHER, true),
	EVIDENCE("landed_in_section_per_arrival", "landed_in_section", "arrivals", "",
		 "share of arrivals in a section", FIGURE_NEITHER, true),
	EVIDENCE("preempted_ns_per_call", "preempted_ns", "sync_calls", "ns",
		 "preempted in sections, per call", FIGURE_NEITHER, true),
	EVIDENCE("inject_actual", "inject_actual_ps", NULL, "ps", "injected delay", FIGURE_NEITHER, true),
	EVIDENCE("section_actual_p50", "section_actual_p50_ns", NULL, "ns", "work in a section, median", FIGURE_NEITHER, true),
	EVIDENCE("witness_gap_frac", "witness_gap_frac", NULL, "", "share of time in gaps", FIGURE_NEITHER, true),
	EVIDENCE("cpu_lost_frac", "cpu_lost_frac", NULL, "", "share of time without CPU", FIGURE_NEITHER, true),
	EVIDENCE("core_to_core_before", "core_to_core_before_ns", NULL, "ns", "core to core, before", FIGURE_NEITHER, true),
	EVIDENCE("core_to_core_after", "core_to_core_after_ns", NULL, "ns", "core to core, after", FIGURE_NEITHER, true),
	EVIDENCE("offered_iops", "offered_iops", NULL, "1/s", "I/Os offered a second", FIGURE_NEITHER, true),
	EVIDENCE("unstarted", "unstarted", NULL, "", "I/Os not submitted in the window", FIGURE_LESS, true),
	/* Of Google Benchmark's, in ns whatever its time_unit is. */
	{ .name = "real_time", .column = "real_time", .unit = "ns", .words = "real time", .better = FIGURE_LESS, .tested = true },
	{ .name = "cpu_time", .column = "cpu_time", .unit = "ns", .words = "CPU time", .better = FIGURE_LESS, .tested = true },
	RATE("items_per_second", "items_per_second", "items a second"),
	RATE("bytes_per_second", "bytes_per_second", "bytes a second"),
};

const size_t figure_count = sizeof(figures) / sizeof(figures[0]);

const struct figure *figure_find(const char *name)
{
	for (size_t i = 0; i < figure_count; i++) {
		if (strcmp(figures[i].name, name) == 0 || (!figures[i].per && strcmp(figures[i].column, name) == 0))
			return &figures[i];
	}
	return NULL;
}

const char *figure_better_name(enum figure_better better)
{
	return better == FIGURE_LESS ? "less" : better == FIGURE_MORE ? "more" : "";
}
