/* SPDX-License-Identifier: MIT */
/*
 * Vectors of a virtio device: what doorbells, execution, registers and setting up share, and nobody else.
 *
 * Source: OASIS "Virtual I/O Device (VIRTIO) Version 1.2", 4.1.5.
 */
#ifndef STORSYNC_HBA_SIM_DEVICES_VIRTIO_VECTOR_H
#define STORSYNC_HBA_SIM_DEVICES_VIRTIO_VECTOR_H

#include "hba_sim/devices/virtio_device.h"
#include "hba_sim/devices/virtio_faults.h"

/* Members of the struct irq_line of a line, and of a message. */
bool virtio_advance_line(void *source, struct sim_cpu *cpu, uint64_t now, uint64_t *asserted);
bool virtio_advance_message(void *source, struct sim_cpu *cpu, uint64_t now, uint64_t *asserted);
void virtio_acknowledge_message(void *source, struct sim_cpu *cpu);

static inline bool is_up(const struct virtio_vector *vector)
{
	/* relaxed: raised by the CPU itself; being told late of a reset elsewhere costs one look, or a spurious interrupt */
	return atomic_load_explicit(&vector->asserted, memory_order_relaxed);
}

static inline void set_up_or_down(struct virtio_vector *vector, bool up)
{
	/* relaxed: see is_up */
	atomic_store_explicit(&vector->asserted, up, memory_order_relaxed);
}

static inline uint64_t coalesced_until(const struct virtio_vector *vector)
{
	return vector->waiting ? vector->waiting_since + vector->device->params.coalesce_ticks : SIM_NEVER;
}

/* The pin's next event: the interrupt while it is asserted, else the next completion, or the end of a wait.  Under kick_lock. */
static inline void reschedule(struct virtio_vector *vector)
{
	uint64_t next = due_heap_first(&vector->pending);

	if (vector->waiting && coalesced_until(vector) < next)
		next = coalesced_until(vector);
	if (is_up(vector))
		next = vector->asserted_at;
	if (__builtin_expect(vector->device->faults != NULL, 0))
		next = virtio_faults_next(vector, next);
	irq_pin_reschedule(vector->line, vector->target, next);
}

/* The message of a queue; NULL when it has none. */
static inline struct virtio_vector *message_of(struct virtio_device *device, unsigned queue)
{
	uint16_t vector = device->setup[queue].vector;

	return vector < device->pci.messages ? &device->message[vector] : NULL;
}

/* Both locks: nothing is taken, executed or announced meanwhile. */
static inline void stop_everything(struct virtio_device *device)
{
	model_lock_acquire(&device->kick_lock);
	model_lock_acquire(&device->execute_lock);
}

static inline void go_on(struct virtio_device *device)
{
	model_lock_release(&device->execute_lock);
	model_lock_release(&device->kick_lock);
}

#endif
