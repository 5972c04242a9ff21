/* SPDX-License-Identifier: MIT */
/*
 * A miniport that does what a test tells it to, on an adapter whose interrupt is
 * a fake source's, for the tests of the port driver.
 *
 * Left alone it keeps every SRB until its interrupt comes, and then reports all
 * of them complete, in order.
 */
#ifndef STORSYNC_TESTS_UNIT_TEST_MINIPORT_H
#define STORSYNC_TESTS_UNIT_TEST_MINIPORT_H

#include "tests/unit/fake_source.h"

#include "hba_sim/port/port.h"
#include "impls/backends.h"

#define MINI_DIRQL 6
#define MINI_SRBS 16
#define MINI_IO_BASE 0xe000u
#define MINI_IO_BYTES 0x20u
#define MINI_VENDOR 0x1234

struct mini {
	/* What it does. */
	ULONG registers_bytes;  /* HwInitializationDataSize */
	ULONG found;
	STOR_SYNCHRONIZATION_MODEL model;
	ULONG channels;         /* ConcurrentChannels that it asks for, 0: none */
	BOOLEAN initialized;    /* HwInitialize's answer */
	BOOLEAN (*find)(PVOID extension);
	BOOLEAN (*initialize)(PVOID extension);
	BOOLEAN (*build)(PVOID extension, PSCSI_REQUEST_BLOCK srb);
	BOOLEAN (*start)(PVOID extension, PSCSI_REQUEST_BLOCK srb);
	BOOLEAN (*interrupt)(PVOID extension);
	BOOLEAN (*reset)(PVOID extension);
	BOOLEAN (*message)(PVOID extension, ULONG id); /* HwMSInterruptRoutine */
	INTERRUPT_SYNCHRONIZATION_MODE synchronization;
	ULONG srb_types;        /* SrbTypeFlags */
	ULONG unit_bytes;       /* SpecificLuExtensionSize */
	void (*configure)(PPORT_CONFIGURATION_INFORMATION config); /* in HwFindAdapter, last */
	PHW_ADAPTER_CONTROL control; /* HwAdapterControl */

	/* What it saw. */
	PVOID extension;
	CHAR argument[32];
	PORT_CONFIGURATION_INFORMATION config; /* as HwFindAdapter got it */
	unsigned builds, starts, interrupts, resets;
	KIRQL find_irql, initialize_irql, build_irql, start_irql, interrupt_irql, reset_irql;
	ULONG perf_status;
	PSCSI_REQUEST_BLOCK kept[MINI_SRBS];
	unsigned keeps;
};

struct port_rig {
	struct sim_machine machine;
	struct fake_source source;
	struct adapter adapter;
	struct adapter_config config;
	struct sim_cpu *cpu;
	struct port_request *request[MINI_SRBS];
	unsigned requests;
	struct port_request *done[MINI_SRBS]; /* handed back, in order */
	unsigned dones;
	char error[128];
};

static struct mini mini;
static struct port_rig rig;

static inline ULONG mini_find(PVOID extension, PVOID context, PVOID bus, PCHAR argument, PPORT_CONFIGURATION_INFORMATION config,
			      PBOOLEAN again)
{
	mini.extension = extension;
	mini.find_irql = KeGetCurrentIrql();
	mini.config = *config;
	snprintf(mini.argument, sizeof(mini.argument), "%s", argument);
	config->SynchronizationModel = mini.model;
	config->HwMSInterruptRoutine = mini.message;
	config->InterruptSynchronizationMode = mini.synchronization;
	if (mini.find)
		mini.find(extension);
	if (mini.configure)
		mini.configure(config);
	return mini.found;
}

static inline BOOLEAN mini_initialize(PVOID extension)
{
	PERF_CONFIGURATION_DATA perf = { .Version = STOR_PERF_VERSION, .Size = sizeof(perf),
					 .Flags = STOR_PERF_CONCURRENT_CHANNELS, .ConcurrentChannels = mini.channels };

	mini.initialize_irql = KeGetCurrentIrql();
	if (mini.channels)
		mini.perf_status = StorPortInitializePerfOpts(extension, FALSE, &perf);
	if (mini.initialize)
		mini.initialize(extension);
	return mini.initialized;
}

static inline BOOLEAN mini_build(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	mini.builds++;
	mini.build_irql = KeGetCurrentIrql();
	return mini.build ? mini.build(extension, srb) : TRUE;
}

static inline BOOLEAN mini_keep(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	assert_in_range(mini.keeps, 0, MINI_SRBS - 1);
	mini.kept[mini.keeps++] = srb;
	return TRUE;
}

static inline BOOLEAN mini_start(PVOID extension, PSCSI_REQUEST_BLOCK srb)
{
	mini.starts++;
	mini.start_irql = KeGetCurrentIrql();
	return mini.start ? mini.start(extension, srb) : mini_keep(extension, srb);
}

static inline void mini_complete(PVOID extension, PSCSI_REQUEST_BLOCK srb, UCHAR status)
{
	srb->SrbStatus = status;
	StorPortNotification(RequestComplete, extension, srb);
}

/* Reports the first `n` of those that it keeps. */
static inline void mini_complete_first(PVOID extension, unsigned n, UCHAR status)
{
	assert_in_range(n, 0, mini.keeps);
	for (unsigned i = 0; i < n; i++)
		mini_complete(extension, mini.kept[i], status);
	mini.keeps -= n;
	memmove(mini.kept, mini.kept + n, mini.keeps * sizeof(mini.kept[0]));
}

static inline BOOLEAN mini_interrupt(PVOID extension)
{
	mini.interrupts++;
	mini.interrupt_irql = KeGetCurrentIrql();
	fake_drop(&rig.source, sim_cpu_self());
	if (mini.interrupt)
		return mini.interrupt(extension);
	mini_complete_first(extension, mini.keeps, SRB_STATUS_SUCCESS);
	return TRUE;
}

static inline BOOLEAN mini_reset(PVOID extension, ULONG path)
{
	mini.resets++;
	mini.reset_irql = KeGetCurrentIrql();
	return mini.reset ? mini.reset(extension) : TRUE;
}

static inline ULONG mini_entry(PVOID driver, PVOID registry)
{
	HW_INITIALIZATION_DATA data = {
		.HwInitializationDataSize = mini.registers_bytes,
		.AdapterInterfaceType = PCIBus,
		.HwFindAdapter = mini_find,
		.HwInitialize = mini_initialize,
		.HwBuildIo = mini_build,
		.HwStartIo = mini_start,
		.HwInterrupt = mini_interrupt,
		.HwResetBus = mini_reset,
		.HwAdapterControl = mini.control,
		.DeviceExtensionSize = 64,
		.SrbExtensionSize = 32,
		.SpecificLuExtensionSize = mini.unit_bytes,
		.SrbTypeFlags = mini.srb_types,
		.NumberOfAccessRanges = 1,
	};

	return StorPortInitialize(driver, registry, &data, NULL);
}

/* A machine of two CPUs and a miniport in full duplex, not yet started; tests change `mini` and `rig.config`. */
static inline int rig_set_up(void **state)
{
	memset(&rig, 0, sizeof(rig));
	mini = (struct mini){ .registers_bytes = sizeof(HW_INITIALIZATION_DATA), .found = SP_RETURN_FOUND,
			      .model = StorSynchronizeFullDuplex, .initialized = TRUE };
	fake_machine_init(&rig.machine, 2, true);
	fake_connect(&rig.source, &rig.machine, "test HBA", MINI_DIRQL, NULL, NULL);
	sim_pci_put16(&rig.source.pci, SIM_PCI_VENDOR, MINI_VENDOR);
	rig.source.pci.config[SIM_PCI_INTERRUPT_LINE] = MINI_DIRQL;
	sim_pci_set_bar(&rig.source.pci, 0, (struct sim_bar){ .base = MINI_IO_BASE, .length = MINI_IO_BYTES });
	rig.config = (struct adapter_config){ .backend = sync_backend_find("spinlock"), .device = &rig.source.pci, .channels = 1 };
	return 0;
}

static inline int rig_tear_down(void **state)
{
	if (rig.cpu) {
		sim_cpu_enter(&rig.machine, 0);
		adapter_cpu_offline(&rig.adapter, rig.cpu);
		sim_cpu_exit(rig.cpu);
	}
	adapter_stop(&rig.adapter);
	sim_machine_fini(&rig.machine);
	return 0;
}

static inline int rig_try_start(void)
{
	return adapter_start(&rig.adapter, &rig.machine, mini_entry, &rig.config, rig.error, sizeof(rig.error));
}

/* Starts the adapter and plays CPU 0. */
static inline void rig_start(void)
{
	assert_int_equal(rig_try_start(), 0);
	rig.cpu = sim_cpu_enter(&rig.machine, 0);
	assert_int_equal(adapter_cpu_online(&rig.adapter, rig.cpu), 0);
}

/* The rig's own routines count plainly: two CPUs at once go past them. */
static inline void rig_start_io_at_once(PHW_STARTIO start)
{
	rig.adapter.hw.HwBuildIo = NULL;
	rig.adapter.hw.HwStartIo = start;
}

/* The line goes up, and this CPU looks. */
static inline void rig_interrupt(void)
{
	fake_raise(&rig.source, sim_cpu_self(), stamp_now());
	sim_cpu_look(sim_cpu_self());
}

static inline void rig_done(struct port_request *request, struct sim_cpu *cpu)
{
	assert_int_equal(sim_irql(cpu), IRQL_DISPATCH);
	assert_in_range(rig.dones, 0, MINI_SRBS - 1);
	rig.done[rig.dones++] = request;
}

static inline struct port_request *rig_request(void)
{
	static const uint8_t test_unit_ready[6] = { 0 };
	struct port_request *request = port_request_alloc(&rig.adapter, 512);

	assert_non_null(request);
	port_request_prepare(request, 0, test_unit_ready, sizeof(test_unit_ready), 0, 0);
	request->complete = rig_done;
	rig.request[rig.requests++] = request;
	return request;
}

static inline struct port_request *rig_submit(void)
{
	struct port_request *request = rig_request();

	port_submit(request, sim_cpu_self());
	return request;
}

/* Looks until so many were handed back: retries and timers take their time, but not for ever. */
static inline void rig_look_until_done(unsigned dones)
{
	for (unsigned looks = 0; rig.dones < dones && looks < 10000000; looks++)
		sim_cpu_look(sim_cpu_self());
	assert_int_equal(rig.dones, dones);
}

#endif
