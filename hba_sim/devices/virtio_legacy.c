/* SPDX-License-Identifier: MIT */
/* The legacy register interface, in I/O ports; see virtio_pci.h. */
#include "hba_sim/devices/virtio_registers.h"

/* The device's own configuration, and before it the vectors when there are some. */
static uint32_t legacy_read_behind(const struct virtio_device *device, uint32_t offset, unsigned bytes)
{
	if (!device->pci.uses_messages)
		return offset < VIRTIO_PCI_CONFIG ? 0 : read_device_config(device, offset - VIRTIO_PCI_CONFIG, bytes);
	if (offset == VIRTIO_PCI_CONFIG_VECTOR)
		return device->config_vector;
	if (offset == VIRTIO_PCI_QUEUE_VECTOR)
		return queue_vector(device);
	return offset < VIRTIO_PCI_CONFIG_MSIX ? 0 : read_device_config(device, offset - VIRTIO_PCI_CONFIG_MSIX, bytes);
}

static uint32_t legacy_read(void *context, struct sim_cpu *cpu, uint32_t offset, unsigned bytes)
{
	struct virtio_device *device = context;
	const struct virtqueue *queue;

	if (virtio_faults_is_gone(device))
		return virtio_faults_all_ones(bytes);
	/* What an ISR does; all else sets up. */
	if (__builtin_expect(offset == VIRTIO_PCI_ISR, 1))
		return virtio_device_read_isr(device);
	queue = queue_is_selected(device) ? &device->queue[device->queue_select] : NULL;
	switch (offset) {
	case VIRTIO_PCI_HOST_FEATURES:
		return (uint32_t)virtio_device_features(device);
	case VIRTIO_PCI_GUEST_FEATURES:
		return (uint32_t)device->driver_features;
	case VIRTIO_PCI_QUEUE_PFN:
		return queue ? queue->pfn : 0;
	case VIRTIO_PCI_QUEUE_SIZE:
		return queue ? queue->size : 0;
	case VIRTIO_PCI_QUEUE_SELECT:
		return device->queue_select;
	case VIRTIO_PCI_STATUS:
		return status_of(device);
	default:
		return legacy_read_behind(device, offset, bytes);
	}
}

/* All but the doorbell. */
static __attribute__((noinline)) void legacy_write_register(struct virtio_device *device, uint32_t offset, uint32_t value)
{
	switch (offset) {
	case VIRTIO_PCI_GUEST_FEATURES:
		device->driver_features = value;
		virtio_device_negotiate(device, value);
		break;
	case VIRTIO_PCI_QUEUE_PFN:
		virtio_device_set_pfn(device, device->queue_select, value);
		break;
	case VIRTIO_PCI_QUEUE_SELECT:
		device->queue_select = (uint16_t)value;
		break;
	case VIRTIO_PCI_STATUS:
		if (!value)
			virtio_device_reset(device);
		else
			set_status(device, (uint8_t)value);
		break;
	case VIRTIO_PCI_CONFIG_VECTOR:
		device->config_vector = existing_vector(device, value);
		break;
	case VIRTIO_PCI_QUEUE_VECTOR:
		set_queue_vector(device, value);
		break;
	default:
		break;
	}
}

static void legacy_write(void *context, struct sim_cpu *cpu, uint32_t offset, unsigned bytes, uint32_t value)
{
	struct virtio_device *device = context;
	uint8_t irql = sim_raise(cpu, IRQL_HIGH);

	if (virtio_faults_is_gone(device))
		goto out;
	if (__builtin_expect(offset == VIRTIO_PCI_QUEUE_NOTIFY, 1))
		virtio_device_doorbell(device, cpu, (uint16_t)value);
	else
		legacy_write_register(device, offset, value);
out:
	sim_restore(cpu, irql);
}

const struct sim_ioport_ops virtio_legacy_ops = { .read = legacy_read, .write = legacy_write };
