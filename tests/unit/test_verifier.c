/* SPDX-License-Identifier: MIT */
/*
 * The verifier: each rule broken once is found by its name, at its line, and
 * nothing else is; and what is just right is not found at all.
 */
#include "tests/unit/test_miniport.h"

#include "hba_sim/port/verifier_internal.h"

#define MESSAGES 3
#define POOL_BYTES 64

struct rule_case {
	enum verifier_rule rule;
	void (*play)(bool breaks);
	void (*prepare)(bool breaks); /* before the adapter starts; NULL: nothing */
	const char *variant;          /* of several cases of a rule */
};

static struct verifier *verifier;
static struct irq_line line[MESSAGES];
static bool breaks;
static STOR_DPC dpc;
static STOR_DPC other_dpc;
static SCSI_ADAPTER_CONTROL_STATUS (*control)(PVOID extension, SCSI_ADAPTER_CONTROL_TYPE type);
static ULONG features;
static volatile unsigned char sink;
static int broken_line;

/* What is broken, and on which line. */
#define HERE(statement) do { broken_line = __LINE__; statement; } while (0)

/* --- The miniport --- */

static BOOLEAN nothing(PVOID extension, PVOID context)
{
	return TRUE;
}

static BOOLEAN synchronizes(PVOID extension, PVOID context)
{
	HERE(StorPortSynchronizeAccess(extension, nothing, NULL));
	return TRUE;
}

static SCSI_ADAPTER_CONTROL_STATUS on_control(PVOID extension, SCSI_ADAPTER_CONTROL_TYPE type, PVOID parameters)
{
	return control ? control(extension, type) : ScsiAdapterControlSuccess;
}

static ULONG entry(PVOID driver, PVOID registry)
{
	HW_INITIALIZATION_DATA data = {
		.HwInitializationDataSize = sizeof(data), .AdapterInterfaceType = PCIBus, .HwFindAdapter = mini_find,
		.HwInitialize = mini_initialize, .HwBuildIo = mini_build, .HwStartIo = mini_start, .HwInterrupt = mini_interrupt,
		.HwResetBus = mini_reset, .HwAdapterControl = on_control, .DeviceExtensionSize = 64, .SrbExtensionSize = 32,
		.NumberOfAccessRanges = 1, .FeatureSupport = features,
	};

	return StorPortInitialize(driver, registry, &data, NULL);
}

static bool message_advance(void *source, struct sim_cpu *cpu, uint64_t now, uint64_t *asserted)
{
	irq_pin_reschedule(source, cpu, SIM_NEVER);
	return false;
}

static void message_acknowledge(void *source, struct sim_cpu *cpu)
{
}

static BOOLEAN on_message(PVOID extension, ULONG id)
{
	return TRUE;
}

static void prepare_messages(bool unused)
{
	mini.message = on_message;
	mini.synchronization = InterruptSynchronizePerMessage;
	for (unsigned i = 0; i < MESSAGES; i++) {
		line[i] = (struct irq_line){ .name = "message", .dirql = MINI_DIRQL, .advance = message_advance,
					     .acknowledge = message_acknowledge, .source = &line[i] };
		assert_int_equal(irq_line_connect(&rig.machine, &line[i]), 0);
	}
	rig.source.pci.message = line;
	rig.source.pci.messages = MESSAGES;
	rig.config.messages = MESSAGES;
}

/* An I/O from submission to completion, in which the miniport does what the case says. */
static void one_io(bool unused)
{
	rig_submit();
	rig_interrupt();
}

/* --- Who calls what --- */

static BOOLEAN allocates_in_isr(PVOID extension)
{
	PVOID pool = NULL;

	HERE(StorPortAllocatePool(extension, POOL_BYTES, 0, &pool));
	mini_complete_first(extension, mini.keeps, SRB_STATUS_SUCCESS);
	return TRUE;
}

static BOOLEAN allocates_in_build(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	PVOID pool = NULL;

	assert_int_equal(StorPortAllocatePool(extension, POOL_BYTES, 0, &pool), STOR_STATUS_SUCCESS);
	assert_int_equal(StorPortFreePool(extension, pool), STOR_STATUS_SUCCESS);
	return TRUE;
}

static void prepare_call_irql(bool wrong)
{
	if (wrong)
		mini.interrupt = allocates_in_isr;
	else
		mini.build = allocates_in_build;
}

static BOOLEAN asks_for_uncached(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	PORT_CONFIGURATION_INFORMATION config = { 0 };

	HERE(StorPortGetUncachedExtension(extension, &config, 64));
	return TRUE;
}

static BOOLEAN finds_uncached(PVOID extension)
{
	return asks_for_uncached(extension, NULL);
}

static void prepare_call_context(bool wrong)
{
	if (wrong)
		mini.build = asks_for_uncached;
	else
		mini.find = finds_uncached;
}

/* --- Exclusive access --- */

static BOOLEAN synchronizing_isr(PVOID extension)
{
	synchronizes(extension, NULL);
	mini_complete_first(extension, mini.keeps, SRB_STATUS_SUCCESS);
	return TRUE;
}

static BOOLEAN synchronizing_start(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	synchronizes(extension, NULL);
	return mini_keep(extension, srb);
}

static void prepare_sync_in_isr(bool wrong)
{
	if (wrong)
		mini.interrupt = synchronizing_isr;
	else
		mini.start = synchronizing_start;
}

static BOOLEAN nests_or_not(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	StorPortSynchronizeAccess(extension, breaks ? synchronizes : nothing, NULL);
	StorPortSynchronizeAccess(extension, nothing, NULL);
	return mini_keep(extension, srb);
}

static void prepare_sync_nested(bool wrong)
{
	mini.start = nests_or_not;
}

static void prepare_sync_virtual(bool wrong)
{
	features = STOR_FEATURE_VIRTUAL_MINIPORT;
	if (wrong)
		mini.start = synchronizing_start;
}

/* --- Locks --- */

static BOOLEAN takes_startio(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	STOR_LOCK_HANDLE handle;

	HERE(StorPortAcquireSpinLock(extension, StartIoLock, NULL, &handle));
	StorPortReleaseSpinLock(extension, &handle);
	return TRUE;
}

static BOOLEAN takes_startio_in_start(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	takes_startio(extension, srb);
	return mini_keep(extension, srb);
}

static void prepare_lock_recursive(bool wrong)
{
	if (wrong)
		mini.start = takes_startio_in_start;
	else
		mini.build = takes_startio;
}

static BOOLEAN takes_interrupt_lock(PVOID extension)
{
	STOR_LOCK_HANDLE handle;

	HERE(StorPortAcquireSpinLock(extension, InterruptLock, NULL, &handle));
	StorPortReleaseSpinLock(extension, &handle);
	mini_complete_first(extension, mini.keeps, SRB_STATUS_SUCCESS);
	return TRUE;
}

static BOOLEAN takes_two_dpc_locks(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	STOR_LOCK_HANDLE first, second;

	StorPortAcquireSpinLock(extension, DpcLock, &dpc, &first);
	HERE(StorPortAcquireSpinLock(extension, DpcLock, breaks ? &dpc : &other_dpc, &second));
	StorPortReleaseSpinLock(extension, &second);
	StorPortReleaseSpinLock(extension, &first);
	return TRUE;
}

static void prepare_lock_recursive_isr(bool wrong)
{
	if (wrong)
		mini.interrupt = takes_interrupt_lock;
}

static void prepare_lock_recursive_dpc(bool wrong)
{
	mini.build = takes_two_dpc_locks;
}

static BOOLEAN orders(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	STOR_LOCK_HANDLE first, second;

	StorPortAcquireSpinLock(extension, breaks ? InterruptLock : StartIoLock, NULL, &first);
	HERE(StorPortAcquireSpinLock(extension, breaks ? StartIoLock : InterruptLock, NULL, &second));
	StorPortReleaseSpinLock(extension, &second);
	StorPortReleaseSpinLock(extension, &first);
	return TRUE;
}

static void prepare_lock_order(bool wrong)
{
	mini.build = orders;
}

static BOOLEAN takes_dpc_lock(PVOID extension)
{
	STOR_LOCK_HANDLE handle;

	HERE(StorPortAcquireSpinLock(extension, DpcLock, &dpc, &handle));
	StorPortReleaseSpinLock(extension, &handle);
	return TRUE;
}

static BOOLEAN takes_dpc_lock_in_build(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	return takes_dpc_lock(extension);
}

static void prepare_lock_not_allowed(bool wrong)
{
	if (wrong)
		mini.reset = takes_dpc_lock;
	else
		mini.build = takes_dpc_lock_in_build;
}

static void io_and_reset(bool unused)
{
	one_io(unused);
	port_reset_bus(&rig.adapter, rig.cpu);
}

static BOOLEAN releases(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	STOR_LOCK_HANDLE handle = { .Lock = DpcLock, .Context.LockQueue.Lock = (PVOID)&dpc, .Context.OldIrql = DISPATCH_LEVEL };

	if (!breaks)
		StorPortAcquireSpinLock(extension, DpcLock, &dpc, &handle);
	HERE(StorPortReleaseSpinLock(extension, &handle));
	return TRUE;
}

static void prepare_lock_not_held(bool wrong)
{
	mini.build = releases;
}

static STOR_LOCK_HANDLE kept_handle;

static BOOLEAN leaks(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	HERE(StorPortAcquireSpinLock(extension, InterruptLock, NULL, &kept_handle));
	if (!breaks)
		StorPortReleaseSpinLock(extension, &kept_handle);
	return TRUE;
}

static void prepare_lock_leaked(bool wrong)
{
	mini.build = leaks;
}

static BOOLEAN holds_for_long(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	STOR_LOCK_HANDLE handle;

	HERE(StorPortAcquireSpinLock(extension, DpcLock, &dpc, &handle));
	StorPortStallExecution(breaks ? 900 : 2);
	StorPortReleaseSpinLock(extension, &handle);
	return TRUE;
}

static void prepare_lock_too_long(bool wrong)
{
	mini.build = holds_for_long;
}

static BOOLEAN stalls_for_long(PVOID extension, PVOID context)
{
	broken_line = __LINE__ - 1;
	StorPortStallExecution(breaks ? 900 : 2);
	return TRUE;
}

static BOOLEAN has_access_for_long(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	return StorPortSynchronizeAccess(extension, stalls_for_long, NULL);
}

static void prepare_section_too_long(bool wrong)
{
	mini.build = has_access_for_long;
}

/* --- Messages --- */

static BOOLEAN takes_messages(PVOID extension, ULONG first, ULONG second)
{
	ULONG irql, inner;

	if (first != second && StorPortAcquireMSISpinLock(extension, first, &irql) != STOR_STATUS_SUCCESS)
		return FALSE;
	HERE(if (StorPortAcquireMSISpinLock(extension, second, &inner) == STOR_STATUS_SUCCESS) StorPortReleaseMSISpinLock(extension, second, inner));
	if (first != second)
		StorPortReleaseMSISpinLock(extension, first, irql);
	return TRUE;
}

static BOOLEAN takes_message(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	return takes_messages(extension, 1, 1);
}

static void prepare_msi_lock_mode(bool wrong)
{
	mini.build = takes_message;
	if (!wrong)
		prepare_messages(wrong);
}

static BOOLEAN takes_unknown(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	return takes_messages(extension, breaks ? MESSAGES : MESSAGES - 1, breaks ? MESSAGES : MESSAGES - 1);
}

static void prepare_msi_lock_message(bool wrong)
{
	mini.build = takes_unknown;
	prepare_messages(wrong);
}

static BOOLEAN takes_two_messages(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	return takes_messages(extension, breaks ? 2 : 1, breaks ? 1 : 2);
}

static void prepare_msi_lock_order(bool wrong)
{
	mini.build = takes_two_messages;
	prepare_messages(wrong);
}

/* With messages there is no line to raise. */
static void io_without_interrupt(bool unused)
{
	rig_submit();
	mini_complete_first(mini.extension, mini.keeps, SRB_STATUS_SUCCESS);
}

/* --- Time --- */

static BOOLEAN stalls(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	HERE(StorPortStallExecution(1));
	return TRUE;
}

static BOOLEAN stalls_in_start(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	stalls(extension, srb);
	return mini_keep(extension, srb);
}

static void prepare_stall_in_startio(bool wrong)
{
	if (wrong)
		mini.start = stalls_in_start;
	else
		mini.build = stalls;
}

static BOOLEAN stalls_a_millisecond(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	HERE(StorPortStallExecution(breaks ? VERIFIER_STALL_US : VERIFIER_STALL_US - 1));
	return TRUE;
}

static void prepare_stall_too_long(bool wrong)
{
	mini.build = stalls_a_millisecond;
}

static BOOLEAN serves_for_long(PVOID extension)
{
	StorPortStallExecution(breaks ? 900 : 2);
	mini_complete_first(extension, mini.keeps, SRB_STATUS_SUCCESS);
	return TRUE;
}

static void prepare_isr_too_long(bool wrong)
{
	mini.interrupt = serves_for_long;
}

/* --- Interrupts --- */

static uint64_t raised;

static BOOLEAN leaves_the_line_up(PVOID extension)
{
	mini_complete_first(extension, mini.keeps, SRB_STATUS_SUCCESS);
	/* What is asserted anew may have come after the miniport looked. */
	if (mini.interrupts == 1)
		fake_raise(&rig.source, sim_cpu_self(), breaks ? raised : stamp_now());
	return mini.interrupts > 1;
}

static void prepare_isr_not_claimed(bool wrong)
{
	mini.interrupt = leaves_the_line_up;
}

static void io_with_known_stamp(bool unused)
{
	rig_submit();
	raised = stamp_now();
	fake_raise(&rig.source, sim_cpu_self(), raised);
	sim_cpu_look(sim_cpu_self());
}

static BOOLEAN claims(PVOID extension)
{
	mini_complete_first(extension, mini.keeps, SRB_STATUS_SUCCESS);
	return mini.interrupts == 1 || breaks;
}

static void prepare_isr_claimed_nothing(bool wrong)
{
	mini.interrupt = claims;
}

/* An interrupt after which the line is down again before anybody looks. */
static void io_and_spurious(bool unused)
{
	struct irq_event event = { 0 };
	struct irq_line *intx = &rig.source.pci.line;
	uint8_t irql;

	one_io(unused);
	irql = sim_raise(rig.cpu, MINI_DIRQL);
	intx->handler(intx->handler_context, rig.cpu, &event);
	sim_lower(rig.cpu, irql);
}

/* --- SRBs --- */

static BOOLEAN completes_twice(PVOID extension)
{
	PSCSI_REQUEST_BLOCK srb = mini.kept[0];

	mini_complete_first(extension, mini.keeps, SRB_STATUS_SUCCESS);
	if (breaks)
		HERE(StorPortNotification(RequestComplete, extension, srb));
	return TRUE;
}

static void prepare_completed_twice(bool wrong)
{
	mini.interrupt = completes_twice;
}

static void io_or_none(bool wrong)
{
	rig_submit();
	if (!wrong)
		rig_interrupt();
}

static PSCSI_REQUEST_BLOCK never_given;

static BOOLEAN completes_any(PVOID extension)
{
	mini_complete_first(extension, mini.keeps, SRB_STATUS_SUCCESS);
	if (breaks)
		HERE(StorPortNotification(RequestComplete, extension, never_given));
	return TRUE;
}

static void prepare_not_given(bool wrong)
{
	mini.interrupt = completes_any;
}

static void io_and_another(bool unused)
{
	never_given = &rig_request()->srb;
	one_io(unused);
}

static SCSI_REQUEST_BLOCK own_srb;

static void io_and_foreign(bool unused)
{
	never_given = &own_srb;
	one_io(unused);
}

static BOOLEAN completes_in_reset(PVOID extension)
{
	if (!breaks)
		mini_complete_first(extension, mini.keeps, SRB_STATUS_BUS_RESET);
	return TRUE;
}

static void prepare_after_reset(bool wrong)
{
	mini.reset = completes_in_reset;
}

static void reset_in_flight(bool unused)
{
	rig_submit();
	port_reset_bus(&rig.adapter, rig.cpu);
	rig_interrupt();
}

/* Between the two routines: it was not the miniport's to complete yet. */
static BOOLEAN is_reset_before_start(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	atomic_fetch_add_explicit(&verifier->resets, 1, memory_order_seq_cst);
	return TRUE;
}

static BOOLEAN completes_in_start(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	HERE(mini_complete(extension, srb, breaks ? SRB_STATUS_PENDING : SRB_STATUS_SUCCESS));
	return TRUE;
}

static void prepare_pending(bool wrong)
{
	mini.start = completes_in_start;
}

static BOOLEAN writes_after(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	srb->SrbStatus = SRB_STATUS_SUCCESS;
	if (!breaks)
		srb->ScsiStatus = 2;
	HERE(StorPortNotification(RequestComplete, extension, srb));
	if (breaks)
		srb->ScsiStatus = 2;
	return TRUE;
}

static void prepare_touched(bool wrong)
{
	mini.start = writes_after;
}

/* --- Memory --- */

static BOOLEAN reads_extension_after(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	volatile unsigned char *srb_extension = srb->SrbExtension;

	srb_extension[31] = 1;
	mini_complete(extension, srb, SRB_STATUS_SUCCESS);
	if (breaks)
		HERE(sink = srb_extension[31]);
	return TRUE;
}

static void prepare_srb_extension(bool wrong)
{
	mini.start = reads_extension_after;
}

/* Twice: the page comes back with the SRB. */
static void two_ios(bool unused)
{
	struct port_request *request = rig_submit();

	sim_cpu_look(rig.cpu);
	if (!breaks)
		port_submit(request, rig.cpu);
}

static void stop_adapter(void)
{
	adapter_cpu_offline(&rig.adapter, rig.cpu);
	sim_cpu_exit(rig.cpu);
	rig.cpu = NULL;
	adapter_stop(&rig.adapter);
}

static void touch_extension(bool wrong)
{
	volatile unsigned char *extension = mini.extension;

	extension[0] = 1;
	stop_adapter();
	if (wrong)
		HERE(extension[0] = 2);
}

static void pool_case(bool wrong, unsigned offset, bool freed)
{
	volatile unsigned char *bytes;
	PVOID pool;

	assert_int_equal(StorPortAllocatePool(mini.extension, POOL_BYTES, 0, &pool), STOR_STATUS_SUCCESS);
	bytes = pool;
	bytes[0] = bytes[POOL_BYTES - 1] = 1;
	if (freed)
		assert_int_equal(StorPortFreePool(mini.extension, pool), STOR_STATUS_SUCCESS);
	if (wrong)
		HERE(bytes[offset] = 2);
}

static void use_freed_pool(bool wrong)
{
	pool_case(wrong, 0, true);
}

static void overrun_pool(bool wrong)
{
	pool_case(wrong, POOL_BYTES, false);
}

static void free_pool_twice(bool wrong)
{
	PVOID pool;

	StorPortAllocatePool(mini.extension, POOL_BYTES, 0, &pool);
	StorPortFreePool(mini.extension, pool);
	if (wrong)
		HERE(StorPortFreePool(mini.extension, pool));
	sink = 0;
}

static void free_foreign_pool(bool wrong)
{
	if (wrong)
		HERE(StorPortFreePool(mini.extension, &own_srb));
	/* The call is not the last thing that this does. */
	sink = 0;
}

/* --- What is left over --- */

static BOOLEAN changes_irql(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	STOR_LOCK_HANDLE handle;

	StorPortAcquireSpinLock(extension, DpcLock, &dpc, &handle);
	if (breaks)
		handle.Context.OldIrql = DISPATCH_LEVEL + 1;
	StorPortReleaseSpinLock(extension, &handle);
	return TRUE;
}

static void prepare_irql_changed(bool wrong)
{
	mini.build = changes_irql;
}

static VOID on_dpc(PSTOR_DPC self, PVOID extension, PVOID argument1, PVOID argument2)
{
}

static BOOLEAN initializes_dpc(PVOID extension)
{
	StorPortInitializeDpc(extension, &dpc, on_dpc);
	return TRUE;
}

static void prepare_dpc(bool wrong)
{
	mini.initialize = initializes_dpc;
}

static void issue_dpc(bool wrong)
{
	if (wrong)
		rig.adapter.hw.HwAdapterControl(mini.extension, ScsiStopAdapter, NULL);
	HERE(StorPortIssueDpc(mini.extension, &dpc, NULL, NULL));
	sim_cpu_look(rig.cpu);
}

static VOID on_timer(PVOID extension)
{
}

static void request_timer(bool wrong)
{
	if (wrong)
		rig.adapter.hw.HwAdapterControl(mini.extension, ScsiStopAdapter, NULL);
	HERE(StorPortNotification(RequestTimerCall, mini.extension, on_timer, (ULONG)1000000));
	StorPortNotification(RequestTimerCall, mini.extension, on_timer, (ULONG)0);
}

/* Left armed: found when the adapter goes. */
static void leave_timer(bool wrong)
{
	HERE(StorPortNotification(RequestTimerCall, mini.extension, on_timer, (ULONG)1000000));
	if (!wrong)
		StorPortNotification(RequestTimerCall, mini.extension, on_timer, (ULONG)0);
	stop_adapter();
}

static const struct rule_case cases[] = {
	{ VERIFIER_CALL_IRQL, one_io, prepare_call_irql, "" },
	{ VERIFIER_CALL_CONTEXT, one_io, prepare_call_context, "" },
	{ VERIFIER_SYNC_IN_ISR, one_io, prepare_sync_in_isr, "" },
	{ VERIFIER_SYNC_NESTED, one_io, prepare_sync_nested, "" },
	{ VERIFIER_SYNC_VIRTUAL, one_io, prepare_sync_virtual, "" },
	{ VERIFIER_LOCK_RECURSIVE, one_io, prepare_lock_recursive, "" },
	{ VERIFIER_LOCK_RECURSIVE, one_io, prepare_lock_recursive_isr, ", the interrupt's" },
	{ VERIFIER_LOCK_RECURSIVE, one_io, prepare_lock_recursive_dpc, ", a DPC's" },
	{ VERIFIER_LOCK_ORDER, one_io, prepare_lock_order, "" },
	{ VERIFIER_LOCK_NOT_ALLOWED, io_and_reset, prepare_lock_not_allowed, "" },
	{ VERIFIER_LOCK_NOT_HELD, one_io, prepare_lock_not_held, "" },
	{ VERIFIER_LOCK_LEAKED, one_io, prepare_lock_leaked, "" },
	{ VERIFIER_LOCK_TOO_LONG, one_io, prepare_lock_too_long, "" },
	{ VERIFIER_LOCK_TOO_LONG, one_io, prepare_section_too_long, ", exclusive access" },
	{ VERIFIER_MSI_LOCK_MODE, io_without_interrupt, prepare_msi_lock_mode, "" },
	{ VERIFIER_MSI_LOCK_MESSAGE, io_without_interrupt, prepare_msi_lock_message, "" },
	{ VERIFIER_MSI_LOCK_ORDER, io_without_interrupt, prepare_msi_lock_order, "" },
	{ VERIFIER_STALL_IN_STARTIO, one_io, prepare_stall_in_startio, "" },
	{ VERIFIER_STALL_TOO_LONG, one_io, prepare_stall_too_long, "" },
	{ VERIFIER_ISR_TOO_LONG, one_io, prepare_isr_too_long, "" },
	{ VERIFIER_ISR_NOT_CLAIMED, io_with_known_stamp, prepare_isr_not_claimed, "" },
	{ VERIFIER_ISR_CLAIMED_NOTHING, io_and_spurious, prepare_isr_claimed_nothing, "" },
	{ VERIFIER_SRB_COMPLETED_TWICE, one_io, prepare_completed_twice, "" },
	{ VERIFIER_SRB_NEVER_COMPLETED, io_or_none, NULL, "" },
	{ VERIFIER_SRB_NOT_GIVEN, io_and_another, prepare_not_given, "" },
	{ VERIFIER_SRB_NOT_GIVEN, io_and_foreign, prepare_not_given, ", of no one's" },
	{ VERIFIER_SRB_AFTER_RESET, reset_in_flight, prepare_after_reset, "" },
	{ VERIFIER_SRB_PENDING, io_without_interrupt, prepare_pending, "" },
	{ VERIFIER_SRB_TOUCHED, io_without_interrupt, prepare_touched, "" },
	{ VERIFIER_SRB_EXTENSION_FREED, two_ios, prepare_srb_extension, "" },
	{ VERIFIER_EXTENSION_FREED, touch_extension, NULL, "" },
	{ VERIFIER_POOL_FREED, use_freed_pool, NULL, "" },
	{ VERIFIER_POOL_OVERRUN, overrun_pool, NULL, "" },
	{ VERIFIER_POOL_BAD_FREE, free_pool_twice, NULL, "" },
	{ VERIFIER_POOL_BAD_FREE, free_foreign_pool, NULL, ", never allocated" },
	{ VERIFIER_IRQL_CHANGED, one_io, prepare_irql_changed, "" },
	{ VERIFIER_DPC_AFTER_STOP, issue_dpc, prepare_dpc, "" },
	{ VERIFIER_TIMER_AFTER_STOP, request_timer, NULL, "" },
	{ VERIFIER_TIMER_AFTER_STOP, leave_timer, NULL, ", left armed" },
};

#define CASES (sizeof(cases) / sizeof(cases[0]))

/* --- The tests --- */

static int set_up(void **state)
{
	void *none = NULL;

	rig_set_up(&none);
	control = NULL;
	features = 0;
	broken_line = 0;
	memset(&dpc, 0, sizeof(dpc));
	memset(&other_dpc, 0, sizeof(other_dpc));
	verifier = verifier_create();
	assert_non_null(verifier);
	rig.config.verifier = verifier;
	return 0;
}

static int tear_down(void **state)
{
	if (rig.cpu)
		stop_adapter();
	sim_machine_fini(&rig.machine);
	verifier_destroy(verifier);
	return 0;
}

static void start(void)
{
	assert_int_equal(adapter_start(&rig.adapter, &rig.machine, entry, &rig.config, rig.error, sizeof(rig.error)), 0);
	rig.cpu = sim_cpu_enter(&rig.machine, 0);
	assert_int_equal(adapter_cpu_online(&rig.adapter, rig.cpu), 0);
}

static void play(const struct rule_case *rule_case)
{
	if (rule_case->prepare)
		rule_case->prepare(breaks);
	start();
	rule_case->play(breaks);
	if (rig.cpu) {
		assert_int_equal(sim_irql(rig.cpu), IRQL_PASSIVE);
		stop_adapter();
	}
	verifier_settle(verifier);
}

/* On a machine that is slow or busy, limits in time may be exceeded where nobody meant to. */
static bool is_of_the_machine(const struct verifier_finding *finding, enum verifier_rule meant)
{
	bool is_limit = finding->rule == VERIFIER_LOCK_TOO_LONG || finding->rule == VERIFIER_ISR_TOO_LONG;

	return is_limit && finding->rule != meant;
}

/* The findings but those, and the first of them. */
static size_t count_findings(enum verifier_rule meant, const struct verifier_finding **first)
{
	size_t count = 0;

	*first = NULL;
	for (size_t i = 0; i < verifier_count(verifier); i++) {
		const struct verifier_finding *finding = verifier_get(verifier, i);

		if (is_of_the_machine(finding, meant))
			continue;
		if (!count++)
			*first = finding;
	}
	return count;
}

static void test_broken(void **state)
{
	const struct rule_case *rule_case = *state;
	const struct verifier_finding *finding;
	char place[256], expected[64];
	size_t findings;

	breaks = true;
	play(rule_case);
	findings = count_findings(rule_case->rule, &finding);
	if (findings != 1)
		verifier_print(verifier, stderr);
	assert_int_equal(findings, 1);
	assert_string_equal(verifier_rules[finding->rule].name, verifier_rules[rule_case->rule].name);
	/* The thread's CPU time may be less than the limit on a machine that is busy. */
	assert_int_equal(finding->count + finding->undecided, 1);
	assert_int_equal(finding->cpu, 0);
	if (!broken_line)
		return;
	verifier_place(finding, place, sizeof(place));
	snprintf(expected, sizeof(expected), "test_verifier.c:%d ", broken_line);
#ifdef STORSYNC_LIBBACKTRACE
	if (strncmp(place, expected, strlen(expected)) && strstr(place, "test_miniport.h") == NULL)
		fail_msg("'%s' and not '%s'", place, expected);
#endif
}

static void test_just_right(void **state)
{
	const struct rule_case *rule_case = *state;

	breaks = false;
	play(rule_case);
	verifier_print(verifier, stderr);
	/* A limit that is kept may be undecided. */
	for (size_t i = 0; i < verifier_count(verifier); i++) {
		const struct verifier_finding *finding = verifier_get(verifier, i);

		if (!is_of_the_machine(finding, rule_case->rule))
			assert_int_equal(finding->count, 0);
	}
}

/* Every rule has a name of its own, a sentence, and a case above. */
static void test_every_rule_is_tried(void **state)
{
	for (unsigned rule = 0; rule < VERIFIER_RULE_COUNT; rule++) {
		bool tried = false;

		for (size_t i = 0; i < CASES; i++)
			tried |= cases[i].rule == rule;
		if (!tried)
			fail_msg("no case breaks %s", verifier_rules[rule].name);
		for (unsigned other = 0; other < rule; other++)
			assert_string_not_equal(verifier_rules[rule].name, verifier_rules[other].name);
	}
}

/* One row for a rule and a place, however often. */
static void test_the_same_is_counted(void **state)
{
	const struct verifier_finding *finding;

	breaks = true;
	prepare_sync_nested(true);
	start();
	for (unsigned i = 0; i < 3; i++)
		one_io(true);
	assert_int_equal(count_findings(VERIFIER_SYNC_NESTED, &finding), 1);
	assert_int_equal(finding->count, 3);
	assert_string_equal(finding->callback, "HwStorStartIo");
	assert_string_equal(finding->call, "StorPortSynchronizeAccess");
	assert_int_equal(finding->irql, MINI_DIRQL);
}

/* What the port holds for StartIo in half duplex lets the call through. */
static void test_half_duplex_lets_a_call_through(void **state)
{
	const struct verifier_finding *finding;

	mini.start = synchronizing_start;
	mini.model = StorSynchronizeHalfDuplex;
	start();
	one_io(false);
	assert_int_equal(count_findings(VERIFIER_SYNC_NESTED, &finding), 0);
}

static void test_a_reset_before_start_is_not_the_requests(void **state)
{
	const struct verifier_finding *finding;

	mini.build = is_reset_before_start;
	start();
	one_io(false);
	assert_int_equal(count_findings(VERIFIER_SRB_AFTER_RESET, &finding), 0);
}

/* It may be on its way again there before the callback is over. */
static BOOLEAN writes_after_sending_home(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	request_of(srb)->home = breaks ? 0 : 1;
	rig.adapter.sends_home = true;
	srb->SrbStatus = SRB_STATUS_SUCCESS;
	StorPortNotification(RequestComplete, extension, srb);
	srb->TimeOutValue++;
	return TRUE;
}

static void test_what_another_cpu_hands_back_is_not_looked_at(void **state)
{
	const struct verifier_finding *finding;

	mini.start = writes_after_sending_home;
	start();
	breaks = false;
	rig_submit();
	assert_int_equal(count_findings(VERIFIER_SRB_TOUCHED, &finding), 0);
	breaks = true;
	rig_submit();
	assert_int_equal(count_findings(VERIFIER_SRB_TOUCHED, &finding), 1);
}

/* Other rules than those in time: stopping is looked at, and what was counted can still be read. */
static void test_a_retired_adapter_can_be_read(void **state)
{
	const struct verifier_finding *finding;

	start();
	StorPortNotification(RequestTimerCall, mini.extension, on_timer, (ULONG)1000000);
	adapter_cpu_offline(&rig.adapter, rig.cpu);
	sim_cpu_exit(rig.cpu);
	rig.cpu = NULL;
	adapter_retire(&rig.adapter);
	assert_int_equal(count_findings(VERIFIER_TIMER_AFTER_STOP, &finding), 1);
	assert_int_equal(adapter_violations(&rig.adapter), 0);
	adapter_stop(&rig.adapter);
	assert_int_equal(count_findings(VERIFIER_TIMER_AFTER_STOP, &finding), 1);
}

/* What exceeds a limit while the CPU is seen to be away is undecided; not so if it does it every time. */
static BOOLEAN works_for_long(PVOID extension, PVOID context)
{
	fake_pass(1000000);
	return TRUE;
}

static BOOLEAN works_in_section(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	return StorPortSynchronizeAccess(extension, works_for_long, NULL);
}

static void test_a_gap_is_not_blamed_on_the_miniport(void **state)
{
	const struct verifier_finding *finding;

	mini.build = works_in_section;
	gap_log_init(&rig.machine.cpu[0].gaps, rig.machine.cpu[0].gaps.witness, 20000);
	start();
	one_io(false);
	assert_int_equal(count_findings(VERIFIER_LOCK_TOO_LONG, &finding), 1);
	assert_int_equal(finding->rule, VERIFIER_LOCK_TOO_LONG);
	assert_int_equal(finding->undecided, 1);
	assert_int_equal(verifier_broken(verifier), 0);
	for (unsigned i = 1; i < 12; i++)
		one_io(false);
	assert_in_range(verifier_broken(verifier), 1, verifier_count(verifier));
	assert_true(finding->count > 0);
}

int main(void)
{
	static char name[2 * CASES][96];
	static struct CMUnitTest tests[2 * CASES + 7];
	size_t n = 0;

	for (size_t i = 0; i < CASES; i++) {
		const char *rule = verifier_rules[cases[i].rule].name;

		snprintf(name[2 * i], sizeof(name[0]), "%s%s: broken", rule, cases[i].variant);
		snprintf(name[2 * i + 1], sizeof(name[0]), "%s%s: just right", rule, cases[i].variant);
		tests[n++] = (struct CMUnitTest){ name[2 * i], test_broken, set_up, tear_down, (void *)&cases[i] };
		tests[n++] = (struct CMUnitTest){ name[2 * i + 1], test_just_right, set_up, tear_down, (void *)&cases[i] };
	}
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_every_rule_is_tried);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test_setup_teardown(test_the_same_is_counted, set_up, tear_down);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test_setup_teardown(test_half_duplex_lets_a_call_through, set_up, tear_down);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test_setup_teardown(test_a_reset_before_start_is_not_the_requests, set_up, tear_down);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test_setup_teardown(test_what_another_cpu_hands_back_is_not_looked_at, set_up, tear_down);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test_setup_teardown(test_a_retired_adapter_can_be_read, set_up, tear_down);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test_setup_teardown(test_a_gap_is_not_blamed_on_the_miniport, set_up, tear_down);
	return _cmocka_run_group_tests("verifier", tests, n, NULL, NULL);
}
