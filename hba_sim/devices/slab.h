/* SPDX-License-Identifier: MIT */
/*
 * Memory that a device model takes while it serves an interrupt.
 *
 * The interrupt may have preempted the C library's allocator, so this takes
 * slabs from the kernel instead: mmap(2) holds no lock of this process.  Nothing
 * is given back before the end.  Who uses it serializes it.
 */
#ifndef STORSYNC_HBA_SIM_DEVICES_SLAB_H
#define STORSYNC_HBA_SIM_DEVICES_SLAB_H

#include <stddef.h>

struct slab_header;

/* All zero: nothing taken yet. */
struct slab {
	struct slab_header *last;
	size_t used_bytes; /* of the last one, its header included */
};

/* Zeroed, aligned to 64 bytes; NULL when the kernel has no more. */
void *slab_alloc(struct slab *slab, size_t bytes);

/* Gives everything back. */
void slab_fini(struct slab *slab);

#endif
