/* SPDX-License-Identifier: MIT */
/*
 * Loading a miniport and starting its adapter: DriverEntry, FindAdapter,
 * Initialize, PassiveInitialize; and the way back.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hba_sim/port/port_internal.h"
#include "hba_sim/port/verifier_hooks.h"

/* What DriverEntry is given as its driver object. */
struct loading {
	HW_INITIALIZATION_DATA hw;
	bool registered;
	const char *refused; /* what StorPortInitialize did not accept */
};

static const char *missing_routine(const HW_INITIALIZATION_DATA *hw)
{
	if (!hw->HwFindAdapter)
		return "HwFindAdapter is missing";
	if (!hw->HwInitialize)
		return "HwInitialize is missing";
	if (!hw->HwStartIo)
		return "HwStartIo is missing";
	if (!hw->HwInterrupt)
		return "HwInterrupt is missing";
	return hw->HwResetBus ? NULL : "HwResetBus is missing";
}

ULONG StorPortInitialize(PVOID Argument1, PVOID Argument2, PHW_INITIALIZATION_DATA HwInitializationData, PVOID HwContext)
{
	struct loading *loading = Argument1;

	if (!loading || !Argument2 || !HwInitializationData)
		return (ULONG)STATUS_INVALID_PARAMETER;
	loading->refused = "HwInitializationDataSize is too small";
	if (HwInitializationData->HwInitializationDataSize < sizeof(HW_INITIALIZATION_DATA))
		return (ULONG)STATUS_REVISION_MISMATCH;
	loading->refused = missing_routine(HwInitializationData);
	if (loading->refused)
		return (ULONG)STATUS_REVISION_MISMATCH;
	loading->hw = *HwInitializationData;
	loading->registered = true;
	return (ULONG)STATUS_SUCCESS;
}

static int fail(char *error, size_t error_bytes, const char *what, unsigned long answer, const char *why)
{
	snprintf(error, error_bytes, "the miniport's %s answered 0x%lx%s%s", what, answer, why ? ": " : "", why ? why : "");
	return -EINVAL;
}

/* What HwStorFindAdapter means by its answer. */
static const char *meaning(ULONG found)
{
	static const char *const meanings[] = {
		[SP_RETURN_NOT_FOUND] = "SP_RETURN_NOT_FOUND, the device is not one that it drives",
		[SP_RETURN_ERROR] = "SP_RETURN_ERROR",
		[SP_RETURN_BAD_CONFIG] = "SP_RETURN_BAD_CONFIG",
	};

	return found < sizeof(meanings) / sizeof(meanings[0]) ? meanings[found] : "none of SP_RETURN_...";
}

static int load(struct adapter *adapter, port_driver_entry *entry, char *error, size_t error_bytes)
{
	/* Policy: without a path, drivers take it that a crash is being dumped.  There is no registry behind it. */
	UNICODE_STRING registry_path = { .Length = 0 };
	struct loading loading = { .registered = false };
	ULONG status = entry(&loading, &registry_path);

	if (status == (ULONG)STATUS_SUCCESS && !loading.registered && !loading.refused)
		loading.refused = "success, and it has not called StorPortInitialize";
	if (status != (ULONG)STATUS_SUCCESS || !loading.registered)
		return fail(error, error_bytes, "DriverEntry", status, loading.registered ? NULL : loading.refused);
	adapter->hw = loading.hw;
	return 0;
}

static int allocate(struct adapter *adapter)
{
	struct sim_machine *machine = adapter->machine;
	size_t cpu_bytes = machine->cpus * sizeof(*adapter->cpu);
	char *extension;

	extension = VERIFIED(adapter) ?
			    verifier_alloc_extension(adapter, EXTENSION_HEADER_BYTES, adapter->hw.DeviceExtensionSize) :
			    sim_phys_alloc(&machine->phys, EXTENSION_HEADER_BYTES + adapter->hw.DeviceExtensionSize, SYNC_LINE_BYTES);
	adapter->cpu = aligned_alloc(SYNC_LINE_BYTES, cpu_bytes);
	if (!extension || !adapter->cpu)
		return -ENOMEM;
	memset(adapter->cpu, 0, cpu_bytes);
	for (unsigned c = 0; c < machine->cpus; c++) {
		struct adapter_cpu *acpu = &adapter->cpu[c];

		acpu->adapter = adapter;
		sim_dpc_init(&acpu->completion_dpc, port_completion_dpc, acpu);
		sim_timer_init(&acpu->timer, port_timer_fired, acpu);
		sim_timer_init(&acpu->watch_timer, port_watch_timer_fired, acpu);
		sim_timer_init(&acpu->hold_timer, port_hold_timer_fired, acpu);
	}
	port_choose_start_locks(adapter);
	*(struct adapter **)extension = adapter;
	adapter->extension = extension + EXTENSION_HEADER_BYTES;
	return 0;
}

/* Nothing that a CPU may still have armed must outlive the adapter. */
static void free_memory(struct adapter *adapter)
{
	for (unsigned c = 0; adapter->cpu && c < adapter->machine->cpus; c++) {
		sim_timer_cancel(&adapter->cpu[c].timer);
		sim_timer_cancel(&adapter->cpu[c].watch_timer);
		sim_timer_cancel(&adapter->cpu[c].hold_timer);
	}
	port_timers_free(adapter);
	free(adapter->registry_buffer);
	free(adapter->cpu);
}

static void fill_port_config(struct adapter *adapter)
{
	PORT_CONFIGURATION_INFORMATION *config = &adapter->port_config;

	port_config_defaults(config, &adapter->hw);
	config->BusInterruptLevel = adapter->config.device->line.dirql;
	config->BusInterruptVector = adapter->config.device->line.dirql;
	config->InterruptMode = LevelSensitive;
	config->NumberOfAccessRanges = SIM_PCI_BARS;
	for (unsigned i = 0; i < SIM_PCI_BARS; i++) {
		const struct sim_bar *bar = &adapter->config.device->bar[i];

		adapter->range[i].RangeStart.QuadPart = bar->base;
		adapter->range[i].RangeLength = bar->length;
		adapter->range[i].RangeInMemory = bar->memory;
	}
	config->AccessRanges = (ACCESS_RANGE(*)[])&adapter->range;
}

static BOOLEAN initialize_under_lock(PVOID extension, PVOID context)
{
	return adapter_of(extension)->hw.HwInitialize(extension);
}

int port_find(struct adapter *adapter, char *error, size_t error_bytes)
{
	char *argument = strdup(adapter->config.argument ? adapter->config.argument : "");
	BOOLEAN again = FALSE;
	ULONG found;

	if (!argument)
		return -ENOMEM;
	fill_port_config(adapter);
	/* A driver may look whether its device has messages enabled. */
	sim_device_use_messages(adapter->config.device, adapter->config.messages > 0);
	found = adapter->hw.HwFindAdapter(adapter->extension, NULL, NULL, argument, &adapter->port_config, &again);
	free(argument);
	if (found != SP_RETURN_FOUND)
		return fail(error, error_bytes, "HwStorFindAdapter", found, meaning(found));
	if (port_srb_check(adapter, error, error_bytes))
		return -EINVAL;
	if (adapter->port_config.SynchronizationModel == StorSynchronizeHalfDuplex)
		adapter->config.half_duplex = true;
	return 0;
}

int port_initialize(struct adapter *adapter, struct sim_cpu *cpu, char *error, size_t error_bytes)
{
	BOOLEAN answer;

	/* HwInitialize runs at DIRQL with the interrupt lock held. */
	adapter->passive_initialize = NULL;
	adapter->initializing = true;
	answer = port_run_under_interrupt_lock(adapter, cpu, initialize_under_lock, NULL);
	adapter->initializing = false;
	if (!answer)
		return fail(error, error_bytes, "HwStorInitialize", FALSE, "FALSE");
	adapter->initializing_passively = true;
	answer = !adapter->passive_initialize || adapter->passive_initialize(adapter->extension);
	adapter->initializing_passively = false;
	if (!answer)
		return fail(error, error_bytes, "HwStorPassiveInitializeRoutine", FALSE, "FALSE");
	port_query_controls(adapter);
	return 0;
}

BOOLEAN StorPortEnablePassiveInitialization(PVOID DeviceExtension, PHW_PASSIVE_INITIALIZE_ROUTINE HwPassiveInitializeRoutine)
{
	struct adapter *adapter = adapter_of(DeviceExtension);

	if (VERIFIED(adapter))
		verifier_called(adapter, CALL_ENABLE_PASSIVE_INITIALIZATION, VERIFIED_CALLER);
	if (!adapter->initializing)
		return FALSE;
	adapter->passive_initialize = HwPassiveInitializeRoutine;
	return TRUE;
}

/* The CPU's other threads, under thread delivery. */
static int context_online(void *adapter, struct sim_cpu *cpu)
{
	return adapter_cpu_online(adapter, cpu);
}

static void context_offline(void *adapter, struct sim_cpu *cpu)
{
	adapter_cpu_offline(adapter, cpu);
}

/* From HwStorFindAdapter on; the miniport is loaded. */
static int bring_up(struct adapter *adapter, struct sim_cpu *cpu, char *error, size_t error_bytes)
{
	int err = port_find(adapter, error, error_bytes);

	if (!err)
		err = port_units_init(adapter);
	if (!err)
		err = port_vectors_init(adapter, cpu, error, error_bytes);
	if (err)
		return err;
	err = adapter_cpu_online(adapter, cpu);
	if (!err) {
		err = port_initialize(adapter, cpu, error, error_bytes);
		adapter_cpu_offline(adapter, cpu);
	}
	if (err)
		port_vectors_fini(adapter);
	return err;
}

int adapter_start(struct adapter *adapter, struct sim_machine *machine, port_driver_entry *entry,
		  const struct adapter_config *config, char *error, size_t error_bytes)
{
	struct sim_cpu *cpu = sim_cpu_enter(machine, 0);
	int err;

	memset(adapter, 0, sizeof(*adapter));
	adapter->machine = machine;
	adapter->backend = config->backend;
	adapter->config = *config;
	adapter->verifier = config->verifier;
	adapter->channels = 1;
	if (!config->backend->enter || !config->backend->leave) {
		snprintf(error, error_bytes, "the back end %s has no form that StorPortAcquireSpinLock could take", config->backend->name);
		sim_cpu_exit(cpu);
		return -ENOTSUP;
	}
	snprintf(error, error_bytes, "out of memory");
	err = load(adapter, entry, error, error_bytes);
	if (!err && VERIFIED(adapter))
		verifier_attach(adapter);
	if (!err)
		err = allocate(adapter);
	if (!err)
		err = bring_up(adapter, cpu, error, error_bytes);
	if (err)
		free_memory(adapter);
	sim_cpu_exit(cpu);
	if (err)
		return err;
	machine->context_online = context_online;
	machine->context_offline = context_offline;
	machine->context_argument = adapter;
	adapter->started = true;
	return 0;
}

void adapter_retire(struct adapter *adapter)
{
	struct sim_cpu *cpu;

	if (!adapter->started || adapter->retired)
		return;
	cpu = sim_cpu_enter(adapter->machine, 0);
	/* Nobody records any more. */
	adapter->config.probe = NULL;
	if (!adapter_cpu_online(adapter, cpu)) {
		port_shut_down(adapter, cpu);
		adapter_cpu_offline(adapter, cpu);
	}
	if (VERIFIED(adapter))
		verifier_detach(adapter);
	sim_cpu_exit(cpu);
	adapter->retired = true;
}

void adapter_stop(struct adapter *adapter)
{
	adapter_retire(adapter);
	if (!adapter->started)
		return;
	port_vectors_fini(adapter);
	free_memory(adapter);
	adapter->started = false;
}
