/* SPDX-License-Identifier: MIT */
/* Setting up, running and watching one cell; see cell.h. */
#define _GNU_SOURCE
#include "bench/cell/cell.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hba_sim/machine/delivery.h"
#include "bench/cell/workload.h"
#include "bench/miniport/loaded.h"
#include "hba_sim/miniports/miniports.h"
#include "impls/backends.h"

/* The HBA's level; the bystanders' are above and below it. */
#define HBA_DIRQL 6
#define GAP_PROBE_NS UINT64_C(5000000)
/*
 * What may lie between two stamps when nothing is missing.  Under poll it is a
 * microsecond or two.  Under signal and thread it may be a signal that is sent or
 * returned from, a wake-up, a switch of threads, and with some back ends another
 * CPU's membarrier(2): a kernel's work, and a hypervisor's.
 */
#define GAP_THRESHOLD_SYSTEM_CALLS_NS UINT64_C(50000)
/* And what an I/O's data takes: to fill it in, to move it, to check it. */
#define GAP_THRESHOLD_PS_PER_BYTE_COPIED UINT64_C(250)
#define GAP_THRESHOLD_NS_PER_BLOCK UINT64_C(30)

/* Two clock readings so far apart are good for about 25 ppm, a fortieth of what a histogram bucket resolves. */
#define CALIBRATION_NS UINT64_C(5000000)

/* Of a CPU's thread, on which signals nest. */
#define STACK_BYTES ((size_t)1 << 19)

/* A lost completion is never due; what is real is back sooner than this after anything moved last, on a crowded machine as well. */
#define STALL_MS 3000
/* After giving up, a thread that still does not end hangs. */
#define HANG_MS 5000

static int fail(char *error, size_t error_bytes, const char *what, int err)
{
	snprintf(error, error_bytes, "%s: %s", what, strerror(-err));
	return err;
}

/* The first core after those of the simulated CPUs, if there is one and something to raise. */
static void place_raiser(struct cell *cell)
{
	unsigned cpus = (unsigned)cell->spec.cpus;
	struct placement wider;
	char error[256];

	if (cell->spec.delivery == SYNC_POLL || cpus >= cell->placement.usable_cores)
		return;
	if (placement_choose(cell->topology, cell->affinity, cpus + 1, false, &wider, error, sizeof(error)))
		return;
	cell->raiser_cpu = wider.cpu[cpus];
	cell->has_raiser = true;
}

/* Where the CPUs go, and which clock is right there. */
static int init_platform(struct cell *cell, char *error, size_t error_bytes)
{
	int err = placement_load_topology(&cell->topology);

	if (err)
		return fail(error, error_bytes, "reading the topology", err);
	err = placement_load_affinity(cell->topology, &cell->affinity);
	if (err)
		return fail(error, error_bytes, "reading the CPU affinity", err);
	err = placement_choose(cell->topology, cell->affinity, (unsigned)cell->spec.cpus, cell->spec.oversubscribe,
			       &cell->placement, error, error_bytes);
	if (err)
		return err;
	place_raiser(cell);
	err = clock_set_up(cell->topology, &cell->placement, &cell->clock);
	if (err)
		return fail(error, error_bytes, "choosing a clock", err);
	err = placement_pin_self(cell->topology, &cell->placement.cpu[0]);
	return err ? fail(error, error_bytes, "pinning to a CPU", err) : 0;
}

static int init_luns(struct cell *cell)
{
	struct lun_config config = { .blocks = workload_lun_blocks(cell), .block_bytes = BLOCK_STAMP_BLOCK_BYTES,
				     .mode = cell->spec.data };
	int err = scsi_target_create(&cell->target);

	cell->luns = workload_luns(cell);
	cell->lun = calloc(cell->luns, sizeof(*cell->lun));
	if (!err && !cell->lun)
		err = -ENOMEM;
	for (config.id = 0; !err && config.id < cell->luns; config.id++) {
		err = lun_create(&cell->lun[config.id], &config);
		if (!err)
			err = scsi_target_attach(cell->target, config.id, cell->lun[config.id]);
	}
	return err;
}

/* What takes time and needs no clock, so that the clock is calibrated over it. */
static int init_storage(struct cell *cell, char *error, size_t error_bytes)
{
	const struct ledger_config ledger = { .mode = cell->spec.data };
	int err = 0;

	if (cell->spec.trace[0])
		err = trace_load(cell->spec.trace, &cell->trace, error, error_bytes);
	if (err)
		return err;
	err = recorder_init(&cell->recorder, (unsigned)cell->spec.cpus, cell->spec.delivery == SYNC_THREAD ? RECORDER_CONTEXTS_MAX : 1);
	if (!err)
		err = ledger_create(&cell->ledger, &ledger);
	if (!err)
		err = init_luns(cell);
	return err ? fail(error, error_bytes, "setting up the LUNs", err) : 0;
}

static size_t phys_bytes(const struct cell *cell)
{
	/* Under the verifier, pages of its own for the SRB's extension. */
	size_t slot = sizeof(struct port_request) + workload_max_bytes(cell) + (cell->spec.verify ? 16384 : 4096);

	return (size_t)(cell->spec.cpus * cell->spec.queue_depth) * slot + (2u << 20);
}

/* From a stream of their own, whatever else the seed is for. */
static int init_faults(struct cell *cell, struct device_params *params, char *error, size_t error_bytes)
{
	struct fault_plan plan;

	if (!cell->spec.faults[0])
		return 0;
	if (fault_list_parse(cell->spec.faults, &plan, error, error_bytes))
		return -EINVAL;
	faults_init(&cell->faults, &plan, &cell->scale, cell->spec.seed ^ UINT64_C(0x6661756c7473));
	params->faults = &cell->faults;
	return 0;
}

static int init_device(struct cell *cell, char *error, size_t error_bytes)
{
	struct device_params params = cell_device_params(&cell->spec);
	int err;

	cell->model = device_model_find(cell->spec.device);
	if (cell->model->single_lun && cell->luns > 1) {
		snprintf(error, error_bytes, "%s is one disk, and the trace is of %u; use --device " CELL_DEVICE, cell->model->name, cell->luns);
		return -EINVAL;
	}
	params.target = cell->target;
	params.seed = cell->spec.seed;
	params.service = cell->service;
	params.service.first = stamp_from_ns(&cell->scale, cell->service.first);
	params.service.second = stamp_from_ns(&cell->scale, cell->service.second);
	params.coalesce_ticks = stamp_from_ns(&cell->scale, cell->spec.coalesce_ns);
	err = init_faults(cell, &params, error, error_bytes);
	if (err)
		return err;
	cell->hba = aligned_alloc(SYNC_LINE_BYTES, (cell->model->bytes + SYNC_LINE_BYTES - 1) / SYNC_LINE_BYTES * SYNC_LINE_BYTES);
	err = cell->hba ? cell->model->init(cell->hba, &cell->machine, &params, HBA_DIRQL) : -ENOMEM;
	return err ? fail(error, error_bytes, "setting up the HBA", err) : 0;
}

static int init_hba(struct cell *cell, char *error, size_t error_bytes)
{
	char argument[96];
	struct adapter_config config = {
		.backend = sync_backend_find(cell->spec.backend),
		.device = cell->hba,
		.messages = (unsigned)cell->spec.vectors,
		.section_ticks = stamp_from_ns(&cell->scale, cell->spec.section_ns),
		.half_duplex = cell->spec.half_duplex,
		.channels = (uint32_t)(cell->spec.channels ? cell->spec.channels : cell->spec.cpus),
		.argument = argument,
		.probe = &cell->recorder.probe,
	};
	port_driver_entry *entry = miniport_find(cell->model->miniport);
	int err;

	if (cell->spec.verify) {
		config.verifier = cell->verifier = verifier_create();
		if (!cell->verifier)
			return fail(error, error_bytes, "setting up the verifier", -ENOMEM);
	}
	if (cell->spec.miniport_argument[0])
		config.argument = cell->spec.miniport_argument;
	if (cell->spec.miniport[0] && miniport_load(cell->spec.miniport, &entry, error, error_bytes))
		return -EINVAL;
	if (!entry) {
		snprintf(error, error_bytes, "no miniport that comes with the program drives %s; give yours with --miniport", cell->model->name);
		return -EINVAL;
	}
	snprintf(argument, sizeof(argument), "completion=%s;messages=%s%s", cell->spec.completion_dpc ? "dpc" : "isr",
		 cell->spec.message_locks ? "each" : "all", cell->spec.dpc_redirection ? ";perf=dpc-redirection" : "");
	err = adapter_start(&cell->adapter, &cell->machine, entry, &config, error, error_bytes);
	if (!err)
		err = adapter_takes(&cell->adapter, workload_max_bytes(cell), cell->spec.cpus * cell->spec.queue_depth, cell->luns, error,
				    error_bytes);
	/* It is not measured with another kind of interrupt than it was asked for. */
	if (!err && cell->spec.vectors && !cell->hba->uses_messages) {
		snprintf(error, error_bytes, "the port driver granted no messages");
		return -ENOTSUP;
	}
	if (!err && cell->spec.vectors && (strcmp(adapter_interrupt_mode(&cell->adapter), "msi-each") == 0) != cell->spec.message_locks) {
		snprintf(error, error_bytes, "the miniport asks for %s; use --messages %s",
			 cell->spec.message_locks ? "one interrupt lock for all messages" : "an interrupt lock for each message",
			 cell->spec.message_locks ? "all" : "each");
		return -ENOTSUP;
	}
	/* Nor with other options; a miniport that is loaded has a mind of its own. */
	if (!err && cell->spec.dpc_redirection && !cell->adapter.sends_home) {
		snprintf(error, error_bytes, "the miniport did not ask for DPC redirection; use --perf-opts none");
		return -ENOTSUP;
	}
	return err;
}

void cell_inside(struct port_probe *probe, struct sim_cpu *cpu)
{
	struct cell *cell = (struct cell *)((char *)probe - offsetof(struct cell, recorder.probe));

	if (cell->spec.inject) {
		inject_delay(cell->inject.iterations);
		/* Asked for, so not a gap. */
		sim_spent(cpu, stamp_from_ns(&cell->scale, cell->spec.inject_ns));
	}
	if (cell->spec.preempt_hz)
		preempt_inside(&cell->preempt, cpu);
}

/* What goes on beside the HBA; nothing unless asked for. */
static int init_disturbances(struct cell *cell)
{
	const struct preempt_config preempt = {
		.hz = cell->spec.preempt_hz,
		.time_ns = cell->spec.preempt_ns,
		.by_hog = cell->spec.delivery == SYNC_THREAD,
		/* Above DPCs, which run sections too. */
		.hog_priority = SIM_FIFO_PRIORITY_BASE + IRQL_DEVICE_MIN,
		.seed = ~cell->spec.seed,
	};
	/* Streams of their own, whatever else the seed is for. */
	int err = bystanders_init(&cell->bystanders, &cell->machine, &cell->recorder, cell->spec.bystander_hz,
				  cell->spec.seed ^ UINT64_C(0x62797374616e6472));

	if (!err)
		err = preempt_init(&cell->preempt, &cell->machine, &preempt);
	if (!err && (preempt.hz || cell->spec.inject))
		cell->recorder.probe.inside = cell_inside;
	return err;
}

static int init_slots(struct cell *cell, struct cell_cpu *cpu)
{
	uint64_t depth = cell->spec.queue_depth;
	uint64_t region = workload_lun_blocks(cell) / (cell->spec.cpus * depth);

	cpu->io = aligned_alloc(SYNC_LINE_BYTES, depth * sizeof(*cpu->io));
	if (!cpu->io)
		return -ENOMEM;
	memset(cpu->io, 0, depth * sizeof(*cpu->io));
	for (uint64_t i = 0; i < depth; i++) {
		struct cell_io *io = &cpu->io[i];

		io->owner = cpu;
		io->region = (cpu->index * depth + i) * region;
		io->request = port_request_alloc(&cell->adapter, workload_max_bytes(cell));
		if (!io->request)
			return -ENOMEM;
		io->next = cpu->free;
		cpu->free = io;
	}
	return 0;
}

static uint64_t timeout_ticks(const struct cell *cell)
{
	return stamp_from_ns(&cell->scale, cell->spec.timeout_ms * 1000000);
}

static int init_cpus(struct cell *cell)
{
	size_t bytes = cell->spec.cpus * sizeof(*cell->cpu);
	uint64_t seed = cell->spec.seed;
	int err = 0;

	cell->cpu = aligned_alloc(SYNC_LINE_BYTES, bytes);
	if (!cell->cpu)
		return -ENOMEM;
	memset(cell->cpu, 0, bytes);
	for (unsigned c = 0; c < cell->spec.cpus && !err; c++) {
		struct cell_cpu *cpu = &cell->cpu[c];

		cpu->cell = cell;
		cpu->index = c;
		cpu->cursor = c;
		cpu->recorder = &cell->recorder.cpu[c];
		cpu->rng = splitmix64(&seed);
		err = init_slots(cell, cpu);
	}
	host_init(cell);
	if (!err && cell->spec.timeout_ms)
		err = adapter_watch_timeouts(&cell->adapter, timeout_ticks(cell) / CELL_TIMEOUT_TICKS, CELL_TIMEOUT_TICKS);
	return err;
}

/* CPUs that share a core are away all the time: no witness then. */
static uint64_t gap_threshold_ns(const struct cell *cell)
{
	const struct sync_backend *backend = sync_backend_find(cell->spec.backend);
	bool calls = cell->spec.delivery != SYNC_POLL || (backend && backend->capabilities & SYNC_CALLS_OS);
	uint64_t usual = calls ? GAP_THRESHOLD_SYSTEM_CALLS_NS : GAP_THRESHOLD_NS;
	uint64_t bytes = workload_max_bytes(cell);
	uint64_t data = bytes / BLOCK_STAMP_BLOCK_BYTES * GAP_THRESHOLD_NS_PER_BLOCK;

	if (cell->placement.oversubscribed)
		return 0;
	if (cell->spec.data == LUN_DATA_COPY)
		data += bytes * GAP_THRESHOLD_PS_PER_BYTE_COPIED / 1000;
	return usual + (data > usual / 5 ? data : 0);
}

static int init_machine(struct cell *cell)
{
	unsigned node[PLACEMENT_CPU_MAX];
	const struct sim_machine_config config = {
		.cpus = (unsigned)cell->spec.cpus,
		.yields = cell->placement.oversubscribed,
		.phys_bytes = phys_bytes(cell),
		.scale = cell->scale,
		.delivery = cell->spec.delivery,
		.has_raiser = cell->has_raiser,
		.nodes = placement_nodes(&cell->placement, node),
		.node = node,
		.gap_threshold_ns = cell->gap_threshold_ns,
	};
	int err;

	recorder_set_scale(&cell->recorder, &cell->scale);
	err = recorder_set_windows(&cell->recorder, cell->trace.count ? UINT64_MAX : cell->spec.duration_ns);
	if (!err)
		err = sim_machine_init(&cell->machine, &config);
	if (!err)
		recorder_set_machine(&cell->recorder, &cell->machine);
	return err;
}

int cell_init(struct cell *cell, const struct cell_spec *spec, char *error, size_t error_bytes)
{
	struct clock_window window;
	int err;

	memset(cell, 0, sizeof(*cell));
	cell->spec = *spec;
	cell->stall_ms = STALL_MS;
	err = cell_service_time_parse(spec->service_time, &cell->service, error, error_bytes);
	if (!err)
		err = init_platform(cell, error, error_bytes);
	if (err)
		return err;
	err = clock_window_open(&clock_system_reader, &window);
	if (err)
		return fail(error, error_bytes, "calibrating the clock", err);
	err = init_storage(cell, error, error_bytes);
	if (err)
		return err;
	err = clock_window_close(&clock_system_reader, &window, CALIBRATION_NS);
	if (!err)
		err = clock_calibrate_begin(&window, &cell->calibration);
	if (err)
		return fail(error, error_bytes, "calibrating the clock", err);
	cell->scale = cell->calibration.scale;
	cell->gap_threshold_ns = gap_threshold_ns(cell);
	err = init_machine(cell);
	if (err)
		return fail(error, error_bytes, "setting up the machine", err);
	err = init_device(cell, error, error_bytes);
	if (!err)
		err = init_hba(cell, error, error_bytes);
	if (err)
		return err;
	err = init_disturbances(cell);
	if (err)
		return fail(error, error_bytes, "setting up the bystanders", err);
	err = init_cpus(cell);
	return err ? fail(error, error_bytes, "setting up the workload", err) : 0;
}

void cell_fini(struct cell *cell)
{
	adapter_stop(&cell->adapter);
	for (unsigned c = 0; cell->cpu && c < cell->spec.cpus; c++)
		free(cell->cpu[c].io);
	free(cell->cpu);
	if (cell->hba)
		cell->model->fini(cell->hba);
	free(cell->hba);
	bystanders_fini(&cell->bystanders);
	preempt_fini(&cell->preempt);
	scsi_target_destroy(cell->target);
	for (unsigned i = 0; cell->lun && i < cell->luns; i++)
		lun_destroy(cell->lun[i]);
	free(cell->lun);
	ledger_destroy(cell->ledger);
	recorder_fini(&cell->recorder);
	sim_machine_fini(&cell->machine);
	verifier_destroy(cell->verifier);
	trace_free(&cell->trace);
	hwloc_set_cpubind(cell->topology, cell->affinity, HWLOC_CPUBIND_THREAD);
	hwloc_bitmap_free(cell->affinity);
	hwloc_topology_destroy(cell->topology);
}

uint64_t cell_completed(const struct cell *cell)
{
	uint64_t sum = 0;

	/* relaxed: counters */
	for (unsigned c = 0; c < cell->spec.cpus; c++)
		sum += atomic_load_explicit(&cell->cpu[c].completed, memory_order_relaxed);
	return sum;
}

static bool joined_within(pthread_t thread, uint64_t ms)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += (time_t)(ms / 1000);
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	return pthread_timedjoin_np(thread, NULL, &until) == 0;
}

/* How long nothing may move before the rest is given up: an open-loop trace may have nothing to send for a while. */
static uint64_t stall_ms(const struct cell *cell)
{
	uint64_t gap_ns = 0;

	if (cell->trace.count && !isinf(cell->spec.trace_speed)) {
		for (size_t i = 1; i < cell->trace.count; i++) {
			uint64_t gap = cell->trace.records[i].arrival_ns - cell->trace.records[i - 1].arrival_ns;

			gap_ns = gap > gap_ns ? gap : gap_ns;
		}
		gap_ns = (uint64_t)((double)gap_ns / cell->spec.trace_speed);
	}
	return cell->stall_ms + gap_ns / 1000000 + host_still_ms(cell);
}

static void dump(struct cell *cell)
{
	sim_machine_dump(&cell->machine, stderr);
	cell->model->dump(cell->hba, stderr);
	adapter_dump(&cell->adapter, stderr);
	host_dump(cell, stderr);
}

/* Nothing moves any more: what is out is given up. */
static void give_up(struct cell *cell, uint64_t still_ms)
{
	/* relaxed: it only ends the load; and only this thread writes it but for one that could not start */
	if (atomic_exchange_explicit(&cell->stalled, true, memory_order_relaxed))
		return;
	fprintf(stderr, "storsync: nothing has moved for %" PRIu64 " ms, and is given up; the state of every CPU:\n", still_ms);
	dump(cell);
}

static int report_hang(struct cell *cell)
{
	fprintf(stderr, "storsync: the run hangs; the state of every CPU:\n");
	dump(cell);
	return -ETIMEDOUT;
}

/*
 * Joins all threads.  It sleeps through the longest that warm-up and window may
 * take, so as not to disturb them, and then looks at the progress now and then.
 */
static int watch(struct cell *cell)
{
	uint64_t quiet_ms = (cell->spec.warmup_max_ns + cell->spec.duration_ns) / 1000000 + 10;
	uint64_t limit_ms = stall_ms(cell);
	uint64_t still_ms = 0;
	uint64_t seen = 0;
	unsigned c = 0;

	while (c < cell->spec.cpus) {
		uint64_t slice_ms = quiet_ms ? quiet_ms : 50;
		uint64_t now;

		if (joined_within(cell->cpu[c].thread, slice_ms)) {
			c++;
			continue;
		}
		quiet_ms = 0;
		now = cell_completed(cell);
		still_ms = now == seen && !cell->model->busy(cell->hba) ? still_ms + slice_ms : 0;
		seen = now;
		if (still_ms > limit_ms)
			give_up(cell, still_ms);
		if (still_ms > limit_ms + HANG_MS)
			return report_hang(cell);
	}
	return 0;
}

/* Every block written against what the LUNs hold now: finds a lost write that nobody read back. */
static void sweep(struct cell *cell)
{
	for (unsigned i = 0; i < cell->luns; i++) {
		struct ledger_sweep found;

		ledger_sweep(cell->ledger, cell->lun[i], &found);
		cell->sweep_faults += found.misdirected + found.torn + found.corrupt + found.stale;
	}
}

static void *raise_until_stopped(void *argument)
{
	struct cell *cell = argument;

	/* Elsewhere it would still work, and disturb. */
	placement_pin_self(cell->topology, &cell->raiser_cpu);
	/* relaxed: when it ends orders nothing */
	while (!atomic_load_explicit(&cell->raiser_stops, memory_order_relaxed))
		sim_raise_due(&cell->machine);
	return NULL;
}

static void stop_raiser(struct cell *cell)
{
	/* relaxed: see raise_until_stopped */
	atomic_store_explicit(&cell->raiser_stops, true, memory_order_relaxed);
	if (cell->has_raiser)
		pthread_join(cell->raiser, NULL);
	pthread_barrier_destroy(&cell->pinned);
}

/* Under thread delivery all of its stack is locked in memory. */
static int start_thread(pthread_t *thread, void *(*body)(void *), void *argument)
{
	pthread_attr_t attributes;
	int err = pthread_attr_init(&attributes);

	if (err)
		return -err;
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	err = pthread_create(thread, &attributes, body, argument);
	pthread_attr_destroy(&attributes);
	return -err;
}

/* 0 where there is none, or it cannot be told. */
static uint64_t core_to_core_ns(const struct cell *cell)
{
	uint64_t ns;

	return core_to_core_furthest(cell->topology, &cell->placement, &ns) ? 0 : ns;
}

int cell_run(struct cell *cell, char *error, size_t error_bytes)
{
	struct clock_window window;
	int err = 0;

	gap_probe_run(&cell->scale, GAP_PROBE_NS, GAP_THRESHOLD_NS, &cell->gap_before);
	/* After the probe, which has brought the core up to its speed. */
	if (cell->spec.inject)
		inject_calibrate(&cell->inject, &cell->scale, cell->spec.inject_ns);
	cell->core_to_core_before_ns = core_to_core_ns(cell);
	err = -pthread_barrier_init(&cell->pinned, NULL, (unsigned)cell->spec.cpus);
	if (!err && cell->has_raiser)
		err = start_thread(&cell->raiser, raise_until_stopped, cell);
	if (err)
		return fail(error, error_bytes, "starting the raiser of interrupts", err);
	for (unsigned c = 0; c < cell->spec.cpus && !err; c++)
		err = start_thread(&cell->cpu[c].thread, cell_cpu_main, &cell->cpu[c]);
	/* The threads that did start wait for those that did not; the process ends with them. */
	if (err)
		return fail(error, error_bytes, "starting a CPU's thread", err);
	err = watch(cell);
	if (err) {
		snprintf(error, error_bytes, "hangs; the state of every CPU is on standard error");
		return err;
	}
	stop_raiser(cell);
	err = clock_window_open(&clock_system_reader, &window);
	gap_probe_run(&cell->scale, GAP_PROBE_NS, GAP_THRESHOLD_NS, &cell->gap_after);
	if (cell->spec.inject)
		cell->inject.after_ns = inject_measure_ns(&cell->inject, &cell->scale);
	cell->core_to_core_after_ns = core_to_core_ns(cell);
	/* A trace's window has ended with its last completion. */
	for (unsigned c = 0; cell->trace.count && c < cell->spec.cpus; c++)
		gap_log_clip(&cell->machine.cpu[c].gaps, cell_window_end(cell));
	sweep(cell);
	if (cell->verifier) {
		verifier_settle(cell->verifier);
		/* Stopping is part of what it looks at. */
		adapter_retire(&cell->adapter);
	}
	if (!err)
		err = clock_window_close(&clock_system_reader, &window, CALIBRATION_NS);
	if (!err)
		err = clock_calibrate_end(&window, &cell->calibration);
	if (err)
		return fail(error, error_bytes, "calibrating the clock", err);
	for (unsigned c = 0; c < cell->spec.cpus && !err; c++)
		err = cell->cpu[c].error;
	return err ? fail(error, error_bytes, "starting a simulated CPU", err) : 0;
}
