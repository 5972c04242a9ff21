/* SPDX-License-Identifier: MIT */
/*
 * What a cell's process tells its parent: one JSON object.
 *
 * "summary" holds values under the names of summary.csv's columns; the other
 * members hold the rows of the other files.
 */
#include <inttypes.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cell/bounds.h"
#include "bench/cell/cell.h"
#include "bench/cell/distributions.h"
#include "bench/cell/findings.h"
#include "bench/cell/gap_list.h"
#include "bench/cell/gates.h"
#include "impls/backends.h"

/* Beyond what two clocks may differ by: a share of CPU time that somebody else had. */
#define CPU_LOST_VISIBLE 0.0005

static void put_u64(json_t *object, const char *name, uint64_t value)
{
	json_object_set_new(object, name, json_integer((json_int_t)value));
}

/* What is unknown or undefined stays out, and its column empty. */
static void put_real(json_t *object, const char *name, double value)
{
	if (isfinite(value))
		json_object_set_new(object, name, json_real(value));
}

static void put_text(json_t *object, const char *name, const char *value)
{
	json_object_set_new(object, name, json_string(value));
}

uint64_t cell_window_end(const struct cell *cell)
{
	uint64_t end = cell->end;

	if (end == UINT64_MAX) {
		end = cell->begin;
		for (unsigned c = 0; c < cell->spec.cpus; c++)
			end = cell->cpu[c].last_completion > end ? cell->cpu[c].last_completion : end;
	}
	return end;
}

double cell_window_s(const struct cell *cell)
{
	return (double)stamp_to_ns(&cell->scale, cell_window_end(cell) - cell->begin) / 1e9;
}

static void put_cpus(const struct cell *cell, json_t *result)
{
	json_t *rows = json_array();

	for (unsigned c = 0; c < cell->spec.cpus; c++) {
		const struct placement_cpu *place = &cell->placement.cpu[c];
		const struct noise_counters *grown = &cell->cpu[c].noise.grown;

		json_array_append_new(rows, json_pack("[i,i,i,i,I,I,I,I]", (int)c, place->os_cpu, place->core, place->numa,
						      (json_int_t)cell->cpu[c].ops, (json_int_t)grown->cpu_ns,
						      (json_int_t)grown->wall_ns, (json_int_t)grown->nivcsw));
	}
	json_object_set_new(result, "cpus", rows);
}

static void put_windows(const struct cell *cell, const struct gap_list *gaps, json_t *result)
{
	const struct windows_span span = { .begin = cell->begin, .end = cell_window_end(cell), .cpus = (unsigned)cell->spec.cpus,
					   .scale = cell->scale };
	const struct recorder *recorder = &cell->recorder;
	const struct windows *first = &recorder->cpu[0].windows;
	size_t sets = recorder->cpus * recorder->contexts;
	char missing[128];

	json_object_set_new(result, "windows", windows_rows(first, sizeof(*recorder->cpu), sets, &span, gaps));
	if (windows_truncated(first, sizeof(*recorder->cpu), sets, &span, missing, sizeof(missing)))
		put_text(result, "truncated", missing);
}

static void put_events(const struct cell *cell, const struct gap_list *gaps, json_t *result)
{
	const struct events_span span = { .begin = cell->begin, .cpus = (unsigned)cell->spec.cpus, .scale = cell->scale };
	const struct recorder *recorder = &cell->recorder;
	size_t sets = recorder->cpus * recorder->contexts;
	struct event worst[EVENTS_WORST];
	json_t *rows = json_array();
	unsigned count;

	count = events_merge(&recorder->cpu[0].worst_interrupts, sizeof(*recorder->cpu), sets, worst);
	events_append_rows(rows, METRIC_ISR_LATENCY, worst, count, &span, gaps);
	count = events_merge(&recorder->cpu[0].worst_calls, sizeof(*recorder->cpu), sets, worst);
	events_append_rows(rows, METRIC_SYNC_WAIT, worst, count, &span, gaps);
	json_object_set_new(result, "events", rows);
}

/* The findings, and the same in words for whoever reads along. */
static void put_verifier(const struct cell *cell, json_t *result)
{
	json_t *rows = json_array();
	char *text = NULL;
	size_t bytes;
	FILE *words;

	for (size_t i = 0; i < verifier_count(cell->verifier); i++) {
		const struct verifier_finding *finding = verifier_get(cell->verifier, i);
		char place[320];

		verifier_place(finding, place, sizeof(place));
		json_array_append_new(rows, json_pack("[I,s,s,s,s,i,i,I,I,I]", (json_int_t)i + 1, verifier_rules[finding->rule].name, place,
						      finding->callback, finding->call, (int)finding->cpu, (int)finding->irql,
						      (json_int_t)finding->count, (json_int_t)finding->undecided,
						      (json_int_t)finding->first_ns));
	}
	json_object_set_new(result, "verifier", rows);
	words = open_memstream(&text, &bytes);
	if (!words)
		return;
	verifier_print(cell->verifier, words);
	fclose(words);
	if (bytes)
		put_text(result, "verifier_text", text);
	free(text);
}

/* Jain, Chiu and Hawe, DEC-TR-301, 1984: 1 when all CPUs got as much, 1/n when one got all. */
static double jain(const struct cell *cell)
{
	double sum = 0;
	double squares = 0;

	for (unsigned c = 0; c < cell->spec.cpus; c++) {
		sum += (double)cell->cpu[c].ops;
		squares += (double)cell->cpu[c].ops * (double)cell->cpu[c].ops;
	}
	return squares > 0 ? sum * sum / ((double)cell->spec.cpus * squares) : NAN;
}

/* Share of the window in which every thread was under load. */
static double full_concurrency(const struct cell *cell)
{
	uint64_t begin = cell->begin;
	uint64_t end = UINT64_MAX;
	double window = cell_window_s(cell);

	for (unsigned c = 0; c < cell->spec.cpus; c++) {
		begin = cell->cpu[c].load_begin > begin ? cell->cpu[c].load_begin : begin;
		end = cell->cpu[c].load_end < end ? cell->cpu[c].load_end : end;
	}
	if (!(window > 0))
		return NAN;
	return end <= begin ? 0 : fmin(1, (double)stamp_to_ns(&cell->scale, end - begin) / 1e9 / window);
}

/* The counters of all threads together; unknown where one's is. */
static struct noise_counters noise_sum(const struct cell *cell)
{
	struct noise_counters sum = { 0 };

#define ADD(field)                                                                                  \
	do {                                                                                        \
		sum.field = 0;                                                                      \
		for (unsigned c = 0; c < cell->spec.cpus; c++) {                                    \
			int64_t grown = cell->cpu[c].noise.grown.field;                             \
			sum.field = grown == NOISE_UNKNOWN || sum.field == NOISE_UNKNOWN ?          \
					    NOISE_UNKNOWN : sum.field + grown;                      \
		}                                                                                   \
	} while (0)
	ADD(wall_ns);
	ADD(cpu_ns);
	ADD(nvcsw);
	ADD(nivcsw);
	ADD(migrations);
	ADD(steal_ns);
#undef ADD
	return sum;
}

/* Of the probe's spinning before and after; NAN when it did not. */
static double probe_gap_frac(const struct cell *cell)
{
	double gap_ns = (double)(cell->gap_before.lost_ns + cell->gap_after.lost_ns);
	double spun_ns = (double)(cell->gap_before.duration_ns + cell->gap_after.duration_ns);

	return spun_ns > 0 ? gap_ns / spun_ns : NAN;
}

/* How many gaps the CPUs' own stamps saw in the window, and which share of their time; NAN without a witness. */
static double witness_gap_frac(const struct cell *cell, uint64_t *count)
{
	double window = (double)(cell_window_end(cell) - cell->begin);
	uint64_t ticks = 0;

	*count = 0;
	if (!cell->gap_threshold_ns)
		return NAN;
	for (unsigned c = 0; c < cell->spec.cpus; c++) {
		const struct gap_log *log = &cell->machine.cpu[c].gaps;

		/* relaxed, both: the CPU has stopped */
		*count += atomic_load_explicit(&log->count, memory_order_relaxed);
		ticks += atomic_load_explicit(&log->ticks, memory_order_relaxed);
	}
	return window > 0 ? (double)ticks / (window * (double)cell->spec.cpus) : NAN;
}

/* Under thread delivery, what the ISRs' own threads take of a core is no loss, and not told apart. */
static double cpu_lost_frac(const struct cell *cell, const struct noise_counters *sum)
{
	double frac;

	return cell->spec.delivery != SYNC_THREAD && noise_cpu_lost_frac(sum, &frac) ? frac : NAN;
}

static void put_witness(const struct cell *cell, json_t *summary)
{
	uint64_t count;
	double frac = witness_gap_frac(cell, &count);

	if (cell->gap_threshold_ns) {
		put_u64(summary, "witness_gap_count", count);
		put_u64(summary, "witness_threshold_ns", cell->gap_threshold_ns);
	}
	put_real(summary, "witness_gap_frac", frac);
	if (cell->core_to_core_before_ns)
		put_u64(summary, "core_to_core_before_ns", cell->core_to_core_before_ns);
	if (cell->core_to_core_after_ns)
		put_u64(summary, "core_to_core_after_ns", cell->core_to_core_after_ns);
}

static void put_noise(const struct cell *cell, json_t *summary)
{
	const struct noise_counters sum = noise_sum(cell);
	double frac;

	put_u64(summary, "gap_count", cell->gap_before.count + cell->gap_after.count);
	put_real(summary, "gap_lost_frac", probe_gap_frac(cell));
	put_real(summary, "cpu_lost_frac", cpu_lost_frac(cell, &sum));
	if (noise_steal_frac(&sum, &frac))
		put_real(summary, "steal_frac", frac);
	if (sum.nivcsw != NOISE_UNKNOWN)
		put_u64(summary, "nivcsw", (uint64_t)sum.nivcsw);
	if (sum.nvcsw != NOISE_UNKNOWN)
		put_u64(summary, "nvcsw", (uint64_t)sum.nvcsw);
	if (sum.migrations != NOISE_UNKNOWN)
		put_u64(summary, "migrations", (uint64_t)sum.migrations);
	put_witness(cell, summary);
}

static uint64_t line_sum(const struct cell *cell, const struct irq_line *line, size_t offset)
{
	uint64_t sum = 0;

	for (unsigned c = 0; c < cell->spec.cpus; c++)
		sum += atomic_load_explicit((_Atomic(uint64_t) *)((char *)&cell->machine.cpu[c].pin[line->index] + offset),
					    memory_order_relaxed);
	return sum;
}

/* Of the HBA's line and its messages. */
static uint64_t pin_sum(const struct cell *cell, size_t offset)
{
	uint64_t sum = line_sum(cell, &cell->hba->line, offset);

	for (unsigned m = 0; m < cell->hba->messages; m++)
		sum += line_sum(cell, &cell->hba->message[m], offset);
	return sum;
}

static void put_checks(const struct cell *cell, json_t *summary)
{
	struct cell_findings findings;
	char reason[256] = "";
	const char *status;

	cell_find(cell, &findings);
	status = cell_judge(cell, &findings, reason, sizeof(reason));
	put_u64(summary, "violations", findings.exclusion + findings.data + findings.twice + findings.failed + findings.protocol);
	put_u64(summary, "lost", findings.lost);
	if (cell->spec.faults[0])
		put_u64(summary, "completed_with_error", findings.errors + findings.failed);
	put_u64(summary, "missed", findings.missed);
	put_u64(summary, "unordered_reads", findings.unordered);
	put_text(summary, "status", status);
	put_text(summary, "status_reason", reason);
}

/* Sections a twentieth off, or by more than a stamp's cost at either end, are not what was asked for. */
static bool section_achieved(const struct cell *cell, const json_t *summary)
{
	double asked = (double)cell->spec.section_ns;
	const json_t *actual = json_object_get(summary, "section_actual_p50_ns");

	return !actual || fabs(json_number_value(actual) - asked) <= fmax(asked / 20, 50);
}

/* What a back end sleeps, and what `preempt` takes, was asked for and is not told apart from what was not. */
static bool loses_cpu_on_purpose(const struct cell *cell)
{
	const struct sync_backend *backend = sync_backend_find(cell->spec.backend);

	return cell->spec.preempt_hz || (backend && (backend->capabilities & SYNC_SLEEPS));
}

/* In which respects a row is to be trusted less. */
static void put_gate(const struct cell *cell, json_t *summary)
{
	const struct noise_counters sum = noise_sum(cell);
	uint64_t gaps;
	const struct gates_input input = {
		.section_off = !section_achieved(cell, summary),
		.clock_doubtful = cell->clock.warning != NULL,
		.oversubscribed = cell->placement.oversubscribed,
		.verified = cell->spec.verify,
		.bystander_missed = bystanders_missed(&cell->bystanders) > 0,
		.core_to_core_before_ns = (double)cell->core_to_core_before_ns,
		.core_to_core_after_ns = (double)cell->core_to_core_after_ns,
		.witness_gap_frac = witness_gap_frac(cell, &gaps),
		.probe_gap_frac = probe_gap_frac(cell),
		.cpu_lost_frac = loses_cpu_on_purpose(cell) ? NAN : cpu_lost_frac(cell, &sum),
		.full_concurrency = full_concurrency(cell),
		.migrations = sum.migrations,
	};
	char codes[GATE_CODES_BYTES];

	gates_judge(&input, codes);
	put_text(summary, "gate", codes[0] ? "warn" : "pass");
	put_text(summary, "gate_codes", codes);
}

/* How many interrupts came by themselves, and how many of these found a section running on their CPU. */
static void put_arrivals(const struct cell *cell, json_t *summary)
{
	uint64_t arrivals = 0;
	uint64_t landed = 0;

	if (cell->spec.delivery == SYNC_POLL)
		return;
	for (unsigned c = 0; c < cell->spec.cpus; c++) {
		const struct delivery_state *arriving = &cell->machine.cpu[c].arriving;

		/* relaxed: the threads that counted have ended */
		arrivals += atomic_load_explicit(&arriving->arrivals, memory_order_relaxed);
		landed += atomic_load_explicit(&arriving->landed, memory_order_relaxed);
	}
	put_u64(summary, "arrivals", arrivals);
	put_u64(summary, "landed_in_section", landed);
}

static void put_warmup(const struct cell *cell, json_t *summary)
{
	if (cell->begin)
		put_real(summary, "warmup_s", (double)stamp_to_ns(&cell->scale, cell->begin - cell->load_from) / 1e9);
	if (cell->warmup.verdict != STEADY_UNKNOWN)
		json_object_set_new(summary, "steady", json_boolean(cell->warmup.verdict == STEADY_YES));
}

static void put_open_loop(const struct cell *cell, json_t *summary, double window)
{
	uint64_t offered = 0;
	uint64_t unstarted = 0;

	if (cell->spec.arrival == ARRIVAL_CLOSED)
		return;
	for (unsigned c = 0; c < cell->spec.cpus; c++) {
		uint64_t left = arrivals_left(&cell->cpu[c].arrivals_at_end);

		offered += cell->cpu[c].arrivals_at_end.in_window + left;
		unstarted += left;
	}
	put_u64(summary, "unstarted", unstarted);
	if (window > 0)
		put_real(summary, "offered_iops", (double)offered / window);
}

static void put_rates(const struct cell *cell, json_t *summary)
{
	double window = cell_window_s(cell);
	struct recorder_totals totals;
	uint64_t handoffs = 0;

	recorder_total(&cell->recorder, &totals);
	for (unsigned c = 0; c < cell->spec.cpus; c++)
		handoffs += cell->cpu[c].handoffs_after - cell->cpu[c].handoffs_before;
	put_real(summary, "duration_s", window);
	put_u64(summary, "ios", totals.ios);
	put_u64(summary, "sync_calls", totals.calls);
	put_u64(summary, "interrupts", totals.interrupts);
	put_u64(summary, "preempted_held", totals.held);
	put_arrivals(cell, summary);
	put_u64(summary, "acquisitions", totals.calls + totals.interrupts);
	put_u64(summary, "handoffs", handoffs);
	put_u64(summary, "deferred", pin_sum(cell, offsetof(struct irq_pin, deferred)));
	put_u64(summary, "spurious", pin_sum(cell, offsetof(struct irq_pin, spurious)));
	put_warmup(cell, summary);
	put_open_loop(cell, summary, window);
	if (cell->trace.count && !isinf(cell->spec.trace_speed) && cell->trace.span_ns)
		put_real(summary, "offered_iops",
			 (double)(cell->trace.count - 1) * cell->spec.trace_speed * 1e9 / (double)cell->trace.span_ns);
	if (window > 0) {
		put_real(summary, "iops", (double)totals.ios / window);
		put_real(summary, "sync_per_s", (double)totals.calls / window);
		put_real(summary, "irq_per_s", (double)totals.interrupts / window);
	}
	put_real(summary, "jain", jain(cell));
	put_real(summary, "full_concurrency", full_concurrency(cell));
}

static uint64_t member(const json_t *summary, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(summary, name));
}

/* A typical acquisition; with too few samples for a median, nothing can be said to exceed it. */
static uint64_t median_or(const json_t *summary, const char *name, uint64_t otherwise)
{
	return json_object_get(summary, name) ? member(summary, name) : otherwise;
}

/* Whether the operating system or the hypervisor took a CPU away, as far as anybody saw; or was asked to; or nobody can tell. */
static bool cpus_were_taken(const struct cell *cell)
{
	const struct noise_counters sum = noise_sum(cell);
	uint64_t gaps;
	double frac;

	witness_gap_frac(cell, &gaps);
	return cell->placement.oversubscribed || cell->spec.preempt_hz || cell->gap_before.count || cell->gap_after.count || gaps || sum.nivcsw ||
	       sum.steal_ns > 0 || !noise_cpu_lost_frac(&sum, &frac) || frac > CPU_LOST_VISIBLE;
}

static void put_bound(json_t *summary, const struct bound *bound, bool promised, const char *bound_column,
		      const char *held_column, const char *starvation_column)
{
	if (promised)
		put_u64(summary, bound_column, bound->bound_ns);
	if (bound->verdict != BOUND_UNDECIDED)
		json_object_set_new(summary, held_column, json_boolean(bound->verdict == BOUND_HELD));
	put_real(summary, starvation_column, bound->starvation);
}

/* A ceiling bounds a wait on its own CPU only; across CPUs it takes an order as well. */
static bool promises_bound(const struct sync_backend *backend, uint64_t cpus)
{
	return (backend->capabilities & SYNC_FIFO) || (cpus == 1 && (backend->capabilities & SYNC_CEILING));
}

/* After the distributions, from which it takes the waits. */
static void put_bounds(const struct cell *cell, json_t *summary)
{
	const struct sync_backend *backend = sync_backend_find(cell->spec.backend);
	struct recorder_totals totals;
	struct bounds_input input = {
		.cpus = (unsigned)cell->spec.cpus,
		.promised = backend && promises_bound(backend, cell->spec.cpus),
		.disturbed = cpus_were_taken(cell),
		.interfered = cell->spec.bystander_hz > 0,
	};
	struct bounds bounds;

	recorder_total(&cell->recorder, &totals);
	input.held_max_ns = stamp_to_ns(&cell->scale, totals.held_max);
	input.call = (struct bounds_seen){
		.n = member(summary, "sync_wait_n"),
		.worst_ns = member(summary, "sync_wait_max_ns"),
		.acquire_min_ns = member(summary, "sync_wait_min_ns"),
		.acquire_median_ns = median_or(summary, "sync_wait_p50_ns", member(summary, "sync_wait_max_ns")),
	};
	input.isr = (struct bounds_seen){
		.n = member(summary, "isr_acquire_n"),
		.worst_ns = stamp_to_ns(&cell->scale, totals.isr_blocked_max),
		.acquire_min_ns = member(summary, "isr_acquire_min_ns"),
		.acquire_median_ns = median_or(summary, "isr_acquire_p50_ns", stamp_to_ns(&cell->scale, totals.isr_blocked_max)),
	};
	bounds_judge(&input, &bounds);
	put_u64(summary, "held_max_ns", input.held_max_ns);
	put_bound(summary, &bounds.call, input.promised, "wait_bound_ns", "bound_held", "starvation");
	put_bound(summary, &bounds.isr, input.promised, "isr_bound_ns", "isr_bound_held", "isr_starvation");
	if (input.isr.n)
		put_u64(summary, "isr_blocked_max_ns", input.isr.worst_ns);
}

static void put_disturbances(const struct cell *cell, json_t *summary)
{
	uint64_t ticks;

	if (cell->spec.bystander_hz) {
		put_u64(summary, "bystander_late", bystanders_late(&cell->bystanders));
		put_u64(summary, "bystander_missed", bystanders_missed(&cell->bystanders));
	}
	if (cell->spec.preempt_hz) {
		put_u64(summary, "preemptions", preempt_count(&cell->preempt, &ticks));
		put_u64(summary, "preempted_ns", stamp_to_ns(&cell->scale, ticks));
	}
	if (cell->spec.inject)
		put_u64(summary, "inject_actual_ps", (uint64_t)llround(1000 * fmax(0, inject_actual_ns(&cell->inject, cell->spec.inject_ns))));
}

/* What was done to the device, and what the time-outs did about it; of the whole run. */
static void put_faults(const struct cell *cell, json_t *result, json_t *summary)
{
	json_t *kinds;

	if (!cell->spec.faults[0])
		return;
	kinds = json_object();
	for (unsigned k = 0; k < FAULT_KIND_COUNT; k++) {
		if (fault_plan_has(&cell->faults.plan, (enum fault_kind)k))
			put_u64(kinds, fault_kind_name((enum fault_kind)k), faults_injected(&cell->faults, (enum fault_kind)k));
	}
	json_object_set_new(result, "faults_injected", kinds);
	put_u64(result, "retries", atomic_load_explicit(&cell->adapter.busy_refusals, memory_order_relaxed));
	put_u64(summary, "faults_injected", faults_injected_total(&cell->faults));
	put_u64(summary, "timeouts", atomic_load_explicit(&cell->adapter.timeouts, memory_order_relaxed));
	put_u64(summary, "bus_resets", atomic_load_explicit(&cell->adapter.bus_resets, memory_order_relaxed));
}

/* Of the CPUs' threads, as the kernel had it. */
static const char *sched_policy(const struct cell *cell)
{
	int policy = cell->cpu[0].policy;

	for (unsigned c = 1; c < cell->spec.cpus; c++) {
		if (cell->cpu[c].policy != policy)
			return "mixed";
	}
	return policy == SCHED_FIFO ? "fifo" : policy == SCHED_RR ? "rr" : "other";
}

json_t *cell_result(const struct cell *cell)
{
	json_t *result = json_object();
	json_t *summary = json_object();
	struct gap_list gaps;

	put_checks(cell, summary);
	put_rates(cell, summary);
	put_u64(summary, "out_of_range", cell_put_distributions(cell, result, summary));
	cell_put_histograms(cell, result);
	put_bounds(cell, summary);
	put_disturbances(cell, summary);
	put_faults(cell, result, summary);
	put_gate(cell, summary);
	put_cpus(cell, result);
	gap_list_take(&gaps, &cell->machine);
	put_windows(cell, &gaps, result);
	put_events(cell, &gaps, result);
	gap_list_fini(&gaps);
	if (cell->verifier)
		put_verifier(cell, result);
	put_noise(cell, summary);
	put_text(summary, "placement", cell->placement.policy);
	put_text(summary, "sched_policy", sched_policy(cell));
	put_text(summary, "clock", cell->clock.name);
	put_real(summary, "tsc_hz", cell->calibration.hz);
	put_real(summary, "stamp_drift_ppm", cell->calibration.drift_ppm);
	put_u64(summary, "stamp_cost_ns", (uint64_t)llround(clock_stamp_cost_ns(&cell->scale)));
	json_object_set_new(summary, "oversubscribed", json_boolean(cell->placement.oversubscribed));
	json_object_set_new(result, "summary", summary);
	if (cell->clock.warning)
		put_text(result, "warning", cell->clock.warning);
	return result;
}
