/* SPDX-License-Identifier: MIT */
/* What a finished cell has to be free of: counted, and put into words. */
#ifndef STORSYNC_BENCH_CELL_FINDINGS_H
#define STORSYNC_BENCH_CELL_FINDINGS_H

#include <stddef.h>
#include <stdint.h>

struct cell;

struct cell_findings {
	uint64_t ios;       /* completed in the window */
	uint64_t exclusion; /* times that two were inside at once */
	uint64_t data;      /* blocks or I/Os that the ledger found wrong, in the end as well */
	uint64_t twice;     /* I/Os reported complete more than once */
	uint64_t protocol;  /* times that the miniport broke the virtio protocol */
	uint64_t failed;    /* I/Os of blocks that ended in an error, or of which no account could be kept; with faults, only what none of them accounts for */
	uint64_t errors;    /* I/Os that ended in an error that a fault accounts for */
	uint64_t lost;      /* I/Os that never came back */
	uint64_t missed;    /* interrupts asserted and never serviced */
	uint64_t verifier;  /* places at which the miniport broke a rule of the verifier's */
	uint64_t unprepared; /* times that an ISR that is a thread may have waited for the kernel's memory: it leaves the core, and levels mean nothing */
	uint64_t unordered; /* reads that a write overlapped: accepted, and no fault */
};

void cell_find(const struct cell *cell, struct cell_findings *findings);

/* "ok", "violated", or "failed" (the measurement itself is void); the reason is one line, empty when ok. */
const char *cell_judge(const struct cell *cell, const struct cell_findings *findings, char *reason, size_t reason_bytes);

#endif
