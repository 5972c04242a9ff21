/* SPDX-License-Identifier: MIT */
/*
 * Counters of one CPU from the text of /proc/interrupts.
 *
 * Source: proc_interrupts(5), show_interrupts() of Linux: a header that names
 * the CPUs that are online, then a line a source, whose label is a number for a
 * device and a word for what the architecture itself counts.
 */
#ifndef STORSYNC_BENCH_ENVIRONMENT_INTERRUPTS_H
#define STORSYNC_BENCH_ENVIRONMENT_INTERRUPTS_H

#include <stdbool.h>
#include <stdint.h>

struct interrupt_counts {
	uint64_t devices; /* numbered lines */
	uint64_t timer;   /* LOC, or the ARM architecture's timer */
	uint64_t others;  /* rescheduling, function calls, TLB shootdowns and the like */
	bool has_timer;
};

/* False when the CPU has no column or a line is not as above. */
bool interrupts_of_cpu(const char *text, int os_cpu, struct interrupt_counts *counts);

/* False when one of them went backwards. */
bool interrupts_growth(const struct interrupt_counts *before, const struct interrupt_counts *after,
		       struct interrupt_counts *grown);

/*
 * The next device line from *text on that has ever interrupted any CPU;
 * advances *text past it.  Start at the text's beginning.
 */
bool interrupts_next_line(const char **text, unsigned *irq);

#endif
