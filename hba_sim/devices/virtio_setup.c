/* SPDX-License-Identifier: MIT */
/* A virtio device is built and taken apart; see virtio_device.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hba_sim/devices/virtio_pci.h"
#include "hba_sim/devices/virtio_vector.h"

static int init_vectors(struct virtio_device *device, struct virtio_vector **vectors, unsigned count)
{
	size_t bytes = count * sizeof(**vectors);
	int err = 0;

	if (!count)
		return 0;
	*vectors = aligned_alloc(SYNC_LINE_BYTES, bytes);
	if (!*vectors)
		return -ENOMEM;
	memset(*vectors, 0, bytes);
	for (unsigned i = 0; i < count; i++) {
		struct virtio_vector *vector = &(*vectors)[i];

		vector->device = device;
		vector->line = &device->pci.line;
		vector->target = &device->machine->cpu[i % device->machine->cpus];
		if (!err)
			err = due_heap_init(&vector->pending, 2 * DEVICE_QUEUE_SIZE * (device->queues - device->kind->requests));
	}
	return err;
}

static int init_line(struct virtio_device *device, uint8_t dirql)
{
	struct irq_line *line = &device->pci.line;

	line->name = device->kind->name;
	line->dirql = dirql;
	line->advance = virtio_advance_line;
	line->source = device;
	return irq_line_connect(device->machine, line);
}

/* Policy: entry m targets CPU m, in turn where there are fewer CPUs. */
static int init_messages(struct virtio_device *device, uint8_t dirql)
{
	unsigned messages = device->params.messages;
	unsigned shift = device->params.routing == IRQ_ROUTING_OTHER;
	int err = init_vectors(device, &device->message, messages);

	if (err || !messages)
		return err;
	device->pci.message = aligned_alloc(SYNC_LINE_BYTES, messages * sizeof(*device->pci.message));
	if (!device->pci.message)
		return -ENOMEM;
	memset(device->pci.message, 0, messages * sizeof(*device->pci.message));
	device->pci.messages = messages;
	for (unsigned m = 0; m < messages && !err; m++) {
		struct virtio_vector *vector = &device->message[m];
		struct irq_line *line = &device->pci.message[m];

		vector->is_message = true;
		/* 6.8.2: as it is after a reset of the function */
		vector->entry_masked = true;
		vector->masked = true;
		vector->target = &device->machine->cpu[(m + shift) % device->machine->cpus];
		vector->line = line;
		line->name = device->kind->name;
		line->dirql = dirql;
		line->advance = virtio_advance_message;
		line->acknowledge = virtio_acknowledge_message;
		line->source = vector;
		err = irq_line_connect(device->machine, line);
	}
	return err;
}

static void init_queues(struct virtio_device *device, const struct virtio_kind *kind)
{
	unsigned requests = device->params.queues ? device->params.queues : 1;

	device->queues = kind->requests + requests;
	for (unsigned q = 0; q < device->queues; q++) {
		uint16_t size = q < kind->requests ? kind->other_size : DEVICE_QUEUE_SIZE;

		device->setup[q] = (struct virtio_queue_setup){ .size = size, .vector = VIRTIO_NO_VECTOR };
		device->queue[q].size = size;
		device->queue[q].indirect = device->params.indirect;
	}
}

int virtio_device_init(struct virtio_device *device, struct sim_machine *machine, const struct device_params *params,
		       uint8_t dirql, const struct virtio_kind *kind, const void *config, size_t config_bytes)
{
	int err;

	memset(device, 0, sizeof(*device));
	if (machine->cpus > DEVICE_CPUS_MAX)
		return -ERANGE;
	if (device_refusal(params))
		return -EINVAL;
	device->machine = machine;
	device->params = *params;
	device->kind = kind;
	device->ignored = kind->ignored;
	device->rng = params->seed;
	device->faults = params->faults;
	device->coalesces = params->coalesce_ticks != 0;
	device->config_vector = VIRTIO_NO_VECTOR;
	device->config_bytes = (unsigned)config_bytes;
	memcpy(device->config, config, config_bytes);
	init_queues(device, kind);
	err = init_vectors(device, &device->cpu, machine->cpus);
	if (!err)
		err = init_line(device, dirql);
	if (!err)
		err = init_messages(device, dirql);
	if (!err)
		err = virtio_pci_init(device);
	if (err)
		virtio_device_fini(&device->pci);
	return err;
}

static void fini_vectors(struct virtio_vector **vectors, unsigned count)
{
	for (unsigned i = 0; *vectors && i < count; i++)
		due_heap_fini(&(*vectors)[i].pending);
	free(*vectors);
	*vectors = NULL;
}

void virtio_device_fini(struct sim_device *pci)
{
	struct virtio_device *device = virtio_device_of(pci);

	fini_vectors(&device->cpu, device->cpu ? device->machine->cpus : 0);
	fini_vectors(&device->message, device->params.messages);
	free(device->pci.message);
	device->pci.message = NULL;
	device->pci.messages = 0;
}
