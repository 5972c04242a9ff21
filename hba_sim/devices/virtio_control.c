/* SPDX-License-Identifier: MIT */
/* What a driver sets up by registers, of whichever interface: features, queues, their vectors, a reset; see virtio_device.h. */
#include <errno.h>

#include "hba_sim/devices/virtio_vector.h"

uint64_t virtio_device_features(const struct virtio_device *device)
{
	return device->kind->features | (device->params.event_index ? VIRTIO_F_EVENT_INDEX : 0) |
	       (device->params.indirect ? VIRTIO_F_INDIRECT : 0) |
	       (device->params.transport == DEVICE_LEGACY ? 0 : VIRTIO_F_VERSION_1);
}

/*
 * Policy: through the legacy registers tables are taken whenever they are offered, as hypervisors do: published drivers of
 * that interface use them and accept nothing.
 */
void virtio_device_negotiate(struct virtio_device *device, uint64_t features)
{
	features &= virtio_device_features(device);
	stop_everything(device);
	for (unsigned q = 0; q < device->queues; q++) {
		device->queue[q].event_index = (features & VIRTIO_F_EVENT_INDEX) != 0;
		device->queue[q].indirect = device->params.indirect && ((features & VIRTIO_F_INDIRECT) || !(features & VIRTIO_F_VERSION_1));
		device->queue[q].says_when = device->params.event_index;
	}
	go_on(device);
}

void virtio_device_set_pfn(struct virtio_device *device, uint16_t index, uint32_t pfn)
{
	int err = -EINVAL;

	stop_everything(device);
	if (index < device->queues)
		err = virtqueue_set_pfn(&device->queue[index], &device->machine->phys, pfn);
	go_on(device);
	if (err)
		virtio_device_protocol_error(device);
}

void virtio_device_enable_queue(struct virtio_device *device, uint16_t index)
{
	const struct virtio_queue_setup *setup = &device->setup[index];
	int err;

	stop_everything(device);
	err = virtqueue_set_addresses(&device->queue[index], &device->machine->phys, setup->desc, setup->avail, setup->used);
	go_on(device);
	if (err)
		virtio_device_protocol_error(device);
}

void virtio_device_set_vector(struct virtio_device *device, uint16_t index, uint16_t vector)
{
	model_lock_acquire(&device->kick_lock);
	device->setup[index].vector = vector < device->pci.messages ? vector : VIRTIO_NO_VECTOR;
	model_lock_release(&device->kick_lock);
}

static void reset_vector(struct virtio_vector *vector)
{
	vector->pending.count = 0;
	vector->waiting = 0;
	vector->held = false;
	set_up_or_down(vector, false);
	reschedule(vector);
}

/* The message table is PCI's, and stays. */
void virtio_device_reset(struct virtio_device *device)
{
	stop_everything(device);
	device->resets++;
	if (device->faults)
		virtio_faults_reset(device);
	for (unsigned q = 0; q < device->queues; q++) {
		device->queue[q] = (struct virtqueue){ .size = device->setup[q].size, .indirect = device->params.indirect };
		device->setup[q] = (struct virtio_queue_setup){ .size = device->setup[q].size, .vector = VIRTIO_NO_VECTOR };
	}
	for (unsigned c = 0; c < device->machine->cpus; c++)
		reset_vector(&device->cpu[c]);
	for (unsigned m = 0; m < device->pci.messages; m++)
		reset_vector(&device->message[m]);
	atomic_store_explicit(&device->status, 0, memory_order_relaxed);
	device->driver_features = 0;
	device->unknown_features = false;
	device->device_feature_select = 0;
	device->driver_feature_select = 0;
	device->queue_select = 0;
	device->config_vector = VIRTIO_NO_VECTOR;
	atomic_store_explicit(&device->isr, 0, memory_order_relaxed);
	go_on(device);
}
