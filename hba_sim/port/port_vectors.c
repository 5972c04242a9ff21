/* SPDX-License-Identifier: MIT */
/*
 * The adapter's vectors and interrupt locks: its line, or its messages with one
 * lock for all of them or one a message, as the miniport asks in HwStorFindAdapter.
 *
 * Source: Microsoft's public DDI reference, PORT_CONFIGURATION_INFORMATION,
 * InterruptSynchronizationMode and HwMSInterruptRoutine; StorPortGetMSIInfo.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hba_sim/port/port_internal.h"

bool port_has_lock_per_message(const struct adapter *adapter)
{
	return adapter->uses_messages && adapter->port_config.InterruptSynchronizationMode == InterruptSynchronizePerMessage;
}

const char *adapter_interrupt_mode(const struct adapter *adapter)
{
	if (!adapter->uses_messages)
		return "intx";
	return port_has_lock_per_message(adapter) ? "msi-each" : "msi-all";
}

/* Where interrupts come in; messages were granted and must be used then. */
static int choose_vectors(struct adapter *adapter, char *error, size_t error_bytes)
{
	struct sim_device *device = adapter->config.device;

	if (!device->uses_messages) {
		adapter->vectors = 1;
		adapter->vector[0].line = &device->line;
		return 0;
	}
	if (!adapter->port_config.HwMSInterruptRoutine ||
	    adapter->port_config.InterruptSynchronizationMode == InterruptSupportNone) {
		snprintf(error, error_bytes, "the miniport asks for no messages in HwStorFindAdapter: it wants interrupts by the line");
		return -ENOTSUP;
	}
	adapter->uses_messages = true;
	adapter->vectors = device->messages < adapter->config.messages ? device->messages : adapter->config.messages;
	for (unsigned i = 0; i < adapter->vectors; i++)
		adapter->vector[i].line = &device->message[i];
	return 0;
}

/* The lock for `vectors` vectors from `first` on. */
static int lock_init(struct adapter *adapter, struct port_lock *lock, unsigned first, unsigned vectors)
{
	struct sync_config config = sim_machine_sync_config(adapter->machine, adapter->vector[first].line);
	size_t bytes = (adapter->backend->lock_bytes + SYNC_LINE_BYTES - 1) / SYNC_LINE_BYTES * SYNC_LINE_BYTES;
	struct irq_line *lines[SIM_LINES_MAX];
	int err;

	if (vectors > 1 && adapter->backend->capabilities & SYNC_ONE_VECTOR)
		return -ENOTSUP;
	for (unsigned i = 0; i < vectors; i++) {
		lines[i] = adapter->vector[first + i].line;
		adapter->vector[first + i].lock = lock;
	}
	if (vectors > 1) {
		config.vector = lines;
		config.vectors = vectors;
	}
	lock->line = config.line;
	lock->state = aligned_alloc(SYNC_LINE_BYTES, bytes);
	if (!lock->state)
		return -ENOMEM;
	memset(lock->state, 0, bytes);
	err = adapter->backend->init(lock->state, &config);
	if (err)
		free(lock->state);
	return err;
}

static int locks_init(struct adapter *adapter)
{
	unsigned locks = port_has_lock_per_message(adapter) ? adapter->vectors : 1;
	int err = 0;

	while (!err && adapter->locks < locks) {
		err = lock_init(adapter, &adapter->lock[adapter->locks], adapter->locks, adapter->vectors / locks);
		if (!err)
			adapter->locks++;
	}
	return err;
}

/* Whoever has a handler for a message opens its entry, which is masked at power up; a device may have no table to look at. */
static void unmask_messages(const struct adapter *adapter, struct sim_cpu *cpu)
{
	const struct sim_device *device = adapter->config.device;
	unsigned at = sim_pci_capability(device, SIM_PCI_CAPABILITY_MSIX);
	struct sim_ioport_map *ioports = &adapter->machine->ioports;
	uint32_t table, base;

	if (!at || !adapter->uses_messages)
		return;
	table = sim_pci_get32(device, at + SIM_PCI_MSIX_TABLE);
	base = device->bar[table & SIM_PCI_MSIX_BAR_BITS].base + (table & ~SIM_PCI_MSIX_BAR_BITS) + SIM_PCI_MSIX_ENTRY_CONTROL;
	for (unsigned m = 0; m < adapter->vectors; m++)
		sim_ioport_write(cpu, sim_ioport_address(ioports, base + SIM_PCI_MSIX_ENTRY_BYTES * m), 4, 0);
}

int port_vectors_init(struct adapter *adapter, struct sim_cpu *cpu, char *error, size_t error_bytes)
{
	int err = choose_vectors(adapter, error, error_bytes);

	if (err)
		return err;
	err = locks_init(adapter);
	if (err) {
		port_vectors_fini(adapter);
		if (err == -ENOTSUP && adapter->vectors > 1)
			snprintf(error, error_bytes, "the back end %s guards one vector, and the adapter has %u that share a lock",
				 adapter->backend->name, adapter->vectors);
		return err;
	}
	for (unsigned i = 0; i < adapter->vectors; i++) {
		struct port_vector *vector = &adapter->vector[i];

		vector->adapter = adapter;
		vector->message = i;
		vector->line->handler_context = vector;
		vector->line->handler = port_interrupt;
		vector->line->handed_over_done = port_handed_over_done;
	}
	unmask_messages(adapter, cpu);
	return 0;
}

void port_vectors_fini(struct adapter *adapter)
{
	while (adapter->locks) {
		struct port_lock *lock = &adapter->lock[--adapter->locks];

		if (adapter->backend->fini)
			adapter->backend->fini(lock->state);
		free(lock->state);
	}
}

int adapter_cpu_online(struct adapter *adapter, struct sim_cpu *cpu)
{
	int err = 0;

	for (unsigned i = 0; adapter->backend->online && i < adapter->locks && !err; i++) {
		err = adapter->backend->online(adapter->lock[i].state, cpu);
		while (err && adapter->backend->offline && i--)
			adapter->backend->offline(adapter->lock[i].state, cpu);
	}
	return err;
}

void adapter_cpu_offline(struct adapter *adapter, struct sim_cpu *cpu)
{
	for (unsigned i = adapter->locks; adapter->backend->offline && i--;)
		adapter->backend->offline(adapter->lock[i].state, cpu);
}

uint64_t adapter_violations(const struct adapter *adapter)
{
	uint64_t violations = 0;

	for (unsigned i = 0; i < SIM_LINES_MAX; i++)
		/* relaxed: a counter */
		violations += atomic_load_explicit(&adapter->lock[i].witness.violations, memory_order_relaxed);
	return violations;
}

uint64_t adapter_first_violation(const struct adapter *adapter)
{
	uint64_t first = 0;

	for (unsigned i = 0; i < SIM_LINES_MAX && !first; i++)
		/* relaxed: written once */
		first = atomic_load_explicit(&adapter->lock[i].witness.first, memory_order_relaxed);
	return first;
}

/* What the message writes where, as a local APIC has it: the target's address and the vector.  Intel SDM volume 3, 11.11. */
ULONG StorPortGetMSIInfo(PVOID HwDeviceExtension, ULONG MessageId, PMESSAGE_INTERRUPT_INFORMATION InterruptInfo)
{
	struct adapter *adapter;

	if (!HwDeviceExtension || !InterruptInfo)
		return STOR_STATUS_INVALID_PARAMETER;
	adapter = adapter_of(HwDeviceExtension);
	if (!adapter->uses_messages)
		return STOR_STATUS_INVALID_DEVICE_REQUEST;
	if (MessageId >= adapter->vectors)
		return STOR_STATUS_INVALID_PARAMETER;
	memset(InterruptInfo, 0, sizeof(*InterruptInfo));
	InterruptInfo->MessageId = MessageId;
	InterruptInfo->InterruptLevel = adapter->vector[MessageId].line->dirql;
	InterruptInfo->InterruptVector = (ULONG)adapter->vector[MessageId].line->dirql << 4 | (MessageId & 15);
	InterruptInfo->MessageData = InterruptInfo->InterruptVector;
	InterruptInfo->MessageAddress.QuadPart = 0xfee00000;
	InterruptInfo->InterruptMode = Latched;
	return STOR_STATUS_SUCCESS;
}
