/* SPDX-License-Identifier: MIT */
/*
 * Whether the machine was the same for both sides of a comparison: what was witnessed of it beside each invocation, tested as
 * the figures are.
 *
 * A virtual machine is moved between states: its CPUs are threads of one core in one minute and on two sockets in the next,
 * which is a factor of four in all that passes a cache line.  Two runs of one program then differ, and are certain to.
 */
#ifndef STORSYNC_BENCH_COMPARE_MACHINE_STATE_H
#define STORSYNC_BENCH_COMPARE_MACHINE_STATE_H

#include "bench/compare/judge.h"

/* What is to be read for it; the first MACHINE_FIGURES_WITHIN are all that is looked at within one run.  Never judged. */
#define MACHINE_FIGURES 6
#define MACHINE_FIGURES_WITHIN 2
extern const struct figure *const machine_figures[MACHINE_FIGURES];

struct machine_state {
	struct machine_difference *difference; /* of each duel; .witness NULL: none */
	bool *witnessed;                       /* of each duel: both sides tell something */
};

/*
 * A witness differs when its medians are apart by a ratio that matters and the rank test of its values has a p of at most 0.05
 * between runs, which share no blocks, and 0.01 within one.  That is not adjusted for the number of comparisons: what it guards
 * against is a verdict too many.  Between runs, where a witness's medians differ so in the middle of eight rows or more, with
 * a sign test's p of at most 0.01, all comparisons are said to differ (`overall`).
 *
 * What the device model takes at the median, which stands in for core-to-core where there is one CPU, is the simulator's own work
 * and no back end's; but load changes it.  So it counts for a figure only that moved the same way (`same_way`).
 *
 * Figures that `layout->data` lacks tell nothing; neither does any where hosts, CPUs or their placement are what is compared.
 * 0 or -ENOMEM; machine_state_fini() in either case.
 */
int machine_state_init(struct machine_state *state, const struct layout *layout, const struct compare_options *options,
		       const struct duel *duel, size_t duels);
void machine_state_fini(struct machine_state *state);

/* Notes the difference in a comparison that is judged; it becomes undecided, if `ignore_machine` does not say otherwise. */
void machine_state_hold(struct comparison *c, const struct machine_state *state, size_t duel, bool ignore_machine);

/* One line about all comparisons, with the largest difference; "" when there is none. */
void machine_state_warn(const struct comparisons *all, bool ignore_machine, char *text, size_t bytes);

#endif
