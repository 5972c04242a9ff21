/* SPDX-License-Identifier: MIT */
/* Faults that the host makes; see host.h. */
#include "bench/cell/host.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench/cell/cell.h"

/* Between two questions whether the miniport still has something. */
#define ASK_NS 20000

void host_init(struct cell *cell)
{
	const struct fault_plan *plan = &cell->faults.plan;

	cell->host.acts = fault_plan_has(plan, FAULT_STOP) || fault_plan_has(plan, FAULT_BUS_RESET) ||
			  fault_plan_has(plan, FAULT_SURPRISE);
}

bool host_is_busy(const struct cell_cpu *cpu)
{
	return cpu->host_step != HOST_IDLE;
}

uint64_t host_still_ms(const struct cell *cell)
{
	return cell->host.acts ? cell->faults.plan.rule[FAULT_STOP].time_ns / 1000000 : 0;
}

void host_dump(const struct cell *cell, FILE *out)
{
	for (unsigned c = 0; cell->host.acts && c < cell->spec.cpus; c++) {
		if (host_is_busy(&cell->cpu[c]))
			fprintf(out, "  host: cpu %u %s\n", c,
				cell->cpu[c].host_step == HOST_STOPPED ? "has stopped the adapter, and is to restart it" :
									 "waits until the miniport has nothing, to stop the adapter");
	}
}

static void be_idle(struct cell_cpu *cpu)
{
	cpu->host_step = HOST_IDLE;
	/* ORD cell_host:B release, pairs with cell_host:A: whoever is next finds the adapter as it was left. */
	atomic_store_explicit(&cpu->cell->host.busy, false, memory_order_release);
}

/* An adapter that does not restart is lost, as its device is to the system above; what is held back ends with it. */
static void give_up(struct cell_cpu *cpu, const char *what, const char *why)
{
	struct cell *cell = cpu->cell;

	snprintf(cell->host.failure, sizeof(cell->host.failure), "the adapter did not %s: %s", what, why);
	adapter_surprise_remove(&cell->adapter, cpu->sim);
}

static void stop(struct cell_cpu *cpu, uint64_t now)
{
	struct cell *cell = cpu->cell;
	int err = adapter_suspend(&cell->adapter, cpu->sim);

	cpu->host_step = HOST_STOPPING;
	cpu->host_at = now + stamp_from_ns(&cell->scale, ASK_NS);
	if (err == 0) {
		cpu->host_step = HOST_STOPPED;
		cpu->host_at = stamp_now() + faults_ticks(&cell->faults, FAULT_STOP);
	} else if (err != -EAGAIN) {
		if (err != -ENODEV)
			give_up(cpu, "stop", strerror(-err));
		be_idle(cpu);
	}
}

static void restart(struct cell_cpu *cpu)
{
	struct cell *cell = cpu->cell;
	char why[160] = "";
	int err = adapter_resume(&cell->adapter, cpu->sim, why, sizeof(why));

	if (err && err != -ENODEV)
		give_up(cpu, "restart", why[0] ? why : strerror(-err));
	be_idle(cpu);
}

static void go_on(struct cell_cpu *cpu)
{
	uint64_t now = stamp_now();

	if (now < cpu->host_at)
		return;
	if (cpu->host_step == HOST_STOPPING)
		stop(cpu, now);
	else
		restart(cpu);
}

/* An I/O was submitted.  While the host is at something there is no occasion for anything else. */
static void draw(struct cell_cpu *cpu)
{
	struct cell *cell = cpu->cell;
	uint64_t now = stamp_now();

	/* ORD cell_host:A acquire, pairs with cell_host:B: see there. */
	if (atomic_exchange_explicit(&cell->host.busy, true, memory_order_acquire))
		return;
	if (faults_strike(&cell->faults, FAULT_STOP, now)) {
		stop(cpu, now);
		return;
	}
	if (faults_strike(&cell->faults, FAULT_BUS_RESET, now))
		port_reset_bus(&cell->adapter, cpu->sim);
	be_idle(cpu);
}

void host_turn(struct cell_cpu *cpu, bool submitted)
{
	struct cell *cell = cpu->cell;

	if (!cell->host.acts)
		return;
	if (host_is_busy(cpu))
		go_on(cpu);
	else if (submitted)
		draw(cpu);
	/* relaxed: it happens once, whoever sees it first */
	if (faults_injected(&cell->faults, FAULT_SURPRISE) &&
	    !atomic_exchange_explicit(&cell->host.removed, true, memory_order_relaxed))
		adapter_surprise_remove(&cell->adapter, cpu->sim);
}
