/* SPDX-License-Identifier: MIT */
/* The modern register interface, in memory; see virtio_pci.h. */
#include "hba_sim/devices/virtio_pci.h"

#include "hba_sim/devices/virtio_registers.h"

static uint32_t half_of(uint64_t value, uint32_t half)
{
	return half < 2 ? (uint32_t)(value >> 32 * half) : 0;
}

static void set_half(uint64_t *value, uint32_t half, uint32_t bits)
{
	*value = (*value & ~(UINT64_C(0xffffffff) << 32 * half)) | (uint64_t)bits << 32 * half;
}

/* One of the three addresses of the selected queue: which, and which half of it. */
static uint64_t *queue_address(struct virtio_device *device, uint32_t offset)
{
	struct virtio_queue_setup *setup;

	if (!queue_is_selected(device) || offset % 4 || offset < VIRTIO_COMMON_QUEUE_DESC || offset >= VIRTIO_COMMON_BYTES)
		return NULL;
	setup = &device->setup[device->queue_select];
	if (offset < VIRTIO_COMMON_QUEUE_DRIVER)
		return &setup->desc;
	return offset < VIRTIO_COMMON_QUEUE_DEVICE ? &setup->avail : &setup->used;
}

static uint32_t common_read_queue(struct virtio_device *device, uint32_t offset)
{
	const uint64_t *address = queue_address(device, offset);
	const struct virtqueue *queue;

	/* A queue that does not exist has no descriptors. */
	if (!queue_is_selected(device))
		return offset == VIRTIO_COMMON_QUEUE_VECTOR ? VIRTIO_NO_VECTOR : 0;
	queue = &device->queue[device->queue_select];
	if (address)
		return half_of(*address, offset / 4 % 2);
	switch (offset) {
	case VIRTIO_COMMON_QUEUE_SIZE:
		return queue->size;
	case VIRTIO_COMMON_QUEUE_VECTOR:
		return queue_vector(device);
	case VIRTIO_COMMON_QUEUE_ENABLE:
		return virtqueue_is_up(queue);
	case VIRTIO_COMMON_QUEUE_NOTIFY_OFF:
		return device->queue_select;
	default:
		return 0;
	}
}

static uint32_t common_read(struct virtio_device *device, uint32_t offset)
{
	switch (offset) {
	case VIRTIO_COMMON_DEVICE_FEATURE_SELECT:
		return device->device_feature_select;
	case VIRTIO_COMMON_DEVICE_FEATURE:
		return half_of(virtio_device_features(device), device->device_feature_select);
	case VIRTIO_COMMON_DRIVER_FEATURE_SELECT:
		return device->driver_feature_select;
	case VIRTIO_COMMON_DRIVER_FEATURE:
		return half_of(device->driver_features, device->driver_feature_select);
	case VIRTIO_COMMON_CONFIG_VECTOR:
		return device->config_vector;
	case VIRTIO_COMMON_NUM_QUEUES:
		return device->queues;
	case VIRTIO_COMMON_STATUS:
		return status_of(device);
	case VIRTIO_COMMON_GENERATION:
		/* relaxed: see status_of */
		return atomic_load_explicit(&device->config_generation, memory_order_relaxed);
	case VIRTIO_COMMON_QUEUE_SELECT:
		return device->queue_select;
	default:
		return common_read_queue(device, offset);
	}
}

/* Until the driver has said that it is done, and within 64 bits. */
static void write_features(struct virtio_device *device, uint32_t value)
{
	if (status_of(device) & VIRTIO_STATUS_FEATURES_OK)
		virtio_device_protocol_error(device);
	else if (device->driver_feature_select < 2)
		set_half(&device->driver_features, device->driver_feature_select, value);
	else
		device->unknown_features |= value != 0;
}

/* A driver of this interface accepts nothing that is not offered, and VERSION_1: else FEATURES_OK stays clear. */
static void write_status(struct virtio_device *device, uint8_t value)
{
	uint64_t wanted = device->driver_features;

	if (!value) {
		virtio_device_reset(device);
		return;
	}
	if ((value & VIRTIO_STATUS_FEATURES_OK) && !(status_of(device) & VIRTIO_STATUS_FEATURES_OK)) {
		if ((wanted & ~virtio_device_features(device)) || !(wanted & VIRTIO_F_VERSION_1) || device->unknown_features)
			value &= (uint8_t)~VIRTIO_STATUS_FEATURES_OK;
		else
			virtio_device_negotiate(device, wanted);
	}
	set_status(device, value);
}

static bool is_power_of_two(uint32_t value)
{
	return value && !(value & (value - 1));
}

/* While it is not enabled, what a queue is to be; enabling it checks that. */
static void common_write_queue(struct virtio_device *device, uint32_t offset, uint32_t value)
{
	uint64_t *address = queue_address(device, offset);
	struct virtqueue *queue = queue_is_selected(device) ? &device->queue[device->queue_select] : NULL;

	if (!queue || virtqueue_is_up(queue)) {
		virtio_device_protocol_error(device);
	} else if (address) {
		set_half(address, offset / 4 % 2, value);
	} else if (offset == VIRTIO_COMMON_QUEUE_SIZE) {
		if (is_power_of_two(value) && value <= device->setup[device->queue_select].size)
			queue->size = (uint16_t)value;
		else
			virtio_device_protocol_error(device);
	} else if (offset == VIRTIO_COMMON_QUEUE_ENABLE) {
		if (value == 1 && (status_of(device) & VIRTIO_STATUS_FEATURES_OK))
			virtio_device_enable_queue(device, device->queue_select);
		else
			virtio_device_protocol_error(device);
	}
}

static void common_write(struct virtio_device *device, uint32_t offset, uint32_t value)
{
	switch (offset) {
	case VIRTIO_COMMON_DEVICE_FEATURE_SELECT:
		device->device_feature_select = value;
		break;
	case VIRTIO_COMMON_DRIVER_FEATURE_SELECT:
		device->driver_feature_select = value;
		break;
	case VIRTIO_COMMON_DRIVER_FEATURE:
		write_features(device, value);
		break;
	case VIRTIO_COMMON_CONFIG_VECTOR:
		device->config_vector = existing_vector(device, value);
		break;
	case VIRTIO_COMMON_STATUS:
		write_status(device, (uint8_t)value);
		break;
	case VIRTIO_COMMON_QUEUE_SELECT:
		device->queue_select = (uint16_t)value;
		break;
	case VIRTIO_COMMON_QUEUE_VECTOR:
		set_queue_vector(device, value);
		break;
	default:
		if (offset >= VIRTIO_COMMON_QUEUE_SIZE)
			common_write_queue(device, offset, value);
		break;
	}
}

/* The queue's own address, its number, and not before the driver is ready. */
static void notify(struct virtio_device *device, struct sim_cpu *cpu, uint32_t offset, uint32_t value)
{
	if (offset != VIRTIO_NOTIFY_MULTIPLIER * value || !(status_of(device) & VIRTIO_STATUS_DRIVER_OK))
		virtio_device_protocol_error(device);
	else
		virtio_device_doorbell(device, cpu, (uint16_t)value);
}

static uint32_t memory_read(void *context, struct sim_cpu *cpu, uint32_t offset, unsigned bytes)
{
	struct virtio_device *device = context;

	if (virtio_faults_is_gone(device))
		return virtio_faults_all_ones(bytes);
	if (offset < VIRTIO_COMMON_BYTES)
		return common_read(device, offset);
	if (offset == VIRTIO_MEMORY_ISR)
		return virtio_device_read_isr(device);
	if (offset >= VIRTIO_MEMORY_DEVICE && offset < VIRTIO_MEMORY_NOTIFY)
		return read_device_config(device, offset - VIRTIO_MEMORY_DEVICE, bytes);
	return 0;
}

static void memory_write(void *context, struct sim_cpu *cpu, uint32_t offset, unsigned bytes, uint32_t value)
{
	struct virtio_device *device = context;
	uint8_t irql = sim_raise(cpu, IRQL_HIGH);

	if (virtio_faults_is_gone(device))
		goto out;
	if (offset >= VIRTIO_MEMORY_NOTIFY && offset < VIRTIO_MEMORY_NOTIFY + VIRTIO_NOTIFY_MULTIPLIER * device->queues)
		notify(device, cpu, offset - VIRTIO_MEMORY_NOTIFY, value);
	else if (offset < VIRTIO_COMMON_BYTES)
		common_write(device, offset, value);
out:
	sim_restore(cpu, irql);
}

const struct sim_ioport_ops virtio_modern_ops = { .read = memory_read, .write = memory_write };
