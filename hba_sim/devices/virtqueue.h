/* SPDX-License-Identifier: MIT */
/*
 * The device's side of a split virtqueue in simulated physical memory.
 *
 * A driver may hand over anything: every address and index is checked, and what
 * does not hold is an error of the driver, counted by the caller.
 */
#ifndef STORSYNC_HBA_SIM_DEVICES_VIRTQUEUE_H
#define STORSYNC_HBA_SIM_DEVICES_VIRTQUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hba_sim/devices/sim_iov.h"
#include "hba_sim/devices/virtio_defs.h"
#include "hba_sim/machine/phys.h"

#define VIRTQUEUE_SEGMENTS_MAX 132 /* a request and a response beside the 130 segments of a maximal transfer */

struct virtqueue {
	uint16_t size;
	uint32_t pfn;       /* as the driver wrote it; 0: not set up */
	uint16_t taken;     /* chains taken from the available ring, modulo 2^16 */
	uint16_t published; /* chains put into the used ring, modulo 2^16 */
	struct virtq_desc *desc;
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

/* Chains made available and not yet taken; -EINVAL when the index is impossible. */
int virtqueue_available(const struct virtqueue *queue);

/* Takes the next available chain's head; the caller has seen that there is one. */
uint16_t virtqueue_take(struct virtqueue *queue);

/* Resolves a chain: 0, or -EINVAL for a bad index, a loop, a bad address, or an order that virtio forbids. */
int virtqueue_resolve(const struct virtqueue *queue, const struct sim_phys *phys, uint16_t head, struct virtqueue_chain *chain);

/* Puts a chain into the used ring. */
void virtqueue_publish(struct virtqueue *queue, uint16_t head, uint32_t written_bytes);

/*
 * Whether the driver wants no interrupt for this queue just now, as nobody does
 * for one that is not set up.  Between publishing and this the caller has a
 * sequentially consistent fence, as the driver has between asking for interrupts and
 * looking at the used index: one of the two sees the other.
 */
bool virtqueue_interrupt_suppressed(const struct virtqueue *queue);

#endif
