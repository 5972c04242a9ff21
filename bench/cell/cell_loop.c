/* SPDX-License-Identifier: MIT */
/*
 * What each simulated CPU's thread does in a run.
 *
 * Phases: all threads meet, and the load begins; when throughput is steady, or
 * after the longest warm-up, whoever sees that says when the window begins, a
 * little ahead; the window; load is kept up until the last thread is past it;
 * then submission ends and every CPU keeps serving interrupts until nobody has
 * anything in flight.  What never comes back is given up when the monitor
 * (cell.c) says so, and is counted.
 *
 * What the thread shares with completions, which come as DPCs of the same CPU,
 * is touched at IRQL_DISPATCH only: the slots, the ledger and its memory, the
 * histograms of calls and I/Os.  An interrupt may come anywhere.
 */
#include <sched.h>

#include "bench/cell/cdb.h"
#include "bench/cell/cell.h"
#include "bench/cell/workload.h"
#include "hba_sim/machine/delivery.h"

static void give_back(struct cell_io *io)
{
	struct cell_cpu *owner = io->owner;
	/* relaxed: the exchange of the pointer orders the slot's contents */
	struct cell_io *top = atomic_load_explicit(&owner->returned, memory_order_relaxed);

	do {
		io->next = top;
		/* ORD cell_return:A release, pairs with cell_return:B: the owner sees all that the completion did to the slot. */
	} while (!atomic_compare_exchange_weak_explicit(&owner->returned, &top, io, memory_order_release, memory_order_relaxed));
}

static void put(struct cell_io **list, struct cell_io *io)
{
	io->next = *list;
	*list = io;
}

/* What the port completed in the miniport's stead is free when that has let go of it. */
static void collect_kept(struct cell_cpu *cpu)
{
	struct cell_io *io = cpu->kept;

	cpu->kept = NULL;
	while (io) {
		struct cell_io *next = io->next;

		put(port_request_is_kept(io->request) ? &cpu->kept : &cpu->free, io);
		io = next;
	}
}

static void collect(struct cell_cpu *cpu, uint64_t now)
{
	struct cell_io *io;

	if (cpu->kept)
		collect_kept(cpu);
	/* relaxed: a hint */
	if (!atomic_load_explicit(&cpu->returned, memory_order_relaxed))
		return;
	/* ORD cell_return:B acquire, pairs with cell_return:A: see there. */
	io = atomic_exchange_explicit(&cpu->returned, NULL, memory_order_acquire);
	while (io) {
		struct cell_io *next = io->next;

		put(port_request_is_kept(io->request) ? &cpu->kept : &cpu->free, io);
		cpu->in_flight--;
		if (now >= cpu->recorder->begin && now < cpu->recorder->end)
			cpu->ops++;
		io = next;
	}
}

static void close_account(struct cell *cell, struct cell_io *io)
{
	const struct port_request *request = io->request;
	const struct sim_iov iov = { .base = request->data, .bytes = port_request_bytes(request) };

	if (!io->in_ledger)
		return;
	/* What either finds, the ledger counts. */
	if (SRB_STATUS(request->srb.SrbStatus) != SRB_STATUS_SUCCESS)
		ledger_fail(cell->ledger, &io->ledger);
	else
		ledger_complete(cell->ledger, &io->ledger, &iov, 1);
}

/* Whether it did what it was to do.  What did not is no sample of how long an I/O takes. */
static bool note_status(struct cell *cell, struct cell_cpu *cpu, const struct port_request *request)
{
	uint8_t status = SRB_STATUS(request->srb.SrbStatus);

	if (status == SRB_STATUS_SUCCESS)
		return true;
	cpu->errors[status % SRB_STATUS_COUNT]++;
	/* relaxed: it only ends the load */
	if (status == SRB_STATUS_NO_DEVICE && cell->spec.faults[0])
		atomic_store_explicit(&cell->gone, true, memory_order_relaxed);
	return !cell->spec.faults[0];
}

/* The port hands a request back: on any CPU, at IRQL_DISPATCH. */
static void complete(struct port_request *request, struct sim_cpu *sim)
{
	struct cell_io *io = request->owner;
	struct cell *cell = io->owner->cell;
	struct cell_cpu *cpu = &cell->cpu[sim->index];
	uint64_t now = stamp_now();

	cpu->last_completion = now;
	close_account(cell, io);
	if (note_status(cell, cpu, request))
		recorder_io(&cell->recorder, cpu->index, io->intended, io->started, now);
	/* relaxed: a counter of this CPU's that others watch for progress */
	atomic_store_explicit(&cpu->completed, atomic_load_explicit(&cpu->completed, memory_order_relaxed) + 1,
			      memory_order_relaxed);
	give_back(io);
}

static void prepare_data(struct cell *cell, struct cell_io *io)
{
	const struct sim_iov iov = { .base = io->request->data, .bytes = (size_t)io->ledger.blocks * BLOCK_STAMP_BLOCK_BYTES };

	if (io->ledger.is_write)
		block_stamp_fill(&iov, 1, io->lun, io->ledger.lba, io->ledger.blocks, io->ledger.serial, cell->spec.data);
	else
		block_stamp_poison(&iov, 1, io->ledger.blocks, cell->spec.data);
}

static void submit(struct cell_cpu *cpu, struct cell_io *io, uint64_t now)
{
	struct cell *cell = cpu->cell;
	uint32_t flags = 0;
	uint32_t bytes = 0;
	uint8_t cdb[16];
	uint8_t cdb_bytes = cdb_build(io->opcode, io->ledger.lba, io->ledger.blocks, cdb);

	if (io->in_ledger && ledger_issue(cell->ledger, &io->ledger) == 0) {
		prepare_data(cell, io);
		flags = io->ledger.is_write ? SRB_FLAGS_DATA_OUT : SRB_FLAGS_DATA_IN;
		bytes = io->ledger.blocks * BLOCK_STAMP_BLOCK_BYTES;
	} else if (io->in_ledger) {
		cpu->unaccounted++;
		io->in_ledger = false;
	}
	port_request_prepare(io->request, io->lun, cdb, cdb_bytes, flags, bytes);
	if (io->ledger.is_write)
		lun_prepare(cell->lun[io->lun]);
	io->request->owner = io;
	io->request->complete = complete;
	if (cell->spec.timeout_ms)
		SrbSetTimeOutValue(&io->request->srb, CELL_TIMEOUT_TICKS);
	io->started = now;
	cpu->in_flight++;
	port_submit(io->request, cpu->sim);
}

/* At IRQL_DISPATCH; false when there was nothing to submit. */
static bool submit_next(struct cell_cpu *cpu, uint64_t now)
{
	struct cell_io *io = cpu->free;

	/* relaxed: see note_status */
	if (!io || atomic_load_explicit(&cpu->cell->gone, memory_order_relaxed) || !workload_next(cpu, io, now))
		return false;
	cpu->free = io->next;
	submit(cpu, io, now);
	return true;
}

/* One turn of the load. */
static void load_once(struct cell_cpu *cpu, uint64_t now)
{
	uint8_t irql = sim_raise(cpu->sim, IRQL_DISPATCH);
	bool submitted;

	collect(cpu, now);
	submitted = submit_next(cpu, now);
	sim_lower(cpu->sim, irql);
	host_turn(cpu, submitted);
	if (!submitted)
		sim_idle(cpu->sim);
	else if (cpu->cell->spec.think_ns)
		sim_work(cpu->sim, stamp_from_ns(&cpu->cell->scale, cpu->cell->spec.think_ns));
}

static uint64_t handoffs_so_far(const struct cell_cpu *cpu)
{
	/* relaxed: a counter of this CPU's */
	return atomic_load_explicit(&cpu->cell->adapter.cpu[cpu->index].handoffs, memory_order_relaxed);
}

/* The window is known. */
static void open_window(struct cell_cpu *cpu, uint64_t begin)
{
	struct cell *cell = cpu->cell;
	/* relaxed: see cell_begin */
	uint64_t end = atomic_load_explicit(&cell->end, memory_order_relaxed);

	recorder_open(&cell->recorder, cpu->index, begin, end);
	bystanders_set_window(&cell->bystanders, cpu->sim, begin, end);
	preempt_set_window(&cell->preempt, cpu->sim, begin, end);
	arrivals_set_window(&cpu->arrivals, begin, end);
	cpu->load_begin = stamp_now();
}

static void publish_window(struct cell *cell, uint64_t begin)
{
	uint64_t end = cell->trace.count ? UINT64_MAX : begin + stamp_from_ns(&cell->scale, cell->spec.duration_ns);

	/* relaxed: ordered by the begin */
	atomic_store_explicit(&cell->end, end, memory_order_relaxed);
	/* ORD cell_begin:A release, pairs with cell_begin:B: who sees the begin sees the end. */
	atomic_store_explicit(&cell->begin, begin, memory_order_release);
}

/* The first CPU to come past the end of one of the warm-up's windows notes it, and may find that it is the last. */
static void note_warmup(struct cell *cell, uint64_t now)
{
	/* relaxed: a hint; the exchange decides */
	uint64_t due = atomic_load_explicit(&cell->warmup_due, memory_order_relaxed);

	/* ORD cell_warmup:A acquire, pairs with cell_warmup:B: one at a time, each sees what the one before it noted. */
	if (now < due || !atomic_compare_exchange_strong_explicit(&cell->warmup_due, &due, UINT64_MAX, memory_order_acquire,
								  memory_order_relaxed))
		return;
	warmup_note(&cell->warmup, now, cell_completed(cell));
	/* relaxed: whoever published it has stored warmup_due since */
	if (cell->warmup.begin && !atomic_load_explicit(&cell->begin, memory_order_relaxed))
		publish_window(cell, cell->warmup.begin);
	/* ORD cell_warmup:B release, pairs with cell_warmup:A: see there. */
	atomic_store_explicit(&cell->warmup_due, cell->warmup.due, memory_order_release);
}

/* Whether the window is known: to be asked until it is, and then no more. */
static bool learn_window(struct cell_cpu *cpu)
{
	/* ORD cell_begin:B acquire, pairs with cell_begin:A: see there. */
	uint64_t begin = atomic_load_explicit(&cpu->cell->begin, memory_order_acquire);

	if (begin)
		open_window(cpu, begin);
	return begin;
}

static bool all_past_window(struct cell *cell)
{
	/* relaxed: only ends the load */
	return atomic_load_explicit(&cell->finished, memory_order_relaxed) == cell->spec.cpus;
}

static bool given_up(struct cell *cell)
{
	return atomic_load_explicit(&cell->stalled, memory_order_relaxed);
}

/* A trace ends with its last record, or with the device. */
static bool nothing_left(struct cell_cpu *cpu)
{
	/* relaxed: see note_status */
	return workload_exhausted(cpu) || (cpu->cell->trace.count && atomic_load_explicit(&cpu->cell->gone, memory_order_relaxed));
}

static void pass_end(struct cell_cpu *cpu, uint64_t now)
{
	cpu->load_end = now;
	cpu->handoffs_after = handoffs_so_far(cpu);
	cpu->arrivals_at_end = cpu->arrivals;
}

/* Load until the window is over for every CPU, or this one's share of the trace is submitted. */
static void keep_up_load(struct cell_cpu *cpu)
{
	bool known = learn_window(cpu);
	bool within = false;
	bool past = false;

	while (!nothing_left(cpu) && !given_up(cpu->cell)) {
		uint64_t now = stamp_now();

		if (!within) {
			note_warmup(cpu->cell, now);
			known = known || learn_window(cpu);
			within = now >= cpu->recorder->begin;
			cpu->handoffs_before = handoffs_so_far(cpu);
		}
		if (now >= cpu->recorder->end && !past) {
			past = true;
			pass_end(cpu, now);
			/* relaxed: only ends the load */
			atomic_fetch_add_explicit(&cpu->cell->finished, 1, memory_order_relaxed);
		}
		if (past && all_past_window(cpu->cell))
			return;
		load_once(cpu, now);
	}
	if (!past)
		pass_end(cpu, stamp_now());
}

/* For an interrupt that is asserted still to arrive here, for a request that the miniport has kept to be let go of. */
#define LAST_INTERRUPT_NS 100000000u

/*
 * Whether all that was in flight is back, and no interrupt is on its way: the last completions may have been found by
 * another's ISR before their own came.  `since` is when the first was so, 0 before.
 */
static bool is_over(struct cell *cell, uint64_t now, uint64_t *since)
{
	/* relaxed: it only ends the service */
	if (atomic_load_explicit(&cell->drained, memory_order_relaxed) < cell->spec.cpus)
		return false;
	if (!*since)
		*since = now;
	if (now - *since > stamp_from_ns(&cell->scale, LAST_INTERRUPT_NS))
		return true;
	/* relaxed: it only ends the service */
	return !cell->model->lines_up(cell->hba) && !atomic_load_explicit(&cell->adapter.stale, memory_order_relaxed);
}

/* Serve until nobody has anything in flight, or what is lost has been given up. */
static void drain(struct cell_cpu *cpu)
{
	struct cell *cell = cpu->cell;
	uint64_t all_back = 0;
	bool drained = false;

	bystanders_stop(&cell->bystanders, cpu->sim);
	preempt_stop(&cell->preempt, cpu->sim);

	while (!given_up(cell) && !is_over(cell, stamp_now(), &all_back)) {
		uint64_t now = stamp_now();
		uint8_t irql = sim_raise(cpu->sim, IRQL_DISPATCH);

		collect(cpu, now);
		sim_lower(cpu->sim, irql);
		host_turn(cpu, false);
		if (!drained && !cpu->in_flight && !host_is_busy(cpu)) {
			drained = true;
			/* relaxed: see is_over */
			atomic_fetch_add_explicit(&cell->drained, 1, memory_order_relaxed);
		}
		sim_idle(cpu->sim);
	}
	/* A trace's window ends with its last completion. */
	if (cell->trace.count)
		cpu->handoffs_after = handoffs_so_far(cpu);
}

/*
 * For all to hear of the window before it begins: a few turns of the load,
 * with the longest things in it.  Who is kept from it longer shows in
 * full_concurrency.
 */
static uint64_t lead_ns(const struct cell *cell)
{
	const struct cell_spec *spec = &cell->spec;
	uint64_t base_ns = cell->placement.oversubscribed ? 1000000 : spec->delivery != SYNC_POLL ? 250000 : 50000;
	uint64_t section_ns = spec->section_ns + spec->inject_ns + (spec->preempt_hz ? spec->preempt_ns : 0);
	uint64_t lead = base_ns + 4 * (spec->think_ns + section_ns * spec->cpus);
	uint64_t most = (spec->warmup_ns ? spec->warmup_ns : spec->warmup_max_ns) / 4;

	return lead < most ? lead : most;
}

static void begin_load(struct cell *cell)
{
	const struct warmup_times times = {
		.least = stamp_from_ns(&cell->scale, cell->spec.warmup_ns),
		.most = stamp_from_ns(&cell->scale, cell->spec.warmup_max_ns),
		.lead = stamp_from_ns(&cell->scale, lead_ns(cell)),
		.window_min = stamp_from_ns(&cell->scale, STEADY_WINDOW_MIN_NS),
	};
	/* A trace is measured from its first record on. */
	const struct warmup_times none = { .window_min = times.window_min };
	uint64_t now = stamp_now();

	warmup_start(&cell->warmup, cell->trace.count ? &none : &times, now);
	/* relaxed: ordered by load_from */
	atomic_store_explicit(&cell->warmup_due, cell->warmup.due, memory_order_relaxed);
	if (cell->warmup.begin)
		publish_window(cell, cell->warmup.begin);
	/* ORD cell_meet:B release, pairs with cell_meet:C: everybody sees the warm-up that begins, and the window if known. */
	atomic_store_explicit(&cell->load_from, now, memory_order_release);
}

/* Everybody meets; the last one begins the load. */
static void meet(struct cell_cpu *cpu)
{
	struct cell *cell = cpu->cell;
	uint64_t start;

	/* acq_rel: the last to come has seen everybody's set-up */
	if (atomic_fetch_add_explicit(&cell->ready, 1, memory_order_acq_rel) + 1 == cell->spec.cpus)
		begin_load(cell);
	/* ORD cell_meet:C acquire, pairs with cell_meet:B: see there. */
	while (!(start = atomic_load_explicit(&cell->load_from, memory_order_acquire)))
		sim_idle(cpu->sim);
	adapter_watch_cpu(&cell->adapter, cpu->sim);
	workload_start(cpu, start);
	bystanders_start(&cell->bystanders, cpu->sim, UINT64_MAX, UINT64_MAX);
	preempt_start(&cell->preempt, cpu->sim, UINT64_MAX, UINT64_MAX);
}

void *cell_cpu_main(void *argument)
{
	struct cell_cpu *cpu = argument;
	struct cell *cell = cpu->cell;
	uint8_t irql;

	cpu->error = placement_pin_self(cell->topology, &cell->placement.cpu[cpu->index]);
	pthread_barrier_wait(&cell->pinned);
	cpu->sim = sim_cpu_enter(&cell->machine, cpu->index);
	if (!cpu->error)
		cpu->error = adapter_cpu_online(&cell->adapter, cpu->sim);
	if (!cpu->error)
		cpu->error = preempt_online(&cell->preempt, cpu->sim);
	if (!cpu->error)
		cpu->error = sim_cpu_start_delivery(cpu->sim);
	cpu->policy = sched_getscheduler(0);
	noise_witness_begin(&cpu->noise, cell->placement.cpu[cpu->index].os_cpu);
	meet(cpu);
	if (!cpu->error) {
		keep_up_load(cpu);
		drain(cpu);
	} else {
		/* relaxed: the others must not wait for this one */
		atomic_store_explicit(&cell->stalled, true, memory_order_relaxed);
	}
	/* It allocates, and so does what a late completion does. */
	irql = sim_raise(cpu->sim, IRQL_DISPATCH);
	noise_witness_end(&cpu->noise);
	sim_lower(cpu->sim, irql);
	sim_cpu_stop_delivery(cpu->sim);
	preempt_offline(&cell->preempt, cpu->sim);
	adapter_cpu_offline(&cell->adapter, cpu->sim);
	sim_cpu_exit(cpu->sim);
	return NULL;
}
