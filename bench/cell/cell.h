/* SPDX-License-Identifier: MIT */
/*
 * One measured run: a machine, an HBA, a miniport and a back end, driven by a workload on pinned CPUs.
 */
#ifndef STORSYNC_BENCH_CELL_CELL_H
#define STORSYNC_BENCH_CELL_CELL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/cell/arrivals.h"
#include "bench/cell/bystander.h"
#include "bench/cell/host.h"
#include "bench/cell/inject.h"
#include "bench/cell/preempt.h"
#include "bench/cell/recorder.h"
#include "bench/cell/spec.h"
#include "bench/cell/steady.h"
#include "bench/instruments/clock.h"
#include "bench/instruments/gap_probe.h"
#include "bench/instruments/ledger.h"
#include "bench/instruments/noise.h"
#include "bench/instruments/placement.h"
#include "hba_sim/devices/devices.h"
#include "hba_sim/devices/faults.h"
#include "hba_sim/devices/scsi_target.h"
#include "hba_sim/port/port.h"
#include "hba_sim/port/verifier.h"
#include "hba_sim/traces/trace.h"

/* What SRB_STATUS leaves of a status. */
#define SRB_STATUS_COUNT 64

/* A time-out in the port's seconds: so many looks, and one more as a request comes between two. */
#define CELL_TIMEOUT_TICKS 4

struct cell_cpu;

/* One slot of the queue depth. */
struct cell_io {
	_Alignas(SYNC_LINE_BYTES) struct ledger_io ledger;
	struct port_request *request;
	struct cell_cpu *owner;
	struct cell_io *next;
	uint64_t region;   /* without a trace: first LBA of what this slot alone uses */
	uint64_t intended; /* stamps */
	uint64_t started;
	uint8_t opcode;
	uint8_t lun;
	bool in_ledger;    /* it moves blocks */
};

struct cell_cpu {
	_Alignas(SYNC_LINE_BYTES) struct cell *cell;
	struct sim_cpu *sim;
	struct recorder_cpu *recorder;
	pthread_t thread;
	unsigned index;
	struct cell_io *io;      /* its slots */
	struct cell_io *free;
	struct cell_io *kept;    /* back from the port, but the miniport has not let go of their requests */
	uint64_t in_flight;
	uint64_t rng;
	size_t cursor;           /* next trace record */
	struct arrivals arrivals;        /* open loop: its schedule, */
	struct arrivals arrivals_at_end; /* and how far it had come when the window closed */
	uint64_t load_begin;     /* under load, and the window known to it */
	uint64_t load_end;
	uint64_t ops;            /* own I/Os that came back inside the window */
	uint64_t handoffs_before; /* the port's counter of this CPU when the window opened, */
	uint64_t handoffs_after;  /* and when it closed */
	enum host_step host_step; /* faults that the host makes: what this CPU is at, */
	uint64_t host_at;        /* and the stamp at which it goes on */
	int policy;              /* as sched_getscheduler(2) has it; -1: not known */
	int error;               /* -errno that kept the thread from running */
	struct noise_witness noise;

	/* Completed by any CPU, not yet collected by this one: a stack that is emptied at once. */
	_Alignas(SYNC_LINE_BYTES) _Atomic(struct cell_io *) returned;

	/* Written by this CPU as the one that completes. */
	_Alignas(SYNC_LINE_BYTES) _Atomic(uint64_t) completed;
	uint64_t last_completion; /* stamp */
	uint64_t errors[SRB_STATUS_COUNT]; /* I/Os that ended in an error, by SRB status */
	uint64_t unaccounted;     /* moved blocks, and the ledger could not open an account */
};

struct cell {
	struct cell_spec spec;
	struct service_time service;
	struct trace trace;
	hwloc_topology_t topology;
	hwloc_bitmap_t affinity; /* of the calling thread, before it was pinned to the first CPU */
	struct placement placement;
	struct clock_setup clock;
	struct clock_calibration calibration;
	struct gap_probe gap_before;
	struct gap_probe gap_after;
	uint64_t core_to_core_before_ns; /* the longest from the first CPU to another; 0: there is none */
	uint64_t core_to_core_after_ns;
	uint64_t gap_threshold_ns; /* the gap witness's; 0: it is off */
	struct stamp_scale scale;

	struct sim_machine machine;
	struct scsi_target *target;
	struct lun **lun;
	unsigned luns;
	const struct device_model *model;
	struct sim_device *hba; /* NULL: not set up */
	struct adapter adapter;
	struct verifier *verifier; /* NULL: not asked for */
	struct bystanders bystanders;
	struct preempt preempt;
	struct inject inject;
	struct faults faults;    /* where the spec has some */
	struct cell_host host;
	_Atomic(bool) gone;      /* the device is: there is nothing to submit to */
	struct ledger *ledger;
	uint64_t sweep_faults; /* blocks that the LUN does not hold as the ledger has them, after the run */
	struct recorder recorder;
	struct cell_cpu *cpu;

	uint64_t stall_ms; /* nothing has moved for so long: what is still out is lost; may be changed before cell_run() */

	/* Interrupts that arrive by themselves are raised from a core that no simulated CPU uses, where there is one. */
	bool has_raiser;
	struct placement_cpu raiser_cpu;
	pthread_t raiser;
	_Atomic(bool) raiser_stops;
	pthread_barrier_t pinned; /* every thread is on its core before any has a real-time priority */

	/* The run's phases; see cell_loop.c. */
	_Alignas(SYNC_LINE_BYTES) _Atomic(unsigned) ready;
	_Atomic(uint64_t) load_from;  /* stamp; 0: not everybody is there */
	_Atomic(uint64_t) warmup_due; /* stamp of the next decision on the window's begin; UINT64_MAX: somebody is at it */
	struct warmup warmup;    /* the decider's, passed on with warmup_due */
	_Atomic(uint64_t) begin; /* stamp of the window's begin; 0: not yet known */
	_Atomic(uint64_t) end;
	_Atomic(unsigned) finished; /* CPUs past the window */
	_Atomic(unsigned) drained;  /* CPUs with nothing in flight any more */
	_Atomic(bool) stalled;      /* something is lost: nobody waits for it any longer */
};

/* Sets up everything but the threads: 0, or -errno with a line in `error`. */
int cell_init(struct cell *cell, const struct cell_spec *spec, char *error, size_t error_bytes);
void cell_fini(struct cell *cell);

/*
 * Runs it on its pinned threads.  0; -ETIMEDOUT when it hangs: the state of
 * every CPU is then on stderr and the process can only exit; or -errno with a
 * line in `error`.
 */
int cell_run(struct cell *cell, char *error, size_t error_bytes);

/* I/Os completed so far, on all CPUs; while they run, about so many. */
uint64_t cell_completed(const struct cell *cell);

/* The probe's hook in every synchronized section: the disturbances that the spec asks for there. */
void cell_inside(struct port_probe *probe, struct sim_cpu *cpu);

/* What a CPU's thread does. */
void *cell_cpu_main(void *cell_cpu);

/* Everything measured, as the parent process wants it. */
json_t *cell_result(const struct cell *cell);

/* Stamp of its end. */
uint64_t cell_window_end(const struct cell *cell);

/* Seconds of the measured window. */
double cell_window_s(const struct cell *cell);

/* `storsync cell`: a spec on standard input, a result on standard output.  Exit status. */
int cell_main(int argc, char **argv);

#endif
