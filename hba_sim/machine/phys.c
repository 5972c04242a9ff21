/* SPDX-License-Identifier: MIT */
/* The simulated physical address space; see phys.h. */
#include "hba_sim/machine/phys.h"

#include <errno.h>
#include <sys/mman.h>

int sim_phys_init(struct sim_phys *phys, size_t bytes)
{
	void *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (base == MAP_FAILED)
		return -ENOMEM;
	*phys = (struct sim_phys){ .base = base, .bytes = bytes };
	return 0;
}

void sim_phys_fini(struct sim_phys *phys)
{
	if (phys->base)
		munmap(phys->base, phys->bytes);
	phys->base = NULL;
}

void *sim_phys_alloc(struct sim_phys *phys, size_t bytes, size_t align)
{
	size_t at = (phys->used + align - 1) & ~(align - 1);

	if (at > phys->bytes || bytes > phys->bytes - at)
		return NULL;
	phys->used = at + bytes;
	return phys->base + at;
}
