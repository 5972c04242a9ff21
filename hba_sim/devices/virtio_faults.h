/* SPDX-License-Identifier: MIT */
/*
 * What faults do to a virtio device: hooks that virtio_device.c and virtio_pci.c call where there is a plan of faults.
 *
 * Interrupts that no completion asks for are one thing: the line or message comes at a
 * stamp of its own (`again_at`), and holds until it is acknowledged.
 *
 * Source: OASIS "Virtual I/O Device (VIRTIO) Version 1.2", 2.1.2 (DEVICE_NEEDS_RESET), 4.1.4.5 (ISR status).
 */
#ifndef STORSYNC_HBA_SIM_DEVICES_VIRTIO_FAULTS_H
#define STORSYNC_HBA_SIM_DEVICES_VIRTIO_FAULTS_H

#include "hba_sim/devices/virtio_device.h"

/* Whether it answers no requests, for whatever reason. */
static inline bool virtio_faults_is_silent(const struct virtio_device *device)
{
	/* relaxed: written under the kick lock, and a look too many finds nothing wrong */
	return __builtin_expect(device->faults != NULL, 0) &&
	       atomic_load_explicit(&device->condition, memory_order_relaxed) != VIRTIO_WORKS;
}

/* Whether it is not there any more. */
static inline bool virtio_faults_is_gone(const struct virtio_device *device)
{
	/* relaxed: see virtio_faults_is_silent */
	return __builtin_expect(device->faults != NULL, 0) &&
	       atomic_load_explicit(&device->condition, memory_order_relaxed) == VIRTIO_GONE;
}

/* What a register of a device reads that is not there. */
static inline uint32_t virtio_faults_all_ones(unsigned bytes)
{
	return UINT32_MAX >> (32 - 8 * bytes);
}

/* A request comes in, under the kick lock, and will interrupt by `vector`: ticks that it takes longer. */
uint64_t virtio_faults_accept(struct virtio_device *device, struct virtio_vector *vector, uint64_t now);

enum virtio_faults_outcome {
	VIRTIO_EXECUTE,
	VIRTIO_REFUSED, /* the response is filled in */
	VIRTIO_DROPPED, /* to be executed, and never published */
};

/* A request is about to be executed, under the execute lock. */
enum virtio_faults_outcome virtio_faults_execute(struct virtio_device *device, unsigned queue, struct virtqueue_chain *chain,
						 uint32_t *written_bytes);

/* An interrupt is about to be raised: whether it is lost. */
bool virtio_faults_interrupt(struct virtio_vector *vector);

/* At IRQL_HIGH, by the CPU that the vector targets: raises it if it is to come by itself, takes it down if nothing is there. */
void virtio_faults_advance(struct virtio_vector *vector, uint64_t now);

/* The stamp of the vector's next event, which without faults were `next`. */
uint64_t virtio_faults_next(const struct virtio_vector *vector, uint64_t next);

/* Whether it is up by a fault alone. */
bool virtio_faults_holds_up(const struct virtio_vector *vector);

/* A message is taken, under the kick lock. */
void virtio_faults_acknowledged(struct virtio_vector *vector);

/* The ISR status register was read, and would have had `bits`: what it has. */
uint8_t virtio_faults_read_isr(struct virtio_device *device, uint8_t bits);

/* The driver resets it, under both locks. */
void virtio_faults_reset(struct virtio_device *device);

#endif
