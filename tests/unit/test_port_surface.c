/* SPDX-License-Identifier: MIT */
/*
 * Every routine that a miniport may call exists under its documented prototype,
 * and the small ones do what they say.  Source: Microsoft's public DDI reference.
 */
#include "tests/unit/test_miniport.h"

#define POOL_TAG 0x74657374

#define REFERENCE_SURFACE(X)                                                                                              \
	X(ULONG, StorPortInitialize, PVOID, PVOID, PHW_INITIALIZATION_DATA, PVOID)                                         \
	X(BOOLEAN, StorPortSynchronizeAccess, PVOID, PSTOR_SYNCHRONIZED_ACCESS, PVOID)                                     \
	X(VOID, StorPortAcquireSpinLock, PVOID, STOR_SPINLOCK, PVOID, PSTOR_LOCK_HANDLE)                                   \
	X(VOID, StorPortReleaseSpinLock, PVOID, PSTOR_LOCK_HANDLE)                                                         \
	X(ULONG, StorPortAcquireMSISpinLock, PVOID, ULONG, PULONG)                                                         \
	X(ULONG, StorPortReleaseMSISpinLock, PVOID, ULONG, ULONG)                                                          \
	X(VOID, StorPortInitializeDpc, PVOID, PSTOR_DPC, PHW_DPC_ROUTINE)                                                  \
	X(BOOLEAN, StorPortIssueDpc, PVOID, PSTOR_DPC, PVOID, PVOID)                                                       \
	X(BOOLEAN, StorPortEnablePassiveInitialization, PVOID, PHW_PASSIVE_INITIALIZE_ROUTINE)                             \
	X(ULONG, StorPortGetMSIInfo, PVOID, ULONG, PMESSAGE_INTERRUPT_INFORMATION)                                         \
	X(VOID, StorPortNotification, SCSI_NOTIFICATION_TYPE, PVOID, ...)                                                  \
	X(BOOLEAN, StorPortBusy, PVOID, ULONG)                                                                             \
	X(BOOLEAN, StorPortReady, PVOID)                                                                                   \
	X(BOOLEAN, StorPortPause, PVOID, ULONG)                                                                            \
	X(BOOLEAN, StorPortResume, PVOID)                                                                                  \
	X(BOOLEAN, StorPortDeviceBusy, PVOID, UCHAR, UCHAR, UCHAR, ULONG)                                                  \
	X(BOOLEAN, StorPortDeviceReady, PVOID, UCHAR, UCHAR, UCHAR)                                                        \
	X(BOOLEAN, StorPortPauseDevice, PVOID, UCHAR, UCHAR, UCHAR, ULONG)                                                 \
	X(BOOLEAN, StorPortResumeDevice, PVOID, UCHAR, UCHAR, UCHAR)                                                       \
	X(BOOLEAN, StorPortSetDeviceQueueDepth, PVOID, UCHAR, UCHAR, UCHAR, ULONG)                                         \
	X(PVOID, StorPortGetDeviceBase, PVOID, INTERFACE_TYPE, ULONG, STOR_PHYSICAL_ADDRESS, ULONG, BOOLEAN)               \
	X(VOID, StorPortFreeDeviceBase, PVOID, PVOID)                                                                      \
	X(PVOID, StorPortGetUncachedExtension, PVOID, PPORT_CONFIGURATION_INFORMATION, ULONG)                              \
	X(STOR_PHYSICAL_ADDRESS, StorPortGetPhysicalAddress, PVOID, PSCSI_REQUEST_BLOCK, PVOID, PULONG)                    \
	X(PSTOR_SCATTER_GATHER_LIST, StorPortGetScatterGatherList, PVOID, PVOID)                                           \
	X(PVOID, StorPortGetVirtualAddress, PVOID, STOR_PHYSICAL_ADDRESS)                                                  \
	X(STOR_PHYSICAL_ADDRESS, StorPortConvertUlongToPhysicalAddress, ULONG_PTR)                                         \
	X(VOID, StorPortStallExecution, ULONG)                                                                             \
	X(VOID, StorPortLogError, PVOID, PSCSI_REQUEST_BLOCK, UCHAR, UCHAR, UCHAR, ULONG, ULONG)                           \
	X(BOOLEAN, StorPortValidateRange, PVOID, INTERFACE_TYPE, ULONG, STOR_PHYSICAL_ADDRESS, ULONG, BOOLEAN)             \
	X(VOID, StorPortMoveMemory, PVOID, PVOID, ULONG)                                                                   \
	X(ULONG, StorPortGetBusData, PVOID, ULONG, ULONG, ULONG, PVOID, ULONG)                                             \
	X(KIRQL, KeGetCurrentIrql, VOID)                                                                                   \
	X(PHYSICAL_ADDRESS, MmGetPhysicalAddress, PVOID)                                                                   \
	X(ULONG, StorPortInitializePerfOpts, PVOID, BOOLEAN, PPERF_CONFIGURATION_DATA)                                     \
	X(ULONG, StorPortGetStartIoPerfParams, PVOID, PSCSI_REQUEST_BLOCK, PSTARTIO_PERFORMANCE_PARAMETERS)                \
	X(ULONG, StorPortAllocatePool, PVOID, SIZE_T, ULONG, PVOID *)                                                      \
	X(ULONG, StorPortFreePool, PVOID, PVOID)                                                                           \
	X(ULONG, StorPortQueryPerformanceCounter, PVOID, PLARGE_INTEGER, PLARGE_INTEGER)                                   \
	X(ULONG, StorPortStateChangeDetected, PVOID, ULONG, PSTOR_ADDRESS, ULONG, PHW_STATE_CHANGE, PVOID)                 \
	X(ULONG, StorPortSetUnitAttributes, PVOID, PSTOR_ADDRESS, STOR_UNIT_ATTRIBUTES)                                    \
	X(PUCHAR, StorPortAllocateRegistryBuffer, PVOID, PULONG)                                                           \
	X(VOID, StorPortFreeRegistryBuffer, PVOID, PUCHAR)                                                                 \
	X(BOOLEAN, StorPortRegistryRead, PVOID, PUCHAR, ULONG, ULONG, PUCHAR, PULONG)                                      \
	X(BOOLEAN, StorPortRegistryWrite, PVOID, PUCHAR, ULONG, ULONG, PUCHAR, ULONG)

#define ACCESS_SURFACE(X, SPACE, SUFFIX, TYPE)                                                                            \
	X(TYPE, StorPortRead##SPACE##SUFFIX, PVOID, volatile TYPE *)                                                       \
	X(VOID, StorPortWrite##SPACE##SUFFIX, PVOID, volatile TYPE *, TYPE)                                                \
	X(VOID, StorPortRead##SPACE##Buffer##SUFFIX, PVOID, volatile TYPE *, TYPE *, ULONG)                                \
	X(VOID, StorPortWrite##SPACE##Buffer##SUFFIX, PVOID, volatile TYPE *, TYPE *, ULONG)

#define SURFACE(X)                                                                                                        \
	REFERENCE_SURFACE(X)                                                                                               \
	ACCESS_SURFACE(X, Port, Uchar, UCHAR)                                                                              \
	ACCESS_SURFACE(X, Port, Ushort, USHORT)                                                                            \
	ACCESS_SURFACE(X, Port, Ulong, ULONG)                                                                              \
	ACCESS_SURFACE(X, Register, Uchar, UCHAR)                                                                          \
	ACCESS_SURFACE(X, Register, Ushort, USHORT)                                                                        \
	ACCESS_SURFACE(X, Register, Ulong, ULONG)

/* The compiler checks the prototypes here. */
#define PROTOTYPE(ANSWER, NAME, ...) static ANSWER (*const checked_##NAME)(__VA_ARGS__) __attribute__((unused)) = NAME;
SURFACE(PROTOTYPE)

#define ENTRY(ANSWER, NAME, ...) { #NAME, (void (*)(void))NAME },
static const struct {
	const char *name;
	void (*function)(void);
} surface[] = { SURFACE(ENTRY) };

/* That it links is the test; the table keeps it from being optimized away. */
static void test_the_reference_surface_is_there(void **state)
{
	for (size_t i = 0; i < sizeof(surface) / sizeof(surface[0]); i++) {
		if (!surface[i].function)
			fail_msg("%s is missing", surface[i].name);
	}
	assert_int_equal(sizeof(surface) / sizeof(surface[0]), 45 + 24);
}

/* --- Ports and registers --- */

static unsigned char registers[MINI_IO_BYTES];
static unsigned accesses;
static uint32_t last_offset;

static uint32_t read_register(void *device, struct sim_cpu *cpu, uint32_t offset, unsigned bytes)
{
	uint32_t value = 0;

	assert_in_range(offset + bytes, 1, sizeof(registers));
	memcpy(&value, registers + offset, bytes);
	accesses++;
	last_offset = offset;
	return value;
}

static void write_register(void *device, struct sim_cpu *cpu, uint32_t offset, unsigned bytes, uint32_t value)
{
	assert_in_range(offset + bytes, 1, sizeof(registers));
	memcpy(registers + offset, &value, bytes);
	accesses++;
	last_offset = offset;
}

static unsigned char *start_with_registers(void)
{
	static const struct sim_ioport_ops ops = { .read = read_register, .write = write_register };
	const struct sim_ioport_range range = { .base = MINI_IO_BASE, .length = MINI_IO_BYTES, .ops = &ops };
	unsigned char *base;

	for (unsigned i = 0; i < sizeof(registers); i++)
		registers[i] = (unsigned char)(0xa0 + i);
	rig_start();
	assert_int_equal(sim_ioport_register(&rig.machine.ioports, &range), 0);
	base = StorPortGetDeviceBase(mini.extension, PCIBus, 0, StorPortConvertUlongToPhysicalAddress(MINI_IO_BASE), MINI_IO_BYTES,
				     TRUE);
	assert_non_null(base);
	accesses = 0;
	return base;
}

#define CHECK_ACCESS(SPACE, SUFFIX, TYPE, STEP)                                                                           \
	do {                                                                                                               \
		volatile TYPE *at = (volatile TYPE *)(base + 8);                                                           \
		TYPE buffer[3], want;                                                                                      \
                                                                                                                           \
		memcpy(&want, registers + 8, sizeof(want));                                                                \
		assert_int_equal(StorPortRead##SPACE##SUFFIX(NULL, at), want);                                             \
		StorPortWrite##SPACE##SUFFIX(mini.extension, at, (TYPE)0x11223344);                                        \
		memcpy(&want, registers + 8, sizeof(want));                                                                \
		assert_int_equal(want, (TYPE)0x11223344);                                                                  \
		accesses = 0;                                                                                              \
		for (unsigned i = 0; i < 3; i++)                                                                           \
			buffer[i] = (TYPE)(i + 1);                                                                         \
		StorPortWrite##SPACE##Buffer##SUFFIX(NULL, at, buffer, 3);                                                 \
		assert_int_equal(accesses, 3);                                                                             \
		assert_int_equal(last_offset, 8 + 2 * (STEP) * sizeof(TYPE));                                              \
		memset(buffer, 0, sizeof(buffer));                                                                         \
		StorPortRead##SPACE##Buffer##SUFFIX(NULL, at, buffer, 3);                                                  \
		for (unsigned i = 0; i < 3; i++)                                                                           \
			assert_int_equal(buffer[i], (STEP) ? i + 1 : 3);                                                   \
		assert_int_equal(accesses, 6);                                                                             \
		StorPortRead##SPACE##Buffer##SUFFIX(NULL, at, buffer, 0);                                                  \
		assert_int_equal(accesses, 6);                                                                             \
	} while (0)

static void test_ports_and_registers_are_reached_by_address(void **state)
{
	unsigned char *base = start_with_registers();

	CHECK_ACCESS(Port, Uchar, UCHAR, 0);
	CHECK_ACCESS(Port, Ushort, USHORT, 0);
	CHECK_ACCESS(Port, Ulong, ULONG, 0);
	CHECK_ACCESS(Register, Uchar, UCHAR, 1);
	CHECK_ACCESS(Register, Ushort, USHORT, 1);
	CHECK_ACCESS(Register, Ulong, ULONG, 1);
}

static void test_an_address_of_no_device_floats(void **state)
{
	unsigned char *base = start_with_registers();

	assert_int_equal(StorPortReadPortUchar(NULL, base + MINI_IO_BYTES), 0xff);
	assert_int_equal(StorPortReadPortUshort(NULL, (PUSHORT)(base - 2)), 0xffff);
	assert_int_equal(StorPortReadPortUlong(NULL, NULL), 0xffffffff);
	StorPortWritePortUlong(NULL, (PULONG)(base + MINI_IO_BYTES), 5);
	assert_int_equal(accesses, 0);
}

static void test_a_register_access_is_a_safe_point(void **state)
{
	unsigned char *base = start_with_registers();

	fake_raise(&rig.source, rig.cpu, stamp_now());
	StorPortReadPortUchar(NULL, base);
	assert_int_equal(mini.interrupts, 1);
	fake_raise(&rig.source, rig.cpu, stamp_now());
	StorPortWriteRegisterUlong(NULL, (PULONG)base, 0);
	assert_int_equal(mini.interrupts, 2);
}

static void test_only_the_adapters_own_range_is_mapped(void **state)
{
	static const struct {
		ULONG base, bytes;
		BOOLEAN io;
		BOOLEAN mapped;
	} cases[] = {
		{ MINI_IO_BASE, MINI_IO_BYTES, TRUE, TRUE },
		{ MINI_IO_BASE + 4, 4, TRUE, TRUE },
		{ MINI_IO_BASE + MINI_IO_BYTES - 1, 1, TRUE, TRUE },
		{ MINI_IO_BASE, MINI_IO_BYTES + 1, TRUE, FALSE },
		{ MINI_IO_BASE + 1, MINI_IO_BYTES, TRUE, FALSE },
		{ MINI_IO_BASE - 1, 2, TRUE, FALSE },
		{ MINI_IO_BASE + MINI_IO_BYTES, 1, TRUE, FALSE },
		{ MINI_IO_BASE, UINT32_MAX, TRUE, FALSE },
		{ MINI_IO_BASE, 4, FALSE, FALSE },
	};

	rig_start();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		STOR_PHYSICAL_ADDRESS address = StorPortConvertUlongToPhysicalAddress(cases[i].base);
		PVOID base = StorPortGetDeviceBase(mini.extension, PCIBus, 0, address, cases[i].bytes, cases[i].io);

		assert_int_equal(base != NULL, cases[i].mapped);
		StorPortFreeDeviceBase(mini.extension, base);
		/* Documented to answer so whatever the range is. */
		assert_true(StorPortValidateRange(mini.extension, PCIBus, 0, address, cases[i].bytes, cases[i].io));
	}
}

/* --- Memory --- */

static PVOID first_extension, second_extension;

static BOOLEAN get_uncached(PVOID extension)
{
	first_extension = StorPortGetUncachedExtension(extension, NULL, 8192);
	second_extension = StorPortGetUncachedExtension(extension, NULL, 4096);
	return TRUE;
}

static void test_there_is_one_uncached_extension(void **state)
{
	ULONG length = 0;

	mini.find = get_uncached;
	rig_start();
	assert_non_null(first_extension);
	assert_ptr_equal(second_extension, first_extension);
	assert_int_equal((uintptr_t)StorPortGetPhysicalAddress(mini.extension, NULL, first_extension, &length).QuadPart % PAGE_SIZE, 0);
	assert_true(length >= 8192);
	for (unsigned i = 0; i < 8192; i++)
		assert_int_equal(((unsigned char *)first_extension)[i], 0);
}

static void test_addresses_translate_there_and_back(void **state)
{
	struct port_request *request;
	STOR_PHYSICAL_ADDRESS address;
	ULONG length;
	int on_the_stack;

	rig_start();
	request = rig_request();
	request->srb.DataTransferLength = 512;
	address = StorPortGetPhysicalAddress(mini.extension, &request->srb, (char *)request->data + 100, &length);
	assert_int_equal(length, 412);
	assert_ptr_equal(StorPortGetVirtualAddress(mini.extension, address), (char *)request->data + 100);
	assert_int_equal(address.QuadPart, MmGetPhysicalAddress((char *)request->data + 100).QuadPart);
	assert_int_equal(StorPortConvertPhysicalAddressToUlong(address), (ULONG)address.QuadPart);
	assert_int_equal(StorPortGetPhysicalAddress(mini.extension, NULL, &on_the_stack, &length).QuadPart, 0);
	assert_int_equal(length, 0);
	address.QuadPart = 0;
	assert_null(StorPortGetVirtualAddress(mini.extension, address));
	assert_int_equal(StorPortConvertUlongToPhysicalAddress(UINT64_C(0x123456789a)).QuadPart, 0x123456789a);
}

static void test_the_scatter_list_is_the_data(void **state)
{
	struct port_request *request;
	PSTOR_SCATTER_GATHER_LIST list;

	rig_start();
	request = rig_request();
	assert_null(StorPortGetScatterGatherList(mini.extension, &request->srb));
	request->srb.DataTransferLength = 500;
	list = StorPortGetScatterGatherList(mini.extension, &request->srb);
	assert_int_equal(list->NumberOfElements, 1);
	assert_int_equal(list->List[0].Length, 500);
	assert_ptr_equal(StorPortGetVirtualAddress(mini.extension, list->List[0].PhysicalAddress), request->data);
}

static void test_pool_memory_is_for_levels_up_to_dispatch(void **state)
{
	PVOID memory = &memory;
	PVOID kept;
	uint8_t old;

	rig_start();
	assert_int_equal(StorPortAllocatePool(mini.extension, 100, POOL_TAG, &memory), STOR_STATUS_SUCCESS);
	memset(memory, 1, 100);
	kept = memory;
	old = sim_raise(rig.cpu, MINI_DIRQL);
	assert_int_equal(StorPortAllocatePool(mini.extension, 100, POOL_TAG, &memory), STOR_STATUS_INVALID_IRQL);
	assert_null(memory);
	assert_int_equal(StorPortFreePool(mini.extension, kept), STOR_STATUS_INVALID_IRQL);
	sim_lower(rig.cpu, old);
	assert_int_equal(StorPortFreePool(mini.extension, kept), STOR_STATUS_SUCCESS);
	assert_int_equal(StorPortAllocatePool(mini.extension, 0, POOL_TAG, &memory), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(StorPortAllocatePool(mini.extension, 1, POOL_TAG, NULL), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(StorPortFreePool(mini.extension, NULL), STOR_STATUS_INVALID_PARAMETER);
}

static void test_moved_memory_may_overlap(void **state)
{
	char text[] = "0123456789";

	StorPortMoveMemory(text + 2, text, 6);
	assert_string_equal(text, "0101234589");
	StorPortMoveMemory(text, text + 2, 6);
	assert_string_equal(text, "0123454589");
}

static void test_there_is_one_registry_buffer_and_no_registry(void **state)
{
	ULONG length = 64;
	PUCHAR buffer;

	rig_start();
	buffer = StorPortAllocateRegistryBuffer(mini.extension, &length);
	assert_non_null(buffer);
	assert_int_equal(length, 64);
	assert_null(StorPortAllocateRegistryBuffer(mini.extension, &length));
	assert_false(StorPortRegistryRead(mini.extension, (PUCHAR) "Depth", 1, MINIPORT_REG_DWORD, buffer, &length));
	assert_int_equal(length, 0);
	assert_false(StorPortRegistryWrite(mini.extension, (PUCHAR) "Depth", 1, MINIPORT_REG_DWORD, buffer, 4));
	StorPortFreeRegistryBuffer(mini.extension, buffer);
	length = 64;
	/* One that is not given back goes with the adapter. */
	assert_non_null(StorPortAllocateRegistryBuffer(mini.extension, &length));
}

static void test_configuration_space(void **state)
{
	PCI_COMMON_CONFIG config;
	PPCI_COMMON_CONFIG copy = NULL;

	rig_start();
	memset(&config, 0xee, sizeof(config));
	assert_int_equal(StorPortGetBusData(mini.extension, PCIConfiguration, 0, 0, &config, 8), 8);
	assert_int_equal(config.VendorID, MINI_VENDOR);
	assert_int_equal(((unsigned char *)&config)[8], 0xee);
	assert_int_equal(StorPortGetBusData(mini.extension, PCIConfiguration, 0, 0, &config, 100000), sizeof(config));
	assert_int_equal(config.u.type0.BaseAddresses[0] & ~3u, MINI_IO_BASE);
	assert_int_equal(config.u.type0.InterruptLine, MINI_DIRQL);
	assert_true(StorPortGetBusData(mini.extension, PCIConfiguration, 0, 0, &copy, 0) > 0);
	assert_int_equal(copy->DeviceID, config.DeviceID);
	assert_int_equal(StorPortGetBusData(mini.extension, PCIConfiguration, 1, 0, &config, 8), 0);
	assert_int_equal(StorPortGetBusData(mini.extension, Cmos, 0, 0, &config, 8), 0);
}

/* --- Time, processors, reports --- */

static void test_time_goes_on(void **state)
{
	LARGE_INTEGER frequency, first, second, ticks[2] = { { .QuadPart = -1 }, { .QuadPart = -1 } };
	uint64_t before;

	rig_start();
	assert_int_equal(StorPortQueryPerformanceCounter(mini.extension, &frequency, &first), STOR_STATUS_SUCCESS);
	assert_int_equal(frequency.QuadPart, 1000000000);
	before = stamp_now();
	StorPortStallExecution(20);
	assert_true(stamp_now() - before >= 20000);
	assert_int_equal(StorPortQueryPerformanceCounter(mini.extension, NULL, &second), STOR_STATUS_SUCCESS);
	assert_true(second.QuadPart - first.QuadPart >= 20000);
	assert_int_equal(StorPortQueryPerformanceCounter(mini.extension, &frequency, NULL), STOR_STATUS_INVALID_PARAMETER);

	/* All 64 bits are written, and no more. */
	StorPortNotification(QueryTickCount, mini.extension, &ticks[0]);
	assert_true(ticks[0].QuadPart >= (LONGLONG)(stamp_to_ns(&rig.machine.scale, before) / 1000000));
	assert_true(ticks[0].QuadPart <= (LONGLONG)(stamp_to_ns(&rig.machine.scale, stamp_now()) / 1000000));
	assert_int_equal(ticks[1].QuadPart, -1);
}

static void test_a_channel_for_each_cpu(void **state)
{
	STARTIO_PERFORMANCE_PARAMETERS parameters = { .Version = 1, .Size = sizeof(parameters), .ChannelNumber = 77 };
	struct port_request *request;

	rig.config.channels = 2;
	mini.channels = 2;
	rig_start();
	request = rig_request();
	assert_int_equal(StorPortGetStartIoPerfParams(mini.extension, &request->srb, &parameters), STOR_STATUS_SUCCESS);
	assert_int_equal(parameters.ChannelNumber, 0);
	sim_cpu_enter(&rig.machine, 1);
	assert_int_equal(StorPortGetStartIoPerfParams(mini.extension, &request->srb, &parameters), STOR_STATUS_SUCCESS);
	assert_int_equal(parameters.ChannelNumber, 1);
	sim_cpu_enter(&rig.machine, 0);
	parameters.Size = 4;
	assert_int_equal(StorPortGetStartIoPerfParams(mini.extension, &request->srb, &parameters), STOR_STATUS_INVALID_PARAMETER);
}

#define CHANGES 8

static unsigned changes;
static unsigned changes_reported;
static PVOID change_context;
static KIRQL change_irql;
static UCHAR change_lun;

static VOID changed(PVOID extension, PVOID context, SHORT type, PVOID address, ULONG status)
{
	changes++;
	change_context = context;
	change_irql = KeGetCurrentIrql();
	change_lun = ((PSTOR_ADDR_BTL8)address)->Lun;
	assert_int_equal(type, STOR_ADDRESS_TYPE_BTL8);
	assert_int_equal(status, STOR_STATUS_SUCCESS);
}

static ULONG report(UCHAR lun, ULONG entity)
{
	static STOR_ADDR_BTL8 address[CHANGES];
	STOR_ADDR_BTL8 *its = &address[changes_reported++ % CHANGES];

	*its = (STOR_ADDR_BTL8){ .Type = STOR_ADDRESS_TYPE_BTL8, .AddressLength = STOR_ADDR_BTL8_ADDRESS_LENGTH, .Lun = lun };
	return StorPortStateChangeDetected(mini.extension, entity, (PSTOR_ADDRESS)its, 0, changed, &changes);
}

static void test_a_change_is_dealt_with_one_at_a_time(void **state)
{
	uint8_t old;

	rig_start();
	changes = 0;
	old = sim_raise(rig.cpu, MINI_DIRQL);
	assert_int_equal(report(3, STATE_CHANGE_LUN), STOR_STATUS_SUCCESS);
	assert_int_equal(report(4, STATE_CHANGE_LUN), STOR_STATUS_UNSUCCESSFUL);
	assert_int_equal(changes, 0);
	sim_lower(rig.cpu, old);
	assert_int_equal(changes, 1);
	assert_int_equal(change_irql, DISPATCH_LEVEL);
	assert_ptr_equal(change_context, &changes);
	assert_int_equal(change_lun, 3);
	assert_int_equal(report(5, STATE_CHANGE_BUS | STATE_CHANGE_TARGET), STOR_STATUS_SUCCESS);
	sim_cpu_look(rig.cpu);
	assert_int_equal(changes, 2);
	assert_int_equal(change_lun, 5);
	assert_int_equal(report(0, 0), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(report(0, 8), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(StorPortStateChangeDetected(mini.extension, STATE_CHANGE_BUS, NULL, 0, changed, NULL),
			 STOR_STATUS_INVALID_PARAMETER);
}

static void test_attributes_and_notices_are_taken(void **state)
{
	STOR_ADDR_BTL8 address = { .Type = STOR_ADDRESS_TYPE_BTL8, .AddressLength = STOR_ADDR_BTL8_ADDRESS_LENGTH };
	const STOR_UNIT_ATTRIBUTES attributes = { .Reserved = 0 };
	MESSAGE_INTERRUPT_INFORMATION message;

	rig_start();
	assert_int_equal(StorPortSetUnitAttributes(mini.extension, (PSTOR_ADDRESS)&address, attributes), STOR_STATUS_SUCCESS);
	assert_int_equal(StorPortSetUnitAttributes(mini.extension, NULL, attributes), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(StorPortGetMSIInfo(mini.extension, 0, &message), STOR_STATUS_INVALID_DEVICE_REQUEST);
	StorPortLogError(mini.extension, NULL, 0, 0, 0, SP_INTERNAL_ADAPTER_ERROR, 7);
	assert_int_equal(rig.adapter.errors_logged, 1);
	StorPortNotification(ResetDetected, mini.extension);
	assert_int_equal(rig.adapter.bus_resets, 1);
	StorPortNotification(BusChangeDetected, mini.extension, 0);
	StorPortNotification(NextRequest, mini.extension);
}

int main(void)
{
#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, rig_set_up, rig_tear_down)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_reference_surface_is_there),
		WITH_RIG(test_ports_and_registers_are_reached_by_address),
		WITH_RIG(test_an_address_of_no_device_floats),
		WITH_RIG(test_a_register_access_is_a_safe_point),
		WITH_RIG(test_only_the_adapters_own_range_is_mapped),
		WITH_RIG(test_there_is_one_uncached_extension),
		WITH_RIG(test_addresses_translate_there_and_back),
		WITH_RIG(test_the_scatter_list_is_the_data),
		WITH_RIG(test_pool_memory_is_for_levels_up_to_dispatch),
		cmocka_unit_test(test_moved_memory_may_overlap),
		WITH_RIG(test_there_is_one_registry_buffer_and_no_registry),
		WITH_RIG(test_configuration_space),
		WITH_RIG(test_time_goes_on),
		WITH_RIG(test_a_channel_for_each_cpu),
		WITH_RIG(test_a_change_is_dealt_with_one_at_a_time),
		WITH_RIG(test_attributes_and_notices_are_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
