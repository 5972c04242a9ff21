/* SPDX-License-Identifier: MIT */
/* Findings; see findings.h. */
#include "bench/cell/findings.h"

#include <inttypes.h>
#include <stdio.h>

#include "bench/cell/cell.h"

static uint64_t load(const _Atomic(uint64_t) *counter)
{
	/* relaxed: the threads that counted have ended */
	return atomic_load_explicit((_Atomic(uint64_t) *)counter, memory_order_relaxed);
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/*
 * Of the errors, those that a fault accounts for: as many as the device was made to report, whatever the
 * driver reports as reset or gone when there was a reset, and as gone when the host took the device away.
 */
static uint64_t accounted_for(const struct cell *cell)
{
	uint64_t reported = 0, reset = 0, gone = 0, errors;

	if (!cell->spec.faults[0])
		return 0;
	for (unsigned c = 0; c < cell->spec.cpus; c++) {
		reported += cell->cpu[c].errors[SRB_STATUS_ERROR];
		reset += cell->cpu[c].errors[SRB_STATUS_BUS_RESET];
		gone += cell->cpu[c].errors[SRB_STATUS_NO_DEVICE];
	}
	errors = least(reported, faults_injected(&cell->faults, FAULT_ERROR));
	if (load(&cell->adapter.bus_resets))
		return errors + reset + gone;
	return errors + (faults_injected(&cell->faults, FAULT_SURPRISE) ? gone : 0);
}

/*
 * What the port has completed in the miniport's stead, and the miniport has to this day.  Of an adapter that is gone it may
 * keep everything.
 */
static uint64_t kept(const struct cell *cell)
{
	/* relaxed, both: the threads that wrote it have ended */
	bool gone = atomic_load_explicit(&cell->adapter.closed, memory_order_relaxed) & PORT_CLOSED_GONE;

	return gone ? 0 : atomic_load_explicit(&cell->adapter.stale, memory_order_relaxed);
}

void cell_find(const struct cell *cell, struct cell_findings *findings)
{
	struct recorder_totals totals;
	struct ledger_report report;

	ledger_finish(cell->ledger, &report);
	*findings = (struct cell_findings){
		.exclusion = adapter_violations(&cell->adapter),
		.data = report.misdirected + report.torn + report.corrupt + report.missing + report.stale + cell->sweep_faults,
		.twice = load(&cell->adapter.completed_twice) + report.duplicates + report.never_issued,
		.protocol = cell->model->protocol_errors(cell->hba),
		.failed = report.failed,
		.lost = kept(cell),
		.missed = cell->model->lines_up(cell->hba),
		.verifier = cell->verifier ? verifier_broken(cell->verifier) : 0,
		.unordered = report.unordered,
	};
	for (unsigned i = 0; cell->spec.delivery == SYNC_THREAD && i < cell->luns; i++)
		findings->unprepared += lun_unprepared(cell->lun[i]);
	findings->errors = least(accounted_for(cell), findings->failed);
	findings->failed -= findings->errors;
	recorder_total(&cell->recorder, &totals);
	findings->ios = totals.ios;
	for (unsigned c = 0; c < cell->spec.cpus; c++) {
		findings->lost += cell->cpu[c].in_flight;
		findings->failed += cell->cpu[c].unaccounted;
	}
}

/* The witness's first finding: who came, and whom it met. */
static void describe_meeting(uint64_t first, char *text, size_t bytes)
{
	uint32_t came = (uint32_t)(first >> 32);
	uint32_t met = (uint32_t)first;
	int used = snprintf(text, bytes, "exclusion violated: cpu %u (%s) met ", witness_cpu(came),
			    witness_is_isr(came) ? "ISR" : "caller");

	if (met)
		snprintf(text + used, bytes - (size_t)used, "cpu %u (%s)", witness_cpu(met), witness_is_isr(met) ? "ISR" : "caller");
	else
		snprintf(text + used, bytes - (size_t)used, "somebody who had come and gone");
}

static void describe_data(const struct cell *cell, const struct cell_findings *findings, char *text, size_t bytes)
{
	struct ledger_report report;

	ledger_finish(cell->ledger, &report);
	snprintf(text, bytes, "data: blocks %" PRIu64 " misdirected, %" PRIu64 " torn, %" PRIu64 " stale, %" PRIu64 " missing, %" PRIu64
		 " wrong in the end; %" PRIu64 " I/Os completed twice", report.misdirected, report.torn, report.stale,
		 report.missing, cell->sweep_faults, findings->twice);
}

/* The status with which most of the I/Os that failed came back. */
static unsigned commonest_status(const struct cell *cell, uint64_t *ios)
{
	unsigned commonest = 0;

	*ios = 0;
	for (unsigned status = 0; status < SRB_STATUS_COUNT; status++) {
		uint64_t n = 0;

		for (unsigned c = 0; c < cell->spec.cpus; c++)
			n += cell->cpu[c].errors[status];
		if (n > *ios) {
			*ios = n;
			commonest = status;
		}
	}
	return commonest;
}

static void describe_failed(const struct cell *cell, const struct cell_findings *findings, char *text, size_t bytes)
{
	uint64_t ios;
	unsigned status = commonest_status(cell, &ios);
	int used = snprintf(text, bytes, "%" PRIu64 " I/Os ended in an error, or without an account", findings->failed);

	if (ios)
		snprintf(text + used, bytes - (size_t)used, "; %" PRIu64 " with SRB status 0x%02x", ios, status);
}

const char *cell_judge(const struct cell *cell, const struct cell_findings *findings, char *reason, size_t reason_bytes)
{
	*reason = '\0';
	if (findings->unprepared) {
		snprintf(reason, reason_bytes, "%" PRIu64 " times no memory was ready for what an ISR wrote, which then may have slept",
			 findings->unprepared);
		return "failed";
	} else if (findings->exclusion) {
		describe_meeting(adapter_first_violation(&cell->adapter), reason, reason_bytes);
	} else if (findings->data || findings->twice) {
		describe_data(cell, findings, reason, reason_bytes);
	} else if (cell->host.failure[0]) {
		snprintf(reason, reason_bytes, "%s", cell->host.failure);
	} else if (findings->failed) {
		describe_failed(cell, findings, reason, reason_bytes);
	} else if (findings->protocol) {
		snprintf(reason, reason_bytes, "the miniport broke the device's protocol %" PRIu64 " times", findings->protocol);
	} else if (findings->lost || findings->missed) {
		snprintf(reason, reason_bytes, "%" PRIu64 " I/Os and %" PRIu64 " interrupts lost", findings->lost, findings->missed);
	} else if (findings->verifier) {
		snprintf(reason, reason_bytes, "verifier: %" PRIu64 " finding%s, in verifier.csv", findings->verifier,
			 findings->verifier > 1 ? "s" : "");
		return "failed";
	} else if (!clock_drift_acceptable(&cell->calibration)) {
		snprintf(reason, reason_bytes, "the clock drifted by %.0f ppm", cell->calibration.drift_ppm);
		return "failed";
	} else if (!findings->ios) {
		snprintf(reason, reason_bytes, "no I/O was completed in the window: the CPUs were taken away, or it is too short");
		return "failed";
	} else {
		return "ok";
	}
	return "violated";
}
