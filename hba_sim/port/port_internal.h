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

/* A plain spin lock of the port's own; the caller is at IRQL_DISPATCH or above. */
void port_lock_acquire(_Atomic(uint32_t) *lock, struct sim_cpu *cpu);
void port_lock_release(_Atomic(uint32_t) *lock);

/* After HwStorFindAdapter: vectors, locks, handlers.  0, -ENOTSUP (the reason in `error`), -ENOMEM or -errno of the back end. */
int port_vectors_init(struct adapter *adapter, char *error, size_t error_bytes);
void port_vectors_fini(struct adapter *adapter);

/* Whether the miniport asked for InterruptSynchronizePerMessage and got messages. */
bool port_has_lock_per_message(const struct adapter *adapter);

/* A vector's handler; the context is the struct port_vector. */
int port_interrupt(void *context, struct sim_cpu *cpu, struct irq_event *event);
void port_handed_over_done(void *context, struct sim_cpu *cpu, unsigned target, unsigned char answer);

/* Runs `routine` holding the interrupt lock, marked so that SynchronizeAccess inside goes straight through. */
BOOLEAN port_run_under_interrupt_lock(struct adapter *adapter, struct sim_cpu *cpu, PSTOR_SYNCHRONIZED_ACCESS routine,
				      void *context);

/* What the StorPort routines of the like names do, the verifier apart. */
void port_acquire_spin_lock(struct adapter *adapter, STOR_SPINLOCK which, void *context, PSTOR_LOCK_HANDLE handle);
void port_release_spin_lock(struct adapter *adapter, PSTOR_LOCK_HANDLE handle);
ULONG port_acquire_message(struct adapter *adapter, ULONG message, PULONG old_irql);
ULONG port_release_message(struct adapter *adapter, ULONG message, ULONG old_irql);

/* The request is finished: hands it back by this CPU's completion DPC. */
void port_complete(struct adapter *adapter, struct port_request *request);

/* Holds back requests until so many, or all, of those that the miniport has are complete; 0 ends that. */
void port_busy(struct adapter *adapter, ULONG completions);

/* Holds back requests until the stamp `until`, SIM_NEVER for as long as it takes; or ends that. */
void port_pause(struct adapter *adapter, uint64_t until);
void port_resume(struct adapter *adapter);

/* Before HwStorFindAdapter: what PORT_CONFIGURATION_INFORMATION says by default. */
void port_config_defaults(PORT_CONFIGURATION_INFORMATION *config, const HW_INITIALIZATION_DATA *hw);

/* After HwStorFindAdapter: the units' extensions.  0 or -ENOMEM. */
int port_units_init(struct adapter *adapter);

/* What StorPortInitializeTimer gave out; no CPU runs any more. */
void port_timers_free(struct adapter *adapter);

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
void port_request_timer(struct adapter *adapter, PHW_TIMER routine, ULONG microseconds);

#endif
