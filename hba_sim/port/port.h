/* SPDX-License-Identifier: MIT */
/*
 * The port driver, as the harness sees it: load a miniport, start its adapter
 * on the machine with a back end, submit requests, get them back.
 *
 * What the miniport sees is hba_sim/ddk/storport.h; the functions declared there
 * are in the port_*.c that their subject names.
 */
#ifndef STORSYNC_HBA_SIM_PORT_PORT_H
#define STORSYNC_HBA_SIM_PORT_PORT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "hba_sim/ddk/srbhelper.h"
#include "hba_sim/ddk/storport.h"
#include "hba_sim/devices/device.h"
#include "hba_sim/machine/dpc.h"
#include "hba_sim/machine/machine.h"
#include "hba_sim/machine/timer.h"
#include "hba_sim/port/witness.h"

struct adapter;
struct port_request;
struct port_timer;
struct verified_region;
struct verifier;

/* Where the stamps of MEASURING go; called at the IRQL of the event, on its CPU.  Each may be NULL. */
struct port_probe {
	void (*interrupt)(struct port_probe *probe, struct sim_cpu *cpu, const struct irq_event *event);
	/* stamp[0..3]: called, first instruction, routine returned, back in the caller; section: ticks of added work done. */
	void (*call)(struct port_probe *probe, struct sim_cpu *cpu, const uint64_t stamp[4], uint64_t section,
		     const struct access_before *before);
	/* In every synchronized section, access being held; `cpu` is the one that executes it.  What it takes is part of the section. */
	void (*inside)(struct port_probe *probe, struct sim_cpu *cpu);
};

/* A request block in its extended form: the address and the command follow it. */
struct port_extended_srb {
	STORAGE_REQUEST_BLOCK block;
	STOR_ADDR_BTL8 address;
	SRBEX_DATA_SCSI_CDB16 command;
};

enum port_request_state {
	PORT_REQUEST_IDLE,
	PORT_REQUEST_BUILT, /* submitted: being built */
	PORT_REQUEST_GIVEN, /* the miniport has it: HwStorStartIo was called with it */
	PORT_REQUEST_HELD,  /* held back, or refused for now */
	PORT_REQUEST_STALE, /* the port has completed it in the miniport's stead, which has not let go of it */
};

/* One I/O request: the SRB and what the port keeps beside it. */
struct port_request {
	struct adapter *adapter;
	void *data;         /* in simulated physical memory */
	uint32_t data_bytes_max;
	void (*complete)(struct port_request *request, struct sim_cpu *cpu); /* at IRQL_DISPATCH */
	void *owner;        /* the submitter's own */
	struct port_request *next;
	_Atomic(uint32_t) in_flight; /* enum port_request_state */
	_Atomic(uint32_t) remaining; /* seconds to its time-out; see port_timeout.c */
	_Atomic(uint32_t) home; /* the CPU that submitted it */
	bool passes_stop;   /* the port's own: it is given while a stop waits for what is out */
	uint32_t number;    /* of the adapter's requests, from 0: its queue tag */
	uint8_t taken_back_as; /* SrbStatus with which the port completes it in the miniport's stead */
	struct port_request *all_next; /* of all requests of the adapter */
	struct {
		STOR_SCATTER_GATHER_LIST list;
		STOR_SCATTER_GATHER_ELEMENT element[1];
	} sg;
	struct {
		_Atomic(uint32_t) state;
		uint32_t resets; /* bus resets before it was given */
		struct verified_region *extension;
		struct port_request *next;
	} verified;         /* the verifier's, where there is one */
	/* Function, which both forms have in the same place, says which it is; srbhelper.h reads either. */
	union {
		SCSI_REQUEST_BLOCK srb;
		struct port_extended_srb extended; /* last: the classic form does not pay for its size */
	};
};

/* An interrupt lock: what the back end keeps for it, and who is inside.  One an adapter, or one a message. */
struct port_lock {
	void *state;
	struct irq_line *line; /* the first of those that it guards */
	struct witness witness;
};

/* Where an interrupt comes in: the adapter's line, or one of its messages. */
struct port_vector {
	struct adapter *adapter;
	struct irq_line *line;
	struct port_lock *lock;
	uint32_t message; /* also the index of the vector */
};

/* The interrupt that a CPU is serving; it outlives service() when that hands the ISR over. */
struct port_isr {
	const struct port_vector *vector;
	struct irq_event event;
};

/* A lock that a driver has taken by name. */
struct port_held {
	struct sync_hold hold;
	uint64_t called;  /* stamps */
	uint64_t entered;
	struct access_before before;
};

/* What the port keeps for each CPU. */
struct adapter_cpu {
	_Alignas(SYNC_LINE_BYTES) struct port_request *done; /* reported complete, not yet handed back */
	struct port_request **done_tail;
	struct sim_dpc completion_dpc;
	struct sim_timer timer;
	uint64_t timer_generation;
	struct sim_timer watch_timer; /* ticks for the time-outs of the requests that were submitted here */
	struct sim_timer hold_timer; /* looks after what is held back when no completion may come to do it */
	_Atomic(uint32_t) *start_lock; /* for HwStorStartIo in full duplex: the adapter's, or a channel's token */
	_Atomic(uint64_t) given;     /* requests given to the miniport here; others read it */
	_Atomic(uint64_t) returned;  /* those, completed or refused, that this CPU has dealt with */
	bool holds_interrupt_lock;  /* half-duplex StartIo, timer, reset and StartIoLock: SynchronizeAccess goes straight through */
	_Atomic(uint64_t) handoffs; /* times that access was taken here for a CPU other than the one before; see witness_enter */
	struct adapter *adapter;
	struct sync_hold starts_hold;           /* half duplex, StorPortAcquireSpinLock(StartIoLock): of the interrupt lock with it */
	bool nests_interrupt_lock;              /* InterruptLock is held already, and may be acquired all the same */
	struct port_held interrupt_lock;        /* StorPortAcquireSpinLock(InterruptLock): of the first lock */
	struct port_held message_lock[SIM_LINES_MAX]; /* StorPortAcquireMSISpinLock; and InterruptLock's further ones */
	struct port_isr isr[SIM_LINES_MAX];     /* by vector */
	struct port_request *taken_back; /* completed by the port in the miniport's stead, not yet handed back */
	struct port_request **taken_back_tail;
	_Alignas(SYNC_LINE_BYTES) _Atomic(uint32_t) channel_token; /* of the channel with the CPU's number */
	_Alignas(SYNC_LINE_BYTES) _Atomic(struct port_request *) sent_home; /* reported complete on other CPUs, the newest first */
};

/* Why nothing is given to the miniport; bits. */
enum port_closed {
	PORT_CLOSED_RESET = 1,  /* the bus is being reset */
	PORT_CLOSED_HOLD = 2,   /* the bus has been reset, and the miniport's BusResetHoldTime is not over */
	PORT_CLOSED_STOP = 4,   /* adapter_suspend */
	PORT_CLOSED_GONE = 8,   /* adapter_surprise_remove */
};

/* Flow control of a logical unit; see port_unit.c.  Under hold_lock. */
struct port_unit {
	bool paused;
	uint64_t paused_until; /* stamp */
	uint32_t busy_until;   /* completions that StorPortDeviceBusy still waits for */
	uint32_t depth;        /* of its queue, StorPortSetDeviceQueueDepth's; 0: as deep as may be */
};

#define PORT_UNITS_MAX 256 /* what a Lun of eight bits can say */

/* What is done about requests that timed out; by who has the adapter's control_lock. */
struct port_recovery {
	uint64_t second_ticks;         /* 0: time-outs are not watched */
	uint32_t grace;                /* seconds for what a bus reset has left */
	struct port_request *reset[2]; /* of the logical unit, of the target */
	struct port_request *expired;  /* the request that it is about, NULL: all is well */
	unsigned step;                 /* the last one that was taken: a request of `reset`, or beyond them the bus */
};

struct adapter_config {
	const struct sync_backend *backend;
	struct sim_device *device;  /* its lines not yet with a handler */
	uint64_t section_ticks;     /* work added to every synchronized routine */
	unsigned messages;          /* granted at most, where device and miniport can; 0: interrupts by the line */
	bool half_duplex;           /* overrides what the miniport asks for */
	uint32_t channels;          /* ConcurrentChannels granted at most; 1: StartIo is serialized by its lock */
	const char *argument;       /* the miniport's argument string */
	struct port_probe *probe;
	struct verifier *verifier;  /* NULL: the miniport is not verified; see verifier.h */
};

struct adapter {
	struct sim_machine *machine;
	const struct sync_backend *backend;
	struct verifier *verifier; /* NULL: none */
	struct adapter_config config;
	HW_INITIALIZATION_DATA hw;
	PORT_CONFIGURATION_INFORMATION port_config;
	ACCESS_RANGE range[SIM_PCI_BARS];
	PCI_COMMON_CONFIG pci; /* what StorPortGetBusData answers */
	void *extension; /* the miniport's device extension */
	void *uncached_extension;
	ULONG uncached_bytes;
	unsigned char *registry_buffer;
	unsigned char *unit_extensions; /* NULL where the miniport wants none */
	_Atomic(uint32_t) timers_lock;
	struct {
		struct sim_dpc dpc;
		_Atomic(bool) pending;
		PHW_STATE_CHANGE routine;
		PVOID context;
		PVOID address; /* the miniport's own, which frees it */
	} state_change; /* StorPortStateChangeDetected's report that is under way */
	uint32_t channels;
	bool sends_home;    /* completions go to the CPU that submitted: STOR_PERF_DPC_REDIRECTION */
	_Atomic(uint32_t) closed; /* enum port_closed */
	ULONG perf_flags;   /* STOR_PERF_... that the miniport has switched on */
	ULONG first_message, last_message; /* STOR_PERF_INTERRUPT_MESSAGE_RANGES */
	bool started;
	bool retired; /* the miniport is stopped, or told that it is gone */
	bool initializing;  /* inside HwInitialize */
	bool initializing_passively;
	bool stopped;       /* ScsiStopAdapter was the last that it was told */
	bool flushed;       /* and SRB_FUNCTION_FLUSH before that, where it caches data */
	struct port_request *flush; /* for that, NULL as long as it was not needed */
	uint32_t controls;  /* SCSI_ADAPTER_CONTROL_TYPEs that the miniport supports, a bit each */
	PHW_PASSIVE_INITIALIZE_ROUTINE passive_initialize;

	_Alignas(SYNC_LINE_BYTES) _Atomic(uint32_t) start_io_lock;

	/* Requests held back by StorPortBusy, StorPortPause and their kin. */
	_Alignas(SYNC_LINE_BYTES) _Atomic(uint32_t) held_back; /* not 0: submit must look at the list */
	_Atomic(uint32_t) hold_lock;
	struct port_request *held;
	struct port_request **held_tail;
	uint32_t busy_until;   /* completions that StorPortBusy still waits for */
	bool paused;
	uint64_t paused_until; /* stamp */
	uint64_t reset_hold_until; /* stamp: the end of PORT_CLOSED_HOLD */
	struct port_unit unit[PORT_UNITS_MAX]; /* by Lun */
	uint32_t units_waiting;    /* of them, those that are paused or busy */
	uint32_t least_depth;      /* of their queues, 0: none has a limit */
	_Atomic(uint32_t) stale; /* requests in PORT_REQUEST_STALE; changed under hold_lock */

	_Atomic(uint32_t) control_lock; /* who stops, restarts, resets or removes the adapter */
	_Atomic(struct port_request *) requests; /* all there are, by all_next */
	struct port_recovery recovery;

	/* Taken in ascending order where all are needed. */
	struct port_lock lock[SIM_LINES_MAX];
	unsigned locks;
	struct port_vector vector[SIM_LINES_MAX];
	unsigned vectors;
	bool uses_messages; /* the vectors are messages, served by HwMSInterruptRoutine */

	/* Counters of rare things. */
	_Atomic(uint64_t) completed_twice;
	_Atomic(uint64_t) busy_refusals;
	_Atomic(uint64_t) bus_resets;
	_Atomic(uint64_t) errors_logged;
	_Atomic(uint64_t) bus_changes;      /* BusChangeDetected */
	_Atomic(uint64_t) resets_failed;    /* HwStorResetBus answered FALSE */
	_Atomic(uint64_t) left_by_resets;   /* requests that HwStorResetBus did not complete */
	_Atomic(uint64_t) timeouts;         /* requests that were with the miniport for longer than their TimeOutValue */
	_Atomic(uint64_t) unit_resets;      /* SRB_FUNCTION_RESET_LOGICAL_UNIT sent */
	_Atomic(uint64_t) target_resets;    /* SRB_FUNCTION_RESET_DEVICE sent */
	_Atomic(uint64_t) taken_back;       /* requests that the port completed in the miniport's stead */
	_Atomic(uint64_t) completed_late;   /* those of them that the miniport reported afterwards: ignored */
	_Atomic(uint64_t) timer_generation;
	PHW_TIMER timer_routine;
	_Atomic(struct port_timer *) timers; /* of StorPortInitializeTimer */

	struct adapter_cpu *cpu;
};

typedef ULONG port_driver_entry(PVOID driver_object, PVOID registry_path);

/*
 * Loads the miniport, finds and initializes its adapter.  The calling thread
 * plays CPU 0 meanwhile, and so it does in adapter_stop.
 * 0; -EINVAL, the miniport refused, or -ENOTSUP, the back end cannot be taken as
 * a lock (either way the reason is printed to `error`); -ENOMEM.
 */
int adapter_start(struct adapter *adapter, struct sim_machine *machine, port_driver_entry *entry,
		  const struct adapter_config *config, char *error, size_t error_bytes);

/*
 * Whether the miniport's HwStorFindAdapter has left room for requests of so many bytes, so many of them at a time, on so
 * many logical units, from 0.  0 or -EINVAL, with the field that says otherwise in `error`.
 */
int adapter_takes(const struct adapter *adapter, uint32_t bytes, uint64_t requests, unsigned units, char *error, size_t error_bytes);

/* How its interrupts come and are synchronized: "intx", "msi-all" (one lock) or "msi-each" (one a message). */
const char *adapter_interrupt_mode(const struct adapter *adapter);

/* Times that two were inside one interrupt lock, and who first (see struct witness), 0 when never. */
uint64_t adapter_violations(const struct adapter *adapter);
uint64_t adapter_first_violation(const struct adapter *adapter);

/* Stops the miniport; nothing is in flight.  What the adapter has counted and the verifier found can still be read. */
void adapter_retire(struct adapter *adapter);

/* The same, and gives back all that it has. */
void adapter_stop(struct adapter *adapter);

/* Each CPU's thread: before its first and after its last request.  0 or -errno. */
int adapter_cpu_online(struct adapter *adapter, struct sim_cpu *cpu);
void adapter_cpu_offline(struct adapter *adapter, struct sim_cpu *cpu);

/* What a request's data are aligned to. */
#define PORT_DATA_ALIGN 512

/* A request with room for `data_bytes` of data; NULL when physical memory is used up.  Freed with the machine. */
struct port_request *port_request_alloc(struct adapter *adapter, uint32_t data_bytes);

/*
 * Fills in the SRB for a CDB: `flags` is SRB_FLAGS_DATA_IN, SRB_FLAGS_DATA_OUT
 * or 0; `bytes` of request->data take part.
 */
void port_request_prepare(struct port_request *request, uint8_t lun, const void *cdb, uint8_t cdb_bytes, uint32_t flags,
			  uint32_t bytes);

/* How many bytes the request was to move, or did, whichever form its SRB has. */
static inline uint32_t port_request_bytes(const struct port_request *request)
{
	return SrbGetDataTransferLength((PVOID)&request->srb);
}

/*
 * Whether the miniport has kept the request that the port completed in its stead: its SRB and its data are the miniport's,
 * and not to be touched.
 */
static inline bool port_request_is_kept(const struct port_request *request)
{
	/* ORD port_kept:B acquire, pairs with port_kept:A: what the miniport did with it is over. */
	return atomic_load_explicit(&request->in_flight, memory_order_acquire) == PORT_REQUEST_STALE;
}

/* Submits at IRQL <= DISPATCH; request->complete is called once, on any CPU. */
void port_submit(struct port_request *request, struct sim_cpu *cpu);

/*
 * Resets the bus through the miniport, as the port driver does after a time-out.
 * No other request reaches the miniport meanwhile.  What HwStorResetBus leaves stays
 * with the miniport; where time-outs are watched, for some seconds of theirs, after which it is
 * completed with SRB_STATUS_BUS_RESET.  An adapter that is stopped or gone is left alone.  At IRQL <= DISPATCH.
 */
void port_reset_bus(struct adapter *adapter, struct sim_cpu *cpu);

/*
 * Stops the adapter for a change of power: holds requests back, and once the miniport has none
 * sends it SRB_FUNCTION_FLUSH, where it caches data, tells it ScsiStopAdapter and, where it supports that, ScsiSetBootConfig.
 * At IRQL_PASSIVE.  0; -EAGAIN, requests are held back and the miniport still has some: look, and call again; -EALREADY;
 * -ENODEV, it is gone; -ENOMEM.
 */
int adapter_suspend(struct adapter *adapter, struct sim_cpu *cpu);

/*
 * Restarts it: ScsiSetRunningConfig and ScsiRestartAdapter where the miniport supports the
 * latter; else HwStorFindAdapter and HwStorInitialize, passive initialization included.  What was held back goes on.
 * At IRQL_PASSIVE.  0; -EINVAL, the miniport refused (the reason in `error`), and it stays stopped; -EALREADY; -ENODEV.
 */
int adapter_resume(struct adapter *adapter, struct sim_cpu *cpu, char *error, size_t error_bytes);

/*
 * The adapter is gone.  Tells the miniport, where it supports ScsiAdapterSurpriseRemoval; what it has
 * then, what is held back, and whatever is submitted later, is completed with SRB_STATUS_NO_DEVICE, once.  At IRQL <= DISPATCH,
 * at IRQL_PASSIVE where the miniport supports that.
 */
void adapter_surprise_remove(struct adapter *adapter, struct sim_cpu *cpu);

/*
 * From here on the time-outs of requests are watched; a second of TimeOutValue lasts `second_ticks`.  A request that is with
 * the miniport for longer has its logical unit reset, then its target, then the bus; what a bus reset leaves is the
 * miniport's for `grace` seconds more, and then completed in its stead.  See port_timeout.c.  At IRQL_PASSIVE, before
 * requests are submitted.  0 or -ENOMEM.
 */
int adapter_watch_timeouts(struct adapter *adapter, uint64_t second_ticks, uint32_t grace);

/* By each CPU that submits requests, and is to look after them: its own seconds begin. */
void adapter_watch_cpu(struct adapter *adapter, struct sim_cpu *cpu);

void adapter_dump(const struct adapter *adapter, FILE *out);

#endif
