/* SPDX-License-Identifier: MIT */
/* The message table and configuration space; see virtio_pci.h. */
#include "hba_sim/devices/virtio_pci.h"

#include "hba_sim/devices/virtio_registers.h"

#define VENDOR 0x1af4u
#define MODERN_ID 0x1040u
#define CLASS_STORAGE 0x01
#define CAPABILITY_VENDOR 0x09
#define FIRST_CAPABILITY 0x40
/* Where a message of the machine's interrupt controller goes: the local APICs' range. */
#define MSIX_ADDRESS 0xfee00000u

/* --- the message table --- */

static uint32_t table_read(void *context, struct sim_cpu *cpu, uint32_t offset, unsigned bytes)
{
	const struct virtio_device *device = context;
	unsigned entry = offset / SIM_PCI_MSIX_ENTRY_BYTES;
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
	switch (offset % SIM_PCI_MSIX_ENTRY_BYTES) {
	case 0:
		return MSIX_ADDRESS | device->message[entry].target->index << 12;
	case 8:
		return entry;
	case SIM_PCI_MSIX_ENTRY_CONTROL:
		return device->message[entry].entry_masked;
	default:
		return 0;
	}
}

/* Address and data are the machine's to choose; the mask bit is open to all. */
static void table_write(void *context, struct sim_cpu *cpu, uint32_t offset, unsigned bytes, uint32_t value)
{
	struct virtio_device *device = context;
	uint8_t irql = sim_raise(cpu, IRQL_HIGH);

	if (!virtio_faults_is_gone(device) && offset / SIM_PCI_MSIX_ENTRY_BYTES < device->pci.messages &&
	    offset % SIM_PCI_MSIX_ENTRY_BYTES == SIM_PCI_MSIX_ENTRY_CONTROL)
		virtio_device_mask(device, offset / SIM_PCI_MSIX_ENTRY_BYTES, value & 1);
	sim_restore(cpu, irql);
}

/* --- configuration space: what may be written, and the window --- */

/* 4.1.4.9: offsets in the capability that gives access to what the base address registers decode. */
enum window_field {
	WINDOW_BAR = 4,
	WINDOW_OFFSET = 8,
	WINDOW_LENGTH = 12,
	WINDOW_DATA = 16,
	WINDOW_BYTES = 20,
};

static bool overlaps(unsigned offset, unsigned bytes, unsigned at, unsigned length)
{
	return offset < at + length && at < offset + bytes;
}

/* What the window shows and how many bytes of it; NULL when it is open on nothing. */
static void *window_target(const struct virtio_device *device, unsigned *bytes)
{
	uint32_t offset = sim_pci_get32(&device->pci, device->window + WINDOW_OFFSET);
	unsigned index = device->pci.config[device->window + WINDOW_BAR];
	const struct sim_bar *bar;

	*bytes = sim_pci_get32(&device->pci, device->window + WINDOW_LENGTH);
	if (index >= SIM_PCI_BARS || (*bytes != 1 && *bytes != 2 && *bytes != 4))
		return NULL;
	bar = &device->pci.bar[index];
	if (offset % *bytes || bar->length < *bytes || offset > bar->length - *bytes)
		return NULL;
	return sim_ioport_address(&device->machine->ioports, bar->base + offset);
}

static void read_config(struct sim_device *pci, unsigned offset, unsigned bytes)
{
	struct virtio_device *device = virtio_device_of(pci);
	unsigned length;
	void *target;

	if (!device->window || !overlaps(offset, bytes, device->window + WINDOW_DATA, 4))
		return;
	target = window_target(device, &length);
	if (target)
		sim_pci_put32(pci, device->window + WINDOW_DATA, sim_ioport_read(sim_cpu_self(), target, length));
}

static bool is_writable(const struct virtio_device *device, unsigned offset)
{
	unsigned field = offset - device->window;

	return device->window && (field == WINDOW_BAR || (field >= WINDOW_OFFSET && field < WINDOW_BYTES));
}

static void write_function_mask(struct virtio_device *device, uint8_t *control, uint8_t value)
{
	struct sim_cpu *cpu = sim_cpu_self();
	uint8_t irql = sim_raise(cpu, IRQL_HIGH);

	*control = (uint8_t)((*control & ~SIM_PCI_MSIX_FUNCTION_MASKED) | (value & SIM_PCI_MSIX_FUNCTION_MASKED));
	virtio_device_mask_function(device, value & SIM_PCI_MSIX_FUNCTION_MASKED);
	sim_restore(cpu, irql);
}

static void write_config(struct sim_device *pci, unsigned offset, unsigned bytes, const unsigned char *data)
{
	struct virtio_device *device = virtio_device_of(pci);
	unsigned msix = sim_pci_capability(pci, SIM_PCI_CAPABILITY_MSIX);
	unsigned length;
	void *target;

	for (unsigned i = 0; i < bytes; i++) {
		if (is_writable(device, offset + i))
			pci->config[offset + i] = data[i];
		else if (msix && offset + i == msix + SIM_PCI_MSIX_CONTROL_HIGH)
			write_function_mask(device, &pci->config[offset + i], data[i]);
	}
	if (!device->window || !overlaps(offset, bytes, device->window + WINDOW_DATA, 4))
		return;
	target = window_target(device, &length);
	if (target)
		sim_ioport_write(sim_cpu_self(), target, length,
				 sim_pci_get32(pci, device->window + WINDOW_DATA) & UINT32_MAX >> (32 - 8 * length));
}

/* --- configuration space: what is there --- */

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

static unsigned add_structure(struct sim_device *pci, unsigned *last, enum virtio_pci_capability type, uint32_t offset, uint32_t length)
{
	bool is_long = type == VIRTIO_CAP_NOTIFY || type == VIRTIO_CAP_PCI;
	unsigned at = add_capability(pci, last, CAPABILITY_VENDOR, is_long ? 20 : 16);

	pci->config[at + 3] = (unsigned char)type;
	pci->config[at + 4] = type == VIRTIO_CAP_PCI ? 0 : VIRTIO_MEMORY_BAR;
	sim_pci_put32(pci, at + 8, offset);
	sim_pci_put32(pci, at + 12, length);
	if (type == VIRTIO_CAP_NOTIFY)
		sim_pci_put32(pci, at + 16, VIRTIO_NOTIFY_MULTIPLIER);
	return at;
}

static void add_structures(struct virtio_device *device, unsigned *last)
{
	struct sim_device *pci = &device->pci;

	add_structure(pci, last, VIRTIO_CAP_COMMON, VIRTIO_MEMORY_COMMON, VIRTIO_COMMON_BYTES);
	add_structure(pci, last, VIRTIO_CAP_NOTIFY, VIRTIO_MEMORY_NOTIFY, VIRTIO_NOTIFY_MULTIPLIER * device->queues);
	add_structure(pci, last, VIRTIO_CAP_ISR, VIRTIO_MEMORY_ISR, 1);
	add_structure(pci, last, VIRTIO_CAP_DEVICE, VIRTIO_MEMORY_DEVICE, device->config_bytes);
	/* Shut until a driver says where it is to look. */
	device->window = (uint8_t)add_structure(pci, last, VIRTIO_CAP_PCI, 0, 0);
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
	pci->read_config = read_config;
	pci->write_config = write_config;
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
		err = add_range(device, 0, &ports, &virtio_legacy_ops);
	if (!err && device->params.transport != DEVICE_LEGACY)
		err = add_range(device, VIRTIO_MEMORY_BAR, &memory, &virtio_modern_ops);
	if (!err && device->pci.messages)
		err = add_range(device, VIRTIO_MSIX_BAR, &table, &table_ops);
	return err;
}
