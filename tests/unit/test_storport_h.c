/* SPDX-License-Identifier: MIT */
/*
 * The StorPort headers: layouts of 64-bit Windows, bits where the SCSI and PCI
 * standards put them, list, page and interlocked operations, both forms of
 * request block through one set of accessors, and every callback type in use.
 *
 * The headers are included the way a driver's translation unit does it: after
 * the C library, with `long` mapped to 32 bits and `__attribute__` defined
 * away. The port driver is not linked: the few routines called are defined
 * here.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define long int
#define __attribute__(x)
#include "hba_sim/ddk/ntddscsi.h"
#include "hba_sim/ddk/srbhelper.h"
#include "hba_sim/ddk/storport.h"

#define STOR_USE_SCSI_ALIASES
#include "hba_sim/ddk/storport.h"

/* What drivers do: hand an `unsigned long *` to a routine that takes PULONG. */
static ULONG through_unsigned_long(ULONG value)
{
	unsigned long copy = value;
	PULONG pointer = &copy;

	return *pointer;
}
#undef long
#undef __attribute__

#include <stdatomic.h>

#include <cmocka.h>

struct layout {
	const char *what;
	size_t is, must_be;
};

#define SIZE(type, bytes) { "sizeof " #type, sizeof(type), bytes }
#define OFFSET(type, field, bytes) \
	{ #type "." #field, offsetof(type, field), bytes }

static void test_layouts_are_those_of_64_bit_windows(void **state)
{
	static const struct layout layouts[] = {
		SIZE(LONG, 4), SIZE(ULONG, 4), SIZE(LONGLONG, 8),
		SIZE(ULONG_PTR, 8), SIZE(SIZE_T, 8), SIZE(WCHAR, 2),
		SIZE(BOOLEAN, 1), SIZE(KIRQL, 1), SIZE(NTSTATUS, 4),
		SIZE(PHYSICAL_ADDRESS, 8), SIZE(LIST_ENTRY, 16),
		SIZE(GROUP_AFFINITY, 16), SIZE(ACCESS_RANGE, 16),
		SIZE(CDB, 16), SIZE(SENSE_DATA, 18), SIZE(INQUIRYDATA, 104),
		SIZE(READ_CAPACITY_DATA, 8), SIZE(READ_CAPACITY_DATA_EX, 12),
		SIZE(MODE_CACHING_PAGE, 12), SIZE(VPD_BLOCK_LIMITS_PAGE, 64),
		SIZE(SRB_IO_CONTROL, 28), SIZE(SCSI_REQUEST_BLOCK, 88),
		OFFSET(SCSI_REQUEST_BLOCK, SrbFlags, 12),
		OFFSET(SCSI_REQUEST_BLOCK, DataBuffer, 24),
		OFFSET(SCSI_REQUEST_BLOCK, NextSrb, 40),
		OFFSET(SCSI_REQUEST_BLOCK, SrbExtension, 56),
		OFFSET(SCSI_REQUEST_BLOCK, Cdb, 72),
		SIZE(STOR_DEVICE_CAPABILITIES, 8),
		SIZE(STORAGE_REQUEST_BLOCK, 128),
		OFFSET(STORAGE_REQUEST_BLOCK, SrbFunction, 20),
		OFFSET(STORAGE_REQUEST_BLOCK, MiniportContext, 104),
		SIZE(STOR_LOCK_HANDLE, 32),
		OFFSET(STOR_LOCK_HANDLE, Context.LockQueue.Lock, 16),
		OFFSET(STOR_LOCK_HANDLE, Context.OldIrql, 24),
		SIZE(STOR_DPC, 72), SIZE(STOR_SCATTER_GATHER_ELEMENT, 24),
		OFFSET(STOR_SCATTER_GATHER_LIST, List, 16),
		SIZE(MESSAGE_INTERRUPT_INFORMATION, 32),
		SIZE(PERF_CONFIGURATION_DATA, 40),
		SIZE(STOR_LOG_EVENT_DETAILS, 72),
		SIZE(HW_INITIALIZATION_DATA, 208),
		OFFSET(HW_INITIALIZATION_DATA, HwBuildIo, 128),
		SIZE(PORT_CONFIGURATION_INFORMATION, 224),
		OFFSET(PORT_CONFIGURATION_INFORMATION, MapBuffers, 89),
		OFFSET(PORT_CONFIGURATION_INFORMATION, SrbType, 98),
		OFFSET(PORT_CONFIGURATION_INFORMATION, Dma64BitAddresses, 144),
		OFFSET(PORT_CONFIGURATION_INFORMATION, HwMSInterruptRoutine,
		       152),
		SIZE(PCI_COMMON_CONFIG, 256),
	};

	for (size_t i = 0; i < ARRAYSIZE(layouts); i++)
		if (layouts[i].is != layouts[i].must_be)
			fail_msg("%s is %zu, must be %zu", layouts[i].what,
				 layouts[i].is, layouts[i].must_be);
	assert_int_equal(through_unsigned_long(0x89abcdef), 0x89abcdef);
}

static void test_enumerators_have_their_documented_values(void **state)
{
	assert_int_equal(STOR_FEATURE_EXTRA_IO_INFORMATION, 1 << 7);
	assert_int_equal(STOR_FEATURE_SET_ADAPTER_INTERFACE_TYPE, 1 << 11);
	assert_int_equal(STOR_ADAPTER_FEATURE_ABORT_COMMAND, 0x10);
	assert_int_equal(STOR_ADAPTER_DMA_ADDRESS_WIDTH_SPECIFIED, 0x40);
	assert_int_equal(FILE_512_BYTE_ALIGNMENT, 511);
	assert_int_equal(SRB_STATUS_INSUFFICIENT_RESOURCES, 0x26);
	assert_int_equal(SRB_STATUS_THROTTLED_REQUEST, 0x27);
	assert_int_equal(SRB_FUNCTION_CRYPTO_OPERATION, 0x29);
	assert_int_equal(DpcLock, 1);
	assert_int_equal(StartIoLock, 2);
	assert_int_equal(InterruptLock, 3);
	assert_int_equal(StorSynchronizeHalfDuplex, 0);
	assert_int_equal(InterruptSynchronizePerMessage, 2);
	assert_int_equal(PCIBus, 5);
	assert_int_equal(PCIConfiguration, 4);
	assert_int_equal(RequestTimerCall, 6);
	assert_int_equal(LinkDown, 11);
	assert_int_equal(QueryTickCount, 12);
	assert_int_equal(EnablePassiveInitialization, 0x1000);
	assert_int_equal(SP_RETURN_FOUND, 1);
	assert_int_equal(ScsiAdapterSurpriseRemoval, 16);
	assert_int_equal(SRB_STATUS(SRB_STATUS_ERROR |
				    SRB_STATUS_AUTOSENSE_VALID),
			 SRB_STATUS_ERROR);
	assert_true(NT_SUCCESS(STATUS_SUCCESS));
	assert_false(NT_SUCCESS(STATUS_INVALID_PARAMETER));
	assert_true(STOR_STATUS_INVALID_PARAMETER == 0xC1000006u);
}

static void test_cdb_and_sense_bits_are_where_t10_has_them(void **state)
{
	const UCHAR write10[16] = { 0x2A, 0x08, 1, 2, 3, 4, 0, 5, 6, 7 };
	const UCHAR mode_sense[16] = { 0x1A, 0x08, 0x48, 0, 0xC0, 0 };
	const UCHAR sense[18] = { 0xF0, 0, 0x25, 0, 0, 0, 9, 10,
				  0, 0, 0, 0, 0x24, 0x01 };
	const UCHAR inquiry[36] = { 0x20, 0x80, 0x05, 0x12, 31, 0, 0, 0x02,
				    'V', 'E', 'N' };
	SENSE_DATA sense_data;
	INQUIRYDATA data = { 0 };
	CDB cdb;

	memcpy(&cdb, write10, sizeof(cdb));
	assert_int_equal(cdb.CDB10.OperationCode, SCSIOP_WRITE);
	assert_int_equal(cdb.CDB10.ForceUnitAccess, 1);
	assert_int_equal(cdb.CDB10.DisablePageOut, 0);
	assert_int_equal(cdb.CDB10.LogicalBlockByte3, 4);
	assert_int_equal(cdb.CDB10.TransferBlocksLsb, 6);
	assert_int_equal(cdb.CDB10.Control, 7);
	assert_int_equal(cdb.AsByte[1], 8);

	memcpy(&cdb, mode_sense, sizeof(cdb));
	assert_int_equal(cdb.MODE_SENSE.Dbd, 1);
	assert_int_equal(cdb.MODE_SENSE.PageCode, MODE_PAGE_CACHING);
	assert_int_equal(cdb.MODE_SENSE.Pc, 1);
	assert_int_equal(cdb.MODE_SENSE.AllocationLength, 0xC0);

	memcpy(&sense_data, sense, sizeof(sense_data));
	assert_int_equal(sense_data.ErrorCode, 0x70);
	assert_int_equal(sense_data.Valid, 1);
	assert_int_equal(sense_data.SenseKey, SCSI_SENSE_ILLEGAL_REQUEST);
	assert_int_equal(sense_data.IncorrectLength, 1);
	assert_int_equal(sense_data.AdditionalSenseCode,
			 SCSI_ADSENSE_INVALID_CDB);
	assert_int_equal(sense_data.AdditionalSenseCodeQualifier, 1);

	memcpy(&data, inquiry, sizeof(inquiry));
	assert_int_equal(data.DeviceType, DIRECT_ACCESS_DEVICE);
	assert_int_equal(data.DeviceTypeQualifier, DEVICE_QUALIFIER_NOT_ACTIVE);
	assert_int_equal(data.RemovableMedia, 1);
	assert_int_equal(data.ResponseDataFormat, 2);
	assert_int_equal(data.HiSupport, 1);
	assert_int_equal(data.CommandQueue, 1);
	assert_memory_equal(data.VendorId, "VEN", 3);
}

static void test_large_integers_and_big_endian_values(void **state)
{
	STOR_PHYSICAL_ADDRESS address = { .QuadPart = 0x1234567890abcdef };
	EIGHT_BYTE bytes = { .AsULongLong = 0x0102030405060708 };
	ULONGLONG quad = 0x0102030405060708;
	USHORT two = 0x1234;
	ULONG four = 0x01020304;

	assert_int_equal(address.LowPart, 0x90abcdef);
	assert_int_equal(address.u.HighPart, 0x12345678);
	address.HighPart = -1;
	address.u.LowPart = 0xfffffffe;
	assert_int_equal(address.QuadPart, -2);
	assert_int_equal(StorPortConvertPhysicalAddressToUlong(address),
			 0xfffffffe);
	assert_int_equal(bytes.Byte0, 8);
	assert_int_equal(bytes.Byte7, 1);

	REVERSE_BYTES_SHORT(&two, &two);
	assert_int_equal(two, 0x3412);
	REVERSE_LONG(&four);
	assert_int_equal(four, 0x04030201);
	REVERSE_BYTES_QUAD(&bytes.AsULongLong, &quad);
	assert_int_equal(bytes.AsULongLong, 0x0807060504030201);
	assert_int_equal(quad, 0x0102030405060708);
}

static void test_pages_pointers_and_memory(void **state)
{
	PUCHAR base = (PUCHAR)(ULONG_PTR)0x10000;
	struct {
		ULONG before;
		LIST_ENTRY link;
	} object;

	assert_int_equal(ROUND_TO_PAGES(0), 0);
	assert_int_equal(ROUND_TO_PAGES(1), PAGE_SIZE);
	assert_int_equal(ROUND_TO_PAGES(PAGE_SIZE), PAGE_SIZE);
	assert_int_equal(BYTES_TO_PAGES(PAGE_SIZE + 1), 2);
	assert_int_equal(BYTE_OFFSET(base + 5), 5);
	assert_ptr_equal(PAGE_ALIGN(base + 5), base);
	assert_int_equal(ADDRESS_AND_SIZE_TO_SPAN_PAGES(base, PAGE_SIZE), 1);
	assert_int_equal(ADDRESS_AND_SIZE_TO_SPAN_PAGES(base + 1, 4096), 2);
	assert_int_equal(ADDRESS_AND_SIZE_TO_SPAN_PAGES(base + 4095, 2), 2);
	assert_int_equal(ADDRESS_AND_SIZE_TO_SPAN_PAGES(base, 0), 0);
	assert_ptr_equal(CONTAINING_RECORD(&object.link, typeof(object), link),
			 &object);
	assert_int_equal(FIELD_OFFSET(SCSI_REQUEST_BLOCK, Cdb), 72);
	assert_int_equal(PtrToUlong(ULongToPtr(0xfedcba98)), 0xfedcba98);
	assert_int_equal(min(3, 2) + max(3, 2), 5);
	assert_int_equal(RtlCompareMemory("abcd", "abXd", 4), 2);
	assert_int_equal(RtlCompareMemory("abcd", "abcd", 4), 4);
	RtlFillMemory(&object, sizeof(object), 0x5a);
	assert_int_equal(object.before, 0x5a5a5a5a);
	RtlZeroMemory(&object, sizeof(object));
	assert_null(object.link.Blink);
}

static void test_doubly_linked_lists_keep_their_order(void **state)
{
	LIST_ENTRY head, other, a, b, c, d;

	InitializeListHead(&head);
	assert_true(IsListEmpty(&head));
	assert_ptr_equal(RemoveHeadList(&head), &head);
	InsertTailList(&head, &b);
	InsertHeadList(&head, &a);
	InsertTailList(&head, &c);
	assert_false(IsListEmpty(&head));
	assert_ptr_equal(head.Flink, &a);
	assert_ptr_equal(head.Blink, &c);
	assert_ptr_equal(b.Flink, &c);
	assert_ptr_equal(b.Blink, &a);

	assert_false(RemoveEntryList(&b));
	assert_ptr_equal(a.Flink, &c);
	assert_ptr_equal(c.Blink, &a);
	assert_ptr_equal(RemoveTailList(&head), &c);
	assert_true(RemoveEntryList(&a));
	assert_true(IsListEmpty(&head));

	InitializeListHead(&other);
	InsertTailList(&head, &a);
	InsertTailList(&other, &b);
	InsertTailList(&other, &c);
	RemoveEntryList(&other);
	AppendTailList(&head, &b);
	InsertTailList(&head, &d);
	assert_ptr_equal(RemoveHeadList(&head), &a);
	assert_ptr_equal(RemoveHeadList(&head), &b);
	assert_ptr_equal(RemoveHeadList(&head), &c);
	assert_ptr_equal(RemoveHeadList(&head), &d);
	assert_true(IsListEmpty(&head));
}

static void test_single_list_is_a_stack(void **state)
{
	SINGLE_LIST_ENTRY head = { NULL }, a, b;

	assert_null(PopEntryList(&head));
	PushEntryList(&head, &a);
	PushEntryList(&head, &b);
	assert_ptr_equal(PopEntryList(&head), &b);
	assert_ptr_equal(PopEntryList(&head), &a);
	assert_null(PopEntryList(&head));
}

static void test_interlocked_operations_return_what_windows_does(void **state)
{
	SHORT narrow = INT16_MAX;
	LONG value = 5, words[2] = { 0, 0 };
	LONG64 wide = 1LL << 40;
	PVOID pointer = NULL;

	assert_int_equal(InterlockedIncrement(&value), 6);
	assert_int_equal(InterlockedDecrement(&value), 5);
	assert_int_equal(InterlockedExchangeAdd(&value, 3), 5);
	assert_int_equal(InterlockedExchange(&value, 12), 8);
	assert_int_equal(InterlockedAnd(&value, 10), 12);
	assert_int_equal(InterlockedOr(&value, 1), 8);
	assert_int_equal(InterlockedXor(&value, 3), 9);
	assert_int_equal(InterlockedCompareExchange(&value, 77, 9), 10);
	assert_int_equal(value, 10);
	assert_int_equal(InterlockedCompareExchange(&value, 77, 10), 10);
	assert_int_equal(value, 77);

	assert_false(InterlockedBitTestAndSet(words, 63));
	assert_true(InterlockedBitTestAndSet(words, 63));
	assert_int_equal(words[1], INT32_MIN);
	assert_true(InterlockedBitTestAndReset(words, 63));
	assert_int_equal(words[0] | words[1], 0);

	assert_int_equal(InterlockedIncrement64(&wide), (1LL << 40) + 1);
	assert_int_equal(InterlockedDecrement64(&wide), 1LL << 40);
	assert_int_equal(InterlockedExchangeAdd64(&wide, 2), 1LL << 40);
	assert_int_equal(InterlockedCompareExchange64(&wide, 9, 0),
			 (1LL << 40) + 2);
	assert_int_equal(InterlockedExchange64(&wide, 0), (1LL << 40) + 2);
	assert_int_equal(InterlockedAdd64(&wide, (1LL << 40) + 5), (1LL << 40) + 5);
	assert_int_equal(InterlockedAnd64(&wide, 1LL << 40 | 4), (1LL << 40) + 5);
	assert_int_equal(InterlockedOr64(&wide, 1), 1LL << 40 | 4);
	assert_int_equal(wide, 1LL << 40 | 5);
	value = 40;
	assert_int_equal(InterlockedAdd(&value, 2), 42);
	assert_int_equal(value, 42);
	assert_int_equal(InterlockedIncrement16(&narrow), INT16_MIN);
	assert_int_equal(InterlockedDecrement16(&narrow), INT16_MAX);

	assert_null(InterlockedCompareExchangePointer(&pointer, &value, NULL));
	assert_ptr_equal(InterlockedExchangePointer(&pointer, NULL), &value);
}

/* Enough that two CPUs overlap even where the machine is shared. */
#define INCREMENTS 2000000

static LONG shared_count;
static pthread_barrier_t both_ready;

static void *increment_many(void *unused)
{
	pthread_barrier_wait(&both_ready);
	for (int i = 0; i < INCREMENTS; i++)
		InterlockedIncrement(&shared_count);
	KeMemoryBarrier();
	return NULL;
}

static void test_interlocked_increment_loses_nothing(void **state)
{
	pthread_t other;

	assert_int_equal(pthread_barrier_init(&both_ready, NULL, 2), 0);
	assert_int_equal(pthread_create(&other, NULL, increment_many, NULL), 0);
	increment_many(NULL);
	assert_int_equal(pthread_join(other, NULL), 0);
	pthread_barrier_destroy(&both_ready);
	assert_int_equal(shared_count, 2 * INCREMENTS);
}

/* An extended request: header and offsets, address, one typed block. */
struct extended_request {
	STORAGE_REQUEST_BLOCK srb;
	STOR_ADDR_BTL8 address;
	union {
		SRBEX_DATA any;
		SRBEX_DATA_SCSI_CDB16 cdb16;
		SRBEX_DATA_SCSI_CDB32 cdb32;
		SRBEX_DATA_SCSI_CDB_VAR var;
		SRBEX_DATA_PNP pnp;
	} data;
};

static void make_extended(struct extended_request *r, SRBEXDATATYPE type)
{
	memset(r, 0, sizeof(*r));
	r->srb.Length = offsetof(STORAGE_REQUEST_BLOCK, Signature);
	r->srb.Function = SRB_FUNCTION_STORAGE_REQUEST_BLOCK;
	r->srb.Signature = SRB_SIGNATURE;
	r->srb.Version = STORAGE_REQUEST_BLOCK_VERSION_1;
	r->srb.SrbLength = sizeof(*r);
	r->srb.SrbFunction = SRB_FUNCTION_EXECUTE_SCSI;
	r->srb.AddressOffset = offsetof(struct extended_request, address);
	r->srb.NumSrbExData = 1;
	r->srb.SrbExDataOffset[0] = offsetof(struct extended_request, data);
	r->address.Type = STOR_ADDRESS_TYPE_BTL8;
	r->address.AddressLength = STOR_ADDR_BTL8_ADDRESS_LENGTH;
	r->address.Path = 1;
	r->address.Target = 2;
	r->address.Lun = 3;
	r->data.any.Type = type;
}

/* Every accessor a driver uses, over a block of either form. */
static void check_accessors(PVOID srb, PVOID expected_cdb)
{
	UCHAR length = 18;

	assert_int_equal(SrbGetSrbFunction(srb), SRB_FUNCTION_EXECUTE_SCSI);
	assert_int_equal(SrbGetPathId(srb), 1);
	assert_int_equal(SrbGetTargetId(srb), 2);
	assert_int_equal(SrbGetLun(srb), 3);
	assert_ptr_equal(SrbGetCdb(srb), expected_cdb);

	SrbSetScsiStatus(srb, SCSISTAT_CHECK_CONDITION);
	SrbSetSenseInfoBuffer(srb, &length);
	SrbSetSenseInfoBufferLength(srb, length);
	assert_int_equal(SrbGetScsiStatus(srb), SCSISTAT_CHECK_CONDITION);
	assert_ptr_equal(SrbGetSenseInfoBuffer(srb), &length);
	assert_int_equal(SrbGetSenseInfoBufferLength(srb), 18);
	SrbSetScsiStatus(srb, SCSISTAT_BUSY);
	assert_int_equal(SrbGetScsiStatus(srb), SCSISTAT_BUSY);
	SrbSetSenseInfoBufferLength(srb, 14);
	assert_int_equal(SrbGetSenseInfoBufferLength(srb), 14);
	SrbSetSenseInfoBuffer(srb, NULL);
	assert_null(SrbGetSenseInfoBuffer(srb));

	SrbSetSrbStatus(srb, SRB_STATUS_ERROR | SRB_STATUS_AUTOSENSE_VALID);
	SrbSetSrbStatus(srb, SRB_STATUS_DATA_OVERRUN);
	assert_int_equal(SrbGetSrbStatus(srb), SRB_STATUS_DATA_OVERRUN | SRB_STATUS_AUTOSENSE_VALID);
	((PSTORAGE_REQUEST_BLOCK_HEADER)srb)->SrbStatus = SRB_STATUS_PENDING;
	SrbSetSrbStatus(srb, SRB_STATUS_BUSY | SRB_STATUS_QUEUE_FROZEN);
	SrbSetSrbStatus(srb, SRB_STATUS_BUSY);
	assert_int_equal(SrbGetSrbStatus(srb), SRB_STATUS_BUSY);
	SrbSetQueueTag(srb, 9);
	assert_int_equal(SrbGetRequestTag(srb), 9);
	SrbSetRequestTag(srb, 7);
	assert_int_equal(SrbGetQueueTag(srb), 7);
	SrbSetQueueAction(srb, SRB_ORDERED_QUEUE_TAG_REQUEST);
	assert_int_equal(SrbGetRequestAttribute(srb), SRB_ORDERED_QUEUE_TAG_REQUEST);
	SrbSetSystemStatus(srb, 0xc0000001);
	assert_int_equal(SrbGetSystemStatus(srb), 0xc0000001);
	SrbSetOriginalRequest(srb, &length);
	assert_ptr_equal(SrbGetOriginalRequest(srb), &length);
	SrbAssignSrbFlags(srb, SRB_FLAGS_DATA_IN);
	SrbSetSrbFlags(srb, SRB_FLAGS_NO_QUEUE_FREEZE);
	assert_int_equal(SrbGetSrbFlags(srb),
			 SRB_FLAGS_DATA_IN | SRB_FLAGS_NO_QUEUE_FREEZE);
	SrbClearSrbFlags(srb, SRB_FLAGS_DATA_IN);
	assert_int_equal(SrbGetSrbFlags(srb), SRB_FLAGS_NO_QUEUE_FREEZE);
	SrbSetDataTransferLength(srb, 4096);
	assert_int_equal(SrbGetDataTransferLength(srb), 4096);
	SrbSetDataBuffer(srb, &length);
	assert_ptr_equal(SrbGetDataBuffer(srb), &length);
	SrbSetTimeOutValue(srb, 30);
	assert_int_equal(SrbGetTimeOutValue(srb), 30);
}

/* Of its exact size, for a sanitizer to see an access beyond it. */
static DECLSPEC_NOINLINE PSCSI_REQUEST_BLOCK new_classic_request(void)
{
	return malloc(sizeof(SCSI_REQUEST_BLOCK));
}

static void test_accessors_serve_classic_request_blocks(void **state)
{
	PSCSI_REQUEST_BLOCK srb = new_classic_request();

	assert_non_null(srb);
	*srb = (SCSI_REQUEST_BLOCK){
		.Length = sizeof(*srb), .PathId = 1, .TargetId = 2, .Lun = 3,
		.CdbLength = 10, .QueueTag = 7, .SrbExtension = srb,
	};
	check_accessors(srb, srb->Cdb);
	assert_int_equal(SrbGetCdbLength(srb), 10);
	assert_int_equal(SrbGetSrbLength(srb), 88);
	assert_int_equal(SrbGetRequestTag(srb), 7);
	assert_ptr_equal(SrbGetMiniportContext(srb), srb);
	SrbSetCdbLength(srb, 12);
	assert_int_equal(srb->CdbLength, 12);
	SrbSetNextSrb(srb, srb);
	assert_ptr_equal(srb->NextSrb, srb);
	assert_ptr_equal(SrbGetNextSrb(srb), srb);
	assert_null(SrbGetAddress(srb));
	assert_null(SrbGetSrbExDataByType((PSTORAGE_REQUEST_BLOCK)srb,
					  SrbExDataTypeScsiCdb16));
	assert_int_equal(srb->SrbStatus, SRB_STATUS_BUSY);
	free(srb);
}

static void test_accessors_serve_extended_request_blocks(void **state)
{
	struct extended_request r;
	ULONG length32 = 1;
	UCHAR length8 = 1;

	make_extended(&r, SrbExDataTypeScsiCdb16);
	r.data.cdb16.CdbLength = 16;
	r.srb.MiniportContext = &r;
	check_accessors(&r, r.data.cdb16.Cdb);
	r.srb.RequestTag = 70000;
	assert_int_equal(r.data.cdb16.ScsiStatus, SCSISTAT_BUSY);
	SrbGetScsiData(&r, &length8, &length32, NULL, NULL, NULL);
	assert_int_equal(length8, 16);
	assert_int_equal(length32, 0);
	assert_int_equal(SrbGetSrbLength(&r), sizeof(r));
	assert_int_equal(SrbGetRequestTag(&r), 70000);
	assert_ptr_equal(SrbGetMiniportContext(&r), &r);
	assert_ptr_equal(SrbGetAddress(&r), &r.address);
	SrbSetNextSrb(&r, &r.srb);
	assert_ptr_equal(r.srb.NextSrb, &r.srb);
	assert_ptr_equal(SrbGetNextSrb(&r), &r.srb);

	make_extended(&r, SrbExDataTypeScsiCdb32);
	SrbSetCdbLength(&r, 32);
	assert_int_equal(r.data.cdb32.CdbLength, 32);
	check_accessors(&r, r.data.cdb32.Cdb);

	make_extended(&r, SrbExDataTypeScsiCdbVar);
	r.data.var.CdbLength = 300;
	check_accessors(&r, r.data.var.Cdb);
	SrbGetScsiData(&r, &length8, &length32, NULL, NULL, NULL);
	assert_int_equal(length8, 0);
	assert_int_equal(length32, 300);
	SrbSetCdbLength(&r, 12);
	assert_int_equal(r.data.var.CdbLength, 300);
	assert_int_equal(SrbGetCdbLength(&r), 0);
}

/* As Windows' accessor: it looks into extended blocks only. */
static void test_scsi_data_of_a_classic_block_are_nothing(void **state)
{
	PSCSI_REQUEST_BLOCK srb = new_classic_request();
	UCHAR length8 = 1, scsi_status = 1, sense_length = 1;
	ULONG length32 = 1;
	PVOID sense = srb;

	assert_non_null(srb);
	*srb = (SCSI_REQUEST_BLOCK){ .CdbLength = 10, .ScsiStatus = SCSISTAT_BUSY, .SenseInfoBuffer = srb, .SenseInfoBufferLength = 18 };
	assert_null(SrbGetScsiData(srb, &length8, &length32, &scsi_status, &sense, &sense_length));
	assert_int_equal(length8 + length32 + scsi_status + sense_length, 0);
	assert_null(sense);
	scsi_status = SCSISTAT_CHECK_CONDITION;
	SrbSetScsiData(srb, NULL, NULL, &scsi_status, &sense, NULL);
	assert_int_equal(srb->ScsiStatus, SCSISTAT_BUSY);
	assert_ptr_equal(srb->SenseInfoBuffer, srb);
	assert_int_equal(SrbGetCdbLength(srb), 10);
	assert_ptr_equal(SrbGetCdb(srb), srb->Cdb);
	free(srb);
}

static void test_a_command_is_only_one_of_execute_scsi_and_whole(void **state)
{
	struct extended_request r;

	make_extended(&r, SrbExDataTypeScsiCdb16);
	assert_null(SrbGetCdb(&r)); /* no bytes */
	r.data.cdb16.CdbLength = 6;
	assert_ptr_equal(SrbGetCdb(&r), r.data.cdb16.Cdb);
	r.srb.SrbLength = r.srb.SrbExDataOffset[0] + sizeof(r.data.cdb16) - 1;
	assert_null(SrbGetCdb(&r));
	r.srb.SrbLength++;
	assert_non_null(SrbGetCdb(&r));
	r.srb.SrbFunction = SRB_FUNCTION_IO_CONTROL;
	assert_null(SrbGetCdb(&r));
	assert_int_equal(SrbGetCdbLength(&r), 0);
	r.srb.AddressOffset = 0;
	assert_null(SrbGetAddress(&r));
	assert_int_equal(SrbGetLun(&r), 0);
}

static void test_blocks_are_copied_and_emptied_whole(void **state)
{
	struct extended_request from, to;
	PSCSI_REQUEST_BLOCK classic = new_classic_request();
	PSCSI_REQUEST_BLOCK copy = new_classic_request();

	make_extended(&from, SrbExDataTypeScsiCdb16);
	memset(&to, 0, sizeof(to));
	assert_false(SrbCopySrb(&to, sizeof(to) - 1, &from));
	assert_int_equal(to.srb.Signature, 0);
	assert_true(SrbCopySrb(&to, sizeof(to), &from));
	assert_memory_equal(&to, &from, sizeof(to));
	SrbZeroSrb(&to);
	assert_int_equal(to.srb.SrbLength, sizeof(to));
	assert_int_equal(to.srb.Function, SRB_FUNCTION_STORAGE_REQUEST_BLOCK);
	assert_int_equal(to.srb.Length, from.srb.Length);
	assert_int_equal(to.srb.Signature, 0);
	assert_int_equal(to.data.any.Type, 0);
	assert_true(classic && copy);
	*classic = (SCSI_REQUEST_BLOCK){ .Length = 88, .Function = SRB_FUNCTION_FLUSH, .SrbStatus = SRB_STATUS_BUSY, .Lun = 3 };
	assert_true(SrbCopySrb(copy, sizeof(*copy), classic));
	assert_int_equal(copy->Lun, 3);
	SrbZeroSrb(copy);
	assert_int_equal(copy->Function, SRB_FUNCTION_FLUSH);
	assert_int_equal(copy->Length, 88);
	assert_int_equal(copy->SrbStatus + copy->Lun, 0);
	free(classic);
	free(copy);
}

static void test_missing_or_stray_blocks_are_not_found(void **state)
{
	UCHAR status = SCSISTAT_BUSY;
	struct extended_request r;

	make_extended(&r, SrbExDataTypePnP);
	r.data.pnp.PnPAction = StorQueryCapabilities;
	assert_ptr_equal(SrbGetSrbExDataByType(&r.srb, SrbExDataTypePnP),
			 &r.data);
	assert_null(SrbGetSrbExDataByType(&r.srb, SrbExDataTypeWmi));
	assert_null(SrbGetCdb(&r));
	SrbSetScsiData(&r, NULL, NULL, &status, NULL, NULL);
	assert_int_equal(SrbGetScsiStatus(&r), 0);
	assert_int_equal(r.data.pnp.PnPAction, StorQueryCapabilities);

	/* A good offset behind the last block, in the array's padding. */
	memcpy((UCHAR *)&r.srb.SrbExDataOffset + sizeof(ULONG),
	       r.srb.SrbExDataOffset, sizeof(ULONG));
	assert_null(SrbGetSrbExDataByIndex(&r.srb, 1));
	assert_non_null(SrbGetSrbExDataByIndex(&r.srb, 0));
	r.srb.SrbExDataOffset[0] = sizeof(r);
	assert_null(SrbGetSrbExDataByIndex(&r.srb, 0));
	r.srb.SrbExDataOffset[0] = 0;
	assert_null(SrbGetSrbExDataByIndex(&r.srb, 0));
	r.address.Type = STOR_ADDRESS_TYPE_UNKNOWN;
	assert_int_equal(SrbGetTargetId(&r), 0);
}

/* The port driver's side of the calls made below. */
static struct {
	PVOID extension;
	volatile USHORT *port;
	PVOID argument;
	ULONG microseconds;
	UCHAR path;
} seen;

USHORT StorPortReadPortUshort(PVOID HwDeviceExtension, volatile USHORT *Port)
{
	seen.extension = HwDeviceExtension;
	seen.port = Port;
	return 0xbeef;
}

VOID StorPortNotification(SCSI_NOTIFICATION_TYPE NotificationType,
			  PVOID HwDeviceExtension, ...)
{
	va_list arguments;

	va_start(arguments, HwDeviceExtension);
	seen.extension = HwDeviceExtension;
	if (NotificationType == BusChangeDetected)
		seen.path = (UCHAR)va_arg(arguments, int);
	else
		seen.argument = va_arg(arguments, PVOID);
	if (NotificationType == RequestTimerCall)
		seen.microseconds = va_arg(arguments, ULONG);
	va_end(arguments);
}

/* A miniport with every entry point, each declared by its type. */
static sp_DRIVER_INITIALIZE driver_entry;
static HW_FIND_ADAPTER find_adapter;
static HW_INITIALIZE initialize;
static HW_PASSIVE_INITIALIZE_ROUTINE passive_initialize;
static HW_BUILDIO build_io;
static HW_STARTIO start_io;
static HW_INTERRUPT interrupt;
static HW_MESSAGE_SIGNALED_INTERRUPT_ROUTINE message_interrupt;
static STOR_SYNCHRONIZED_ACCESS synchronized;
static HW_DPC_ROUTINE dpc_routine;
static HW_TIMER timer;
static HW_RESET_BUS reset_bus;
static HW_ADAPTER_CONTROL adapter_control;
static HW_UNIT_CONTROL unit_control;
static HW_STATE_CHANGE state_change;

static ULONG find_adapter(PVOID DeviceExtension, PVOID HwContext,
			  PVOID BusInformation, PCHAR ArgumentString,
			  PPORT_CONFIGURATION_INFORMATION ConfigInfo,
			  PBOOLEAN Reserved3)
{
	ConfigInfo->SynchronizationModel = StorSynchronizeFullDuplex;
	ConfigInfo->HwMSInterruptRoutine = message_interrupt;
	ConfigInfo->InterruptSynchronizationMode =
		InterruptSynchronizePerMessage;
	return (*ConfigInfo->AccessRanges)[1].RangeInMemory ?
		SP_RETURN_FOUND : SP_RETURN_NOT_FOUND;
}

static BOOLEAN initialize(PVOID DeviceExtension)
{
	return TRUE;
}

static BOOLEAN passive_initialize(PVOID DeviceExtension)
{
	return TRUE;
}

static BOOLEAN build_io(PVOID DeviceExtension, PSCSI_REQUEST_BLOCK Srb)
{
	return Srb->Function == SRB_FUNCTION_EXECUTE_SCSI;
}

static BOOLEAN start_io(PVOID DeviceExtension, PSCSI_REQUEST_BLOCK Srb)
{
	StorPortNotification(RequestComplete, DeviceExtension, Srb);
	return TRUE;
}

static BOOLEAN interrupt(PVOID DeviceExtension)
{
	return FALSE;
}

static BOOLEAN message_interrupt(PVOID HwDeviceExtension, ULONG MessageId)
{
	return MessageId == 3;
}

static BOOLEAN synchronized(PVOID HwDeviceExtension, PVOID Context)
{
	return Context != NULL;
}

static VOID dpc_routine(PSTOR_DPC Dpc, PVOID HwDeviceExtension,
			PVOID SystemArgument1, PVOID SystemArgument2)
{
	Dpc->Dpc.SystemArgument1 = SystemArgument1;
}

static VOID timer(PVOID DeviceExtension)
{
	StorPortNotification(RequestTimerCall, DeviceExtension, timer, 500);
}

static BOOLEAN reset_bus(PVOID DeviceExtension, ULONG PathId)
{
	StorPortNotification(BusChangeDetected, DeviceExtension, (UCHAR)PathId);
	return TRUE;
}

static SCSI_ADAPTER_CONTROL_STATUS
adapter_control(PVOID DeviceExtension, SCSI_ADAPTER_CONTROL_TYPE ControlType,
		PVOID Parameters)
{
	PSCSI_SUPPORTED_CONTROL_TYPE_LIST list = Parameters;

	if (ControlType != ScsiQuerySupportedControlTypes)
		return ScsiAdapterControlUnsuccessful;
	list->SupportedTypeList[ScsiStopAdapter] = TRUE;
	return ScsiAdapterControlSuccess;
}

static SCSI_UNIT_CONTROL_STATUS unit_control(PVOID DeviceExtension,
					     SCSI_UNIT_CONTROL_TYPE ControlType,
					     PVOID Parameters)
{
	return ScsiUnitControlUnsuccessful;
}

static VOID state_change(PVOID HwDeviceExtension, PVOID Context,
			 SHORT AddressType, PVOID Address, ULONG Status)
{
	*(PULONG)Context = Status;
}

static HW_INITIALIZATION_DATA registered;

static ULONG driver_entry(PVOID DriverObject, PVOID RegistryPath)
{
	registered = (HW_INITIALIZATION_DATA){
		.HwInitializationDataSize = sizeof(registered),
		.AdapterInterfaceType = PCIBus,
		.HwInitialize = initialize,
		.HwStartIo = start_io,
		.HwInterrupt = interrupt,
		.HwFindAdapter = find_adapter,
		.HwResetBus = reset_bus,
		.HwAdapterControl = adapter_control,
		.HwBuildIo = build_io,
		.HwUnitControl = unit_control,
		.NeedPhysicalAddresses = TRUE,
		.SrbTypeFlags = SRB_TYPE_FLAG_STORAGE_REQUEST_BLOCK,
	};
	return STATUS_SUCCESS;
}

static void test_every_callback_type_fits_its_place(void **state)
{
	ACCESS_RANGE ranges[2] = { { .RangeLength = 64 },
				   { .RangeInMemory = TRUE } };
	PORT_CONFIGURATION_INFORMATION config = {
		.Length = sizeof(config), .NumberOfAccessRanges = 2,
		.AccessRanges = (ACCESS_RANGE (*)[])&ranges,
	};
	union {
		SCSI_SUPPORTED_CONTROL_TYPE_LIST list;
		UCHAR room[sizeof(ULONG) + ScsiAdapterControlMax];
	} types = { .room = { 0 } };
	SCSI_REQUEST_BLOCK srb = { .Function = SRB_FUNCTION_EXECUTE_SCSI };
	PHW_PASSIVE_INITIALIZE_ROUTINE passive = passive_initialize;
	PSTOR_SYNCHRONIZED_ACCESS access = synchronized;
	PHW_STATE_CHANGE changed = state_change;
	PHW_DPC_ROUTINE dpc = dpc_routine;
	PHW_TIMER expired = timer;
	STOR_DPC object = { .Dpc.DeferredRoutine = dpc_routine };
	ULONG extension, status = 0;

	assert_int_equal(driver_entry(&extension, &extension), STATUS_SUCCESS);
	assert_int_equal(registered.HwFindAdapter(&extension, NULL, NULL, NULL,
						  &config, NULL),
			 SP_RETURN_FOUND);
	assert_true(registered.HwInitialize(&extension));
	assert_true(passive(&extension));
	assert_true(config.HwMSInterruptRoutine(&extension, 3));
	assert_false(registered.HwInterrupt(&extension));
	assert_true(registered.HwBuildIo(&extension, &srb));
	assert_true(registered.HwStartIo(&extension, &srb));
	assert_ptr_equal(seen.argument, &srb);
	assert_false(access(&extension, NULL));
	dpc(&object, &extension, &srb, NULL);
	assert_ptr_equal(object.Dpc.SystemArgument1, &srb);
	expired(&extension);
	assert_true(seen.argument == (PVOID)timer);
	assert_int_equal(seen.microseconds, 500);
	assert_true(registered.HwResetBus(&extension, 0xfe));
	assert_int_equal(seen.path, 0xfe);
	assert_int_equal(registered.HwAdapterControl(
				 &extension, ScsiQuerySupportedControlTypes,
				 &types),
			 ScsiAdapterControlSuccess);
	assert_true(types.list.SupportedTypeList[ScsiStopAdapter]);
	assert_int_equal(registered.HwUnitControl(&extension, ScsiUnitStart,
						  NULL),
			 ScsiUnitControlUnsuccessful);
	changed(&extension, &status, STOR_ADDRESS_TYPE_BTL8, NULL, 7);
	assert_int_equal(status, 7);
}

static void test_scsi_port_names_reach_the_same_routines(void **state)
{
	USHORT port, extension;

	assert_int_equal(ScsiPortReadPortUshort(&port), 0xbeef);
	assert_null(seen.extension);
	assert_ptr_equal(seen.port, &port);
	ScsiPortNotification(RequestComplete, &extension, &port);
	assert_ptr_equal(seen.extension, &extension);
	assert_ptr_equal(seen.argument, &port);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_layouts_are_those_of_64_bit_windows),
		cmocka_unit_test(test_enumerators_have_their_documented_values),
		cmocka_unit_test(
			test_cdb_and_sense_bits_are_where_t10_has_them),
		cmocka_unit_test(test_large_integers_and_big_endian_values),
		cmocka_unit_test(test_pages_pointers_and_memory),
		cmocka_unit_test(test_doubly_linked_lists_keep_their_order),
		cmocka_unit_test(test_single_list_is_a_stack),
		cmocka_unit_test(
			test_interlocked_operations_return_what_windows_does),
		cmocka_unit_test(test_interlocked_increment_loses_nothing),
		cmocka_unit_test(test_accessors_serve_classic_request_blocks),
		cmocka_unit_test(test_accessors_serve_extended_request_blocks),
		cmocka_unit_test(test_scsi_data_of_a_classic_block_are_nothing),
		cmocka_unit_test(test_a_command_is_only_one_of_execute_scsi_and_whole),
		cmocka_unit_test(test_blocks_are_copied_and_emptied_whole),
		cmocka_unit_test(test_missing_or_stray_blocks_are_not_found),
		cmocka_unit_test(test_every_callback_type_fits_its_place),
		cmocka_unit_test(test_scsi_port_names_reach_the_same_routines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
