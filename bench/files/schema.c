/* SPDX-License-Identifier: MIT */
/*
 * The column lists themselves: see schema.h. Metrics are not spelt here but
 * expanded from metric.h, each to the same nine columns.
 */
#include "bench/instruments/metric.h"
#include "bench/files/schema.h"

#define SCHEMA(file, list) \
	{ .name = file, .columns = list, .count = sizeof(list) / sizeof(list[0]) }

/* X(...) of metric.h: the columns of one metric. */
#define METRIC_COLUMNS(id, name, what) \
	{ #name "_n", CSV_INTEGER, "", what ": samples in range" }, \
	{ #name "_min_ns", CSV_INTEGER, "ns", what ": smallest" }, \
	{ #name "_mean_ns", CSV_INTEGER, "ns", what ": mean, rounded to nearest" }, \
	{ #name "_p50_ns", CSV_INTEGER, "ns", what ": median" }, \
	{ #name "_p90_ns", CSV_INTEGER, "ns", what ": 90th percentile" }, \
	{ #name "_p99_ns", CSV_INTEGER, "ns", what ": 99th percentile" }, \
	{ #name "_p99_9_ns", CSV_INTEGER, "ns", what ": 99.9th percentile" }, \
	{ #name "_p99_99_ns", CSV_INTEGER, "ns", what ": 99.99th percentile" }, \
	{ #name "_max_ns", CSV_INTEGER, "ns", what ": largest; shown, never tested" },

/* X(...) of metric.h: what a witnessed gap did to one metric. */
#define METRIC_CLEAN_COLUMNS(id, name, what) \
	{ #name "_hit_n", CSV_INTEGER, "", what ": samples that a witnessed gap hit" }, \
	{ #name "_clean_p50_ns", CSV_INTEGER, "ns", what ": median without those" }, \
	{ #name "_clean_p99_ns", CSV_INTEGER, "ns", what ": 99th percentile without those" }, \
	{ #name "_clean_p99_9_ns", CSV_INTEGER, "ns", what ": 99.9th percentile without those" }, \
	{ #name "_clean_max_ns", CSV_INTEGER, "ns", what ": largest without those" },

/* What ties a row of the other files to one of summary.csv. */
#define KEY_COLUMNS \
	{ "run_id", CSV_STRING, "", "the run, also the name of its directory" }, \
	{ "cell_id", CSV_STRING, "", "the cell: one combination of parameters" }, \
	{ "invocation", CSV_INTEGER, "", "number of the process within its cell" }

static const struct csv_column summary_columns[] = {
	{ "schema_version", CSV_INTEGER, "", "version of these columns" },
	KEY_COLUMNS,
	{ "block", CSV_INTEGER, "", "randomized complete block the invocation belongs to" },
	{ "order_index", CSV_INTEGER, "", "position in the order actually run" },
	{ "seed", CSV_INTEGER, "", "seed of every random choice" },
	{ "status", CSV_STRING, "", "how the invocation ended" },
	{ "status_reason", CSV_STRING, "", "why it was refused or failed" },
	{ "started_utc", CSV_DATETIME, "", "start of the invocation" },
	{ "host_id", CSV_STRING, "", "the machine" },
	{ "build_id", CSV_STRING, "", "the build of the program" },
	{ "backend", CSV_STRING, "", "synchronization back end" },
	{ "delivery", CSV_STRING, "", "how interrupts are delivered: poll, signal or thread" },
	{ "duplex", CSV_STRING, "", "StorPort synchronization model: full or half" },
	{ "interrupt_mode", CSV_STRING, "", "line-based or message-signalled interrupts, and their locking" },
	{ "workload", CSV_STRING, "", "what the submitters do" },
	{ "arrival", CSV_STRING, "", "arrival process of the I/Os" },
	{ "cpus", CSV_INTEGER, "", "simulated CPUs" },
	{ "irq_routing", CSV_STRING, "", "which CPU a vector targets" },
	{ "vectors", CSV_INTEGER, "", "interrupt vectors" },
	{ "queue_depth", CSV_INTEGER, "", "I/Os outstanding at most, on each CPU" },
	{ "section_ns", CSV_INTEGER, "ns", "work asked for in a critical section" },
	{ "think_ns", CSV_INTEGER, "ns", "work asked for between operations" },
	{ "irq_rate_hz", CSV_NUMBER, "Hz", "rate of each bystander asked for, on each CPU; 0 is none" },
	{ "placement", CSV_STRING, "", "how simulated CPUs map to cores" },
	{ "sched_policy", CSV_STRING, "", "scheduling policy in effect" },
	{ "duration_s", CSV_NUMBER, "s", "length of the measured window" },
	{ "warmup_s", CSV_NUMBER, "s", "length of the warm-up before it, as it was" },
	{ "steady", CSV_BOOLEAN, "", "whether throughput was steady when the window was opened; empty: not judged" },
	{ "clock", CSV_STRING, "", "source of the time stamps" },
	{ "tsc_hz", CSV_INTEGER, "Hz", "calibrated TSC frequency" },
	{ "stamp_cost_ns", CSV_INTEGER, "ns", "cost of taking one stamp" },
	{ "section_actual_p50_ns", CSV_INTEGER, "ns", "median work actually done in a critical section" },
	{ "ios", CSV_INTEGER, "", "I/Os completed" },
	{ "sync_calls", CSV_INTEGER, "", "synchronized calls" },
	{ "interrupts", CSV_INTEGER, "", "interrupts serviced" },
	{ "missed", CSV_INTEGER, "", "interrupts asserted but not serviced" },
	{ "lost", CSV_INTEGER, "", "I/Os not completed" },
	{ "out_of_range", CSV_INTEGER, "", "samples that no histogram could hold" },
	{ "offered_iops", CSV_NUMBER, "1/s", "I/Os offered" },
	{ "iops", CSV_NUMBER, "1/s", "I/Os completed" },
	{ "sync_per_s", CSV_NUMBER, "1/s", "synchronized calls" },
	{ "irq_per_s", CSV_NUMBER, "1/s", "interrupts serviced" },
	METRICS_OF_SUMMARY(METRIC_COLUMNS)
	{ "jain", CSV_NUMBER, "", "Jain's fairness index over CPUs" },
	{ "full_concurrency", CSV_NUMBER, "", "share of time with all threads running" },
	{ "gap_count", CSV_INTEGER, "", "gaps the spin probe saw" },
	{ "gap_lost_frac", CSV_NUMBER, "", "share of time lost in those gaps" },
	{ "cpu_lost_frac", CSV_NUMBER, "", "share of wall time without CPU time" },
	{ "steal_frac", CSV_NUMBER, "", "share of time stolen, as the kernel counts it" },
	{ "nivcsw", CSV_INTEGER, "", "involuntary context switches" },
	{ "nvcsw", CSV_INTEGER, "", "voluntary context switches" },
	{ "migrations", CSV_INTEGER, "", "moves of a thread between cores" },
	{ "wait_bound_ns", CSV_INTEGER, "ns", "bound on the blocking of a synchronized call that the back end implies" },
	{ "bound_held", CSV_BOOLEAN, "", "whether no wait exceeded the bound; empty: not promised, or cannot be told" },
	{ "violations", CSV_INTEGER, "", "breaches of exclusion or data integrity" },
	{ "gate", CSV_STRING, "", "pass, or warn: the row is to be trusted less" },
	{ "gate_codes", CSV_STRING, "", "why: section (not as long as asked), clock (no usable counter), oversubscribed, bystander (some missed), core-to-core (changed by more than half), core-to-core-moved (that far from when the run began), gaps (over 5% lost), cpu-lost (over 2%), migrated, concurrency (below 0.95), verified (the verifier was on)" },
	{ "completion", CSV_STRING, "", "where I/Os are completed: isr or dpc" },
	{ "channels", CSV_INTEGER, "", "concurrent submission channels" },
	{ "io_bytes", CSV_INTEGER, "byte", "size of an I/O" },
	{ "service_time", CSV_STRING, "", "the device's service time, as given" },
	{ "data_mode", CSV_STRING, "", "what an I/O moves: stamp or copy" },
	{ "trace", CSV_STRING, "", "file name of the trace replayed" },
	{ "trace_speed", CSV_STRING, "", "speed of the replay: a factor, or max" },
	{ "oversubscribed", CSV_BOOLEAN, "", "more simulated CPUs than usable cores" },
	{ "preempted_held", CSV_INTEGER, "", "interrupts that fell due while IRQL, gate or lock kept them out" },
	{ "deferred", CSV_INTEGER, "", "times the back end deferred the ISR" },
	{ "spurious", CSV_INTEGER, "", "interrupts taken whose ISR said that they were not its own" },
	{ "unordered_reads", CSV_INTEGER, "", "reads that a write to the same blocks overlapped: either version is right" },
	{ "stamp_drift_ppm", CSV_NUMBER, "ppm", "clock calibration at the end against that at the start" },
	{ "backend_reason", CSV_STRING, "", "why the back end refused the combination" },
	METRICS_APPENDED(METRIC_COLUMNS)
	{ "acquisitions", CSV_INTEGER, "", "times that access was held: synchronized calls and interrupts" },
	{ "handoffs", CSV_INTEGER, "", "of those, times that access passed to another CPU, the one that asked for it" },
	{ "held_max_ns", CSV_INTEGER, "ns", "longest time that anybody had access, release included" },
	{ "isr_blocked_max_ns", CSV_INTEGER, "ns", "longest that an interrupt was masked and waited for access, together" },
	{ "isr_bound_ns", CSV_INTEGER, "ns", "bound on that, which the back end implies" },
	{ "isr_bound_held", CSV_BOOLEAN, "", "whether no interrupt was blocked longer; empty: not promised, or cannot be told" },
	{ "starvation", CSV_NUMBER, "", "longest sections (held_max_ns) that the worst sync_wait amounts to" },
	{ "isr_starvation", CSV_NUMBER, "", "longest sections that isr_blocked_max_ns amounts to" },
	{ "bystander_late", CSV_INTEGER, "", "bystanders' interrupts that fell due before the one before them was served" },
	{ "bystander_missed", CSV_INTEGER, "", "bystanders' interrupts due in the window and not served by its end" },
	{ "preempt_rate_hz", CSV_NUMBER, "Hz", "times a second that each CPU was to be taken away inside a section" },
	{ "preempt_ns", CSV_INTEGER, "ns", "for how long each time" },
	{ "preemptions", CSV_INTEGER, "", "times that it happened, on all CPUs" },
	{ "preempted_ns", CSV_INTEGER, "ns", "how long they took, all together" },
	{ "arrivals", CSV_INTEGER, "", "interrupts that a signal or a wake-up delivered, in the whole run; empty under poll" },
	{ "landed_in_section", CSV_INTEGER, "", "of those, the ones that found a synchronized routine running on their CPU" },
	{ "arrival_rate_hz", CSV_NUMBER, "Hz", "open loop: I/Os to arrive a second, on each CPU" },
	{ "unstarted", CSV_INTEGER, "", "open loop: I/Os that arrived in the window and were not submitted by its end" },
	{ "inject_ns", CSV_INTEGER, "ns", "calibrated delay added to every synchronized routine, 0 included; empty: none" },
	{ "inject_actual_ps", CSV_INTEGER, "ps", "that delay as it was measured before or after the run, whichever is further off" },
	{ "warmup_max_s", CSV_NUMBER, "s", "length of the warm-up at which a load that is not steady is measured all the same" },
	{ "core_to_core_before_ns", CSV_INTEGER, "ns", "a cache line's way between the CPUs before the run, the longest; empty with one CPU" },
	{ "core_to_core_after_ns", CSV_INTEGER, "ns", "the same after it" },
	{ "witness_gap_count", CSV_INTEGER, "", "gaps that the CPUs' own stamps saw in the window, on all CPUs" },
	{ "witness_gap_frac", CSV_NUMBER, "", "share of the CPUs' time in the window lost in those gaps" },
	{ "witness_threshold_ns", CSV_INTEGER, "ns", "what is longer between two stamps of a CPU counts as a gap" },
	METRICS_OF_SUMMARY(METRIC_CLEAN_COLUMNS)
	METRICS_APPENDED(METRIC_CLEAN_COLUMNS)
	{ "miniport", CSV_STRING, "", "the driver: its file's name, and its argument string in parentheses; empty: the built-in one" },
	{ "device", CSV_STRING, "", "device model of the HBA" },
	{ "transport", CSV_STRING, "", "its register interface: legacy, modern or transitional" },
	{ "queues", CSV_INTEGER, "", "its request queues" },
	{ "coalesce_count", CSV_INTEGER, "", "it interrupts when so many completions wait; 0: however many; empty: for each" },
	{ "coalesce_ns", CSV_INTEGER, "ns", "or when the first of them has waited so long; that time is part of isr_delivery; empty: none waits" },
	{ "verified", CSV_BOOLEAN, "", "the verifier was on: times are no measurements" },
	{ "faults", CSV_STRING, "", "faults of the device and the host, as --faults has them; empty: none" },
	{ "timeout_ms", CSV_INTEGER, "ms", "with faults: a request that is out longer has the bus reset; 0: none has" },
	{ "faults_injected", CSV_INTEGER, "", "faults that happened in the whole run, of all kinds" },
	{ "timeouts", CSV_INTEGER, "", "requests that were out longer than timeout_ms" },
	{ "bus_resets", CSV_INTEGER, "", "bus resets, by time-outs, by the miniport and by the host" },
	{ "completed_with_error", CSV_INTEGER, "", "I/Os that came back with an error; they are in no latency and no count of I/Os" },
	{ "perf_opts", CSV_STRING, "", "performance options that the miniport was to ask for, beside its channels; empty: none" },
};

/* All but what tells of the driver and its device. */
#define SUMMARY_COLUMNS_OLDER 280

static const struct csv_column latency_columns[] = {
	KEY_COLUMNS,
	{ "metric", CSV_STRING, "", "the interval measured" },
	{ "percentile", CSV_NUMBER, "", "percentile, from 0 to 100" },
	{ "value_ns", CSV_INTEGER, "ns", "its value; empty with fewer than 10 samples beyond" },
	{ "n", CSV_INTEGER, "", "samples it rests on" },
	{ "samples", CSV_STRING, "", "which: all, or clean, those that no witnessed gap hit" },
};

static const struct csv_column histogram_columns[] = {
	KEY_COLUMNS,
	{ "cpu", CSV_INTEGER, "", "simulated CPU that recorded the samples" },
	{ "metric", CSV_STRING, "", "the interval measured" },
	{ "lo_ns", CSV_INTEGER, "ns", "smallest value of the bucket" },
	{ "hi_ns", CSV_INTEGER, "ns", "largest value of the bucket" },
	{ "count", CSV_INTEGER, "", "samples in it" },
	{ "hit", CSV_INTEGER, "", "of those, the ones that a witnessed gap hit" },
};

static const struct csv_column cpus_columns[] = {
	KEY_COLUMNS,
	{ "cpu", CSV_INTEGER, "", "simulated CPU" },
	{ "os_cpu", CSV_INTEGER, "", "logical CPU it was pinned to" },
	{ "core", CSV_INTEGER, "", "physical core of that" },
	{ "numa", CSV_INTEGER, "", "NUMA node of that" },
	{ "ops", CSV_INTEGER, "", "operations completed" },
	{ "cpu_time_ns", CSV_INTEGER, "ns", "CPU time of its thread, from the meeting of all threads to the end of draining" },
	{ "wall_ns", CSV_INTEGER, "ns", "wall time, from the meeting of all threads to the end of draining" },
	{ "nivcsw", CSV_INTEGER, "", "involuntary context switches" },
};

static const struct csv_column windows_columns[] = {
	KEY_COLUMNS,
	{ "window", CSV_INTEGER, "", "number of the 100 ms within the measured window, from 0" },
	{ "t_start_ms", CSV_NUMBER, "ms", "its begin, from the begin of the measured window" },
	{ "ios", CSV_INTEGER, "", "I/Os completed in it" },
	{ "isr_latency_p50_ns", CSV_INTEGER, "ns", "interrupts asserted in it: median latency, to 3 percent" },
	{ "isr_latency_p99_ns", CSV_INTEGER, "ns", "the same: 99th percentile" },
	{ "isr_latency_max_ns", CSV_INTEGER, "ns", "the same: largest" },
	{ "gap_lost_frac", CSV_NUMBER, "", "share of the CPUs' time lost in gaps that their own stamps saw" },
};

static const struct csv_column events_columns[] = {
	KEY_COLUMNS,
	{ "rank", CSV_INTEGER, "", "1 is the worst of its metric" },
	{ "metric", CSV_STRING, "", "isr_latency or sync_wait" },
	{ "t_ns", CSV_INTEGER, "ns", "stamp 0, from the begin of the measured window" },
	{ "stamp0_ns", CSV_INTEGER, "ns", "interrupt asserted, or call made: from the begin of the measured window, as are the others" },
	{ "stamp1_ns", CSV_INTEGER, "ns", "interrupt taken, or routine entered" },
	{ "stamp2_ns", CSV_INTEGER, "ns", "ISR entered, or routine returned" },
	{ "stamp3_ns", CSV_INTEGER, "ns", "ISR left, or back in the caller" },
	{ "cpu", CSV_INTEGER, "", "simulated CPU" },
	{ "holder_cpu", CSV_INTEGER, "", "simulated CPU that had access last before; empty: nobody had" },
	{ "waiters", CSV_INTEGER, "", "other CPUs that waited for access when this one was recorded" },
	{ "cause", CSV_STRING, "", "as far as stamps and gaps tell it; undecided where they do not" },
	{ "gap_cpu", CSV_INTEGER, "", "simulated CPU of the witnessed gap that took most of the latency or wait; empty: none is known" },
	{ "gap_start_ns", CSV_INTEGER, "ns", "the last stamp before that gap; empty with an end: before the measured window" },
	{ "gap_end_ns", CSV_INTEGER, "ns", "the first stamp after it" },
	{ "holder_since_ns", CSV_INTEGER, "ns", "from when on holder_cpu was the only one that had access; empty: nobody had, or before the measured window" },
	{ "holder_enter_ns", CSV_INTEGER, "ns", "when it entered its last section or ISR before; empty: nobody had, or before the measured window" },
	{ "holder_leave_ns", CSV_INTEGER, "ns", "when it left that; empty: nobody had, or before the measured window" },
	{ "dpc_start_ns", CSV_INTEGER, "ns", "DPCs on cpu, the first stretch of them to end after stamp 3: its begin; empty with an end: before the measured window" },
	{ "dpc_end_ns", CSV_INTEGER, "ns", "its end; empty: none ran or was queued when stamp 3 was taken" },
};

/* Without what tells when somebody was away, had access, or ran DPCs. */
#define EVENTS_COLUMNS_OLDER 14

static const struct csv_column verifier_columns[] = {
	KEY_COLUMNS,
	{ "finding", CSV_INTEGER, "", "1 is the first in time" },
	{ "rule", CSV_STRING, "", "the rule that was broken, as docs/verifier.md names it" },
	{ "place", CSV_STRING, "", "where in the miniport: file, line and function as far as it has debug information" },
	{ "callback", CSV_STRING, "", "the miniport's callback that ran; empty: none" },
	{ "call", CSV_STRING, "", "the port driver's routine that was called; empty: none" },
	{ "cpu", CSV_INTEGER, "", "simulated CPU, the first time" },
	{ "irql", CSV_INTEGER, "", "its IRQL" },
	{ "count", CSV_INTEGER, "", "times that the rule was broken at the place" },
	{ "undecided", CSV_INTEGER, "", "times that a limit was exceeded and the CPU may have been away; with a count of 0 no finding" },
	{ "t_ns", CSV_INTEGER, "ns", "the first time, from when the verifier was set up" },
};

static const struct csv_column env_columns[] = {
	{ "run_id", CSV_STRING, "", "the run" },
	{ "check", CSV_STRING, "", "what was looked at" },
	{ "scope", CSV_STRING, "", "host, or the CPUs it holds for" },
	{ "phase", CSV_STRING, "", "before or after the run; doctor when looked at alone" },
	{ "value", CSV_STRING, "", "what was found" },
	{ "expected", CSV_STRING, "", "what would be right" },
	{ "verdict", CSV_STRING, "", "good, bad or unknown" },
	{ "remedy", CSV_STRING, "", "the command that would mend it" },
	{ "host_id", CSV_STRING, "", "the machine" },
};

/* The keys are those of run_key.h, in its order; newer ones are at the end. */
static const struct csv_column compare_columns[] = {
	{ "metric", CSV_STRING, "", "the figure" },
	{ "unit", CSV_STRING, "", "of the medians: ns, 1/s, or none" },
	{ "better", CSV_STRING, "", "less or more; empty: neither" },
	{ "baseline", CSV_STRING, "", "what it is compared with" },
	{ "candidate", CSV_STRING, "", "what is compared; a key column that is empty was compared, ignored, or not told apart" },
	{ "benchmark", CSV_STRING, "", "of Google Benchmark's files, the benchmark's name" },
	{ "delivery", CSV_STRING, "", "how interrupts are delivered: poll, signal or thread" },
	{ "duplex", CSV_STRING, "", "StorPort synchronization model: full or half" },
	{ "interrupt_mode", CSV_STRING, "", "line-based or message-signalled interrupts, and their locking" },
	{ "workload", CSV_STRING, "", "what the submitters do" },
	{ "arrival", CSV_STRING, "", "arrival process of the I/Os" },
	{ "arrival_rate_hz", CSV_NUMBER, "Hz", "open loop: I/Os to arrive a second, on each CPU" },
	{ "cpus", CSV_INTEGER, "", "simulated CPUs" },
	{ "irq_routing", CSV_STRING, "", "which CPU a vector targets" },
	{ "vectors", CSV_INTEGER, "", "interrupt vectors" },
	{ "channels", CSV_INTEGER, "", "concurrent submission channels" },
	{ "queue_depth", CSV_INTEGER, "", "I/Os outstanding at most, on each CPU" },
	{ "io_bytes", CSV_INTEGER, "byte", "size of an I/O" },
	{ "service_time", CSV_STRING, "", "the device's service time, as given" },
	{ "section_ns", CSV_INTEGER, "ns", "work asked for in a critical section" },
	{ "think_ns", CSV_INTEGER, "ns", "work asked for between operations" },
	{ "completion", CSV_STRING, "", "where I/Os are completed: isr or dpc" },
	{ "irq_rate_hz", CSV_NUMBER, "Hz", "rate of each bystander asked for, on each CPU; 0 is none" },
	{ "preempt_rate_hz", CSV_NUMBER, "Hz", "times a second that each CPU was to be taken away inside a section" },
	{ "preempt_ns", CSV_INTEGER, "ns", "for how long each time" },
	{ "inject_ns", CSV_INTEGER, "ns", "calibrated delay added to every synchronized routine, 0 included; empty: none" },
	{ "placement", CSV_STRING, "", "how simulated CPUs map to cores" },
	{ "oversubscribed", CSV_BOOLEAN, "", "more simulated CPUs than usable cores" },
	{ "sched_policy", CSV_STRING, "", "scheduling policy in effect" },
	{ "data_mode", CSV_STRING, "", "what an I/O moves: stamp or copy" },
	{ "trace", CSV_STRING, "", "file name of the trace replayed" },
	{ "trace_speed", CSV_STRING, "", "speed of the replay: a factor, or max" },
	{ "duration_s", CSV_NUMBER, "s", "length of the measured window" },
	{ "clock", CSV_STRING, "", "source of the time stamps" },
	{ "device", CSV_STRING, "", "device model of the HBA" },
	{ "transport", CSV_STRING, "", "its register interface: legacy, modern or transitional" },
	{ "queues", CSV_INTEGER, "", "its request queues" },
	{ "coalesce_count", CSV_INTEGER, "", "it interrupts when so many completions wait; 0: however many; empty: for each" },
	{ "coalesce_ns", CSV_INTEGER, "ns", "or when the first of them has waited so long; empty: none waits" },
	{ "faults", CSV_STRING, "", "faults of the device and the host, as --faults has them; empty: none" },
	{ "timeout_ms", CSV_INTEGER, "ms", "with faults: a request that is out longer has the bus reset; 0: none has" },
	{ "perf_opts", CSV_STRING, "", "performance options that the miniport was to ask for, beside its channels; empty: none" },
	{ "backend", CSV_STRING, "", "synchronization back end" },
	{ "run", CSV_STRING, "", "which of the runs that were read" },
	{ "host_id", CSV_STRING, "", "the machine" },
	{ "build_id", CSV_STRING, "", "the build of the program" },
	{ "n_base", CSV_INTEGER, "", "the baseline's invocations with a value" },
	{ "n_cand", CSV_INTEGER, "", "the candidate's" },
	{ "base_median", CSV_NUMBER, "", "median over the baseline's invocations, in the unit" },
	{ "cand_median", CSV_NUMBER, "", "median over the candidate's, in the unit" },
	{ "ratio", CSV_NUMBER, "", "candidate to baseline, by Hodges and Lehmann" },
	{ "ci_lo", CSV_NUMBER, "", "lower end of its interval" },
	{ "ci_hi", CSV_NUMBER, "", "upper end; empty: unbounded, because so few values say nothing" },
	{ "p_value", CSV_NUMBER, "", "of the test" },
	{ "p_adj", CSV_NUMBER, "", "the same by Holm, over all comparisons of the figure" },
	{ "noise_floor", CSV_NUMBER, "", "the least ratio that counts, less 1" },
	{ "verdict", CSV_STRING, "", "better, worse, different, equivalent, undecided or not comparable" },
	{ "test", CSV_STRING, "", "paired: Wilcoxon's by block; unpaired: Mann and Whitney's" },
	{ "confidence", CSV_NUMBER, "", "that the interval attains, at least what was asked for" },
	{ "more", CSV_INTEGER, "", "undecided: invocations a side that would decide it if all goes on as it is; empty: cannot be told" },
	{ "gated", CSV_INTEGER, "", "invocations that are used and carry a gate code, of both sides" },
	{ "not_ok_base", CSV_INTEGER, "", "the baseline's invocations that did not end well, not used" },
	{ "not_ok_cand", CSV_INTEGER, "", "the candidate's" },
	{ "why", CSV_STRING, "", "why it is not comparable; or undecided, unless the interval is just too wide" },
	{ "test_why", CSV_STRING, "", "why that test" },
	{ "pairs", CSV_INTEGER, "", "of one block that both sides have" },
	{ "margin", CSV_NUMBER, "", "the most that equivalent ones may differ, less 1: the noise floor, or --equivalent-within where that is less" },
	{ "miniport", CSV_STRING, "", "the driver: its file's name, and its argument string in parentheses, or built-in; a key as those above" },
	{ "p_method", CSV_STRING, "", "how p and the interval were found: exact; or asymptotic, by the normal approximation, of more than 50 values a side" },
	{ "machine_differs", CSV_STRING, "", "what was witnessed of the machine, where it differs: the candidate's median and range, and the baseline's" },
};

const struct csv_schema schema_summary = {
	.name = "summary.csv",
	.columns = summary_columns,
	.count = sizeof(summary_columns) / sizeof(summary_columns[0]),
	.older = SUMMARY_COLUMNS_OLDER,
};
const struct csv_schema schema_latency = SCHEMA("latency.csv", latency_columns);
const struct csv_schema schema_histogram = SCHEMA("histogram.csv", histogram_columns);
const struct csv_schema schema_cpus = SCHEMA("cpus.csv", cpus_columns);
const struct csv_schema schema_windows = SCHEMA("windows.csv", windows_columns);
const struct csv_schema schema_events = {
	.name = "events.csv",
	.columns = events_columns,
	.count = sizeof(events_columns) / sizeof(events_columns[0]),
	.older = EVENTS_COLUMNS_OLDER,
};
const struct csv_schema schema_verifier = SCHEMA("verifier.csv", verifier_columns);
const struct csv_schema schema_env = SCHEMA("env.csv", env_columns);
const struct csv_schema schema_compare = SCHEMA("compare.csv", compare_columns);

const struct csv_schema *const schema_files[SCHEMA_FILES] = {
	&schema_summary, &schema_latency, &schema_histogram, &schema_cpus, &schema_windows, &schema_events, &schema_env,
	&schema_verifier,
};
