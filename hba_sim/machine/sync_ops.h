/* SPDX-License-Identifier: MIT */
/*
 * The socket that a synchronization back end plugs into.
 *
 * The port driver knows a back end by this table alone.  What a back-end
 * author writes against is impls/contract.h, which includes this file and adds
 * the helpers; the two are apart because hba_sim/ includes nothing above it.
 */
#ifndef STORSYNC_HBA_SIM_MACHINE_SYNC_OPS_H
#define STORSYNC_HBA_SIM_MACHINE_SYNC_OPS_H

#include <stddef.h>
#include <stdint.h>

struct irq_line;
struct sim_cpu;

/* A synchronized routine; the answer is a Windows BOOLEAN: any non-zero value is true and is passed on as it is. */
typedef unsigned char sync_routine(void *extension, void *context);

/* An interrupt service routine; non-zero when the interrupt was its own. */
typedef unsigned char sync_isr(void *extension, uint32_t message);

/* service() answers the ISR's own BOOLEAN (0 to 255), or one of these. */
#define SYNC_DEFERRED (-1)    /* not run: stays pending until the back end re-delivers it */
#define SYNC_HANDED_OVER (-2) /* not run here: whoever has access runs it by irq_line_run_handed_over(), exactly once */

/*
 * What lives with a caller from enter to leave.  A queue lock keeps its node
 * here; it fits the space that a driver's STOR_LOCK_HANDLE has for it.
 */
struct sync_hold {
	void *next;
	uintptr_t word;
	uint8_t irql; /* what leave lowers to */
};

/* What a back end promises or needs. */
enum sync_capability {
	SYNC_FIFO = 1u << 0,    /* waiting callers are served in the order of their arrival */
	SYNC_DEFERS = 1u << 1,  /* service() may answer SYNC_DEFERRED */
	SYNC_SLEEPS = 1u << 2,  /* may block the operating system's thread (a grace period, a futex) */
	SYNC_ONE_CPU = 1u << 3, /* right only when every caller and the ISR share one CPU */
	SYNC_BROKEN = 1u << 4,  /* wrong on purpose: a negative control */
	SYNC_PEER = 1u << 5,    /* another project's primitive, for reference */
	SYNC_CEILING = 1u << 6, /* a section runs at the ceiling of the vectors that share it, so a wait has a bound */
	SYNC_HANDS_OVER = 1u << 7, /* service() may answer SYNC_HANDED_OVER */
	SYNC_MASKS_ALL = 1u << 8, /* a section and the ISR keep out interrupts of every level */
	SYNC_CALLS_OS = 1u << 9, /* system calls of microseconds beside those that it waits in: a wake-up, membarrier(2) */
	SYNC_ONE_VECTOR = 1u << 10, /* guards one line: its ISR keeps out none of another line's, or must know its own */
};

/* What service() guarantees about itself while a caller sits in its section. */
enum sync_progress {
	SYNC_ISR_BLOCKING,  /* it waits for the caller */
	SYNC_ISR_LOCK_FREE, /* it returns unless other CPUs make progress instead */
	SYNC_ISR_WAIT_FREE, /* it returns within a bounded number of its own steps */
};

enum sync_delivery {
	SYNC_POLL = 1u << 0,
	SYNC_SIGNAL = 1u << 1,
	SYNC_THREAD = 1u << 2,
	SYNC_ANY_DELIVERY = SYNC_POLL | SYNC_SIGNAL | SYNC_THREAD,
};

/* What a back end is set up with. */
struct sync_config {
	unsigned cpus;         /* simulated CPUs, 1 or more */
	uint8_t dirql;         /* the level that a section is raised to: the highest of the vectors' */
	struct irq_line *line; /* the interrupt that it guards; its mask register is at the controller */
	struct irq_line *const *vector; /* all that share the section, `line` first; NULL: it is the only one */
	unsigned vectors;
	const unsigned *node;  /* NUMA node of each CPU, 0 to `nodes` - 1; NULL: one node */
	unsigned nodes;
	enum sync_delivery delivery;
};

struct sync_backend {
	const char *name;
	const char *summary;     /* one line for `storsync list` */
	const char *source;      /* the paper or manual that the algorithm comes from */
	enum sync_progress isr_progress;
	uint32_t capabilities;   /* enum sync_capability */
	uint32_t deliveries;     /* enum sync_delivery */
	size_t lock_bytes;       /* size of the state; the caller allocates it zeroed, aligned to SYNC_LINE_BYTES */
	const char *(*unavailable)(void); /* why this machine cannot run it, NULL when it can; may be NULL itself */

	/* Set-up, at IRQL_PASSIVE on one thread: 0 or -errno. */
	int (*init)(void *lock, const struct sync_config *config);
	void (*fini)(void *lock);
	/* Called by each simulated CPU's own thread before its first and after its last use; may be NULL. */
	int (*online)(void *lock, struct sim_cpu *cpu);
	void (*offline)(void *lock, struct sim_cpu *cpu);

	/* Run the routine with exclusive access and return its BOOLEAN.  Callers are at or below DIRQL. */
	unsigned char (*synchronize)(void *lock, struct sim_cpu *cpu, sync_routine *routine, void *extension, void *context);
	/*
	 * Called at DIRQL when the interrupt is taken.  Either runs the ISR with
	 * exclusive access and returns its BOOLEAN, or returns SYNC_DEFERRED: the
	 * interrupt is then parked until the back end calls sync_redeliver() or
	 * sync_unmask() for its line.  Or it keeps isr, extension and message, has
	 * whoever leaves the section run them by sync_run_handed_over(), and returns
	 * SYNC_HANDED_OVER; they stay valid until then.
	 */
	int (*service)(void *lock, struct sim_cpu *cpu, sync_isr *isr, void *extension, uint32_t message);

	/* The caller's side taken apart, for StorPortAcquireSpinLock(InterruptLock); NULL when it has no such form. */
	void (*enter)(void *lock, struct sim_cpu *cpu, struct sync_hold *hold);
	void (*leave)(void *lock, struct sim_cpu *cpu, struct sync_hold *hold);
};

/* Two things that two CPUs write must be this far apart; two lines, as adjacent-line prefetchers pair them. */
#define SYNC_LINE_BYTES 128

#endif
