/* SPDX-License-Identifier: MIT */
/*
 * The device's side of a split virtqueue in simulated physical memory.
 *
 * A driver may hand over anything: every address and index is checked, and what
 * does not hold is an error of the driver, counted by the caller.
 *
 * Source: OASIS "Virtual I/O Device (VIRTIO) Version 1.2", 2.7; event index:
 * 2.7.7.2 and 2.7.10, indirect descriptors: 2.7.5.3.
 */
#ifndef STORSYNC_HBA_SIM_DEVICES_VIRTQUEUE_H
#define STORSYNC_HBA_SIM_DEVICES_VIRTQUEUE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hba_sim/devices/sim_iov.h"
#include "hba_sim/devices/virtio_defs.h"
#include "hba_sim/machine/phys.h"

#define VIRTQUEUE_SEGMENTS_MAX 132 /* a request and a response beside the 130 segments of a maximal transfer */

struct virtqueue {
	uint16_t size;      /* a power of two */
	bool event_index;   /* negotiated, */
	bool indirect;      /* likewise */
	bool says_when;     /* the device tells the driver when it wants doorbells */
	bool silent;        /* and just now it wants none: the flag is set */
	uint32_t pfn;       /* as a legacy driver wrote it */
	uint16_t taken;     /* chains taken from the available ring, modulo 2^16 */
	uint16_t published; /* chains put into the used ring, modulo 2^16 */
	struct virtq_desc *desc; /* NULL: not set up */
	struct virtq_avail *avail;
	struct virtq_used *used;
};

/* A descriptor chain: what the device reads, then what it writes. */
struct virtqueue_chain {
	struct sim_iov segment[VIRTQUEUE_SEGMENTS_MAX];
	unsigned readable;
	unsigned writable; /* segments behind the readable ones */
};

/* Bytes of the legacy layout for so many descriptors. */
size_t virtqueue_bytes(uint16_t size);

/* The driver wrote the queue's page frame number; 0 takes the queue down.  0 or -EFAULT. */
int virtqueue_set_pfn(struct virtqueue *queue, const struct sim_phys *phys, uint32_t pfn);

/* The driver enabled the queue at these three physical addresses.  0, -EINVAL (alignment) or -EFAULT. */
int virtqueue_set_addresses(struct virtqueue *queue, const struct sim_phys *phys, uint64_t desc, uint64_t avail, uint64_t used);

/* As virtqueue_set_pfn of 0. */
void virtqueue_take_down(struct virtqueue *queue);

static inline bool virtqueue_is_up(const struct virtqueue *queue)
{
	return queue->desc != NULL;
}

/* Chains made available and not yet taken; -EINVAL when the index is impossible. */
static inline int virtqueue_available(const struct virtqueue *queue)
{
	uint16_t ready;

	if (!virtqueue_is_up(queue))
		return -EINVAL;
	/* acquire: pairs with the driver's barrier between filling in descriptors and advancing the index */
	ready = (uint16_t)(__atomic_load_n(&queue->avail->idx, __ATOMIC_ACQUIRE) - queue->taken);
	return ready <= queue->size ? ready : -EINVAL;
}

/* Takes the next available chain's head; the caller has seen that there is one. */
static inline uint16_t virtqueue_take(struct virtqueue *queue)
{
	return __atomic_load_n(&queue->avail->ring[queue->taken++ & (queue->size - 1)], __ATOMIC_RELAXED);
}

/*
 * Of a queue that says when, once what was there is taken: asks the driver for a doorbell at the
 * next chain, and returns whether one has come meanwhile, for which there may be none.
 * Without the event index a flag asks for none while chains come faster than they are taken.
 */
bool virtqueue_ask_doorbell(struct virtqueue *queue);

/*
 * Resolves a chain: 0, or -EINVAL for a bad index, a loop, a bad address, an order
 * that virtio forbids, or an indirect table that is none.
 */
int virtqueue_resolve(const struct virtqueue *queue, const struct sim_phys *phys, uint16_t head, struct virtqueue_chain *chain);

/* Puts a chain into the used ring. */
static inline void virtqueue_publish(struct virtqueue *queue, uint16_t head, uint32_t written_bytes)
{
	struct virtq_used_element *element = &queue->used->ring[queue->published & (queue->size - 1)];

	__atomic_store_n(&element->id, head, __ATOMIC_RELAXED);
	__atomic_store_n(&element->bytes, written_bytes, __ATOMIC_RELAXED);
	queue->published++;
	/* release: pairs with the driver's barrier between reading the index and the elements */
	__atomic_store_n(&queue->used->idx, queue->published, __ATOMIC_RELEASE);
}

/*
 * Whether the driver wants no interrupt for this queue just now, as nobody does
 * for one that is not set up.  Between publishing and this the caller has a
 * sequentially consistent fence, as the driver has between asking for interrupts and
 * looking at the used index: one of the two sees the other.
 */
static inline bool virtqueue_interrupt_suppressed(const struct virtqueue *queue)
{
	return !virtqueue_is_up(queue) || (__atomic_load_n(&queue->avail->flags, __ATOMIC_RELAXED) & VIRTQ_AVAIL_NO_INTERRUPT) != 0;
}

/*
 * With the event index, `n` chains having been published since the last time: which
 * of them, from 0, is the one for which the driver wants an interrupt; n when
 * it is none of them.  The same fence comes before.
 */
unsigned virtqueue_event(const struct virtqueue *queue, unsigned n);

#endif
