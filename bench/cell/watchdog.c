/* SPDX-License-Identifier: MIT */
/* Time-outs; see watchdog.h. */
#include "bench/cell/watchdog.h"

#include "bench/cell/cell.h"

/* Looks in a time-out. */
#define LOOKS 4

void watchdog_init(struct cell *cell)
{
	struct watchdog *watchdog = &cell->watchdog;

	watchdog->ticks = cell->spec.faults[0] ? stamp_from_ns(&cell->scale, cell->spec.timeout_ms * 1000000) : 0;
	for (unsigned c = 0; c < cell->spec.cpus; c++)
		cell->cpu[c].watch_at = watchdog->ticks ? 0 : UINT64_MAX;
}

static bool is_overdue(const struct watchdog *watchdog, const struct cell_io *io, uint64_t now)
{
	/* relaxed, both: what comes back meanwhile was late all the same, and a reset hurts nobody */
	uint64_t since = atomic_load_explicit(&watchdog->reset_at, memory_order_relaxed);

	if (since < io->started)
		since = io->started;
	return atomic_load_explicit(&io->request->in_flight, memory_order_relaxed) && now > since && now - since > watchdog->ticks;
}

static uint64_t count_overdue(const struct cell_cpu *cpu, uint64_t now)
{
	uint64_t overdue = 0;

	for (uint64_t i = 0; i < cpu->cell->spec.queue_depth; i++)
		overdue += is_overdue(&cpu->cell->watchdog, &cpu->io[i], now);
	return overdue;
}

void watchdog_look(struct cell_cpu *cpu, uint64_t now)
{
	struct watchdog *watchdog = &cpu->cell->watchdog;
	/* What completions touch as well is looked at where none comes. */
	uint8_t irql = sim_raise(cpu->sim, IRQL_DISPATCH);
	uint64_t overdue = count_overdue(cpu, now);

	cpu->watch_at = now + watchdog->ticks / LOOKS;
	/* A CPU that was away finds everything late; what is there in the meantime is not overdue when it looks again. */
	if (!cpu->saw_overdue) {
		cpu->saw_overdue = overdue;
		overdue = 0;
	} else {
		cpu->saw_overdue = false;
	}
	/* ORD cell_watchdog:A acquire, pairs with cell_watchdog:B: whoever is next sees the stamp of the reset before. */
	if (overdue && !atomic_exchange_explicit(&watchdog->resetting, true, memory_order_acquire)) {
		/* Another one may have done it while this one came. */
		overdue = count_overdue(cpu, now);
		/* relaxed, both: a counter; a stamp that is ordered by the flag */
		atomic_fetch_add_explicit(&watchdog->timeouts, overdue, memory_order_relaxed);
		if (overdue)
			port_reset_bus(&cpu->cell->adapter, cpu->sim);
		if (overdue)
			atomic_store_explicit(&watchdog->reset_at, stamp_now(), memory_order_relaxed);
		/* ORD cell_watchdog:B release, pairs with cell_watchdog:A: see there. */
		atomic_store_explicit(&watchdog->resetting, false, memory_order_release);
	}
	sim_lower(cpu->sim, irql);
}
