/* SPDX-License-Identifier: MIT */
/*
 * What current miniports call beside the reference surface: each does what its public page says, or fails as it says.
 * Source: Microsoft's public DDI reference, storport.h, scsiwmi.h and wdm.h.
 */
#include "tests/unit/test_miniport.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hba_sim/ddk/scsiwmi.h"

static uint64_t port_rig_ticks(unsigned us)
{
	return stamp_from_ns(&rig.machine.scale, us * UINT64_C(1000));
}

static PHYSICAL_ADDRESS at(uint64_t address)
{
	return (PHYSICAL_ADDRESS){ .QuadPart = (LONGLONG)address };
}

static ULONG contiguous(SIZE_T bytes, uint64_t lowest, uint64_t highest, uint64_t boundary, PVOID *memory)
{
	return StorPortAllocateContiguousMemorySpecifyCacheNode(mini.extension, bytes, at(lowest), at(highest), at(boundary), MmCached,
								MM_ANY_NODE_OK, memory);
}

static uint64_t physical(PVOID memory)
{
	return (uint64_t)MmGetPhysicalAddress(memory).QuadPart;
}

static void test_contiguous_memory_keeps_to_its_limits(void **state)
{
	PVOID memory;
	PVOID other;
	uint64_t first;

	rig_start();
	assert_int_equal(contiguous(5000, 0, UINT64_MAX, 0, &memory), STOR_STATUS_SUCCESS);
	for (unsigned i = 0; i < 5000; i++)
		assert_int_equal(((unsigned char *)memory)[i], 0);
	first = physical(memory);
	assert_int_equal(first % PAGE_SIZE, 0);
	assert_int_equal(contiguous(PAGE_SIZE, 0, UINT64_MAX, 0, &other), STOR_STATUS_SUCCESS);
	assert_true(physical(other) >= first + 5000);

	assert_int_equal(contiguous(PAGE_SIZE, first + 0x40001, UINT64_MAX, 0, &memory), STOR_STATUS_SUCCESS);
	assert_true(physical(memory) >= first + 0x40001);
	assert_int_equal(contiguous(0x3000, 0, UINT64_MAX, 0x4000, &memory), STOR_STATUS_SUCCESS);
	assert_int_equal(physical(memory) / 0x4000, (physical(memory) + 0x2fff) / 0x4000);
	assert_int_equal(contiguous(0x3000, 0, UINT64_MAX, 0x4000, &memory), STOR_STATUS_SUCCESS);
	assert_int_equal(physical(memory) / 0x4000, (physical(memory) + 0x2fff) / 0x4000);

	memory = &memory;
	assert_int_equal(contiguous(PAGE_SIZE, 0, first, 0, &memory), STOR_STATUS_INSUFFICIENT_RESOURCES);
	assert_null(memory);
	assert_int_equal(contiguous(0x5000, 0, UINT64_MAX, 0x4000, &memory), STOR_STATUS_INSUFFICIENT_RESOURCES);
	assert_int_equal(contiguous(UINT64_C(1) << 60, 0, UINT64_MAX, 0, &memory), STOR_STATUS_INSUFFICIENT_RESOURCES);
	assert_int_equal(StorPortFreeContiguousMemorySpecifyCache(mini.extension, other, PAGE_SIZE, MmCached), STOR_STATUS_SUCCESS);
}

static void test_dma_memory_comes_with_its_address(void **state)
{
	PHYSICAL_ADDRESS address = { .QuadPart = 0 };
	PVOID memory;

	rig_start();
	assert_int_equal(StorPortAllocateDmaMemory(mini.extension, 100, at(0), at(UINT64_MAX), at(0), MmCached, MM_ANY_NODE_OK, &memory,
						   &address), STOR_STATUS_SUCCESS);
	assert_int_equal(address.QuadPart, physical(memory));
	assert_int_equal(StorPortFreeDmaMemory(mini.extension, memory, 100, MmCached, address), STOR_STATUS_SUCCESS);
	assert_int_equal(StorPortAllocateDmaMemory(mini.extension, 100, at(0), at(0), at(0), MmCached, MM_ANY_NODE_OK, &memory,
						   &address), STOR_STATUS_INSUFFICIENT_RESOURCES);
}

static void test_a_requests_data_have_an_address(void **state)
{
	struct port_request *request;
	PVOID address;
	uint8_t old;

	rig_start();
	request = rig_request();
	assert_int_equal(StorPortGetSystemAddress(mini.extension, &request->srb, &address), STOR_STATUS_INVALID_PARAMETER);
	request->srb.DataTransferLength = 512;
	assert_int_equal(StorPortGetSystemAddress(mini.extension, &request->srb, NULL), STOR_STATUS_INVALID_PARAMETER);
	old = sim_raise(rig.cpu, MINI_DIRQL);
	assert_int_equal(StorPortGetSystemAddress(mini.extension, &request->srb, &address), STOR_STATUS_INVALID_IRQL);
	sim_lower(rig.cpu, old);
	assert_int_equal(StorPortGetSystemAddress(mini.extension, &request->srb, &address), STOR_STATUS_SUCCESS);
	assert_ptr_equal(address, request->data);
}

/* --- Timers --- */

static unsigned fired;
static PVOID fired_context;
static KIRQL fired_irql;
static BOOLEAN fired_under_lock;
static PVOID chained; /* a timer that the callback requests again */

static VOID on_timer(PVOID extension, PVOID context)
{
	fired++;
	fired_context = context;
	fired_irql = KeGetCurrentIrql();
	fired_under_lock = rig.adapter.start_io_lock != 0;
	assert_ptr_equal(extension, mini.extension);
	if (chained && fired < 3)
		assert_int_equal(StorPortRequestTimer(extension, chained, on_timer, context, 1, 0), STOR_STATUS_SUCCESS);
}

static PVOID new_timer(void)
{
	PVOID timer = NULL;

	fired = 0;
	chained = NULL;
	assert_int_equal(StorPortInitializeTimer(mini.extension, &timer), STOR_STATUS_SUCCESS);
	assert_non_null(timer);
	return timer;
}

static void look_until_fired(unsigned times)
{
	for (unsigned looks = 0; fired < times && looks < 10000000; looks++)
		sim_cpu_look(sim_cpu_self());
	assert_int_equal(fired, times);
}

static void check_a_timer_fires_once(void)
{
	PVOID timer = new_timer();
	uint64_t before = stamp_now();

	assert_int_equal(StorPortRequestTimer(mini.extension, timer, on_timer, &fired, 20, 1000), STOR_STATUS_SUCCESS);
	assert_int_equal(StorPortRequestTimer(mini.extension, timer, on_timer, &fired, 20, 0), STOR_STATUS_BUSY);
	look_until_fired(1);
	assert_true(stamp_to_ns(&rig.machine.scale, stamp_now() - before) >= 20000);
	assert_ptr_equal(fired_context, &fired);
	assert_true(fired_under_lock);
	assert_int_equal(StorPortRequestTimer(mini.extension, timer, on_timer, NULL, 1, 0), STOR_STATUS_SUCCESS);
	look_until_fired(2);
	assert_null(fired_context);
}

static void test_a_timer_fires_once(void **state)
{
	rig_start();
	check_a_timer_fires_once();
	assert_int_equal(fired_irql, DISPATCH_LEVEL);
}

static void test_a_timer_in_half_duplex_holds_the_interrupt_lock(void **state)
{
	mini.model = StorSynchronizeHalfDuplex;
	rig_start();
	check_a_timer_fires_once();
	assert_int_equal(fired_irql, MINI_DIRQL);
}

static void test_a_timers_callback_requests_it_again(void **state)
{
	PVOID timer;

	rig_start();
	timer = new_timer();
	chained = timer;
	assert_int_equal(StorPortRequestTimer(mini.extension, timer, on_timer, NULL, 1, 0), STOR_STATUS_SUCCESS);
	look_until_fired(3);
}

static void look_for_us(unsigned us)
{
	uint64_t end = stamp_now() + port_rig_ticks(us);

	while (stamp_now() < end)
		sim_cpu_look(sim_cpu_self());
}

static void test_a_cancelled_timer_does_not_fire(void **state)
{
	PVOID timer;

	rig_start();
	timer = new_timer();
	assert_int_equal(StorPortRequestTimer(mini.extension, timer, on_timer, NULL, 1, 0), STOR_STATUS_SUCCESS);
	assert_int_equal(StorPortRequestTimer(mini.extension, timer, on_timer, NULL, 0, 0), STOR_STATUS_SUCCESS);
	look_for_us(20);
	assert_int_equal(fired, 0);
	/* By another CPU, which then uses it: what the first one has on its list is void. */
	assert_int_equal(StorPortRequestTimer(mini.extension, timer, on_timer, NULL, 1, 0), STOR_STATUS_SUCCESS);
	sim_cpu_enter(&rig.machine, 1);
	assert_int_equal(StorPortRequestTimer(mini.extension, timer, on_timer, NULL, 0, 0), STOR_STATUS_SUCCESS);
	assert_int_equal(StorPortRequestTimer(mini.extension, timer, on_timer, NULL, 5, 0), STOR_STATUS_SUCCESS);
	sim_cpu_enter(&rig.machine, 0);
	assert_non_null(rig.cpu->timers); /* only its own CPU touches it */
	look_for_us(20);
	assert_int_equal(fired, 0);
	sim_cpu_enter(&rig.machine, 1);
	look_until_fired(1);
	sim_cpu_enter(&rig.machine, 0);
	assert_int_equal(StorPortRequestTimer(mini.extension, timer, on_timer, NULL, 1, 0), STOR_STATUS_SUCCESS);
	assert_int_equal(StorPortFreeTimer(mini.extension, timer), STOR_STATUS_SUCCESS);
	look_for_us(20);
	assert_int_equal(fired, 1);
}

static void test_timers_refuse_as_documented(void **state)
{
	PVOID timer;
	uint8_t old;

	rig_start();
	timer = new_timer();
	assert_int_equal(StorPortInitializeTimer(mini.extension, NULL), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(StorPortRequestTimer(mini.extension, NULL, on_timer, NULL, 1, 0), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(StorPortRequestTimer(mini.extension, timer, NULL, NULL, 1, 0), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(StorPortFreeTimer(mini.extension, NULL), STOR_STATUS_INVALID_PARAMETER);
	old = sim_raise(rig.cpu, MINI_DIRQL);
	assert_int_equal(StorPortInitializeTimer(mini.extension, &timer), STOR_STATUS_INVALID_IRQL);
	assert_int_equal(StorPortFreeTimer(mini.extension, timer), STOR_STATUS_INVALID_IRQL);
	assert_int_equal(StorPortRequestTimer(mini.extension, timer, on_timer, NULL, 1, 0), STOR_STATUS_SUCCESS);
	assert_int_equal(fired, 0);
	sim_lower(rig.cpu, old);
	look_until_fired(1);
	assert_int_equal(StorPortFreeTimer(mini.extension, timer), STOR_STATUS_SUCCESS);
	assert_int_equal(StorPortFreeTimer(mini.extension, timer), STOR_STATUS_UNSUCCESSFUL);
	assert_int_equal(StorPortRequestTimer(mini.extension, timer, on_timer, NULL, 1, 0), STOR_STATUS_INVALID_PARAMETER);
}

/* --- Processors and clocks --- */

static void test_processors(void **state)
{
	PROCESSOR_NUMBER number = { .Group = 9, .Number = 9 };
	GROUP_AFFINITY node = { .Group = 9 };
	KAFFINITY mask = 0;
	USHORT groups = 9;
	ULONG nodes = 9;
	ULONG highest = 9;
	KIRQL irql = 9;

	rig_start();
	assert_int_equal(KeQueryActiveProcessorCount(&mask), 2);
	assert_int_equal(mask, 3);
	assert_int_equal(KeQueryActiveProcessorCountEx(ALL_PROCESSOR_GROUPS), 2);
	assert_int_equal(KeQueryMaximumProcessorCountEx(0), 2);
	assert_int_equal(KeQueryActiveProcessorCountEx(1), 0);
	assert_int_equal(KeGetCurrentProcessorNumber(), 0);
	assert_int_equal(StorPortGetActiveGroupCount(mini.extension, &groups), STOR_STATUS_SUCCESS);
	assert_int_equal(StorPortGetActiveNodeCount(mini.extension, &nodes), STOR_STATUS_SUCCESS);
	assert_int_equal(StorPortGetHighestNodeNumber(mini.extension, &highest), STOR_STATUS_SUCCESS);
	assert_true(groups == 1 && nodes == 1 && highest == 0);
	mask = 0;
	assert_int_equal(StorPortGetGroupAffinity(mini.extension, 0, &mask), STOR_STATUS_SUCCESS);
	assert_int_equal(StorPortGetNodeAffinity(mini.extension, 0, &node), STOR_STATUS_SUCCESS);
	assert_true(mask == 3 && node.Mask == 3 && node.Group == 0);
	assert_int_equal(StorPortGetGroupAffinity(mini.extension, 1, &mask), STOR_STATUS_UNSUCCESSFUL);
	assert_int_equal(StorPortGetNodeAffinity(mini.extension, 1, &node), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(StorPortGetGroupAffinity(mini.extension, 0, NULL), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(StorPortGetActiveGroupCount(mini.extension, NULL), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(StorPortGetActiveNodeCount(mini.extension, NULL), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(StorPortGetHighestNodeNumber(mini.extension, NULL), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(StorPortGetCurrentIrql(mini.extension, &irql), STOR_STATUS_SUCCESS);
	assert_int_equal(irql, KeGetCurrentIrql());
	assert_int_equal(StorPortGetCurrentIrql(mini.extension, NULL), STOR_STATUS_INVALID_PARAMETER);
	sim_cpu_enter(&rig.machine, 1);
	assert_int_equal(StorPortGetCurrentProcessorNumber(mini.extension, &number), STOR_STATUS_SUCCESS);
	assert_true(number.Group == 0 && number.Number == 1);
	assert_int_equal(StorPortGetCurrentProcessorNumber(mini.extension, NULL), STOR_STATUS_INVALID_PARAMETER);
	sim_cpu_enter(&rig.machine, 0);
}

static void test_clocks(void **state)
{
	LARGE_INTEGER frequency, first, second, now;
	uint64_t before;
	time_t seconds = time(NULL);

	rig_start();
	first = KeQueryPerformanceCounter(&frequency);
	assert_int_equal(frequency.QuadPart, 1000000000);
	before = stamp_now();
	KeStallExecutionProcessor(20);
	assert_true(stamp_now() - before >= port_rig_ticks(20));
	second = KeQueryPerformanceCounter(NULL);
	assert_true(second.QuadPart - first.QuadPart >= 20000);
	/* 1970-01-01 is 116444736000000000 in units of 100 ns since 1601-01-01. */
	StorPortQuerySystemTime(&now);
	assert_true(now.QuadPart / 10000000 >= 11644473600 + seconds);
	assert_true(now.QuadPart / 10000000 <= 11644473600 + time(NULL));
}

static void test_a_bug_check_ends_the_program(void **state)
{
	int status;
	pid_t child = fork();

	if (!child) {
		freopen("/dev/null", "w", stderr);
		KeBugCheck(0xe6);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

/* --- Logging --- */

static void test_events_are_counted_or_refused(void **state)
{
	WCHAR text[60] = { 'x' };
	PWSTR strings[2] = { text, text };
	STOR_LOG_EVENT_DETAILS details = { .InterfaceRevision = STOR_CURRENT_LOG_INTERFACE_REVISION, .Size = sizeof(details),
					   .StringCount = 2, .StringList = strings };
	ULONG most = 0;
	uint8_t old;

	rig_start();
	StorPortDebugPrint(0, (PCCHAR) "%d", 1);
	assert_int_equal(StorPortLogSystemEvent(mini.extension, &details, NULL), STOR_STATUS_SUCCESS);
	assert_int_equal(rig.adapter.errors_logged, 1);
	/* Two times 36 characters and the 0 are 148 bytes; one more is too many. */
	for (unsigned i = 0; i < 36; i++)
		text[i] = 'x';
	assert_int_equal(StorPortLogSystemEvent(mini.extension, &details, NULL), STOR_STATUS_SUCCESS);
	text[36] = 'x';
	assert_int_equal(StorPortLogSystemEvent(mini.extension, &details, &most), STOR_STATUS_INVALID_BUFFER_SIZE);
	assert_int_equal(most, 150);
	details.StringCount = 0;
	details.DumpDataSize = 1;
	assert_int_equal(StorPortLogSystemEvent(mini.extension, &details, &most), STOR_STATUS_INVALID_PARAMETER);
	details.DumpDataSize = 0;
	details.Size--;
	assert_int_equal(StorPortLogSystemEvent(mini.extension, &details, &most), STOR_STATUS_INVALID_PARAMETER);
	details.Size++;
	details.EventAssociation = StorEventInvalidAssociation;
	assert_int_equal(StorPortLogSystemEvent(mini.extension, &details, &most), STOR_STATUS_INVALID_PARAMETER);
	details.EventAssociation = StorEventLunAssociation;
	/* The low byte is of compatible ones. */
	details.InterfaceRevision |= 0xff;
	assert_int_equal(StorPortLogSystemEvent(mini.extension, &details, &most), STOR_STATUS_SUCCESS);
	details.InterfaceRevision = STOR_CURRENT_LOG_INTERFACE_REVISION + 0x100;
	assert_int_equal(StorPortLogSystemEvent(mini.extension, &details, &most), STOR_STATUS_UNSUPPORTED_VERSION);
	assert_int_equal(details.InterfaceRevision, STOR_CURRENT_LOG_INTERFACE_REVISION);
	old = sim_raise(rig.cpu, MINI_DIRQL);
	assert_int_equal(StorPortLogSystemEvent(mini.extension, &details, NULL), STOR_STATUS_INVALID_IRQL);
	sim_lower(rig.cpu, old);
	assert_int_equal(StorPortLogSystemEvent(mini.extension, NULL, NULL), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(rig.adapter.errors_logged, 3);
}

/* --- Units and configuration space --- */

static void test_each_unit_has_its_extension(void **state)
{
	char *first;
	char *last;

	mini.unit_bytes = 100;
	rig_start();
	first = StorPortGetLogicalUnit(mini.extension, 0, 0, 0);
	last = StorPortGetLogicalUnit(mini.extension, 0, 0, SCSI_MAXIMUM_LOGICAL_UNITS - 1);
	assert_true(last - first >= 700);
	for (unsigned i = 0; i < 100; i++)
		assert_true(first[i] == 0 && last[i] == 0);
	assert_ptr_equal(StorPortGetLogicalUnit(mini.extension, 0, 0, 0), first);
	assert_null(StorPortGetLogicalUnit(mini.extension, 0, 0, SCSI_MAXIMUM_LOGICAL_UNITS));
	assert_null(StorPortGetLogicalUnit(mini.extension, 1, 0, 0));
	assert_null(StorPortGetLogicalUnit(mini.extension, 0, 1, 0));
}

static void test_without_extensions_there_is_no_unit(void **state)
{
	rig_start();
	assert_null(StorPortGetLogicalUnit(mini.extension, 0, 0, 0));
}

static void test_configuration_space_is_written_where_it_may_be(void **state)
{
	unsigned char bytes[4] = { 0x06, 0x01, 0x77, 0x77 };
	const unsigned char *config = rig.source.pci.config;
	unsigned char vendor = config[SIM_PCI_VENDOR];

	rig_start();
	assert_int_equal(StorPortSetBusDataByOffset(mini.extension, PCIConfiguration, 0, 0, bytes, SIM_PCI_COMMAND, 4), 4);
	assert_true(config[SIM_PCI_COMMAND] == 0x06 && config[SIM_PCI_COMMAND + 1] == 0x01);
	assert_int_not_equal(config[SIM_PCI_STATUS], 0x77);
	assert_int_equal(StorPortSetBusDataByOffset(mini.extension, PCIConfiguration, 0, 0, bytes, SIM_PCI_VENDOR, 2), 2);
	assert_int_equal(config[SIM_PCI_VENDOR], vendor);
	assert_int_equal(StorPortSetBusDataByOffset(mini.extension, PCIConfiguration, 0, 0, bytes, 254, 4), 2);
	assert_int_equal(StorPortSetBusDataByOffset(mini.extension, PCIConfiguration, 0, 0, bytes, 256, 4), 0);
	assert_int_equal(StorPortSetBusDataByOffset(mini.extension, PCIConfiguration, 1, 0, bytes, 4, 2), 0);
	assert_int_equal(StorPortSetBusDataByOffset(mini.extension, Cmos, 0, 0, bytes, 4, 2), 0);
}

/* --- Registers of 64 bits --- */

static uint32_t register_half[4];

static uint32_t read_half(void *device, struct sim_cpu *cpu, uint32_t offset, unsigned bytes)
{
	assert_int_equal(bytes, 4);
	return register_half[offset / 4 % 4];
}

static void write_half(void *device, struct sim_cpu *cpu, uint32_t offset, unsigned bytes, uint32_t value)
{
	assert_int_equal(bytes, 4);
	register_half[offset / 4 % 4] = value;
}

static void test_registers_of_64_bits_are_two_halves(void **state)
{
	static const struct sim_ioport_ops ops = { .read = read_half, .write = write_half };
	const struct sim_ioport_range range = { .base = MINI_IO_BASE, .length = MINI_IO_BYTES, .ops = &ops };
	ULONG64 values[2] = { UINT64_C(0x1122334455667788), UINT64_C(0x99aabbccddeeff00) };
	ULONG64 read[2];
	volatile ULONG64 *base;

	rig_start();
	assert_int_equal(sim_ioport_register(&rig.machine.ioports, &range), 0);
	base = StorPortGetDeviceBase(mini.extension, PCIBus, 0, at(MINI_IO_BASE), MINI_IO_BYTES, TRUE);
	StorPortWriteRegisterUlong64(NULL, base, values[0]);
	assert_true(register_half[0] == 0x55667788 && register_half[1] == 0x11223344);
	assert_int_equal(StorPortReadRegisterUlong64(NULL, base), values[0]);
	StorPortWriteRegisterBufferUlong64(NULL, base, values, 2);
	assert_true(register_half[2] == 0xddeeff00 && register_half[3] == 0x99aabbcc);
	StorPortReadRegisterBufferUlong64(NULL, base, read, 2);
	assert_memory_equal(read, values, sizeof(values));
}

/* --- WMI --- */

static void test_wmi_answers_that_it_is_not_supported(void **state)
{
	SCSI_WMILIB_CONTEXT library = { .GuidCount = 0 };
	SCSIWMI_REQUEST_CONTEXT context = { .ReturnStatus = 0xee, .ReturnSize = 77 };
	GUID guid = { .Data1 = 1 };

	rig_start();
	assert_false(ScsiPortWmiDispatchFunction(&library, 0, mini.extension, &context, &guid, 0, NULL));
	assert_int_equal(ScsiPortWmiGetReturnStatus(&context), SRB_STATUS_INVALID_REQUEST);
	assert_int_equal(ScsiPortWmiGetReturnSize(&context), 0);
	ScsiPortWmiPostProcess(&context, SRB_STATUS_DATA_OVERRUN, 12);
	assert_int_equal(ScsiPortWmiGetReturnStatus(&context), SRB_STATUS_DATA_OVERRUN);
	assert_int_equal(ScsiPortWmiGetReturnSize(&context), 12);
	ScsiPortWmiFireAdapterEvent(mini.extension, &guid, 0, 0, NULL);
}

/* --- What is not there --- */

static VOID on_list(PVOID *device, PVOID *irp, PSTOR_SCATTER_GATHER_LIST list, PVOID context)
{
}

static void test_what_is_not_simulated_fails_as_documented(void **state)
{
	WCHAR text[2] = { 'x' };
	STOR_ADDR_BTL8 address = { .Type = STOR_ADDRESS_TYPE_BTL8 };
	PSTOR_ADDRESS unit = (PSTOR_ADDRESS)&address;
	PVOID ext, srb, out;

	rig_start();
	ext = mini.extension;
	srb = &rig_request()->srb;
	assert_int_equal(StorPortGetOriginalMdl(ext, srb, &out), STOR_STATUS_NOT_IMPLEMENTED);
	assert_int_equal(StorPortGetOriginalMdl(ext, srb, NULL), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(StorPortAllocateMdl(ext, text, 2, &out), STOR_STATUS_NOT_IMPLEMENTED);
	assert_int_equal(StorPortAllocateMdl(ext, NULL, 2, &out), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(StorPortBuildMdlForNonPagedPool(ext, text), STOR_STATUS_NOT_IMPLEMENTED);
	assert_int_equal(StorPortFreeMdl(ext, text), STOR_STATUS_NOT_IMPLEMENTED);
	assert_int_equal(StorPortFreeMdl(ext, NULL), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(StorPortBuildScatterGatherList(ext, text, text, 2, on_list, NULL, TRUE, NULL, 0), STOR_STATUS_NOT_IMPLEMENTED);
	assert_int_equal(StorPortBuildScatterGatherList(ext, text, text, 2, NULL, NULL, TRUE, NULL, 0), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(StorPortPutScatterGatherList(ext, (PSTOR_SCATTER_GATHER_LIST)text, TRUE), STOR_STATUS_NOT_IMPLEMENTED);
	assert_int_equal(StorPortPutScatterGatherList(ext, NULL, TRUE), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(StorPortInitializeWorker(ext, &out), STOR_STATUS_INSUFFICIENT_RESOURCES);
	assert_int_equal(StorPortInitializeWorker(ext, NULL), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(StorPortQueueWorkItem(ext, NULL, NULL, NULL), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(StorPortFreeWorker(ext, NULL), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(StorPortEtwEvent2(ext, unit, 1, text, 0, StorportEtwLevelError, StorportEtwEventOpcodeInfo, srb, text, 1, NULL, 0),
			 STOR_STATUS_NOT_IMPLEMENTED);
	assert_int_equal(StorPortEtwEvent2(ext, unit, 1, NULL, 0, StorportEtwLevelError, StorportEtwEventOpcodeInfo, srb, text, 1, NULL, 0),
			 STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(StorPortEtwEvent4(ext, NULL, 1, text, 0, StorportEtwLevelError, StorportEtwEventOpcodeInfo, NULL, text, 1, NULL, 0,
					   NULL, 0, NULL, 0), STOR_STATUS_NOT_IMPLEMENTED);
	assert_int_equal(StorPortEtwEvent8(ext, NULL, 1, text, 0, StorportEtwLevelError, StorportEtwEventOpcodeInfo, NULL, text, 1, NULL, 0,
					   NULL, 0, NULL, 0, NULL, 0, NULL, 0, NULL, 0, NULL, 0), STOR_STATUS_NOT_IMPLEMENTED);
	assert_int_equal(StorPortPoFxActivateComponent(ext, unit, srb, 0, 0), STOR_STATUS_INVALID_DEVICE_REQUEST);
	assert_int_equal(StorPortPoFxIdleComponent(ext, unit, srb, 0, 0), STOR_STATUS_INVALID_DEVICE_REQUEST);
	assert_int_equal(StorPortInvokeAcpiMethod(ext, unit, 1, NULL, 0, NULL, 0, NULL), STOR_STATUS_NOT_IMPLEMENTED);
	assert_int_equal(StorPortSetPowerSettingNotificationGuids(ext, 0, NULL), STOR_STATUS_INSUFFICIENT_RESOURCES);
	assert_int_equal(StorPortAsyncNotificationDetected(ext, unit, 0), STOR_STATUS_INVALID_DEVICE_REQUEST);
	assert_int_equal(StorPortAsyncNotificationDetected(ext, NULL, 0), STOR_STATUS_INVALID_PARAMETER);
}

int main(void)
{
#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, rig_set_up, rig_tear_down)
	const struct CMUnitTest tests[] = {
		WITH_RIG(test_contiguous_memory_keeps_to_its_limits),
		WITH_RIG(test_dma_memory_comes_with_its_address),
		WITH_RIG(test_a_requests_data_have_an_address),
		WITH_RIG(test_a_timer_fires_once),
		WITH_RIG(test_a_timer_in_half_duplex_holds_the_interrupt_lock),
		WITH_RIG(test_a_timers_callback_requests_it_again),
		WITH_RIG(test_a_cancelled_timer_does_not_fire),
		WITH_RIG(test_timers_refuse_as_documented),
		WITH_RIG(test_processors),
		WITH_RIG(test_clocks),
		cmocka_unit_test(test_a_bug_check_ends_the_program),
		WITH_RIG(test_events_are_counted_or_refused),
		WITH_RIG(test_each_unit_has_its_extension),
		WITH_RIG(test_without_extensions_there_is_no_unit),
		WITH_RIG(test_configuration_space_is_written_where_it_may_be),
		WITH_RIG(test_registers_of_64_bits_are_two_halves),
		WITH_RIG(test_wmi_answers_that_it_is_not_supported),
		WITH_RIG(test_what_is_not_simulated_fails_as_documented),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
