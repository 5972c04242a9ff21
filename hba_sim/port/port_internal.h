/* SPDX-License-Identifier: MIT */
/* What the files of the port driver share among themselves. */
#ifndef STORSYNC_HBA_SIM_PORT_PORT_INTERNAL_H
#define STORSYNC_HBA_SIM_PORT_PORT_INTERNAL_H

#include "hba_sim/port/port.h"

/* The device extension lies behind a header that names its adapter. */
#define EXTENSION_HEADER_BYTES 64

static inline struct adapter *adapter_of(void *extension)
{
	return *(struct adapter **)((char *)extension - EXTENSION_HEADER_BYTES);
}

static inline struct adapter_cpu *adapter_cpu_of(struct adapter *adapter, const struct sim_cpu *cpu)
{
	return &adapter->cpu[cpu->index];
}

static inline struct port_request *request_of(SCSI_REQUEST_BLOCK *srb)
{
	return (struct port_request *)((char *)srb - offsetof(struct port_request, srb));
}

static inline uint64_t port_ticks_of_us(const struct adapter *adapter, uint64_t us)
{
	return stamp_from_ns(&adapter->machine->scale, us * 1000);
}

/* At the end of a list that has its own tail, which counts for nothing while it is empty. */
static inline void port_list_append(struct port_request **head, struct port_request ***tail, struct port_request *request)
{
	request->next = NULL;
	if (!*head)
		*tail = head;
	**tail = request;
	*tail = &request->next;
}

/* A plain spin lock of the port's own; the caller is at IRQL_DISPATCH or above. */
void port_lock_acquire(_Atomic(uint32_t) *lock, struct sim_cpu *cpu);
void port_lock_release(_Atomic(uint32_t) *lock);

/* After HwStorFindAdapter: vectors, locks, handlers.  0, -ENOTSUP (the reason in `error`), -ENOMEM or -errno of the back end. */
int port_vectors_init(struct adapter *adapter, struct sim_cpu *cpu, char *error, size_t error_bytes);
void port_vectors_fini(struct adapter *adapter);

/* Whether the miniport asked for InterruptSynchronizePerMessage and got messages. */
bool port_has_lock_per_message(const struct adapter *adapter);

/* A vector's handler; the context is the struct port_vector. */
int port_interrupt(void *context, struct sim_cpu *cpu, struct irq_event *event);
void port_handed_over_done(void *context, struct sim_cpu *cpu, unsigned target, unsigned char answer);

/* Runs `routine` holding the interrupt lock, marked so that SynchronizeAccess inside goes straight through. */
BOOLEAN port_run_under_interrupt_lock(struct adapter *adapter, struct sim_cpu *cpu, PSTOR_SYNCHRONIZED_ACCESS routine,
				      void *context);

/* Runs `routine` as HwStorTimer is run: holding StartIo's lock, and in half duplex the interrupt lock as well.  At IRQL_DISPATCH. */
void port_run_serialized(struct adapter *adapter, struct sim_cpu *cpu, PSTOR_SYNCHRONIZED_ACCESS routine, void *context);

/* What the StorPort routines of the like names do, the verifier apart. */
void port_acquire_spin_lock(struct adapter *adapter, STOR_SPINLOCK which, void *context, PSTOR_LOCK_HANDLE handle);
void port_release_spin_lock(struct adapter *adapter, PSTOR_LOCK_HANDLE handle);
ULONG port_acquire_message(struct adapter *adapter, ULONG message, PULONG old_irql);
ULONG port_release_message(struct adapter *adapter, ULONG message, ULONG old_irql);

/* The request is finished: hands it back by this CPU's completion DPC. */
void port_complete(struct adapter *adapter, struct port_request *request);

/* The same with `status`, of a request that the miniport has; of no other. */
void port_complete_given(struct adapter *adapter, struct port_request *request, uint8_t status);

/* Counts at IRQL_DISPATCH what the CPU alone counts; for a miniport that has a request no longer. */
void port_count_returned(struct adapter *adapter, struct sim_cpu *cpu);

/* The held list: an ISR may change what holds requests back, so its lock is held at IRQL_HIGH. */
uint8_t port_held_lock(struct adapter *adapter, struct sim_cpu *cpu);
void port_held_unlock(struct adapter *adapter, struct sim_cpu *cpu, uint8_t irql);

/* All at IRQL_DISPATCH.  A submission: true when the request was put on the held list, or refused. */
bool port_hold_back(struct adapter *adapter, struct port_request *request, struct sim_cpu *cpu);

/* Those that the miniport refused for now, a list in their order. */
void port_hold_refused(struct adapter *adapter, struct sim_cpu *cpu, struct port_request *first, struct port_request **tail);

/* Gives what may go now, until one comes back at once: those behind it must not pass it; its completion goes on here. */
void port_release_held(struct adapter *adapter, struct sim_cpu *cpu);

/* A request is about to be handed back: StorPortBusy and StorPortDeviceBusy wait for a number of them. */
void port_count_down_busy(struct adapter *adapter, struct sim_cpu *cpu, struct port_request *request);

/* A completion to the CPU that submitted it, from any CPU, at any IRQL; and its receipt, behind what was reported there. */
void port_send_home(struct adapter_cpu *home, struct sim_machine *machine, struct port_request *request);
void port_take_sent_home(struct adapter_cpu *acpu, struct sim_cpu *cpu);

/* What the port has completed itself, on this CPU; by its completion DPC. */
void port_hand_back_taken(struct adapter_cpu *acpu, struct sim_cpu *cpu);

/* Completes the request with a status of the port's own, the miniport not having it; at IRQL_DISPATCH, by this CPU's completion DPC. */
void port_hand_back(struct adapter *adapter, struct sim_cpu *cpu, struct port_request *request, uint8_t status);

/* Completes what the miniport has in its stead; false when it does not have it.  At IRQL_DISPATCH. */
bool port_take_back(struct adapter *adapter, struct sim_cpu *cpu, struct port_request *request, uint8_t status);

/* The miniport reports a request that it does not have. */
void port_complete_in_vain(struct adapter *adapter, uint32_t state);

/* Gives a request to the miniport past all that holds requests back; at IRQL_DISPATCH. */
void port_give(struct adapter *adapter, struct port_request *request, struct sim_cpu *cpu);

/* A request of the port's own; NULL when physical memory is used up. */
struct port_request *port_own_alloc(struct adapter *adapter, void (*complete)(struct port_request *request, struct sim_cpu *cpu));

/* Sends it, no data, no time-out.  False when the miniport still has it from last time.  At IRQL_DISPATCH. */
bool port_own_send(struct adapter *adapter, struct sim_cpu *cpu, struct port_request *request, UCHAR function, UCHAR path,
		   UCHAR target, UCHAR lun);

/* Control of the adapter: who has it may stop, restart, reset or remove it.  A timer or DPC may only try. */
bool port_control_try(struct adapter *adapter);
void port_control_acquire(struct adapter *adapter, struct sim_cpu *cpu);
void port_control_release(struct adapter *adapter);

/* port_reset_bus by who has it. */
void port_reset_bus_controlled(struct adapter *adapter, struct sim_cpu *cpu);

/* Nothing is given to the miniport from here on, for the reason `why`, and none is being given; at IRQL_DISPATCH. */
void port_close(struct adapter *adapter, struct sim_cpu *cpu, uint32_t why);
void port_open(struct adapter *adapter, struct sim_cpu *cpu, uint32_t why);

/* All that is held back, for the reason that it is closed for good; at IRQL_DISPATCH. */
void port_refuse_held(struct adapter *adapter, struct sim_cpu *cpu);

/* Requests that the miniport has: never fewer than there are. */
uint64_t port_outstanding(const struct adapter *adapter);

/* All of StartIo's locks, the adapter's and the channels' tokens; at IRQL_DISPATCH. */
void port_starts_acquire(struct adapter *adapter, struct sim_cpu *cpu);
void port_starts_release(struct adapter *adapter);

/* Which of them each CPU takes, as by the number of channels. */
void port_choose_start_locks(struct adapter *adapter);

/* The bus has been reset: the miniport's BusResetHoldTime begins.  Any IRQL. */
void port_hold_after_reset(struct adapter *adapter);

/* After HwStorResetBus: what it left is to be completed soon. */
void port_note_left(struct adapter *adapter);

/* The adapter's CPU-independent number of the request's channel, and the message that it should interrupt with. */
ULONG port_channel_of(const struct adapter *adapter, const struct sim_cpu *cpu);
ULONG port_message_of(const struct adapter *adapter, const struct sim_cpu *cpu);

/* HwStorFindAdapter; HwStorInitialize and passive initialization; ScsiQuerySupportedControlTypes. */
int port_find(struct adapter *adapter, char *error, size_t error_bytes);
int port_initialize(struct adapter *adapter, struct sim_cpu *cpu, char *error, size_t error_bytes);
void port_query_controls(struct adapter *adapter);

/* The end: a flush and a shutdown, where the miniport caches data; ScsiStopAdapter, where it supports that and was not told before. */
void port_shut_down(struct adapter *adapter, struct sim_cpu *cpu);

/* The tick of a CPU's time-outs. */
void port_watch_timer_fired(void *context);

/* All requests of an adapter. */
static inline struct port_request *port_first_request(const struct adapter *adapter)
{
	/* ORD port_requests:B acquire, pairs with port_requests:A: the request is complete. */
	return atomic_load_explicit(&adapter->requests, memory_order_acquire);
}

/* Holds back requests until so many, or all, of those that the miniport has are complete; 0 ends that. */
void port_busy(struct adapter *adapter, ULONG completions);

/* Holds back requests until the stamp `until`, SIM_NEVER for as long as it takes; or ends that. */
void port_pause(struct adapter *adapter, uint64_t until);
void port_resume(struct adapter *adapter);

/* The same of one unit, which exists, and the depth of its queue; from any level. */
void port_unit_busy(struct adapter *adapter, UCHAR lun, ULONG completions);
void port_unit_pause(struct adapter *adapter, UCHAR lun, uint64_t until);
void port_unit_resume(struct adapter *adapter, UCHAR lun);
void port_unit_set_depth(struct adapter *adapter, UCHAR lun, ULONG depth);

/* Before HwStorFindAdapter: what PORT_CONFIGURATION_INFORMATION says by default. */
void port_config_defaults(PORT_CONFIGURATION_INFORMATION *config, const HW_INITIALIZATION_DATA *hw);

/* Whether the miniport's adapter has the logical unit. */
bool port_unit_exists(const struct adapter *adapter, UCHAR path, UCHAR target, UCHAR lun);

/* After HwStorFindAdapter: the units' extensions.  0 or -ENOMEM. */
int port_units_init(struct adapter *adapter);

/* The unit that a request is for; its flow, all under the held list's lock. */
struct port_unit *port_unit_of(struct adapter *adapter, struct port_request *request);

/* Requests for it that the miniport has. */
uint32_t port_unit_outstanding(struct adapter *adapter, const struct port_unit *unit);

/* Whether nothing more may go to it now. */
bool port_unit_holds(struct adapter *adapter, struct port_request *request);

/* Whether a queue's depth can hold back anything at all: none is deeper than there are requests. */
bool port_units_are_limited(const struct adapter *adapter);

/* Ends pauses that are over, and what waited for completions that have all come. */
void port_units_tick(struct adapter *adapter, uint64_t now);

/* What a unit is waiting for has changed. */
void port_units_note(struct adapter *adapter);

/* Which form of request block the miniport gets, for requests allocated from then on: 0 or -EINVAL, the reason in `error`. */
int port_srb_check(const struct adapter *adapter, char *error, size_t error_bytes);
bool port_srb_is_extended(const struct adapter *adapter);

/* port_request_alloc and port_request_prepare for the extended form. */
void port_extended_srb_init(struct port_extended_srb *extended, PVOID srb_extension, PVOID sense);
void port_extended_srb_prepare(struct port_request *request, uint8_t lun, const void *cdb, uint8_t cdb_bytes, uint32_t flags,
			       uint32_t bytes);

/* The per-CPU DPC and timer routines. */
void port_completion_dpc(void *context, void *argument1, void *argument2);
void port_timer_fired(void *context);
void port_hold_timer_fired(void *context);
/* Those of StorPortInitializeTimer, with the adapter. */
void port_timers_free(struct adapter *adapter);
/* Each of those whose routine is still to be called.  Nobody else uses them. */
void port_timers_for_armed(struct adapter *adapter, void (*visit)(struct adapter *adapter, PHW_TIMER_EX routine));

void port_request_timer(struct adapter *adapter, PHW_TIMER routine, ULONG microseconds);

#endif
