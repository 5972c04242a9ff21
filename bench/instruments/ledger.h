/* SPDX-License-Identifier: MIT */
/*
 * The initiator's account of its I/O: every request completes exactly once, and
 * every block read holds what the last write to it left there. It is what makes
 * a lost interrupt, a completion taken twice or a ring entry overwritten by two
 * CPUs visible as a count, whatever back end let it happen.
 *
 * Usage, for each I/O: fill in the first five fields of a struct ledger_io, call
 * ledger_issue(), stamp the buffer of a write with io->serial
 * (block_stamp_fill()) or poison that of a read (block_stamp_poison()), submit,
 * and call ledger_complete() once the completion has been taken.
 *
 * All of this may be called by every CPU at once and from an interrupt that
 * preempted any of it: nothing here locks, waits for another CPU or calls the C
 * library's allocator. A first write to 16 KiB of LBAs may map memory.
 *
 * What is exact, and what is given away:
 * - A read that no write to the same aligned 4 KiB overlapped must return the
 *   last write's serial. Of an I/O over more than 16 KiB the overlap is known by
 *   quarters only.
 * - Where a write did overlap it, any well-stamped serial is accepted: unordered.
 * - Where writes to one block overlapped each other, it is ambiguous which came
 *   last, and any one of them is accepted (any serial at all after a failed
 *   write, or after more than 6 of them on one 4 KiB that was ambiguous all
 *   along). It stays so until its 4 KiB have had no write in flight for a moment
 *   and the block is then written without overlap.
 * - A completion that comes twice, the second time when its slot has been issued
 *   anew, passes for the new I/O's: the duplicate is counted when that one comes.
 * An I/O is in flight from the call of ledger_issue() to the return of
 * ledger_complete(), which includes all the time it can be in the device, so no
 * legal interleaving raises a fault.
 */
#ifndef STORSYNC_BENCH_INSTRUMENTS_LEDGER_H
#define STORSYNC_BENCH_INSTRUMENTS_LEDGER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hba_sim/devices/block_stamp.h"
#include "hba_sim/devices/lun.h"
#include "hba_sim/devices/sim_iov.h"

#define LEDGER_IO_GROUPS 4u

struct ledger;
struct ledger_chunk;

struct ledger_config {
	enum lun_data mode;
};

/*
 * One I/O slot, zeroed before its first use and reusable once ledger_complete()
 * or ledger_fail() has returned. Keep each on a cache line of its own.
 */
struct ledger_io {
	uint64_t lba;
	uint32_t blocks;	/* at least 1 */
	uint32_t lun;		/* the id of the LUN */
	bool is_write;

	uint8_t group_shift;	/* from here on: the ledger's */
	atomic_uint state;
	uint64_t serial;	/* unique, never 0; set by ledger_issue() */
	struct ledger_chunk *chunk;
	uint32_t done[LEDGER_IO_GROUPS];
};

/* What ledger_complete() found, as a mask. */
enum ledger_fault {
	LEDGER_DUPLICATE = 1 << 0,	/* completed once too often */
	LEDGER_NEVER_ISSUED = 1 << 1,	/* completed without an issue */
	LEDGER_MISDIRECTED = 1 << 2,	/* another block's data */
	LEDGER_TORN = 1 << 3,		/* parts of two versions */
	LEDGER_CORRUPT = 1 << 4,	/* the stamps agree, the data does not */
	LEDGER_MISSING = 1 << 5,	/* the buffer was not filled */
	LEDGER_STALE = 1 << 6,		/* not the last write: one was lost */
};

/* I/Os, then blocks. */
struct ledger_report {
	uint64_t issued;
	uint64_t completed;	/* ledger_fail() included */
	uint64_t failed;
	uint64_t lost;		/* issued and not completed */
	uint64_t duplicates;
	uint64_t never_issued;

	uint64_t misdirected;
	uint64_t torn;
	uint64_t corrupt;
	uint64_t missing;
	uint64_t stale;
	uint64_t unordered;	/* accepted: a write overlapped the read */
	uint64_t contested;	/* written while another write was in flight */
	uint64_t ambiguous;	/* accepted: one of several overlapping writes */

	uint64_t resident_bytes;
};

/* Blocks of one LUN, by what the sweep found. */
struct ledger_sweep {
	uint64_t checked;
	uint64_t misdirected;
	uint64_t torn;
	uint64_t corrupt;
	uint64_t stale;		/* a write lost, or one nobody issued */
	uint64_t unordered;	/* differs, a write there never completed */
	uint64_t ambiguous;	/* one of several overlapping writes */
};

/* -ENOMEM; -EINVAL: no such mode. */
int ledger_create(struct ledger **ledger, const struct ledger_config *config);
void ledger_destroy(struct ledger *ledger);

/*
 * Opens the account of an I/O. 0, -EBUSY (still in flight), -EINVAL (no blocks,
 * or LUN or LBA beyond what a stamp can hold), -ENOMEM; on an error nothing
 * happened. More than 65,535 writes in flight on one 4 KiB end the program.
 */
int ledger_issue(struct ledger *ledger, struct ledger_io *io);

/*
 * Closes it. A read's list must hold the data; a write's is not looked at.
 * Returns a mask of enum ledger_fault, 0 if all is well. After
 * LEDGER_DUPLICATE or LEDGER_NEVER_ISSUED the I/O is as it was before.
 */
unsigned int ledger_complete(struct ledger *ledger, struct ledger_io *io,
			     const struct sim_iov *iov, size_t n);

/*
 * Closes an I/O that the target or the port reported as failed: no data is
 * checked, and a write may have reached the medium or not, but does so no more.
 */
unsigned int ledger_fail(struct ledger *ledger, struct ledger_io *io);

/* The counts so far; exact when no other call is under way. */
void ledger_finish(const struct ledger *ledger, struct ledger_report *report);

/*
 * Compares every block the ledger or the LUN knows of. Only when nobody else
 * uses either of them.
 */
void ledger_sweep(const struct ledger *ledger, const struct lun *lun,
		  struct ledger_sweep *found);

#endif
