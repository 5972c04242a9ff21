/* SPDX-License-Identifier: MIT */
/* Registers and configuration space; see virtio_pci.h. */
#include "hba_sim/devices/virtio_pci.h"

#include <string.h>

#include "hba_sim/devices/virtio_device.h"
#include "hba_sim/devices/virtio_faults.h"

#define VENDOR 0x1af4u
#define MODERN_ID 0x1040u
#define CLASS_STORAGE 0x01
#define CAPABILITY_VENDOR 0x09
#define FIRST_CAPABILITY 0x40
#define MSIX_ENTRY_BYTES 16u
#define MSIX_ENTRY_CONTROL 12u
/* Where a message of the machine's interrupt controller goes: the local APICs' range. */
#define MSIX_ADDRESS 0xfee00000u

static uint8_t status_of(const struct virtio_device *device)
{
	/* relaxed: one register, which orders nothing */
	return atomic_load_explicit(&device->status, memory_order_relaxed);
}

static void set_status(struct virtio_device *device, uint8_t status)
{
	/* relaxed: see status_of */
	atomic_store_explicit(&device->status, status, memory_order_relaxed);
}

static uint32_t read_device_config(const struct virtio_device *device, uint32_t offset, unsigned bytes)
{
	uint32_t value = 0;

	if (offset <= device->config_bytes && bytes <= device->config_bytes - offset)
		memcpy(&value, device->config + offset, bytes);
	return value;
}

static bool queue_is_selected(const struct virtio_device *device)
{
	return device->queue_select < device->queues;
}

static uint16_t existing_vector(const struct virtio_device *device, uint32_t vector)
{
	return vector < device->pci.messages && device->pci.uses_messages ? (uint16_t)vector : VIRTIO_NO_VECTOR;
}

static void set_queue_vector(struct virtio_device *device, uint32_t vector)
{
	if (queue_is_selected(device))
		virtio_device_set_vector(device, device->queue_select, existing_vector(device, vector));
}

static uint32_t queue_vector(const struct virtio_device *device)
{
	return queue_is_selected(device) ? device->setup[device->queue_select].vector : VIRTIO_NO_VECTOR;
}

/* --- legacy --- */

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
	const struct virtqueue *queue = queue_is_selected(device) ? &device->queue[device->queue_select] : NULL;

	if (virtio_faults_is_gone(device))
		return virtio_faults_all_ones(bytes);
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
	case VIRTIO_PCI_ISR:
		return virtio_device_read_isr(device);
	default:
		return legacy_read_behind(device, offset, bytes);
	}
}

static void legacy_write_register(struct virtio_device *device, struct sim_cpu *cpu, uint32_t offset, uint32_t value)
{
	switch (offset) {
	case VIRTIO_PCI_QUEUE_NOTIFY:
		virtio_device_doorbell(device, cpu, (uint16_t)value);
		break;
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

	if (!virtio_faults_is_gone(device))
		legacy_write_register(device, cpu, offset, value);
	sim_restore(cpu, irql);
}

/* --- modern --- */

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
		return 0;
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

/* --- the message table --- */

static uint32_t table_read(void *context, struct sim_cpu *cpu, uint32_t offset, unsigned bytes)
{
	const struct virtio_device *device = context;
	unsigned entry = offset / MSIX_ENTRY_BYTES;
	uint32_t held = 0;

	if (virtio_faults_is_gone(device))
		return virtio_faults_all_ones(bytes);
	if (offset == VIRTIO_MSIX_PENDING) {
		for (unsigned m = 0; m < device->pci.messages; m++)
			held |= (uint32_t)virtio_device_is_held(device, m) << m;
		return held;
	}
	if (entry >= device->pci.messages)
		return 0;
	switch (offset % MSIX_ENTRY_BYTES) {
	case 0:
		return MSIX_ADDRESS | device->message[entry].target->index << 12;
	case 8:
		return entry;
	case MSIX_ENTRY_CONTROL:
		return device->message[entry].masked;
	default:
		return 0;
	}
}

/* Address and data are the machine's to choose; the mask bit is open to all. */
static void table_write(void *context, struct sim_cpu *cpu, uint32_t offset, unsigned bytes, uint32_t value)
{
	struct virtio_device *device = context;
	uint8_t irql = sim_raise(cpu, IRQL_HIGH);

	if (!virtio_faults_is_gone(device) && offset / MSIX_ENTRY_BYTES < device->pci.messages &&
	    offset % MSIX_ENTRY_BYTES == MSIX_ENTRY_CONTROL)
		virtio_device_mask(device, offset / MSIX_ENTRY_BYTES, value & 1);
	sim_restore(cpu, irql);
}

/* --- configuration space --- */

static const struct sim_ioport_ops legacy_ops = { .read = legacy_read, .write = legacy_write };
static const struct sim_ioport_ops memory_ops = { .read = memory_read, .write = memory_write };
static const struct sim_ioport_ops table_ops = { .read = table_read, .write = table_write };

/* Puts `bytes` of a new capability behind those that are there, and returns where. */
static unsigned add_capability(struct sim_device *pci, unsigned *last, uint8_t id, unsigned bytes)
{
	unsigned at = *last ? *last + pci->config[*last + 2] : FIRST_CAPABILITY;

	pci->config[*last ? *last + 1 : SIM_PCI_CAPABILITIES] = (unsigned char)at;
	pci->config[SIM_PCI_STATUS] |= SIM_PCI_STATUS_CAPABILITIES;
	pci->config[at] = id;
	pci->config[at + 2] = (unsigned char)bytes;
	*last = at;
	return at;
}

static void add_structure(struct sim_device *pci, unsigned *last, enum virtio_pci_capability type, uint32_t offset, uint32_t length)
{
	bool is_long = type == VIRTIO_CAP_NOTIFY || type == VIRTIO_CAP_PCI;
	unsigned at = add_capability(pci, last, CAPABILITY_VENDOR, is_long ? 20 : 16);

	pci->config[at + 3] = (unsigned char)type;
	pci->config[at + 4] = type == VIRTIO_CAP_PCI ? 0 : VIRTIO_MEMORY_BAR;
	sim_pci_put32(pci, at + 8, offset);
	sim_pci_put32(pci, at + 12, length);
	if (type == VIRTIO_CAP_NOTIFY)
		sim_pci_put32(pci, at + 16, VIRTIO_NOTIFY_MULTIPLIER);
}

static void add_structures(struct virtio_device *device, unsigned *last)
{
	struct sim_device *pci = &device->pci;

	add_structure(pci, last, VIRTIO_CAP_COMMON, VIRTIO_MEMORY_COMMON, VIRTIO_COMMON_BYTES);
	add_structure(pci, last, VIRTIO_CAP_NOTIFY, VIRTIO_MEMORY_NOTIFY, VIRTIO_NOTIFY_MULTIPLIER * device->queues);
	add_structure(pci, last, VIRTIO_CAP_ISR, VIRTIO_MEMORY_ISR, 1);
	add_structure(pci, last, VIRTIO_CAP_DEVICE, VIRTIO_MEMORY_DEVICE, device->config_bytes);
	/* A window for firmware, without which virtio has no device; configuration space is not written here, so it stays shut. */
	add_structure(pci, last, VIRTIO_CAP_PCI, 0, 0);
}

static void add_message_table(struct sim_device *pci, unsigned *last)
{
	unsigned at = add_capability(pci, last, SIM_PCI_CAPABILITY_MSIX, 12);

	sim_pci_put16(pci, at + 2, (uint16_t)(pci->messages - 1));
	sim_pci_put32(pci, at + 4, VIRTIO_MSIX_BAR);
	sim_pci_put32(pci, at + 8, VIRTIO_MSIX_PENDING | VIRTIO_MSIX_BAR);
}

/* 4.1.2: a modern device has IDs of its own, a transitional one those of a legacy one. */
static void identify(struct virtio_device *device)
{
	struct sim_device *pci = &device->pci;
	bool modern = device->params.transport == DEVICE_MODERN;

	pci->machine = device->machine;
	sim_pci_put16(pci, SIM_PCI_VENDOR, VENDOR);
	sim_pci_put16(pci, SIM_PCI_DEVICE, modern ? (uint16_t)(MODERN_ID + device->kind->type) : device->kind->legacy_id);
	sim_pci_put16(pci, SIM_PCI_COMMAND, SIM_PCI_COMMAND_MASTER);
	pci->config[SIM_PCI_REVISION] = modern;
	pci->config[SIM_PCI_CLASS] = CLASS_STORAGE;
	sim_pci_put16(pci, SIM_PCI_SUBSYSTEM_VENDOR, VENDOR);
	sim_pci_put16(pci, SIM_PCI_SUBSYSTEM, modern ? (uint16_t)(MODERN_ID + device->kind->type) : device->kind->type);
	pci->config[SIM_PCI_INTERRUPT_LINE] = pci->line.dirql;
	pci->config[SIM_PCI_INTERRUPT_PIN] = 1;
}

static int add_range(struct virtio_device *device, unsigned bar, const struct sim_bar *where, const struct sim_ioport_ops *ops)
{
	const struct sim_ioport_range range = { .base = where->base, .length = where->length, .ops = ops, .device = device };

	sim_pci_set_bar(&device->pci, bar, *where);
	return sim_ioport_register(&device->machine->ioports, &range);
}

int virtio_pci_init(struct virtio_device *device)
{
	const struct sim_bar ports = { .base = VIRTIO_IO_BASE, .length = VIRTIO_IO_BYTES };
	const struct sim_bar memory = { .base = VIRTIO_MEMORY_BASE, .length = VIRTIO_MEMORY_BYTES, .memory = true };
	const struct sim_bar table = { .base = VIRTIO_MSIX_BASE, .length = VIRTIO_MSIX_BYTES, .memory = true };
	unsigned last = 0;
	int err = 0;

	identify(device);
	if (device->params.transport != DEVICE_LEGACY)
		add_structures(device, &last);
	/* The last one: where others have their length it has its control word. */
	if (device->pci.messages)
		add_message_table(&device->pci, &last);
	if (device->params.transport != DEVICE_MODERN)
		err = add_range(device, 0, &ports, &legacy_ops);
	if (!err && device->params.transport != DEVICE_LEGACY)
		err = add_range(device, VIRTIO_MEMORY_BAR, &memory, &memory_ops);
	if (!err && device->pci.messages)
		err = add_range(device, VIRTIO_MSIX_BAR, &table, &table_ops);
	return err;
}
