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
