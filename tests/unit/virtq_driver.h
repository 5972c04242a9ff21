/* SPDX-License-Identifier: MIT */
/*
 * A driver's side of a legacy split virtqueue, for the tests of the device's:
 * offsets computed here from the specification's words, fields written as bytes,
 * nothing shared with the code under test, and nothing forbidden.
 *
 * Source: OASIS "Virtual I/O Device (VIRTIO) Version 1.2", 2.7.2, 2.7.5 to 2.7.10.
 */
#ifndef STORSYNC_TESTS_UNIT_VIRTQ_DRIVER_H
#define STORSYNC_TESTS_UNIT_VIRTQ_DRIVER_H

#include <stdint.h>
#include <string.h>

#include "hba_sim/machine/phys.h"

#define VQ_F_NEXT 1
#define VQ_F_WRITE 2
#define VQ_F_INDIRECT 4

struct vq_driver {
	struct sim_phys *phys;
	unsigned char *base;
	uint32_t size;
	uint16_t offered; /* value of the available index */
	uint16_t seen;    /* used entries taken */
};

/* Descriptors take 16 bytes each, the available ring 6 and 2 each, the used ring starts at the next multiple of 4096. */
static inline size_t vq_available_offset(uint32_t size)
{
	return (size_t)16 * size;
}

static inline size_t vq_used_offset(uint32_t size)
{
	size_t end = vq_available_offset(size) + 6 + (size_t)2 * size;

	return (end + 4095) / 4096 * 4096;
}

static inline size_t vq_bytes(uint32_t size)
{
	return vq_used_offset(size) + 6 + (size_t)8 * size;
}

static inline void vq_store(unsigned char *at, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		at[i] = (unsigned char)(value >> 8 * i);
}

static inline uint64_t vq_load(const unsigned char *at, unsigned bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < bytes; i++)
		value |= (uint64_t)at[i] << 8 * i;
	return value;
}

static inline void vq_init(struct vq_driver *vq, struct sim_phys *phys, uint32_t size)
{
	*vq = (struct vq_driver){ .phys = phys, .size = size };
	vq->base = sim_phys_alloc(phys, vq_bytes(size), 4096);
}

static inline uint32_t vq_pfn(const struct vq_driver *vq)
{
	return (uint32_t)(sim_phys_of(vq->phys, vq->base) / 4096);
}

static inline void vq_describe(struct vq_driver *vq, uint32_t i, uint64_t address, uint32_t bytes, uint16_t flags, uint16_t next)
{
	unsigned char *at = vq->base + (size_t)16 * i;

	vq_store(at, address, 8);
	vq_store(at + 8, bytes, 4);
	vq_store(at + 12, flags, 2);
	vq_store(at + 14, next, 2);
}

static inline void vq_write_index(struct vq_driver *vq, uint16_t index)
{
	vq->offered = index;
	vq_store(vq->base + vq_available_offset(vq->size) + 2, index, 2);
}

/* Offers a chain without telling anyone. */
static inline void vq_offer(struct vq_driver *vq, uint16_t head)
{
	vq_store(vq->base + vq_available_offset(vq->size) + 4 + (size_t)2 * (vq->offered % vq->size), head, 2);
	vq_write_index(vq, (uint16_t)(vq->offered + 1));
}

static inline void vq_suppress(struct vq_driver *vq, int suppress)
{
	vq_store(vq->base + vq_available_offset(vq->size), suppress ? 1 : 0, 2);
}

/* Interrupts from the used entry of that number on: behind the available ring. */
static inline void vq_set_used_event(struct vq_driver *vq, uint16_t event)
{
	vq_store(vq->base + vq_available_offset(vq->size) + 4 + (size_t)2 * vq->size, event, 2);
}

/* The chain from which on the device wants a doorbell: behind the used ring. */
static inline uint16_t vq_avail_event(const struct vq_driver *vq)
{
	return (uint16_t)vq_load(vq->base + vq_used_offset(vq->size) + 4 + (size_t)8 * vq->size, 2);
}

/* The next used entry, if there is one. */
static inline int vq_used(struct vq_driver *vq, uint32_t *id, uint32_t *bytes)
{
	const unsigned char *used = vq->base + vq_used_offset(vq->size);
	const unsigned char *entry = used + 4 + (size_t)8 * (vq->seen % vq->size);

	if (vq->seen == vq_load(used + 2, 2))
		return 0;
	vq->seen++;
	*id = (uint32_t)vq_load(entry, 4);
	*bytes = (uint32_t)vq_load(entry + 4, 4);
	return 1;
}

#endif
