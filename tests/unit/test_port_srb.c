/* SPDX-License-Identifier: MIT */
/*
 * What HwStorFindAdapter is told, and requests as extended SRBs for miniports that ask for them.
 * Source: Microsoft's public DDI reference, PORT_CONFIGURATION_INFORMATION and STORAGE_REQUEST_BLOCK.
 */
#include "tests/unit/test_miniport.h"

#include "hba_sim/ddk/srbhelper.h"

static void test_the_configuration_is_filled_in_as_documented(void **state)
{
	const PORT_CONFIGURATION_INFORMATION *config = &mini.config;

	mini.unit_bytes = 40;
	rig_start();
	assert_int_equal(config->Length, sizeof(*config));
	assert_int_equal(config->AdapterInterfaceType, PCIBus);
	assert_int_equal(config->InterruptMode, LevelSensitive);
	assert_int_equal(config->MaximumTransferLength, SP_UNINITIALIZED_VALUE);
	assert_int_equal(config->NumberOfPhysicalBreaks, 0x11);
	assert_int_equal(config->DmaChannel, SP_UNINITIALIZED_VALUE);
	assert_int_equal(config->DmaPort, SP_UNINITIALIZED_VALUE);
	for (unsigned i = 0; i < sizeof(config->InitiatorBusId); i++)
		assert_int_equal((UCHAR)config->InitiatorBusId[i], 0xff);
	assert_true(config->ScatterGather && config->Master && config->Dma32BitAddresses && config->NeedPhysicalAddresses);
	assert_true(config->TaggedQueuing && config->AutoRequestSense && config->MultipleRequestPerLu && config->WmiDataProvider);
	assert_false(config->CachesData || config->DemandMode || config->VirtualDevice);
	assert_int_equal(config->Dma64BitAddresses, SCSI_DMA64_SYSTEM_SUPPORTED);
	assert_int_equal(config->MaximumNumberOfTargets, SCSI_MAXIMUM_TARGETS_PER_BUS);
	assert_int_equal(config->MaximumNumberOfLogicalUnits, SCSI_MAXIMUM_LOGICAL_UNITS);
	assert_int_equal(config->DeviceExtensionSize, 64);
	assert_int_equal(config->SrbExtensionSize, 32);
	assert_int_equal(config->SpecificLuExtensionSize, 40);
	assert_int_equal(config->MaxNumberOfIO, 1000);
	assert_int_equal(config->MaxIOsPerLun, 255);
	assert_int_equal(config->InitialLunQueueDepth, 20);
	assert_int_equal(config->SrbType, SRB_TYPE_SCSI_REQUEST_BLOCK);
	assert_int_equal(config->AddressType, STORAGE_ADDRESS_TYPE_BTL8);
	assert_int_equal(config->SynchronizationModel, StorSynchronizeHalfDuplex);
}

static void more_srb_extension(PPORT_CONFIGURATION_INFORMATION config)
{
	config->SrbExtensionSize = 4096;
}

static void test_the_srb_extension_is_as_large_as_findadapter_says(void **state)
{
	struct port_request *first;
	struct port_request *second;

	mini.configure = more_srb_extension;
	rig_start();
	first = rig_request();
	second = rig_request();
	assert_true((char *)second->srb.SrbExtension - (char *)first->srb.SrbExtension >= 4096);
}

/* What the miniport finds in an extended SRB, by hand and by the accessors. */
static unsigned extended_seen;

static BOOLEAN examine(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	PSTORAGE_REQUEST_BLOCK block = (PSTORAGE_REQUEST_BLOCK)srb;
	PSTOR_ADDR_BTL8 address = (PSTOR_ADDR_BTL8)((PUCHAR)block + block->AddressOffset);
	PSRBEX_DATA_SCSI_CDB16 command = (PSRBEX_DATA_SCSI_CDB16)((PUCHAR)block + block->SrbExDataOffset[0]);

	assert_int_equal(srb->Function, SRB_FUNCTION_STORAGE_REQUEST_BLOCK);
	assert_int_equal(block->Length, offsetof(STORAGE_REQUEST_BLOCK, Signature));
	assert_int_equal(block->Signature, SRB_SIGNATURE);
	assert_int_equal(block->Version, STORAGE_REQUEST_BLOCK_VERSION_1);
	assert_int_equal(block->SrbFunction, SRB_FUNCTION_EXECUTE_SCSI);
	assert_int_equal(block->SrbStatus, SRB_STATUS_PENDING);
	assert_int_equal(block->ZeroGuard1, 0);
	assert_null(block->ZeroGuard2);
	assert_int_equal(block->NumSrbExData, 1);
	assert_in_range(block->SrbExDataOffset[0] + sizeof(*command), sizeof(*block), block->SrbLength);
	assert_in_range(block->AddressOffset + sizeof(*address), sizeof(*block), block->SrbLength);
	assert_int_equal(address->Type, STOR_ADDRESS_TYPE_BTL8);
	assert_int_equal(address->AddressLength, STOR_ADDR_BTL8_ADDRESS_LENGTH);
	assert_int_equal(command->Type, SrbExDataTypeScsiCdb16);
	assert_int_equal(command->Length, SRBEX_DATA_SCSI_CDB16_LENGTH);
	extended_seen++;
	return mini_keep(extension, srb);
}

static struct port_request *extended_request(void)
{
	static const uint8_t read_10[10] = { 0x28, 0, 0, 0, 0, 7, 0, 0, 1, 0 };
	struct port_request *request = rig_request();

	port_request_prepare(request, 3, read_10, sizeof(read_10), SRB_FLAGS_DATA_IN, 512);
	return request;
}

static void test_a_miniport_that_takes_extended_srbs_gets_them(void **state)
{
	struct port_request *request;
	PVOID srb;
	PVOID address;

	mini.srb_types = SRB_TYPE_FLAG_STORAGE_REQUEST_BLOCK;
	mini.start = examine;
	extended_seen = 0;
	rig_start();
	assert_int_equal(mini.config.SrbType, SRB_TYPE_STORAGE_REQUEST_BLOCK);
	request = extended_request();
	srb = &request->srb;
	assert_int_equal(SrbGetLun(srb), 3);
	assert_int_equal(SrbGetTargetId(srb), 0);
	assert_int_equal(SrbGetCdbLength(srb), 10);
	assert_int_equal(((PUCHAR)SrbGetCdb(srb))[5], 7);
	assert_int_equal(((PUCHAR)SrbGetCdb(srb))[10], 0);
	assert_int_equal(SrbGetSrbFlags(srb), SRB_FLAGS_DATA_IN | SRB_FLAGS_QUEUE_ACTION_ENABLE);
	assert_ptr_equal(SrbGetDataBuffer(srb), request->data);
	assert_int_equal(SrbGetDataTransferLength(srb), 512);
	assert_int_equal(port_request_bytes(request), 512);
	assert_int_equal(SrbGetSenseInfoBufferLength(srb), sizeof(SENSE_DATA));
	assert_true(sim_phys_of(&rig.machine.phys, SrbGetSenseInfoBuffer(srb)) != 0);
	assert_true(sim_phys_of(&rig.machine.phys, SrbGetMiniportContext(srb)) != 0);
	assert_int_equal(SrbGetTimeOutValue(srb), 30);
	assert_int_equal(StorPortGetScatterGatherList(mini.extension, srb)->List[0].Length, 512);
	assert_int_equal(StorPortGetSystemAddress(mini.extension, srb, &address), STOR_STATUS_SUCCESS);
	assert_ptr_equal(address, request->data);
	port_submit(request, rig.cpu);
	assert_int_equal(extended_seen, 1);
	rig_interrupt();
	assert_int_equal(rig.dones, 1);
	assert_ptr_equal(rig.done[0], request);
	assert_int_equal(request->srb.SrbStatus, SRB_STATUS_SUCCESS);
}

static void test_an_extended_srb_is_used_again(void **state)
{
	static const uint8_t test_unit_ready[6] = { 0 };
	struct port_request *request;

	mini.srb_types = SRB_TYPE_FLAG_STORAGE_REQUEST_BLOCK | SRB_TYPE_FLAG_SCSI_REQUEST_BLOCK;
	mini.start = examine;
	extended_seen = 0;
	rig_start();
	request = extended_request();
	SrbSetScsiStatus(&request->srb, 2);
	SrbSetSenseInfoBufferLength(&request->srb, 1);
	port_request_prepare(request, 0, test_unit_ready, sizeof(test_unit_ready), 0, 0);
	assert_int_equal(SrbGetCdbLength(&request->srb), 6);
	assert_int_equal(((PUCHAR)SrbGetCdb(&request->srb))[5], 0);
	assert_int_equal(((PUCHAR)SrbGetCdb(&request->srb))[8], 0);
	assert_int_equal(SrbGetScsiStatus(&request->srb), 0);
	assert_int_equal(SrbGetSenseInfoBufferLength(&request->srb), sizeof(SENSE_DATA));
	assert_int_equal(SrbGetLun(&request->srb), 0);
	assert_null(StorPortGetScatterGatherList(mini.extension, &request->srb));
	port_submit(request, rig.cpu);
	assert_int_equal(extended_seen, 1);
}

static BOOLEAN refuse_once(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	return mini.starts > 1 ? examine(extension, srb) : FALSE;
}

static void test_a_refused_extended_srb_comes_again(void **state)
{
	mini.srb_types = SRB_TYPE_FLAG_STORAGE_REQUEST_BLOCK;
	mini.start = refuse_once;
	extended_seen = 0;
	rig_start();
	port_submit(extended_request(), rig.cpu);
	for (unsigned looks = 0; !extended_seen && looks < 10000000; looks++)
		sim_cpu_look(rig.cpu);
	assert_int_equal(extended_seen, 1);
	assert_int_equal(rig.adapter.busy_refusals, 1);
}

static void ask_for_classic(PPORT_CONFIGURATION_INFORMATION config)
{
	config->SrbType = SRB_TYPE_SCSI_REQUEST_BLOCK;
}

static void ask_for_extended(PPORT_CONFIGURATION_INFORMATION config)
{
	config->SrbType = SRB_TYPE_STORAGE_REQUEST_BLOCK;
}

static void test_findadapter_may_choose_the_classic_form(void **state)
{
	mini.srb_types = SRB_TYPE_FLAG_STORAGE_REQUEST_BLOCK | SRB_TYPE_FLAG_SCSI_REQUEST_BLOCK;
	mini.configure = ask_for_classic;
	rig_start();
	assert_int_equal(rig_submit()->srb.Function, SRB_FUNCTION_EXECUTE_SCSI);
}

static void test_extended_srbs_must_be_declared(void **state)
{
	mini.configure = ask_for_extended;
	assert_int_equal(rig_try_start(), -EINVAL);
	assert_non_null(strstr(rig.error, "SrbTypeFlags"));
}

static void ask_for_no_form(PPORT_CONFIGURATION_INFORMATION config)
{
	config->SrbType = 7;
}

static void test_a_type_of_srb_that_is_none_is_refused(void **state)
{
	mini.configure = ask_for_no_form;
	mini.srb_types = SRB_TYPE_FLAG_STORAGE_REQUEST_BLOCK;
	assert_int_equal(rig_try_start(), -EINVAL);
	assert_non_null(strstr(rig.error, "SrbType is 7"));
}

static void test_every_request_has_a_queue_tag_of_its_own(void **state)
{
	rig_start();
	for (unsigned i = 0; i < 4; i++) {
		const SCSI_REQUEST_BLOCK *srb = &rig_request()->srb;

		assert_int_equal(srb->QueueTag, i);
		assert_int_equal(srb->QueueAction, SRB_SIMPLE_TAG_REQUEST);
		assert_true(srb->SrbFlags & SRB_FLAGS_QUEUE_ACTION_ENABLE);
	}
	rig.requests = 0;
	for (unsigned i = 4; i <= SP_UNTAGGED; i++) {
		rig.requests = 0;
		assert_int_equal(rig_request()->srb.QueueTag, i);
	}
	assert_int_equal(rig_request()->srb.QueueTag, SP_UNTAGGED);
}

static void test_extended_srbs_have_tags_of_32_bits(void **state)
{
	mini.srb_types = SRB_TYPE_FLAG_STORAGE_REQUEST_BLOCK;
	rig_start();
	for (unsigned i = 0; i < 300; i++) {
		rig.requests = 0;
		assert_int_equal(SrbGetRequestTag(&rig_request()->srb), i);
	}
}

/* --- What the miniport takes --- */

static char refusal[160];

static void check_taken(uint32_t bytes, uint32_t requests, unsigned units)
{
	assert_int_equal(adapter_takes(&rig.adapter, bytes, requests, units, refusal, sizeof(refusal)), 0);
}

static void check_not_taken(uint32_t bytes, uint32_t requests, unsigned units, const char *field)
{
	assert_int_equal(adapter_takes(&rig.adapter, bytes, requests, units, refusal, sizeof(refusal)), -EINVAL);
	assert_non_null(strstr(refusal, field));
}

static void test_without_limits_of_its_own_a_miniport_takes_all(void **state)
{
	rig_start();
	check_taken(UINT32_MAX - 1, 100000, 8);
	check_not_taken(512, 1, 9, "MaximumNumberOfLogicalUnits");
}

static void set_limits(PPORT_CONFIGURATION_INFORMATION config)
{
	config->MaximumTransferLength = 65536;
	config->MaxNumberOfIO = 32;
	config->MaxIOsPerLun = 16;
	config->MaximumNumberOfLogicalUnits = 3;
}

static void test_what_a_miniport_does_not_take_is_named(void **state)
{
	mini.configure = set_limits;
	rig_start();
	check_taken(65536, 16, 1);
	check_taken(65536, 16, 3);
	check_not_taken(65537, 16, 1, "MaximumTransferLength");
	check_not_taken(65536, 17, 1, "MaxIOsPerLun");
	check_not_taken(65536, 16, 4, "MaximumNumberOfLogicalUnits");
	rig.adapter.port_config.MaxIOsPerLun = 255;
	check_taken(65536, 32, 1);
	check_not_taken(65536, 33, 1, "MaxNumberOfIO");
	rig.adapter.port_config.AlignmentMask = FILE_512_BYTE_ALIGNMENT;
	check_taken(65536, 32, 1);
	rig.adapter.port_config.AlignmentMask = 0x3ff;
	check_not_taken(65536, 32, 1, "AlignmentMask");
}

int main(void)
{
#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, rig_set_up, rig_tear_down)
	const struct CMUnitTest tests[] = {
		WITH_RIG(test_the_configuration_is_filled_in_as_documented),
		WITH_RIG(test_the_srb_extension_is_as_large_as_findadapter_says),
		WITH_RIG(test_a_miniport_that_takes_extended_srbs_gets_them),
		WITH_RIG(test_an_extended_srb_is_used_again),
		WITH_RIG(test_a_refused_extended_srb_comes_again),
		WITH_RIG(test_findadapter_may_choose_the_classic_form),
		WITH_RIG(test_extended_srbs_must_be_declared),
		WITH_RIG(test_a_type_of_srb_that_is_none_is_refused),
		WITH_RIG(test_every_request_has_a_queue_tag_of_its_own),
		WITH_RIG(test_extended_srbs_have_tags_of_32_bits),
		WITH_RIG(test_without_limits_of_its_own_a_miniport_takes_all),
		WITH_RIG(test_what_a_miniport_does_not_take_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
