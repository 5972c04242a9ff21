/* SPDX-License-Identifier: MIT */
/*
 * integrity: the whole way, from a request through miniport, virtqueue, ISR and LUN and back, loses and spoils nothing.
 *
 * Cells are run as `storsync run` would run them, with all data copied and
 * checked and interrupts to the CPUs in turn: completions reported by the ISR
 * and by its DPC, in full and in half duplex.  Exclusion is another property's
 * business: here only what came of it counts.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "bench/cell/cell.h"
#include "bench/cell/findings.h"
#include "bench/torture/properties.h"
#include "impls/backends.h"

/* Completion by ISR or DPC, times full or half duplex. */
#define FORMS 4
#define ATTEMPTS 10
/* What goes wrong at all goes wrong in this time a hundred times over; only draining it takes longer. */
#define WINDOW_MAX_NS UINT64_C(250000000)

const char *torture_integrity_refusal(const struct torture_check *check)
{
	return sync_backend_find(check->backend->name) == check->backend ? NULL : "the HBA is set up by a back end's name, and this one is not listed";
}

/* One of the four forms of the driver's work. */
static void set_spec(const struct torture_run *run, unsigned form, struct cell_spec *spec)
{
	uint64_t random = torture_seed(run, form);
	uint64_t window_ns = run->options->duration_ns / FORMS;

	*spec = (struct cell_spec){
		.device = CELL_DEVICE,
		.queues = 1,
		.coalesce_count = 1,
		.delivery = run->check->delivery,
		.cpus = run->check->cpus,
		.routing = run->check->cpus > 1 ? IRQ_ROUTING_SPREAD : IRQ_ROUTING_SAME,
		.completion_dpc = form & 1,
		.half_duplex = form >> 1 & 1,
		.queue_depth = 1 + random % 16,
		.section_ns = (random >> 8 & 1) * 200,
		.io_bytes = 4096,
		.data = LUN_DATA_COPY,
		.trace_speed = 1,
		.duration_ns = window_ns < WINDOW_MAX_NS ? window_ns : WINDOW_MAX_NS,
		.oversubscribe = run->options->oversubscribe,
		.histogram_digits = 2,
		.seed = random,
	};
	snprintf(spec->backend, sizeof(spec->backend), "%s", run->check->backend->name);
	snprintf(spec->service_time, sizeof(spec->service_time), "exp:3us");
}

/* Runs one cell to its end; I/Os done, unless what was found ends the check. */
static uint64_t run_cell(struct torture_run *run, const struct cell_spec *spec)
{
	static struct cell cell;
	struct cell_findings found;
	char error[512];
	int err = cell_init(&cell, spec, error, sizeof(error));

	if (run->options->lost_ns)
		cell.stall_ms = run->options->lost_ns / 1000000;
	if (!err)
		err = cell_run(&cell, error, sizeof(error));
	if (err == -ETIMEDOUT)
		torture_violated(run, "a simulated CPU makes no progress");
	if (err)
		torture_failed(run, "%s", error);
	cell_find(&cell, &found);
	if (found.data || found.twice || found.failed || found.protocol || found.lost || found.missed)
		torture_violated(run, "%" PRIu64 " blocks wrong, %" PRIu64 " I/Os completed twice, %" PRIu64 " failed, %" PRIu64 " lost, %" PRIu64
				 " interrupts missed, %" PRIu64 " protocol errors (completion by %s, %s duplex, depth %" PRIu64 ")",
				 found.data, found.twice, found.failed, found.lost, found.missed, found.protocol, spec->completion_dpc ? "DPC" : "ISR",
				 spec->half_duplex ? "half" : "full", spec->queue_depth);
	cell_fini(&cell);
	return found.ios;
}

void torture_integrity(struct torture_run *run)
{
	struct cell_spec spec;
	uint64_t ios = 0;

	/* relaxed: the cell watches its CPUs itself, from its start to its end */
	atomic_store_explicit(&run->watches_itself, true, memory_order_relaxed);
	for (unsigned form = 0; form < FORMS; form++) {
		uint64_t done = 0;

		set_spec(run, form, &spec);
		/* A window can be lost to the hypervisor whole. */
		for (unsigned attempt = 0; attempt < ATTEMPTS && !done; attempt++)
			done = run_cell(run, &spec);
		if (!done)
			torture_not_exercised(run, "no I/O was completed in form %u", form);
		ios += done;
	}
	torture_holds(run, "%" PRIu64 " I/Os in %d forms", ios, FORMS);
}
