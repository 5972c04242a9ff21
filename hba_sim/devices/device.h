/* SPDX-License-Identifier: MIT */
/*
 * A device as the rest of the machine sees it, whatever it is: a PCI function
 * with its configuration space, its base addresses, its interrupt line and its messages.
 *
 * The port driver knows a device by this alone.  What is common to all models,
 * such as being built, asked how it does and taken apart by name, is struct device_model's.
 *
 * Source: PCI Local Bus Specification, revision 3.0, 6.1 (configuration space header) and 6.8 (MSI-X).
 */
#ifndef STORSYNC_HBA_SIM_DEVICES_DEVICE_H
#define STORSYNC_HBA_SIM_DEVICES_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "hba_sim/machine/intc.h"

#define SIM_PCI_CONFIG_BYTES 256
#define SIM_PCI_BARS 6

/* Offsets in the configuration space header. */
#define SIM_PCI_VENDOR 0x00
#define SIM_PCI_DEVICE 0x02
#define SIM_PCI_COMMAND 0x04
#define SIM_PCI_STATUS 0x06
#define SIM_PCI_REVISION 0x08
#define SIM_PCI_CLASS 0x0b
#define SIM_PCI_BAR 0x10
#define SIM_PCI_SUBSYSTEM_VENDOR 0x2c
#define SIM_PCI_SUBSYSTEM 0x2e
#define SIM_PCI_CAPABILITIES 0x34
#define SIM_PCI_INTERRUPT_LINE 0x3c
#define SIM_PCI_INTERRUPT_PIN 0x3d

#define SIM_PCI_COMMAND_IO 0x1
#define SIM_PCI_COMMAND_MEMORY 0x2
#define SIM_PCI_COMMAND_MASTER 0x4
#define SIM_PCI_STATUS_CAPABILITIES 0x10

#define SIM_PCI_CAPABILITY_MSIX 0x11
/* The high byte of the MSI-X capability's control word. */
#define SIM_PCI_MSIX_CONTROL_HIGH 3
#define SIM_PCI_MSIX_ENABLED 0x80
#define SIM_PCI_MSIX_FUNCTION_MASKED 0x40
/* Where the table is, in the capability: an offset, and the base address register in its low bits. */
#define SIM_PCI_MSIX_TABLE 4
#define SIM_PCI_MSIX_BAR_BITS 7u
/* In the table. */
#define SIM_PCI_MSIX_ENTRY_BYTES 16u
#define SIM_PCI_MSIX_ENTRY_CONTROL 12u

/* What a base address register decodes: a range of machine->ioports. */
struct sim_bar {
	uint32_t base;
	uint32_t length; /* 0: not implemented */
	bool memory;     /* memory space, else I/O space */
};

struct sim_device {
	struct sim_machine *machine;
	struct irq_line line;     /* INTx; handler and its context are the port driver's */
	struct irq_line *message; /* the MSI-X table's entries, lines that are edge-triggered; NULL: none */
	unsigned messages;
	bool uses_messages;       /* MSI-X is enabled: nothing comes by `line` */
	struct sim_bar bar[SIM_PCI_BARS];
	unsigned char config[SIM_PCI_CONFIG_BYTES]; /* little-endian, as a driver reads it; base addresses included */
	/* By a CPU, before so many bytes of `config` are read; NULL: that changes nothing. */
	void (*read_config)(struct sim_device *device, unsigned offset, unsigned bytes);
	/* Bytes within `config` that were written: takes what the model lets be written.  NULL: nothing. */
	void (*write_config)(struct sim_device *device, unsigned offset, unsigned bytes, const unsigned char *data);
};

/* Multi-byte fields of configuration space. */
static inline void sim_pci_put16(struct sim_device *device, unsigned offset, uint16_t value)
{
	device->config[offset] = (unsigned char)value;
	device->config[offset + 1] = (unsigned char)(value >> 8);
}

static inline void sim_pci_put32(struct sim_device *device, unsigned offset, uint32_t value)
{
	sim_pci_put16(device, offset, (uint16_t)value);
	sim_pci_put16(device, offset + 2, (uint16_t)(value >> 16));
}

static inline uint32_t sim_pci_get32(const struct sim_device *device, unsigned offset)
{
	const unsigned char *at = device->config + offset;

	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* Where the capability of that ID is in configuration space; 0: there is none. */
static inline unsigned sim_pci_capability(const struct sim_device *device, uint8_t id)
{
	unsigned at = device->config[SIM_PCI_CAPABILITIES];

	/* as many as there is room for: the list of a model that is wrong may be a ring */
	for (unsigned n = 0; at && at < SIM_PCI_CONFIG_BYTES - 3 && n < SIM_PCI_CONFIG_BYTES / 4; n++) {
		if (device->config[at] == id)
			return at;
		at = device->config[at + 1];
	}
	return 0;
}

/* As an operating system turns MSI-X on or off, before the driver looks at the device; one that has none stays as it is. */
static inline void sim_device_use_messages(struct sim_device *device, bool messages)
{
	unsigned at = sim_pci_capability(device, SIM_PCI_CAPABILITY_MSIX);

	device->uses_messages = messages && device->messages;
	if (at && device->uses_messages)
		device->config[at + SIM_PCI_MSIX_CONTROL_HIGH] |= SIM_PCI_MSIX_ENABLED;
	else if (at)
		device->config[at + SIM_PCI_MSIX_CONTROL_HIGH] &= (unsigned char)~SIM_PCI_MSIX_ENABLED;
}

/* Sets up base address register `index`, and the command bit that enables its space. */
static inline void sim_pci_set_bar(struct sim_device *device, unsigned index, struct sim_bar bar)
{
	device->bar[index] = bar;
	sim_pci_put32(device, SIM_PCI_BAR + 4 * index, bar.base | (bar.memory ? 0u : 1u));
	device->config[SIM_PCI_COMMAND] |= bar.memory ? SIM_PCI_COMMAND_MEMORY : SIM_PCI_COMMAND_IO;
}

#endif
