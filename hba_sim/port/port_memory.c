/* SPDX-License-Identifier: MIT */
/* Memory, physical addresses, registers and ports, as a miniport reaches them. */
#include "hba_sim/port/port_internal.h"
#include "hba_sim/port/verifier_hooks.h"

#include <string.h>

#include "hba_sim/ddk/srbhelper.h"

#define DEVICE_SLOT 0 /* as PORT_CONFIGURATION_INFORMATION says it */
#define NO_DEVICE 2    /* what StorPortGetBusData answers of another one */

PVOID StorPortGetUncachedExtension(PVOID HwDeviceExtension, PPORT_CONFIGURATION_INFORMATION ConfigInfo, ULONG NumberOfBytes)
{
	struct adapter *adapter = adapter_of(HwDeviceExtension);

	if (VERIFIED(adapter))
		verifier_called(adapter, CALL_GET_UNCACHED_EXTENSION, VERIFIED_CALLER);
	/* One an adapter: a later call gets what is there. */
	if (!adapter->uncached_extension) {
		adapter->uncached_extension = sim_phys_alloc(&adapter->machine->phys, NumberOfBytes, PAGE_SIZE);
		adapter->uncached_bytes = NumberOfBytes;
	}
	return adapter->uncached_extension;
}

static STOR_PHYSICAL_ADDRESS physical_address(const void *virtual_address)
{
	STOR_PHYSICAL_ADDRESS address;

	address.QuadPart = (LONGLONG)sim_phys_of(&sim_cpu_self()->machine->phys, virtual_address);
	return address;
}

/* From `at` on to the end of a buffer; 0 when it is not in it. */
static ULONG left_of(PVOID buffer, ULONG bytes, const void *at)
{
	uintptr_t offset = (uintptr_t)at - (uintptr_t)buffer;

	return buffer && offset < bytes ? bytes - (ULONG)offset : 0;
}

/* All of RAM is contiguous: what is mapped ends where the buffer does, or with the RAM. */
static ULONG mapped_from(PVOID extension, PSCSI_REQUEST_BLOCK srb, const void *at)
{
	const struct sim_phys *phys = &sim_cpu_self()->machine->phys;
	size_t of_ram = (size_t)(phys->base + phys->bytes - (const unsigned char *)at);
	ULONG left = 0;

	if (srb)
		left = left_of(SrbGetDataBuffer(srb), SrbGetDataTransferLength(srb), at);
	if (!left && srb)
		left = left_of(SrbGetSenseInfoBuffer(srb), SrbGetSenseInfoBufferLength(srb), at);
	if (!left && extension)
		left = left_of(adapter_of(extension)->uncached_extension, adapter_of(extension)->uncached_bytes, at);
	if (left)
		return left;
	return of_ram < UINT32_MAX ? (ULONG)of_ram : UINT32_MAX;
}

STOR_PHYSICAL_ADDRESS StorPortGetPhysicalAddress(PVOID HwDeviceExtension, PSCSI_REQUEST_BLOCK Srb, PVOID VirtualAddress,
						 ULONG *Length)
{
	STOR_PHYSICAL_ADDRESS address = physical_address(VirtualAddress);

	*Length = address.QuadPart ? mapped_from(HwDeviceExtension, Srb, VirtualAddress) : 0;
	return address;
}

PHYSICAL_ADDRESS MmGetPhysicalAddress(PVOID BaseAddress)
{
	return physical_address(BaseAddress);
}

PVOID StorPortGetVirtualAddress(PVOID HwDeviceExtension, STOR_PHYSICAL_ADDRESS PhysicalAddress)
{
	return sim_phys_at(&sim_cpu_self()->machine->phys, (uint64_t)PhysicalAddress.QuadPart, 1);
}

PSTOR_SCATTER_GATHER_LIST StorPortGetScatterGatherList(PVOID HwDeviceExtension, PVOID Srb)
{
	struct port_request *request = request_of(Srb);
	ULONG bytes = SrbGetDataTransferLength(Srb);

	if (!bytes)
		return NULL;
	request->sg.list.NumberOfElements = 1;
	request->sg.list.List[0].PhysicalAddress = physical_address(SrbGetDataBuffer(Srb));
	request->sg.list.List[0].Length = bytes;
	return &request->sg.list;
}

STOR_PHYSICAL_ADDRESS StorPortConvertUlongToPhysicalAddress(ULONG_PTR UlongAddress)
{
	STOR_PHYSICAL_ADDRESS address;

	address.QuadPart = (LONGLONG)UlongAddress;
	return address;
}

PVOID StorPortGetDeviceBase(PVOID HwDeviceExtension, INTERFACE_TYPE BusType, ULONG SystemIoBusNumber,
			    STOR_PHYSICAL_ADDRESS IoAddress, ULONG NumberOfBytes, BOOLEAN InIoSpace)
{
	struct adapter *adapter = adapter_of(HwDeviceExtension);
	uint64_t base = (uint64_t)IoAddress.QuadPart;

	if (VERIFIED(adapter))
		verifier_called(adapter, CALL_GET_DEVICE_BASE, VERIFIED_CALLER);
	for (unsigned i = 0; i < SIM_PCI_BARS; i++) {
		const struct sim_bar *bar = &adapter->config.device->bar[i];

		if (bar->memory == !InIoSpace && base >= bar->base && NumberOfBytes <= bar->length &&
		    base - bar->base <= bar->length - NumberOfBytes)
			return sim_ioport_address(&adapter->machine->ioports, (uint32_t)base);
	}
	return NULL;
}

VOID StorPortFreeDeviceBase(PVOID HwDeviceExtension, PVOID MappedAddress)
{
}

/* Obsolete; documented to answer TRUE always. */
BOOLEAN StorPortValidateRange(PVOID HwDeviceExtension, INTERFACE_TYPE BusType, ULONG SystemIoBusNumber,
			      STOR_PHYSICAL_ADDRESS IoAddress, ULONG NumberOfBytes, BOOLEAN InIoSpace)
{
	return TRUE;
}

ULONG StorPortGetBusData(PVOID DeviceExtension, ULONG BusDataType, ULONG SystemIoBusNumber, ULONG SlotNumber, PVOID Buffer,
			 ULONG Length)
{
	struct adapter *adapter = adapter_of(DeviceExtension);

	if (VERIFIED(adapter))
		verifier_called(adapter, CALL_GET_BUS_DATA, VERIFIED_CALLER);
	if (BusDataType != PCIConfiguration || SystemIoBusNumber)
		return 0;
	if (SlotNumber == DEVICE_SLOT) {
		if (adapter->config.device->read_config)
			adapter->config.device->read_config(adapter->config.device, 0, Length ? Length : sizeof(adapter->pci));
		memcpy(&adapter->pci, adapter->config.device->config, sizeof(adapter->pci));
	} else {
		memset(&adapter->pci, 0, sizeof(adapter->pci));
		adapter->pci.VendorID = PCI_INVALID_VENDORID;
	}
	if (!Length) {
		*(PVOID *)Buffer = &adapter->pci;
		Length = sizeof(adapter->pci);
	} else {
		if (Length > sizeof(adapter->pci))
			Length = sizeof(adapter->pci);
		memcpy(Buffer, &adapter->pci, Length);
	}
	return SlotNumber == DEVICE_SLOT ? Length : NO_DEVICE;
}

/* Of the header, what PCI lets software write without a meaning to the model; base addresses stay where they are. */
static bool is_writable(ULONG offset)
{
	return offset == SIM_PCI_COMMAND || offset == SIM_PCI_COMMAND + 1 ||
	       offset == offsetof(PCI_COMMON_CONFIG, CacheLineSize) || offset == offsetof(PCI_COMMON_CONFIG, LatencyTimer) ||
	       offset == SIM_PCI_INTERRUPT_LINE;
}

ULONG StorPortSetBusDataByOffset(PVOID DeviceExtension, ULONG BusDataType, ULONG SystemIoBusNumber, ULONG SlotNumber, PVOID Buffer,
				 ULONG Offset, ULONG Length)
{
	struct sim_device *device = adapter_of(DeviceExtension)->config.device;

	if (BusDataType != PCIConfiguration || SystemIoBusNumber || SlotNumber != DEVICE_SLOT || Offset >= SIM_PCI_CONFIG_BYTES)
		return 0;
	if (Length > SIM_PCI_CONFIG_BYTES - Offset)
		Length = SIM_PCI_CONFIG_BYTES - Offset;
	for (ULONG i = 0; i < Length; i++) {
		if (is_writable(Offset + i))
			device->config[Offset + i] = ((unsigned char *)Buffer)[i];
	}
	if (device->write_config)
		device->write_config(device, Offset, Length, Buffer);
	return Length;
}

VOID StorPortMoveMemory(PVOID WriteBuffer, PVOID ReadBuffer, ULONG Length)
{
	memmove(WriteBuffer, ReadBuffer, Length);
}

/* A register access is a safe point: an interrupt that is due by then is taken before it, where the IRQL allows. */
static uint32_t port_in(const void *address, unsigned bytes)
{
	struct sim_cpu *cpu = sim_cpu_self();

	if (sim_irql(cpu) < cpu->top_dirql && sim_cpu_due(cpu) != SIM_NEVER)
		sim_cpu_safe_point(cpu, stamp_now());
	return sim_ioport_read(cpu, address, bytes);
}

static void port_out(void *address, unsigned bytes, uint32_t value)
{
	struct sim_cpu *cpu = sim_cpu_self();

	if (sim_irql(cpu) < cpu->top_dirql && sim_cpu_due(cpu) != SIM_NEVER)
		sim_cpu_safe_point(cpu, stamp_now());
	sim_ioport_write(cpu, address, bytes, value);
}

/*
 * Ports and registers differ in name only, an address belongs to one device
 * whichever way it is reached; but a buffer goes through one port, and to
 * registers that are STEP apart.
 */
#define PORT_ACCESSORS(SPACE, SUFFIX, TYPE, STEP)                                                                       \
	TYPE StorPortRead##SPACE##SUFFIX(PVOID HwDeviceExtension, volatile TYPE *Address)                              \
	{                                                                                                               \
		return (TYPE)port_in((const void *)Address, sizeof(TYPE));                                             \
	}                                                                                                               \
	VOID StorPortWrite##SPACE##SUFFIX(PVOID HwDeviceExtension, volatile TYPE *Address, TYPE Value)                 \
	{                                                                                                               \
		port_out((void *)Address, sizeof(TYPE), Value);                                                        \
	}                                                                                                               \
	VOID StorPortRead##SPACE##Buffer##SUFFIX(PVOID HwDeviceExtension, volatile TYPE *Address, TYPE *Buffer,        \
						 ULONG Count)                                                           \
	{                                                                                                               \
		for (ULONG i = 0; i < Count; i++)                                                                      \
			Buffer[i] = (TYPE)port_in((const void *)(Address + (STEP) * i), sizeof(TYPE));                 \
	}                                                                                                               \
	VOID StorPortWrite##SPACE##Buffer##SUFFIX(PVOID HwDeviceExtension, volatile TYPE *Address, TYPE *Buffer,       \
						  ULONG Count)                                                          \
	{                                                                                                               \
		for (ULONG i = 0; i < Count; i++)                                                                      \
			port_out((void *)(Address + (STEP) * i), sizeof(TYPE), Buffer[i]);                             \
	}

PORT_ACCESSORS(Port, Uchar, UCHAR, 0)
PORT_ACCESSORS(Port, Ushort, USHORT, 0)
PORT_ACCESSORS(Port, Ulong, ULONG, 0)
PORT_ACCESSORS(Register, Uchar, UCHAR, 1)
PORT_ACCESSORS(Register, Ushort, USHORT, 1)
PORT_ACCESSORS(Register, Ulong, ULONG, 1)

/* The bus is 32 bits wide: the low half first. */
ULONG64 StorPortReadRegisterUlong64(PVOID HwDeviceExtension, volatile ULONG64 *Register)
{
	uint64_t low = port_in((const void *)Register, sizeof(ULONG));

	return low | (uint64_t)port_in((const char *)Register + sizeof(ULONG), sizeof(ULONG)) << 32;
}

VOID StorPortWriteRegisterUlong64(PVOID HwDeviceExtension, volatile ULONG64 *Register, ULONG64 Value)
{
	port_out((void *)Register, sizeof(ULONG), (uint32_t)Value);
	port_out((char *)Register + sizeof(ULONG), sizeof(ULONG), (uint32_t)(Value >> 32));
}

VOID StorPortReadRegisterBufferUlong64(PVOID HwDeviceExtension, volatile ULONG64 *Register, PULONG64 Buffer, ULONG Count)
{
	for (ULONG i = 0; i < Count; i++)
		Buffer[i] = StorPortReadRegisterUlong64(HwDeviceExtension, Register + i);
}

VOID StorPortWriteRegisterBufferUlong64(PVOID HwDeviceExtension, volatile ULONG64 *Register, PULONG64 Buffer, ULONG Count)
{
	for (ULONG i = 0; i < Count; i++)
		StorPortWriteRegisterUlong64(HwDeviceExtension, Register + i, Buffer[i]);
}
