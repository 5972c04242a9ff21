/* SPDX-License-Identifier: MIT */
/* Memory without the C library's allocator; see slab.h. */
#include "hba_sim/devices/slab.h"

#include <sys/mman.h>

#define ALIGN_BYTES ((size_t)64)
#define SLAB_BYTES ((size_t)1 << 20)

/* At the begin of each; the rest is what is allocated. */
struct slab_header {
	struct slab_header *before;
	size_t bytes;
};

static struct slab_header *take_from_kernel(struct slab_header *before, size_t bytes)
{
	struct slab_header *fresh;

	if (bytes < SLAB_BYTES)
		bytes = SLAB_BYTES;
	fresh = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (fresh == MAP_FAILED)
		return NULL;
	*fresh = (struct slab_header){ .before = before, .bytes = bytes };
	return fresh;
}

void *slab_alloc(struct slab *slab, size_t bytes)
{
	size_t taken = (bytes + ALIGN_BYTES - 1) / ALIGN_BYTES * ALIGN_BYTES;
	void *allocated;

	if (taken < bytes)
		return NULL;
	if (!slab->last || taken > slab->last->bytes - slab->used_bytes) {
		struct slab_header *fresh = take_from_kernel(slab->last, taken + ALIGN_BYTES);

		if (!fresh)
			return NULL;
		slab->last = fresh;
		slab->used_bytes = ALIGN_BYTES;
	}
	allocated = (char *)slab->last + slab->used_bytes;
	slab->used_bytes += taken;
	return allocated;
}

void slab_fini(struct slab *slab)
{
	while (slab->last) {
		struct slab_header *before = slab->last->before;

		munmap(slab->last, slab->last->bytes);
		slab->last = before;
	}
	slab->used_bytes = 0;
}
