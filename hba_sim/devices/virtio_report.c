/* SPDX-License-Identifier: MIT */
/* How a virtio device does, asked by those who are not its driver; see virtio_device.h. */
#include <inttypes.h>

#include "hba_sim/devices/virtio_vector.h"

static bool is_busy(const struct virtio_vector *vector, uint64_t now)
{
	uint64_t due = due_heap_first(&vector->pending);

	return (due != UINT64_MAX && due > now) || (vector->waiting && coalesced_until(vector) > now);
}

bool virtio_device_busy(struct sim_device *pci)
{
	struct virtio_device *device = virtio_device_of(pci);
	uint64_t now = stamp_now();
	bool busy = false;

	if (virtio_faults_is_silent(device))
		return false;
	model_lock_acquire(&device->kick_lock);
	for (unsigned c = 0; c < device->machine->cpus; c++)
		busy |= is_busy(&device->cpu[c], now);
	for (unsigned m = 0; m < device->pci.messages; m++)
		busy |= is_busy(&device->message[m], now);
	model_lock_release(&device->kick_lock);
	return busy;
}

unsigned virtio_device_lines_up(const struct sim_device *pci)
{
	const struct virtio_device *device = (const struct virtio_device *)pci;
	uint64_t isr = atomic_load_explicit(&device->isr, memory_order_relaxed);
	unsigned up = 0;

	for (unsigned c = 0; c < device->machine->cpus; c++)
		up += is_up(&device->cpu[c]) && (isr >> c & 1) && !virtio_faults_holds_up(&device->cpu[c]);
	for (unsigned m = 0; m < device->pci.messages; m++)
		up += is_up(&device->message[m]) && !virtio_faults_holds_up(&device->message[m]);
	return up;
}

uint64_t virtio_device_interrupts(const struct sim_device *pci)
{
	const struct virtio_device *device = (const struct virtio_device *)pci;
	uint64_t interrupts = 0;

	for (unsigned c = 0; c < device->machine->cpus; c++)
		interrupts += device->cpu[c].interrupts;
	for (unsigned m = 0; m < device->pci.messages; m++)
		interrupts += device->message[m].interrupts;
	return interrupts;
}

uint64_t virtio_device_protocol_errors(const struct sim_device *pci)
{
	/* relaxed: a counter */
	return atomic_load_explicit(&((const struct virtio_device *)pci)->protocol_errors, memory_order_relaxed);
}

void virtio_device_serve_in(struct sim_device *pci, uint64_t ticks)
{
	virtio_device_of(pci)->params.service.first = ticks;
}

static void dump_vector(const struct virtio_vector *vector, const char *name, unsigned index, FILE *out)
{
	fprintf(out, "  %s %s %u towards cpu %u: %u in the device, %s, raised %" PRIu64 " times", vector->device->kind->name, name, index,
		vector->target->index, vector->pending.count, is_up(vector) ? "up" : "down", vector->interrupts);
	if (vector->waiting)
		fprintf(out, ", %u completions wait for their interrupt", vector->waiting);
	fprintf(out, "%s%s\n", vector->masked ? ", masked" : "", vector->held ? ", pending" : "");
}

void virtio_device_dump(const struct sim_device *pci, FILE *out)
{
	const struct virtio_device *device = (const struct virtio_device *)pci;
	const char *name = device->kind->name;

	/* relaxed: a glance */
	if (virtio_faults_is_silent(device))
		fprintf(out, "  %s: %s\n", name, virtio_faults_is_gone(device) ? "removed" : "answers nothing until it is reset");
	fprintf(out, "  %s: status 0x%02x, isr 0x%" PRIx64 ", protocol errors %" PRIu64 "\n", name,
		atomic_load_explicit(&device->status, memory_order_relaxed),
		atomic_load_explicit(&device->isr, memory_order_relaxed),
		atomic_load_explicit(&device->protocol_errors, memory_order_relaxed));
	for (unsigned q = device->kind->requests; q < device->queues; q++)
		fprintf(out, "  %s: request queue %u taken %u, published %u\n", name, q - device->kind->requests,
			device->queue[q].taken, device->queue[q].published);
	for (unsigned c = 0; c < device->machine->cpus; c++)
		dump_vector(&device->cpu[c], "line", c, out);
	for (unsigned m = 0; m < device->pci.messages; m++)
		dump_vector(&device->message[m], "message", m, out);
}
