/* SPDX-License-Identifier: MIT */
/*
 * The port's routines at their limits and in the wrong state, as their public pages have it.
 * Source: Microsoft's public DDI reference, storport.h.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/test_miniport.h"

#include "hba_sim/ddk/srbhelper.h"

static STOR_ADDR_BTL8 unit_address(UCHAR path, UCHAR target, UCHAR lun)
{
	return (STOR_ADDR_BTL8){ .Type = STOR_ADDRESS_TYPE_BTL8, .AddressLength = STOR_ADDR_BTL8_ADDRESS_LENGTH, .Path = path,
				 .Target = target, .Lun = lun };
}

/* --- Reports --- */

static ULONG set_attributes(STOR_ADDR_BTL8 address, STOR_UNIT_ATTRIBUTES attributes)
{
	return StorPortSetUnitAttributes(mini.extension, (PSTOR_ADDRESS)&address, attributes);
}

static void test_attributes_are_of_a_unit_that_exists(void **state)
{
	const STOR_UNIT_ATTRIBUTES known = { .AsyncNotificationSupported = 1 };
	const STOR_UNIT_ATTRIBUTES reserved = { .Reserved = 1 };
	STOR_ADDR_BTL8 malformed = unit_address(0, 0, 0);

	rig_start();
	assert_int_equal(set_attributes(unit_address(0, 0, 7), known), STOR_STATUS_SUCCESS);
	assert_int_equal(set_attributes(unit_address(0, 0, 0), reserved), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(set_attributes(unit_address(0, 0, 8), known), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(set_attributes(unit_address(0, 1, 0), known), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(set_attributes(unit_address(1, 0, 0), known), STOR_STATUS_INVALID_PARAMETER);
	malformed.AddressLength--;
	assert_int_equal(set_attributes(malformed, known), STOR_STATUS_INVALID_PARAMETER);
	malformed = unit_address(0, 0, 0);
	malformed.Type++;
	assert_int_equal(set_attributes(malformed, known), STOR_STATUS_INVALID_PARAMETER);
}

static void test_flow_control_is_of_a_unit_that_exists(void **state)
{
	rig_start();
	assert_true(StorPortDeviceReady(mini.extension, 0, 0, 7));
	assert_false(StorPortDeviceReady(mini.extension, 0, 0, 8));
	assert_false(StorPortDeviceBusy(mini.extension, 0, 0, 8, 1));
	assert_false(StorPortPauseDevice(mini.extension, 0, 0, 8, 60));
	assert_false(StorPortResumeDevice(mini.extension, 0, 0, 8));
	assert_false(StorPortSetDeviceQueueDepth(mini.extension, 0, 0, 8, 1));
	rig_submit();
	assert_int_equal(mini.starts, 1);
}

static void test_a_service_time_is_taken(void **state)
{
	struct port_request *request;

	rig_start();
	request = rig_submit();
	StorPortNotification(IoTargetRequestServiceTime, mini.extension, (ULONGLONG)10, &request->srb);
	assert_int_equal(rig.dones, 0);
	rig_interrupt();
	assert_int_equal(rig.dones, 1);
}

static void test_a_buffer_overrun_stops_the_machine(void **state)
{
	int status;
	pid_t child;

	rig_start();
	child = fork();
	if (!child) {
		freopen("/dev/null", "w", stderr);
		StorPortNotification(BufferOverrunDetected, mini.extension);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

/* --- Who is asked about what --- */

static void test_without_an_extension_messages_are_refused(void **state)
{
	MESSAGE_INTERRUPT_INFORMATION message;
	ULONG irql;

	rig_start();
	assert_int_equal(StorPortAcquireMSISpinLock(NULL, 0, &irql), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(StorPortReleaseMSISpinLock(NULL, 0, 0), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(StorPortGetMSIInfo(NULL, 0, &message), STOR_STATUS_INVALID_PARAMETER);
	assert_int_equal(StorPortGetMSIInfo(mini.extension, 0, NULL), STOR_STATUS_INVALID_PARAMETER);
}

static void test_perf_params_are_of_an_srb_of_the_port(void **state)
{
	STARTIO_PERFORMANCE_PARAMETERS parameters = { .Version = 77, .Size = sizeof(parameters) };
	struct port_request *request;
	struct port_request foreign;

	rig_start();
	request = rig_request();
	assert_int_equal(StorPortGetStartIoPerfParams(mini.extension, &request->srb, &parameters), STOR_STATUS_SUCCESS);
	assert_int_equal(parameters.Version, 1);
	memset(&foreign, 0, sizeof(foreign));
	assert_int_equal(StorPortGetStartIoPerfParams(mini.extension, &foreign.srb, &parameters), STOR_STATUS_INVALID_PARAMETER);
}

static void test_there_is_one_slot(void **state)
{
	unsigned char latency = 0x40;
	PPCI_COMMON_CONFIG copy = NULL;
	PCI_COMMON_CONFIG config;

	rig_start();
	assert_int_equal(mini.config.SlotNumber, 0);
	memset(&config, 0xee, sizeof(config));
	assert_int_equal(StorPortGetBusData(mini.extension, PCIConfiguration, 0, 1, &config, 4), 2);
	assert_int_equal(config.VendorID, PCI_INVALID_VENDORID);
	assert_int_equal(((unsigned char *)&config)[4], 0xee);
	assert_int_equal(StorPortGetBusData(mini.extension, PCIConfiguration, 0, 1, &copy, 0), 2);
	assert_int_equal(copy->VendorID, PCI_INVALID_VENDORID);
	assert_int_equal(StorPortSetBusDataByOffset(mini.extension, PCIConfiguration, 0, 1, &latency, 13, 1), 0);
	assert_int_equal(StorPortGetBusData(mini.extension, PCIConfiguration, 0, 0, &config, 16), 16);
	assert_int_equal(config.VendorID, MINI_VENDOR);
	assert_int_equal(config.LatencyTimer, 0);
}

static ULONG mapped(PSCSI_REQUEST_BLOCK srb, PVOID address)
{
	ULONG length = 77;

	StorPortGetPhysicalAddress(mini.extension, srb, address, &length);
	return length;
}

static void test_a_mapping_ends_with_its_buffer(void **state)
{
	PORT_CONFIGURATION_INFORMATION config = { 0 };
	struct port_request *request;
	PSCSI_REQUEST_BLOCK srb;
	char *uncached;

	rig_start();
	uncached = StorPortGetUncachedExtension(mini.extension, &config, 5000);
	assert_ptr_equal(StorPortGetUncachedExtension(mini.extension, &config, 9000), uncached);
	assert_int_equal(mapped(NULL, uncached), 5000);
	assert_int_equal(mapped(NULL, uncached + 4999), 1);
	request = rig_request();
	srb = &request->srb;
	srb->DataTransferLength = 500;
	assert_int_equal(mapped(srb, (char *)srb->DataBuffer + 100), 400);
	assert_int_equal(mapped(srb, srb->SenseInfoBuffer), sizeof(SENSE_DATA));
	assert_true(mapped(NULL, srb->SrbExtension) >= 32);
	assert_int_equal(mapped(NULL, &config), 0);
}

static void test_extended_requests_of_one_unit_are_completed(void **state)
{
	static const uint8_t cdb[6] = { 0 };

	mini.srb_types = SRB_TYPE_FLAG_STORAGE_REQUEST_BLOCK;
	rig_start();
	for (UCHAR i = 0; i < 4; i++) {
		struct port_request *request = rig_request();

		port_request_prepare(request, i % 2, cdb, sizeof(cdb), 0, 0);
		port_submit(request, rig.cpu);
	}
	StorPortCompleteRequest(mini.extension, 0, 0, 1, SRB_STATUS_ABORTED);
	sim_cpu_look(rig.cpu);
	assert_int_equal(rig.dones, 2);
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(SrbGetLun(&rig.done[i]->srb), 1);
}

static unsigned timer_calls;

static VOID on_timer(PVOID extension, PVOID context)
{
	timer_calls++;
}

static void test_a_timer_without_a_routine_is_refused(void **state)
{
	PVOID timer;

	timer_calls = 0;
	rig_start();
	assert_int_equal(StorPortInitializeTimer(mini.extension, &timer), STOR_STATUS_SUCCESS);
	assert_int_equal(StorPortRequestTimer(mini.extension, timer, on_timer, NULL, 5, 0), STOR_STATUS_SUCCESS);
	assert_int_equal(StorPortRequestTimer(mini.extension, timer, NULL, NULL, 0, 0), STOR_STATUS_INVALID_PARAMETER);
	for (unsigned looks = 0; !timer_calls && looks < 100000000; looks++)
		sim_cpu_look(rig.cpu);
	assert_int_equal(timer_calls, 1);
}

static ULONG without_registry_path;

static ULONG entry_without_path(PVOID driver, PVOID registry)
{
	HW_INITIALIZATION_DATA data = { .HwInitializationDataSize = sizeof(data) };

	without_registry_path = StorPortInitialize(driver, NULL, &data, NULL);
	return mini_entry(driver, registry);
}

static void test_a_miniport_registers_with_both_arguments(void **state)
{
	assert_int_equal(adapter_start(&rig.adapter, &rig.machine, entry_without_path, &rig.config, rig.error, sizeof(rig.error)), 0);
	assert_int_equal(without_registry_path, (ULONG)STATUS_INVALID_PARAMETER);
}

int main(void)
{
#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, rig_set_up, rig_tear_down)
	const struct CMUnitTest tests[] = {
		WITH_RIG(test_attributes_are_of_a_unit_that_exists),
		WITH_RIG(test_flow_control_is_of_a_unit_that_exists),
		WITH_RIG(test_a_service_time_is_taken),
		WITH_RIG(test_a_buffer_overrun_stops_the_machine),
		WITH_RIG(test_without_an_extension_messages_are_refused),
		WITH_RIG(test_perf_params_are_of_an_srb_of_the_port),
		WITH_RIG(test_there_is_one_slot),
		WITH_RIG(test_a_mapping_ends_with_its_buffer),
		WITH_RIG(test_extended_requests_of_one_unit_are_completed),
		WITH_RIG(test_a_timer_without_a_routine_is_refused),
		WITH_RIG(test_a_miniport_registers_with_both_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
