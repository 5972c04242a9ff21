/* SPDX-License-Identifier: MIT */
/*
 * The columns of summary.csv that say what a row is of: those in which cells of a run may differ, and where the row comes
 * from.  Two rows with the same text in all of them are invocations of one cell.
 */
#ifndef STORSYNC_BENCH_RUN_DATA_RUN_KEY_H
#define STORSYNC_BENCH_RUN_DATA_RUN_KEY_H

#include <stdbool.h>
#include <stddef.h>

/* X(enumerator suffix, column, what it is called in a sentence).  In the order in which cells are sorted. */
#define RUN_KEYS_OF_CELLS(X) \
	X(BENCHMARK, benchmark, "benchmark") \
	X(DELIVERY, delivery, "delivery") \
	X(DUPLEX, duplex, "duplex") \
	X(INTERRUPT_MODE, interrupt_mode, "interrupt mode") \
	X(WORKLOAD, workload, "workload") \
	X(ARRIVAL, arrival, "arrival") \
	X(ARRIVAL_RATE_HZ, arrival_rate_hz, "arrivals a second") \
	X(CPUS, cpus, "CPUs") \
	X(IRQ_ROUTING, irq_routing, "routing") \
	X(VECTORS, vectors, "vectors") \
	X(CHANNELS, channels, "channels") \
	X(QUEUE_DEPTH, queue_depth, "queue depth") \
	X(IO_BYTES, io_bytes, "I/O size") \
	X(SERVICE_TIME, service_time, "service time") \
	X(SECTION_NS, section_ns, "section ns") \
	X(THINK_NS, think_ns, "think ns") \
	X(COMPLETION, completion, "completion") \
	X(IRQ_RATE_HZ, irq_rate_hz, "bystanders a second") \
	X(PREEMPT_RATE_HZ, preempt_rate_hz, "preemptions a second") \
	X(PREEMPT_NS, preempt_ns, "preempted ns") \
	X(INJECT_NS, inject_ns, "injected ns") \
	X(PLACEMENT, placement, "placement") \
	X(OVERSUBSCRIBED, oversubscribed, "oversubscribed") \
	X(SCHED_POLICY, sched_policy, "scheduling policy") \
	X(DATA_MODE, data_mode, "data") \
	X(TRACE, trace, "trace") \
	X(TRACE_SPEED, trace_speed, "trace speed") \
	X(MINIPORT, miniport, "miniport") \
	X(DURATION_S, duration_s, "window s") \
	X(CLOCK, clock, "clock") \
	X(DEVICE, device, "device") \
	X(TRANSPORT, transport, "transport") \
	X(QUEUES, queues, "request queues") \
	X(COALESCE_COUNT, coalesce_count, "coalesced completions") \
	X(COALESCE_NS, coalesce_ns, "coalesced ns") \
	X(FAULTS, faults, "faults") \
	X(TIMEOUT_MS, timeout_ms, "time-out ms") \
	X(PERF_OPTS, perf_opts, "performance options") \
	X(BACKEND, backend, "back end")

/* Where a row comes from.  "run" is which of the runs that are read, by its label. */
#define RUN_KEYS_OF_ORIGIN(X) \
	X(RUN, run, "run") \
	X(HOST_ID, host_id, "host") \
	X(BUILD_ID, build_id, "build")

#define RUN_KEYS(X) RUN_KEYS_OF_CELLS(X) RUN_KEYS_OF_ORIGIN(X)

enum run_key {
#define RUN_KEY_ENUMERATOR(id, column, words) RUN_KEY_##id,
	RUN_KEYS(RUN_KEY_ENUMERATOR)
#undef RUN_KEY_ENUMERATOR
	RUN_KEY_COUNT
};

/* The column's name. */
const char *run_key_name(enum run_key key);

/* What it is called in a sentence. */
const char *run_key_words(enum run_key key);

bool run_key_is_origin(enum run_key key);

/* A value in the words of the command line: the miniport that is no file has an empty field, and is called built-in. */
const char *run_key_shown(enum run_key key, const char *value);

/* By its name; RUN_KEY_COUNT when there is none. */
enum run_key run_key_find(const char *name);

/*
 * Orders two values of a key, as strcmp: back ends as `storsync list` has them, numbers by size, other texts by their bytes;
 * what is empty first.
 */
int run_key_compare(enum run_key key, const char *a, const char *b);

#endif
