/* SPDX-License-Identifier: MIT */
/* Memory without the C library's allocator; see slab.h. */
#include "hba_sim/devices/slab.h"

#include <stdbool.h>
#include <sys/mman.h>

#define ALIGN_BYTES ((size_t)64)
#define SLAB_BYTES ((size_t)1 << 20)

/* At the begin of each; the rest is what is allocated. */
struct slab_header {
	struct slab_header *before;
	size_t bytes;
};

static struct slab_header *take_from_kernel(size_t bytes)
{
	struct slab_header *fresh;

	if (bytes < SLAB_BYTES)
		bytes = SLAB_BYTES;
	fresh = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (fresh == MAP_FAILED)
		return NULL;
	*fresh = (struct slab_header){ .bytes = bytes };
	return fresh;
}

static void put_first(struct slab *slab, struct slab_header *fresh)
{
	fresh->before = slab->last;
	slab->last = fresh;
	slab->used_bytes = ALIGN_BYTES;
}

void slab_expect(struct slab *slab, size_t bytes)
{
	/* relaxed: only how much is prepared */
	atomic_store_explicit(&slab->expected_bytes, bytes + ALIGN_BYTES, memory_order_relaxed);
}

void slab_prepare(struct slab *slab)
{
	struct slab_header *fresh, *none = NULL;

	/* relaxed: a glance; the exchange decides */
	if (atomic_load_explicit(&slab->spare, memory_order_relaxed))
		return;
	/* relaxed: see slab_expect */
	fresh = take_from_kernel(atomic_load_explicit(&slab->expected_bytes, memory_order_relaxed));
	if (!fresh)
		return;
	/* ORD slab_spare:A release, pairs with slab_spare:B: whoever takes it sees its header. */
	if (!atomic_compare_exchange_strong_explicit(&slab->spare, &none, fresh, memory_order_release, memory_order_relaxed))
		munmap(fresh, fresh->bytes);
}

/* The spare first; the kernel where that does not do. */
static bool grow(struct slab *slab, size_t bytes)
{
	/* ORD slab_spare:B acquire, pairs with slab_spare:A: see there. */
	struct slab_header *fresh = atomic_exchange_explicit(&slab->spare, NULL, memory_order_acquire);

	if (fresh)
		put_first(slab, fresh);
	if (fresh && fresh->bytes >= bytes)
		return true;
	fresh = take_from_kernel(bytes);
	if (!fresh)
		return false;
	slab->unprepared++;
	put_first(slab, fresh);
	return true;
}

void *slab_alloc(struct slab *slab, size_t bytes)
{
	size_t taken = (bytes + ALIGN_BYTES - 1) / ALIGN_BYTES * ALIGN_BYTES;
	void *allocated;

	if (taken < bytes)
		return NULL;
	if ((!slab->last || taken > slab->last->bytes - slab->used_bytes) && !grow(slab, taken + ALIGN_BYTES))
		return NULL;
	allocated = (char *)slab->last + slab->used_bytes;
	slab->used_bytes += taken;
	return allocated;
}

void slab_fini(struct slab *slab)
{
	/* relaxed: nobody prepares any more */
	struct slab_header *spare = atomic_exchange_explicit(&slab->spare, NULL, memory_order_relaxed);

	if (spare)
		put_first(slab, spare);
	while (slab->last) {
		struct slab_header *before = slab->last->before;

		munmap(slab->last, slab->last->bytes);
		slab->last = before;
	}
	slab->used_bytes = 0;
}
