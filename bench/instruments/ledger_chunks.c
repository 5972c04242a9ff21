/* SPDX-License-Identifier: MIT */
/*
 * Making and walking the ledger's chunks: see ledger_chunks.h. Slabs are mapped,
 * not allocated, because an ISR may get here that preempted the allocator.
 */
#include "bench/instruments/ledger_chunks.h"

#include <errno.h>
#include <sys/mman.h>

#define SLAB_BYTES ((size_t)1 << 20)

struct slab {
	struct slab *next;
	atomic_size_t used;
	struct ledger_chunk chunks[];
};

#define SLAB_CHUNKS \
	((SLAB_BYTES - sizeof(struct slab)) / sizeof(struct ledger_chunk))

void *map_zeroed(size_t bytes)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

int chunk_table_init(struct chunk_table *table)
{
	table->buckets = map_zeroed(BUCKETS * sizeof(*table->buckets));
	return table->buckets ? 0 : -ENOMEM;
}

void chunk_table_fini(struct chunk_table *table)
{
	struct slab *slab, *next;

	/* Relaxed: the last user has already synchronized with the caller. */
	slab = atomic_load_explicit(&table->slabs, memory_order_relaxed);
	for (; slab; slab = next) {
		next = slab->next;
		munmap(slab, SLAB_BYTES);
	}
	munmap((void *)table->buckets, BUCKETS * sizeof(*table->buckets));
}

static struct ledger_chunk *chunk_alloc(struct chunk_table *table)
{
	for (;;) {
		/*
		 * ORD chunk_alloc:A acquire, pairs with chunk_alloc:B:
		 * the link of a slab is seen with the slab.
		 */
		struct slab *slab = atomic_load_explicit(&table->slabs,
							 memory_order_acquire);
		struct slab *fresh;

		/* Relaxed: it hands out indexes, and the memory is zero. */
		if (slab) {
			size_t i = atomic_fetch_add_explicit(
				&slab->used, 1, memory_order_relaxed);

			if (i < SLAB_CHUNKS)
				return &slab->chunks[i];
		}
		fresh = map_zeroed(SLAB_BYTES);
		if (!fresh)
			return NULL;
		fresh->next = slab;
		/*
		 * ORD chunk_alloc:B release, pairs with chunk_alloc:A, first_slab:A:
		 * publishes the link. Relaxed on failure: looked up again.
		 */
		if (!atomic_compare_exchange_strong_explicit(
			    &table->slabs, &slab, fresh, memory_order_release,
			    memory_order_relaxed))
			munmap(fresh, SLAB_BYTES);
	}
}

struct ledger_chunk *chunk_insert(struct chunk_table *table, uint64_t key)
{
	_Atomic(struct ledger_chunk *) *bucket =
		&table->buckets[bucket_of(key)];
	struct ledger_chunk *fresh = chunk_alloc(table);
	struct ledger_chunk *chunk, *head;

	if (!fresh)
		return NULL;
	fresh->key = key;
	/*
	 * ORD chunk_insert:B acquire, pairs with chunk_insert:A:
	 * as chunk_find:A, for a chain that grew since; the exchange's failure
	 * order is acquire for the same reason.
	 */
	head = atomic_load_explicit(bucket, memory_order_acquire);
	do {
		chunk = chain_find(head, key);
		if (chunk) {
			/* Another CPU was first; this chunk stays unused. */
			fresh->key = 0;
			return chunk;
		}
		fresh->next = head;
		/*
		 * ORD chunk_insert:A release, pairs with chunk_find:A, chunk_insert:B:
		 * publishes the key and the link.
		 */
	} while (!atomic_compare_exchange_weak_explicit(
			bucket, &head, fresh, memory_order_release,
			memory_order_acquire));
	return fresh;
}

static struct slab *first_slab(const struct chunk_table *table)
{
	/*
	 * ORD first_slab:A acquire, pairs with chunk_alloc:B:
	 * the link of a slab is seen with the slab.
	 */
	return atomic_load_explicit(&table->slabs, memory_order_acquire);
}

uint64_t chunk_table_bytes(const struct chunk_table *table)
{
	uint64_t bytes = 0;

	for (const struct slab *slab = first_slab(table); slab;
	     slab = slab->next)
		bytes += SLAB_BYTES;
	return bytes;
}

struct chunk_cursor chunk_table_begin(const struct chunk_table *table)
{
	return (struct chunk_cursor){ .slab = first_slab(table) };
}

struct ledger_chunk *chunk_next(struct chunk_cursor *cursor)
{
	for (; cursor->slab; cursor->slab = cursor->slab->next) {
		/* Relaxed: nobody else is here. */
		size_t used = atomic_load_explicit(&cursor->slab->used,
						   memory_order_relaxed);

		if (cursor->index < used && cursor->index < SLAB_CHUNKS)
			return &cursor->slab->chunks[cursor->index++];
		cursor->index = 0;
	}
	return NULL;
}
