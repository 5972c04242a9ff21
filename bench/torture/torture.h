/* SPDX-License-Identifier: MIT */
/*
 * Torture: does a back end keep what the contract promises?
 *
 * A check is one back end on so many simulated CPUs against one property.  It
 * runs in a process of its own, so that a crash or a hang is a result like any
 * other, and it ends in a verdict.  A run in which what the property is about
 * never happened does not hold: it counts as a failure of its own kind.
 *
 * A property is one file and one line in properties.c.
 */
#ifndef STORSYNC_BENCH_TORTURE_TORTURE_H
#define STORSYNC_BENCH_TORTURE_TORTURE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <hwloc.h>

#include "bench/instruments/placement.h"
#include "hba_sim/machine/stamp.h"
#include "hba_sim/machine/sync_ops.h"

#define TORTURE_DURATION_NS UINT64_C(400000000)
#define TORTURE_WATCHDOG_NS UINT64_C(10000000000)

struct torture_check;
struct torture_run;

struct torture_property {
	const char *name;
	void (*run)(struct torture_run *run); /* ends in one of the verdict functions below */
	const char *catches; /* the broken back ends that it must catch; "@2" after one: on two CPUs only; "!": by its watchdog */
	/* Why the property means nothing there, as sync_backend_refusal() says it; NULL when it does.  May itself be NULL. */
	const char *(*refusal)(const struct torture_check *check);
	const char *summary;
};

extern const struct torture_property torture_properties[];
extern const size_t torture_property_count;

/* NULL when there is none of that name. */
const struct torture_property *torture_property_find(const char *name);

struct torture_options {
	uint64_t duration_ns; /* of each check; longer where what it needs has not happened yet */
	uint64_t watchdog_ns; /* a CPU that makes no progress for so long hangs */
	uint64_t lost_ns;     /* what is due and has not come after so long is lost; 0: as long as a crowded machine may need */
	uint64_t seed;
	bool oversubscribe; /* more simulated CPUs than usable cores: spinning yields */
};

/* What all checks of a process share. */
struct torture_host {
	hwloc_topology_t topology;
	hwloc_bitmap_t affinity;
	unsigned usable_cores;
	struct stamp_scale scale;
};

/*
 * Chooses and calibrates the clock for checks on up to `cpus` CPUs (fewer
 * where the machine has fewer).  0, or a negative errno and a line in `error`.
 */
int torture_host_init(struct torture_host *host, unsigned cpus, char *error, size_t error_bytes);
void torture_host_fini(struct torture_host *host);

struct torture_check {
	const struct sync_backend *backend;
	const struct torture_property *property;
	unsigned cpus;
	enum sync_delivery delivery;
};

enum torture_verdict {
	TORTURE_HOLDS,
	TORTURE_VIOLATED,
	TORTURE_NOT_EXERCISED,
	TORTURE_HUNG,
	TORTURE_CRASHED, /* a signal, or a status that says nothing of the kind, such as a sanitizer's */
	TORTURE_ERROR,   /* the check could not be set up */
	TORTURE_SKIPPED,
};

/*
 * Runs the check in a child process of its own and prints one line, more after
 * a hang, to `out`.  The calling process has one thread.  `caught_ns`, when
 * not NULL, gets the time from the check's start to its verdict.
 */
enum torture_verdict torture_run_one(const struct torture_host *host, const struct torture_check *check,
				     const struct torture_options *options, FILE *out, uint64_t *caught_ns);

/* `storsync torture`: 0 all hold, 1 a property does not hold, 2 usage, or nothing to check. */
int torture_main(int argc, char **argv);

/* --- for properties, in the child --- */

/* What the watchdog looks at, for each CPU; on lines of its own. */
struct torture_beat {
	_Alignas(SYNC_LINE_BYTES) _Atomic(uint64_t) steps; /* written by the CPU only */
	_Atomic(bool) waiting; /* for the other CPUs: not expected to make steps */
};

struct torture_run {
	const struct torture_host *host;
	const struct torture_check *check;
	const struct torture_options *options;
	struct placement placement;
	struct placement_cpu raiser; /* where a raiser runs; only when has_raiser */
	bool has_raiser;             /* there is a core that no simulated CPU uses, and interrupts arrive by themselves */
	struct torture_beat *beat; /* one for each CPU */
	_Atomic(bool) watches_itself; /* the property finds hangs on its own; the watchdog leaves it alone */
	uint64_t started;          /* stamps */
	uint64_t deadline;
	/* The state of everything, printed after a hang by another thread; NULL for nothing.  By torture_set_dump(). */
	void (*_Atomic dump)(void *context, FILE *out);
	void *dump_context;
	struct torture_report *report;
};

static inline void torture_set_dump(struct torture_run *run, void (*dump)(void *context, FILE *out), void *context)
{
	run->dump_context = context;
	/* ORD torture_dump:A release, pairs with torture_dump:B: the context, and what it points to, comes with it. */
	atomic_store_explicit(&run->dump, dump, memory_order_release);
}

static inline void torture_step(struct torture_beat *beat)
{
	/* relaxed: a counter with one writer; the watchdog only compares it */
	atomic_store_explicit(&beat->steps, atomic_load_explicit(&beat->steps, memory_order_relaxed) + 1,
			      memory_order_relaxed);
}

static inline bool torture_time_is_up(const struct torture_run *run)
{
	return stamp_now() >= run->deadline;
}

/* Past the deadline by so much that what has not happened yet is not waited for any longer. */
bool torture_patience_is_over(const struct torture_run *run);

static inline uint64_t torture_ticks(const struct torture_run *run, uint64_t ns)
{
	return stamp_from_ns(&run->host->scale, ns);
}

/*
 * Each ends the child at once, from any of its threads; the first one counts.
 * The text is what the line says in its parentheses or after its colon.
 */
_Noreturn void torture_holds(struct torture_run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
_Noreturn void torture_violated(struct torture_run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
_Noreturn void torture_not_exercised(struct torture_run *run, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
_Noreturn void torture_failed(struct torture_run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The random sequence of one CPU in one check: the same for the same seed. */
uint64_t torture_seed(const struct torture_run *run, unsigned cpu);

#endif
