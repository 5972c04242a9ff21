/* SPDX-License-Identifier: MIT */
/*
 * Memory that a device model takes while it serves an interrupt.
 *
 * The interrupt may have preempted the C library's allocator, so this takes
 * slabs from the kernel instead: mmap(2) holds no lock of this process that a
 * user's code can see.  The kernel has one for the address space, though, and who
 * waits for it leaves the core: an ISR that is a thread (see delivery_thread.c)
 * must not.  So whoever may wait prepares a slab ahead.  Nothing is given back
 * before the end.  Who allocates serializes it; anybody may prepare meanwhile.
 */
#ifndef STORSYNC_HBA_SIM_DEVICES_SLAB_H
#define STORSYNC_HBA_SIM_DEVICES_SLAB_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct slab_header;

/* All zero: nothing taken yet. */
struct slab {
	struct slab_header *last;
	size_t used_bytes; /* of the last one, its header included */
	uint64_t unprepared; /* slabs that had to be taken from the kernel by who allocated */
	_Atomic(struct slab_header *) spare; /* the next one, prepared; NULL: none */
	_Atomic(size_t) expected_bytes;
};

/* What will soon be asked for: what is prepared from here on is as large, and a MiB at least. */
void slab_expect(struct slab *slab, size_t bytes);

/* Has a slab ready, for slab_alloc(); where the kernel may make the caller wait.  One load when there is one. */
void slab_prepare(struct slab *slab);

/* Zeroed, aligned to 64 bytes; NULL when the kernel has no more. */
void *slab_alloc(struct slab *slab, size_t bytes);

/* Gives everything back. */
void slab_fini(struct slab *slab);

#endif
