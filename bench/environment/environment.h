/* SPDX-License-Identifier: MIT */
/*
 * Whether this machine is fit to be measured on: each check looks at one
 * thing and says what it found, what would be right and how to mend it.
 * Nothing is changed.
 *
 * What a file does not say is unknown, never good.  Files are read below a root
 * and everything that has to be run goes through a table of functions, so that
 * tests can examine machines that are not there.
 *
 * Source: Documentation/admin-guide/{kernel-parameters.txt,pm/,sysctl/,cgroup-v2.rst,
 * abi-stable.rst} of Linux; rtla-osnoise(1) for the idea of examining by spinning.
 */
#ifndef STORSYNC_BENCH_ENVIRONMENT_ENVIRONMENT_H
#define STORSYNC_BENCH_ENVIRONMENT_ENVIRONMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/files/csv.h"
#include "bench/instruments/clock.h"
#include "bench/instruments/gap_probe.h"
#include "bench/instruments/placement.h"
#include "impls/contract.h"

/* How long each CPU spins, in an examination and in a glance. */
#define ENVIRONMENT_PROBE_NS		UINT64_C(200000000)
#define ENVIRONMENT_GLANCE_NS		UINT64_C(20000000)
/* How often a line's way between two CPUs is timed; at most ENVIRONMENT_REPETITIONS_MAX. */
#define ENVIRONMENT_REPETITIONS		9
#define ENVIRONMENT_GLANCE_REPETITIONS	3
#define ENVIRONMENT_REPETITIONS_MAX	32

enum verdict {
	VERDICT_UNKNOWN,
	VERDICT_GOOD,
	VERDICT_BAD,
};

/* "unknown", "good", "bad": the words of env.csv. */
const char *verdict_name(enum verdict verdict);

struct environment_finding {
	const char *check;  /* static */
	char scope[64];     /* host, or the CPUs: "cpu 3", "cpus 0,2-3", "cpus 0 and 3" */
	char value[128];    /* what was found */
	char expected[96];  /* what would be right */
	enum verdict verdict;
	char remedy[192];   /* bad only: a command for root, or a shell comment where no command helps */
};

struct environment_findings {
	size_t count;
	struct environment_finding *finding;
	bool core_to_core_known;
	uint64_t core_to_core_ns;
};

/* What one CPU saw while all of them were spinning. */
struct environment_spin {
	struct gap_probe gap;
	double stamp_cost_ns; /* of the counter, whatever stamp_source says; 0 when not known */
};

/* What has to be run rather than read; 0 or -errno where it is an int. */
struct environment_probes {
	/* EAX, EBX, ECX, EDX of a leaf; false when there is no such leaf, or no CPUID. */
	bool (*cpuid)(void *context, uint32_t leaf, uint32_t registers[4]);
	/* All CPUs of the placement, which are distinct, at the same time; one result each. */
	int (*spin)(void *context, hwloc_topology_t topology, const struct placement *placement, uint64_t ns,
		    struct environment_spin *result);
	int (*skew)(void *context, hwloc_topology_t topology, const struct placement_cpu *a, const struct placement_cpu *b,
		    struct clock_skew *skew);
	int (*core_to_core)(void *context, hwloc_topology_t topology, const struct placement_cpu *a,
			    const struct placement_cpu *b, uint64_t *ns);
	/* Why this process cannot deliver interrupts so; NULL when it can. */
	const char *(*delivery_unavailable)(void *context, enum sync_delivery delivery);
};

/* Those of this machine. */
extern const struct environment_probes environment_system_probes;

struct environment {
	const char *root; /* "" for this machine; files are at root + their absolute path */
	hwloc_topology_t topology;
	const struct environment_probes *probes;
	void *probes_context;
	uint64_t probe_ns;    /* above 0 */
	unsigned repetitions; /* 1 to ENVIRONMENT_REPETITIONS_MAX */
};

/* This machine, thoroughly.  The topology stays the caller's. */
void environment_init(struct environment *environment, hwloc_topology_t topology);

/*
 * Every check on the host and on the placement's CPUs; spins on those for
 * probe_ns, all at a time.  Before anything is pinned, and while nothing is measured.
 * Returns 0, or -ENOMEM, then with nothing to free.  A probe that fails is an unknown
 * finding, no error.
 */
int environment_examine(const struct environment *environment, const struct placement *placement,
			struct environment_findings *findings);

/* The same checks with short probes, for before and after a run. */
int environment_glance(const struct environment *environment, const struct placement *placement,
		       struct environment_findings *findings);

void environment_findings_fini(struct environment_findings *findings);

/* How many findings have that verdict. */
size_t environment_count(const struct environment_findings *findings, enum verdict verdict);

/*
 * A cache line's way from the first CPU to another, in ns: the median over
 * the repetitions, of the CPU that is furthest.  False, and *ns left alone,
 * with one CPU or when some pair could not be timed.
 */
bool environment_core_to_core_ns(const struct environment_findings *findings, uint64_t *ns);

/*
 * Rows for env.csv (schema_env).  phase is before, after or doctor; run_id
 * may be NULL.  Returns 0 or what csv_write_row() answers.
 */
int environment_append_csv(struct csv_writer *writer, const struct environment_findings *findings, const char *run_id,
			   const char *phase, const char *host_id);

/* One line, no newline: which figures the bad findings limit, and how much is unknown. */
void environment_conclude(const struct environment_findings *findings, char *text, size_t bytes);

#endif
