/* SPDX-License-Identifier: MIT */
/*
 * A RAM-backed logical unit that takes memory only for what is written, so that
 * a trace over terabytes runs in megabytes, and that looks at the stamp of
 * every block it is given.
 *
 * Not thread-safe, lun_peek() included, but for lun_prepare(): one block is
 * written at a time, by whoever holds the device model's lock.
 */
#ifndef STORSYNC_HBA_SIM_DEVICES_LUN_H
#define STORSYNC_HBA_SIM_DEVICES_LUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hba_sim/devices/block_stamp.h"
#include "hba_sim/devices/sim_iov.h"

/* Blocks kept together: storage comes in aligned chunks of 64 KiB of LBAs. */
#define LUN_CHUNK_BLOCKS 128u

struct lun;

struct lun_config {
	uint64_t blocks;
	uint32_t block_bytes;	/* BLOCK_STAMP_BLOCK_BYTES */
	enum lun_data mode;
	unsigned int id;	/* in the tag of its blocks */
};

struct lun_stats {
	uint64_t blocks_written;
	uint64_t blocks_read;
	uint64_t misdirected;	/* written with the stamp of another block */
	uint64_t torn;		/* written with two ends that differ */
	uint64_t chunks;
	uint64_t resident_bytes;	/* allocated, the LUN itself included */
};

/*
 * -EINVAL: no blocks, more than BLOCK_STAMP_MAX_BLOCKS, a block size or mode
 * that does not exist, or an id above BLOCK_STAMP_MAX_LUN. -ENOMEM.
 */
int lun_create(struct lun **lun, const struct lun_config *config);
void lun_destroy(struct lun *lun);

/*
 * Has memory ready for what the writes that are about to be submitted may need,
 * so that lun_write() need not wait for the kernel. The one function that may be
 * called while another thread writes; itself it may wait.
 */
void lun_prepare(struct lun *lun);

/* How often a write had to ask the kernel for memory all the same. */
uint64_t lun_unprepared(const struct lun *lun);

uint64_t lun_blocks(const struct lun *lun);
unsigned int lun_id(const struct lun *lun);
const struct lun_stats *lun_stats(const struct lun *lun);

/*
 * Stores `blocks` blocks from the list. A block whose stamp is wrong is counted
 * and stored as it is, as a disk would. 0, or with nothing stored -ERANGE (past
 * the end) or -EINVAL (the list is shorter than the blocks), or -ENOMEM after
 * the blocks of the chunks that could be had.
 */
int lun_write(struct lun *lun, uint64_t lba, uint64_t blocks,
	      const struct sim_iov *iov, size_t n);

/*
 * Fills the list; in LUN_DATA_STAMP only the first 16 bytes of each block.
 * Blocks never written read as zeros. 0, -ERANGE or -EINVAL as lun_write().
 */
int lun_read(struct lun *lun, uint64_t lba, uint64_t blocks,
	     const struct sim_iov *iov, size_t n);

/*
 * Judges a stored block and stores the serial found in it (0: never written, or
 * past the end). Counts nothing.
 */
enum block_stamp_verdict lun_peek(const struct lun *lun, uint64_t lba,
				  uint64_t *serial);

/* The serial a block holds, or BLOCK_STAMP_BAD_SERIAL if it is not good. */
static inline uint64_t lun_peek_serial(const struct lun *lun, uint64_t lba)
{
	uint64_t serial;

	return lun_peek(lun, lba, &serial) == BLOCK_STAMP_GOOD ?
		serial : BLOCK_STAMP_BAD_SERIAL;
}

/*
 * Visits the chunks that hold something, in no particular order: start with
 * *position 0, and each true return stores the first LBA of one more chunk.
 */
bool lun_next_chunk(const struct lun *lun, size_t *position, uint64_t *lba);

#endif
