/* SPDX-License-Identifier: MIT */
/* Requests come in: doorbells of virtio devices; see virtio_device.h. */
#include "hba_sim/devices/virtio_vector.h"

static unsigned route(struct virtio_device *device, const struct sim_cpu *cpu)
{
	unsigned cpus = device->machine->cpus;

	switch (device->params.routing) {
	case IRQ_ROUTING_OTHER:
		return (cpu->index + 1) % cpus;
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

	if (!device->pci.uses_messages)
		return &device->cpu[route(device, cpu)];
	message = message_of(device, queue);
	return message ? message : &device->cpu[cpu->index];
}

static void file_request(struct virtio_device *device, const struct sim_cpu *cpu, unsigned index, uint64_t now)
{
	struct due_entry entry = { .due = now + service_time_draw(&device->params.service, &device->rng),
				   .queue = (uint16_t)index,
				   .head = virtqueue_take(&device->queue[index]) };
	struct virtio_vector *vector = vector_for(device, cpu, index);

	if (device->faults)
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

	if (index >= device->queues) {
		virtio_device_protocol_error(device);
		return;
	}
	if (device->ignored >> index & 1)
		return;
	queue = &device->queue[index];
	model_lock_acquire(&device->kick_lock);
	do {
		ready = virtqueue_available(queue);
		if (ready < 0)
			virtio_device_protocol_error(device);
		for (int n = ready; n > 0; n--)
			file_request(device, cpu, index, now);
	} while (ready >= 0 && queue->says_when && virtqueue_ask_doorbell(queue));
	model_lock_release(&device->kick_lock);
}
