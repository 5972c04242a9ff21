/* SPDX-License-Identifier: MIT */
/* Split virtqueues, device's side; see virtqueue.h. */
#include "hba_sim/devices/virtqueue.h"

#include <errno.h>
#include <string.h>

static size_t used_offset(uint16_t size)
{
	size_t available_end = size * sizeof(struct virtq_desc) + sizeof(uint16_t) * (3u + size);

	return (available_end + VIRTQ_LEGACY_ALIGN - 1) & ~(size_t)(VIRTQ_LEGACY_ALIGN - 1);
}

size_t virtqueue_bytes(uint16_t size)
{
	return used_offset(size) + sizeof(uint16_t) * 3u + size * sizeof(struct virtq_used_element);
}

/* What was negotiated and the size stay. */
void virtqueue_take_down(struct virtqueue *queue)
{
	*queue = (struct virtqueue){ .size = queue->size, .event_index = queue->event_index, .indirect = queue->indirect,
				     .says_when = queue->says_when };
}

int virtqueue_set_pfn(struct virtqueue *queue, const struct sim_phys *phys, uint32_t pfn)
{
	unsigned char *base;

	virtqueue_take_down(queue);
	if (!pfn)
		return 0;
	base = sim_phys_at(phys, (uint64_t)pfn << VIRTQ_LEGACY_PAGE_SHIFT, virtqueue_bytes(queue->size));
	if (!base)
		return -EFAULT;
	queue->pfn = pfn;
	queue->desc = (struct virtq_desc *)base;
	queue->avail = (struct virtq_avail *)(base + queue->size * sizeof(struct virtq_desc));
	queue->used = (struct virtq_used *)(base + used_offset(queue->size));
	return 0;
}

int virtqueue_set_addresses(struct virtqueue *queue, const struct sim_phys *phys, uint64_t desc, uint64_t avail, uint64_t used)
{
	size_t size = queue->size;
	void *at[3];

	virtqueue_take_down(queue);
	if (desc % 16 || avail % 2 || used % 4)
		return -EINVAL;
	at[0] = sim_phys_at(phys, desc, size * sizeof(struct virtq_desc));
	at[1] = sim_phys_at(phys, avail, sizeof(uint16_t) * (3u + size));
	at[2] = sim_phys_at(phys, used, sizeof(uint16_t) * 3u + size * sizeof(struct virtq_used_element));
	if (!at[0] || !at[1] || !at[2])
		return -EFAULT;
	queue->desc = at[0];
	queue->avail = at[1];
	queue->used = at[2];
	return 0;
}

/* Behind the available ring, and behind the used one. */
static uint16_t *used_event(const struct virtqueue *queue)
{
	return &queue->avail->ring[queue->size];
}

static uint16_t *avail_event(const struct virtqueue *queue)
{
	return (uint16_t *)&queue->used->ring[queue->size];
}

static bool has_more(const struct virtqueue *queue)
{
	return __atomic_load_n(&queue->avail->idx, __ATOMIC_RELAXED) != queue->taken;
}

static void set_silent(struct virtqueue *queue, bool silent)
{
	queue->silent = silent;
	__atomic_store_n(&queue->used->flags, silent ? VIRTQ_USED_NO_NOTIFY : 0, __ATOMIC_RELAXED);
}

static bool ask_by_flag(struct virtqueue *queue)
{
	if (has_more(queue)) {
		set_silent(queue, true);
		return true;
	}
	if (!queue->silent)
		return false;
	set_silent(queue, false);
	/* pairs with the driver's fence between advancing the index and reading the flag: one of the two sees the other */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return has_more(queue);
}

bool virtqueue_ask_doorbell(struct virtqueue *queue)
{
	if (!queue->event_index)
		return ask_by_flag(queue);
	__atomic_store_n(avail_event(queue), queue->taken, __ATOMIC_RELAXED);
	/* pairs with the driver's fence between advancing the index and reading the event: one of the two sees the other */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return has_more(queue);
}

/* One descriptor's memory is the chain's next segment; what the device reads comes first. */
static inline int add_segment(struct virtqueue_chain *chain, const struct sim_phys *phys, const struct virtq_desc *desc)
{
	unsigned n = chain->readable + chain->writable;
	void *base = sim_phys_at(phys, desc->address, desc->bytes);

	if (!base || n == VIRTQUEUE_SEGMENTS_MAX)
		return -EINVAL;
	chain->segment[n].base = base;
	chain->segment[n].bytes = desc->bytes;
	if (desc->flags & VIRTQ_DESC_WRITE)
		chain->writable++;
	else if (chain->writable)
		return -EINVAL;
	else
		chain->readable++;
	return 0;
}

/* A table is chained as the ring's is, from its first entry on, and refers to no other table. */
static __attribute__((noinline)) int resolve_table(const struct sim_phys *phys, const struct virtq_desc *refers, struct virtqueue_chain *chain)
{
	uint32_t entries = refers->bytes / (uint32_t)sizeof(struct virtq_desc);
	const unsigned char *table = sim_phys_at(phys, refers->address, refers->bytes);
	uint32_t at = 0;

	if (!entries || refers->bytes % sizeof(struct virtq_desc) || !table)
		return -EINVAL;
	for (unsigned n = 0; n < VIRTQUEUE_SEGMENTS_MAX; n++) {
		struct virtq_desc desc;

		if (at >= entries)
			return -EINVAL;
		/* it may lie at any address */
		memcpy(&desc, table + at * sizeof(desc), sizeof(desc));
		if ((desc.flags & VIRTQ_DESC_INDIRECT) || add_segment(chain, phys, &desc))
			return -EINVAL;
		if (!(desc.flags & VIRTQ_DESC_NEXT))
			return 0;
		at = desc.next;
	}
	return -EINVAL;
}

int virtqueue_resolve(const struct virtqueue *queue, const struct sim_phys *phys, uint16_t head, struct virtqueue_chain *chain)
{
	struct virtq_desc *table = queue->desc;
	uint16_t size = queue->size;
	uint16_t at = head;

	chain->readable = 0;
	chain->writable = 0;
	for (unsigned n = 0; n < VIRTQUEUE_SEGMENTS_MAX; n++) {
		struct virtq_desc desc;

		if (at >= size)
			return -EINVAL;
		/* Field by field, each once: the driver may write to it, and may just have done so. */
		desc.flags = __atomic_load_n(&table[at].flags, __ATOMIC_RELAXED);
		desc.next = __atomic_load_n(&table[at].next, __ATOMIC_RELAXED);
		desc.address = __atomic_load_n(&table[at].address, __ATOMIC_RELAXED);
		desc.bytes = __atomic_load_n(&table[at].bytes, __ATOMIC_RELAXED);
		/* Ends the chain; its write flag means nothing. */
		if (__builtin_expect(desc.flags & VIRTQ_DESC_INDIRECT, 0))
			return queue->indirect && !(desc.flags & VIRTQ_DESC_NEXT) ? resolve_table(phys, &desc, chain) : -EINVAL;
		if (add_segment(chain, phys, &desc))
			return -EINVAL;
		if (!(desc.flags & VIRTQ_DESC_NEXT))
			return 0;
		at = desc.next;
	}
	return -EINVAL;
}

unsigned virtqueue_event(const struct virtqueue *queue, unsigned n)
{
	uint16_t first = (uint16_t)(queue->published - n);
	uint16_t event;

	if (!virtqueue_is_up(queue))
		return n;
	event = (uint16_t)(__atomic_load_n(used_event(queue), __ATOMIC_RELAXED) - first);
	return event < n ? event : n;
}
