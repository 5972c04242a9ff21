/* SPDX-License-Identifier: MIT */
/* Timers; see timer.h. */
#include "hba_sim/machine/timer.h"

#include "hba_sim/machine/cpu.h"

void sim_timer_init(struct sim_timer *timer, sim_timer_routine *routine, void *context)
{
	*timer = (struct sim_timer){ .routine = routine, .context = context };
}

bool sim_timer_cancel(struct sim_timer *timer)
{
	struct sim_timer **link;

	if (!timer->cpu)
		return false;
	for (link = &timer->cpu->timers; *link; link = &(*link)->next) {
		if (*link == timer) {
			*link = timer->next;
			break;
		}
	}
	timer->cpu = NULL;
	return true;
}

void sim_timer_arm(struct sim_cpu *cpu, struct sim_timer *timer, uint64_t when)
{
	struct sim_timer **link = &cpu->timers;

	sim_timer_cancel(timer);
	timer->due = when;
	timer->cpu = cpu;
	while (*link && (*link)->due <= when)
		link = &(*link)->next;
	timer->next = *link;
	*link = timer;
	sim_cpu_schedule(cpu, when);
}

bool sim_timer_run_due(struct sim_cpu *cpu, uint64_t now)
{
	bool ran = false;

	while (cpu->timers && cpu->timers->due <= now) {
		struct sim_timer *timer = cpu->timers;

		cpu->timers = timer->next;
		timer->cpu = NULL;
		timer->routine(timer->context);
		ran = true;
	}
	return ran;
}

uint64_t sim_timer_next_due(const struct sim_cpu *cpu)
{
	return cpu->timers ? cpu->timers->due : SIM_NEVER;
}
