/* SPDX-License-Identifier: MIT */
/* Split virtqueues, device's side; see virtqueue.h. */
#include "hba_sim/devices/virtqueue.h"

#include <errno.h>

static size_t used_offset(uint16_t size)
{
	size_t available_end = size * sizeof(struct virtq_desc) + sizeof(uint16_t) * (3u + size);

	return (available_end + VIRTQ_LEGACY_ALIGN - 1) & ~(size_t)(VIRTQ_LEGACY_ALIGN - 1);
}

size_t virtqueue_bytes(uint16_t size)
{
	return used_offset(size) + sizeof(uint16_t) * 3u + size * sizeof(struct virtq_used_element);
}

int virtqueue_set_pfn(struct virtqueue *queue, const struct sim_phys *phys, uint32_t pfn)
{
	unsigned char *base;

	*queue = (struct virtqueue){ .size = queue->size };
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

int virtqueue_available(const struct virtqueue *queue)
{
	uint16_t ready;

	if (!queue->pfn)
		return -EINVAL;
	/* acquire: pairs with the driver's barrier between filling in descriptors and advancing the index */
	ready = (uint16_t)(__atomic_load_n(&queue->avail->idx, __ATOMIC_ACQUIRE) - queue->taken);
	return ready <= queue->size ? ready : -EINVAL;
}

uint16_t virtqueue_take(struct virtqueue *queue)
{
	return __atomic_load_n(&queue->avail->ring[queue->taken++ & (queue->size - 1)], __ATOMIC_RELAXED);
}

int virtqueue_resolve(const struct virtqueue *queue, const struct sim_phys *phys, uint16_t head, struct virtqueue_chain *chain)
{
	uint16_t at = head;

	chain->readable = 0;
	chain->writable = 0;
	for (unsigned n = 0; n < VIRTQUEUE_SEGMENTS_MAX; n++) {
		struct virtq_desc desc;

		if (at >= queue->size)
			return -EINVAL;
		desc = queue->desc[at];
		if (desc.flags & VIRTQ_DESC_INDIRECT)
			return -EINVAL;
		chain->segment[n].base = sim_phys_at(phys, desc.address, desc.bytes);
		chain->segment[n].bytes = desc.bytes;
		if (!chain->segment[n].base)
			return -EINVAL;
		if (desc.flags & VIRTQ_DESC_WRITE)
			chain->writable++;
		else if (chain->writable)
			return -EINVAL;
		else
			chain->readable++;
		if (!(desc.flags & VIRTQ_DESC_NEXT))
			return 0;
		at = desc.next;
	}
	return -EINVAL;
}

void virtqueue_publish(struct virtqueue *queue, uint16_t head, uint32_t written_bytes)
{
	struct virtq_used_element *element = &queue->used->ring[queue->published & (queue->size - 1)];

	__atomic_store_n(&element->id, head, __ATOMIC_RELAXED);
	__atomic_store_n(&element->bytes, written_bytes, __ATOMIC_RELAXED);
	queue->published++;
	/* release: pairs with the driver's barrier between reading the index and the elements */
	__atomic_store_n(&queue->used->idx, queue->published, __ATOMIC_RELEASE);
}

bool virtqueue_interrupt_suppressed(const struct virtqueue *queue)
{
	return !queue->pfn || (__atomic_load_n(&queue->avail->flags, __ATOMIC_RELAXED) & VIRTQ_AVAIL_NO_INTERRUPT) != 0;
}
