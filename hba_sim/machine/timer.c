/* SPDX-License-Identifier: MIT */
/* Timers; see timer.h. */
#include "hba_sim/machine/timer.h"

#include "hba_sim/machine/cpu.h"

void sim_timer_init(struct sim_timer *timer, sim_timer_routine *routine, void *context)
{
	*timer = (struct sim_timer){ .routine = routine, .context = context };
}

static void unlink_timer(struct sim_timer *timer)
{
	struct sim_timer **link;

	for (link = &timer->cpu->timers; *link; link = &(*link)->next) {
		if (*link == timer) {
			*link = timer->next;
			break;
		}
	}
	timer->cpu = NULL;
}

bool sim_timer_cancel(struct sim_timer *timer)
{
	struct sim_cpu *cpu = timer->cpu;
	uint8_t irql;

	if (!cpu)
		return false;
	irql = sim_raise(cpu, IRQL_HIGH);
	unlink_timer(timer);
	sim_restore(cpu, irql);
	return true;
}

static void link_timer(struct sim_cpu *cpu, struct sim_timer *timer)
{
	struct sim_timer **link = &cpu->timers;

	while (*link && (*link)->due <= timer->due)
		link = &(*link)->next;
	timer->next = *link;
	*link = timer;
}

/* An ISR may arm a timer in the middle of any operation on the list, so they run at IRQL_HIGH. */
void sim_timer_arm(struct sim_cpu *cpu, struct sim_timer *timer, uint64_t when)
{
	uint8_t irql = sim_raise(cpu, IRQL_HIGH);

	if (timer->cpu)
		unlink_timer(timer);
	timer->due = when;
	timer->cpu = cpu;
	link_timer(cpu, timer);
	sim_cpu_schedule(cpu, when);
	sim_restore(cpu, irql);
}

static struct sim_timer *pop_due(struct sim_cpu *cpu, uint64_t now)
{
	uint8_t irql = sim_raise(cpu, IRQL_HIGH);
	struct sim_timer *timer = cpu->timers;

	if (timer && timer->due > now)
		timer = NULL;
	if (timer) {
		cpu->timers = timer->next;
		timer->cpu = NULL;
	}
	sim_restore(cpu, irql);
	return timer;
}

bool sim_timer_run_due(struct sim_cpu *cpu, uint64_t now)
{
	struct sim_timer *timer;
	bool ran = false;

	while ((timer = pop_due(cpu, now)) != NULL) {
		timer->routine(timer->context);
		ran = true;
	}
	return ran;
}

uint64_t sim_timer_next_due(const struct sim_cpu *cpu)
{
	return cpu->timers ? cpu->timers->due : SIM_NEVER;
}
