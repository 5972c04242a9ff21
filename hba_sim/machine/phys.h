/* SPDX-License-Identifier: MIT */
/*
 * The simulated physical address space.
 *
 * Drivers hand page-frame numbers and 32-bit addresses to devices, so host
 * virtual addresses will not do.  One contiguous region of host memory is the
 * machine's RAM, from SIM_PHYS_BASE upwards; allocation is by bump pointer and
 * everything goes at once with the machine.
 */
#ifndef STORSYNC_HBA_SIM_MACHINE_PHYS_H
#define STORSYNC_HBA_SIM_MACHINE_PHYS_H

#include <stddef.h>
#include <stdint.h>

/* Not zero, so that a driver that forgets to translate or to fill in an address is caught. */
#define SIM_PHYS_BASE 0x1000000u

struct sim_phys {
	unsigned char *base;
	size_t bytes;
	size_t used;
};

/* 0 or -ENOMEM. */
int sim_phys_init(struct sim_phys *phys, size_t bytes);
void sim_phys_fini(struct sim_phys *phys);

/* Zeroed RAM, aligned to `align` (a power of two, 4096 at most); NULL when the space is used up. */
void *sim_phys_alloc(struct sim_phys *phys, size_t bytes, size_t align);

/* The physical address of a pointer into RAM, 0 when it is not one. */
static inline uint64_t sim_phys_of(const struct sim_phys *phys, const void *pointer)
{
	uintptr_t offset = (uintptr_t)pointer - (uintptr_t)phys->base;

	return offset < phys->bytes ? SIM_PHYS_BASE + offset : 0;
}

/* The host's view of [address, address + bytes), NULL when any of it is not RAM. */
static inline void *sim_phys_at(const struct sim_phys *phys, uint64_t address, size_t bytes)
{
	uint64_t offset = address - SIM_PHYS_BASE;

	if (offset >= phys->bytes || bytes > phys->bytes - offset)
		return NULL;
	return phys->base + offset;
}

#endif
