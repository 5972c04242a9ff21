/* SPDX-License-Identifier: MIT */
/* Requests come in: doorbells of virtio devices; see virtio_device.h. */
#include "hba_sim/devices/virtio_vector.h"

static unsigned route(struct virtio_device *device, const struct sim_cpu *cpu)
{
	unsigned cpus;

	if (__builtin_expect(device->params.routing == IRQ_ROUTING_SAME, 1))
		return cpu->index;
	cpus = device->machine->cpus;
	switch (device->params.routing) {
	case IRQ_ROUTING_OTHER:
		return cpu->index + 1 < cpus ? cpu->index + 1 : 0;
	case IRQ_ROUTING_SPREAD:
		return device->spread_next++ % cpus;
	case IRQ_ROUTING_SAME:
		break;
	}
	return cpu->index;
}

/* A queue without a message is looked after by the CPU that rings: nobody is interrupted. */
static struct virtio_vector *vector_for(struct virtio_device *device, const struct sim_cpu *cpu, unsigned queue)
{
	struct virtio_vector *message;

	if (__builtin_expect(!device->pci.uses_messages, 1))
		return &device->cpu[route(device, cpu)];
	message = message_of(device, queue);
	return message ? message : &device->cpu[cpu->index];
}

static inline void file_request(struct virtio_device *device, const struct sim_cpu *cpu, unsigned index, struct virtqueue *queue,
				uint64_t now)
{
	struct due_entry entry = { .due = now + service_time_draw(&device->params.service, &device->rng),
				   .queue = (uint16_t)index,
				   .head = virtqueue_take(queue) };
	struct virtio_vector *vector = vector_for(device, cpu, index);

	if (__builtin_expect(device->faults != NULL, 0))
		entry.due += virtio_faults_accept(device, vector, now);
	if (!due_heap_push(&vector->pending, entry)) {
		virtio_device_protocol_error(device);
		return;
	}
	irq_pin_schedule(vector->line, vector->target, entry.due);
}

void virtio_device_doorbell(struct virtio_device *device, struct sim_cpu *cpu, uint16_t index)
{
	uint64_t now = stamp_now();
	struct virtqueue *queue;
	int ready;

	if (__builtin_expect(index >= device->queues, 0)) {
		virtio_device_protocol_error(device);
		return;
	}
	if (__builtin_expect(device->ignored >> index & 1, 0))
		return;
	queue = &device->queue[index];
	model_lock_acquire(&device->kick_lock);
	do {
		ready = virtqueue_available(queue);
		if (ready < 0)
			virtio_device_protocol_error(device);
		for (int n = ready; n > 0; n--)
			file_request(device, cpu, index, queue, now);
	} while (__builtin_expect(queue->says_when, 0) && ready >= 0 && virtqueue_ask_doorbell(queue));
	model_lock_release(&device->kick_lock);
}
