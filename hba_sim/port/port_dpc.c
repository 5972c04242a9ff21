/* SPDX-License-Identifier: MIT */
/* DPCs and the timer of the miniport, and how its timers' routines are called. */
#include "hba_sim/port/port_internal.h"
#include "hba_sim/port/verifier_hooks.h"

/*
 * A STOR_DPC is the driver's own storage; the simulator's DPC lies in it, over
 * the fields that the documentation calls opaque.
 */
struct port_dpc {
	struct sim_dpc dpc;
	PVOID extension;
	PHW_DPC_ROUTINE routine;
};

_Static_assert(sizeof(struct port_dpc) <= sizeof(STOR_KDPC) && offsetof(STOR_DPC, Dpc) == 0,
	       "the simulator's DPC fits where a STOR_DPC begins");

static struct port_dpc *port_dpc_of(PSTOR_DPC stor_dpc)
{
	return (struct port_dpc *)&stor_dpc->Dpc;
}

static void run(void *context, void *argument1, void *argument2)
{
	struct port_dpc *dpc = context;

	dpc->routine((PSTOR_DPC)dpc, dpc->extension, argument1, argument2);
}

VOID StorPortInitializeDpc(PVOID DeviceExtension, PSTOR_DPC Dpc, PHW_DPC_ROUTINE HwDpcRoutine)
{
	struct port_dpc *dpc = port_dpc_of(Dpc);

	sim_dpc_init(&dpc->dpc, run, dpc);
	dpc->extension = DeviceExtension;
	dpc->routine = HwDpcRoutine;
	if (VERIFIED(adapter_of(DeviceExtension))) {
		verifier_called(adapter_of(DeviceExtension), CALL_INITIALIZE_DPC, VERIFIED_CALLER);
		dpc->routine = verifier_dpc(adapter_of(DeviceExtension), Dpc, HwDpcRoutine);
	}
	Dpc->Lock = 0;
}

BOOLEAN StorPortIssueDpc(PVOID DeviceExtension, PSTOR_DPC Dpc, PVOID SystemArgument1, PVOID SystemArgument2)
{
	if (VERIFIED(adapter_of(DeviceExtension)) && !verifier_issue_dpc(adapter_of(DeviceExtension), VERIFIED_CALLER))
		return FALSE;
	return sim_dpc_queue(sim_cpu_self(), &port_dpc_of(Dpc)->dpc, SystemArgument1, SystemArgument2);
}

struct serialized {
	PSTOR_SYNCHRONIZED_ACCESS routine;
	void *context;
};

static BOOLEAN under_interrupt_lock(PVOID extension, PVOID context)
{
	const struct serialized *serialized = context;
	/* Not always the CPU that asked for it. */
	struct adapter_cpu *runner = adapter_cpu_of(adapter_of(extension), sim_cpu_self());

	runner->holds_interrupt_lock = true;
	serialized->routine(extension, serialized->context);
	runner->holds_interrupt_lock = false;
	return TRUE;
}

void port_run_serialized(struct adapter *adapter, struct sim_cpu *cpu, PSTOR_SYNCHRONIZED_ACCESS routine, void *context)
{
	struct serialized serialized = { routine, context };

	port_lock_acquire(&adapter->start_io_lock, cpu);
	if (adapter->config.half_duplex)
		port_run_under_interrupt_lock(adapter, cpu, under_interrupt_lock, &serialized);
	else
		routine(adapter->extension, context);
	port_lock_release(&adapter->start_io_lock);
}

/* Decided under the locks that a callback holds when it cancels: what it cancelled does not come after that. */
static void call_unless_void(struct adapter_cpu *acpu)
{
	struct adapter *adapter = acpu->adapter;

	/* relaxed: a later request on any CPU makes this one void; those made under the same locks are ordered by them */
	if (acpu->timer_generation == atomic_load_explicit(&adapter->timer_generation, memory_order_relaxed))
		adapter->timer_routine(adapter->extension);
}

static BOOLEAN timer_serialized(PVOID extension, PVOID context)
{
	call_unless_void(context);
	return TRUE;
}

void port_timer_fired(void *context)
{
	struct adapter_cpu *acpu = context;

	port_run_serialized(acpu->adapter, sim_cpu_self(), timer_serialized, acpu);
}

/* One timer an adapter: a request replaces the one before, on whichever CPU that was armed; 0 cancels. */
void port_request_timer(struct adapter *adapter, PHW_TIMER routine, ULONG microseconds)
{
	struct sim_cpu *cpu = sim_cpu_self();
	struct adapter_cpu *acpu = adapter_cpu_of(adapter, cpu);
	uint64_t generation = atomic_fetch_add_explicit(&adapter->timer_generation, 1, memory_order_relaxed) + 1;
	uint8_t irql = sim_raise(cpu, IRQL_HIGH);

	acpu->timer_generation = generation;
	if (microseconds) {
		adapter->timer_routine = routine;
		sim_timer_arm(cpu, &acpu->timer, stamp_now() + port_ticks_of_us(adapter, microseconds));
	} else {
		sim_timer_cancel(&acpu->timer);
	}
	sim_restore(cpu, irql);
}
