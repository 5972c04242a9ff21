/* SPDX-License-Identifier: MIT */
/* What the files of the verifier share among themselves. */
#ifndef STORSYNC_HBA_SIM_PORT_VERIFIER_INTERNAL_H
#define STORSYNC_HBA_SIM_PORT_VERIFIER_INTERNAL_H

#include "hba_sim/port/port_internal.h"
#include "hba_sim/port/verifier.h"
#include "hba_sim/port/verifier_hooks.h"

#define VERIFIED_FRAMES 16
#define VERIFIED_HELD 64
#define VERIFIED_DONE 64
#define VERIFIED_DPCS 256
#define VERIFIER_FINDINGS 256
#define VERIFIED_PAGE ((size_t)4096)

enum verified_callback {
	CALLBACK_NONE,
	CALLBACK_FIND,
	CALLBACK_INITIALIZE,
	CALLBACK_PASSIVE,
	CALLBACK_BUILD,
	CALLBACK_START,
	CALLBACK_INTERRUPT,
	CALLBACK_MESSAGE,
	CALLBACK_DPC,
	CALLBACK_TIMER,
	CALLBACK_RESET,
	CALLBACK_CONTROL,
	CALLBACK_UNIT,
	CALLBACK_STATE_CHANGE,
	CALLBACK_SECTION, /* a synchronized routine */
};

enum verified_lock { LOCK_NONE, LOCK_DPC, LOCK_STARTIO, LOCK_INTERRUPT, LOCK_MESSAGE };

/* Where a rule is broken. */
struct verified_place {
	const void *pc;
	bool is_return;
};

/* A stamp and the thread's CPU time, both without what was not the miniport's own. */
struct verified_time {
	uint64_t stamp;
	uint64_t away;
	uint64_t cpu_ns;
	uint64_t cpu_away_ns;
};

/* A lock that is held by what runs on this thread. */
struct verified_held {
	enum verified_lock kind; /* LOCK_NONE: no entry, or not yet one */
	bool by_port;
	bool is_void;            /* not acquired in truth: that would have hung */
	uint32_t message;
	void *dpc;
	PSTOR_LOCK_HANDLE theirs;
	STOR_LOCK_HANDLE handle; /* what the back end links, which outlives a miniport's stack */
	struct verified_place place;
	struct verified_time since;
};

/* A callback that runs on this thread. */
struct verified_frame {
	enum verified_callback callback;
	enum verified_callback origin; /* of a synchronized routine, the callback that asked for it */
	const void *routine;
	uint8_t irql;
	unsigned held;  /* locks that were held before it, the port's for it not included */
	unsigned dones; /* SRBs completed in it, as they were then */
	struct {
		SCSI_REQUEST_BLOCK *srb;
		struct verified_place place;
		uint64_t sum;
	} done[VERIFIED_DONE];
	struct verified_time since;
};

/* What the verifier knows of a thread: under some deliveries a CPU is several. */
struct verified_thread {
	unsigned depth;
	unsigned held;
	uint64_t away;        /* ticks and CPU time that were interrupts' and the verifier's own */
	uint64_t cpu_away_ns;
	struct verified_frame frame[VERIFIED_FRAMES];
	struct verified_held lock[VERIFIED_HELD];
};

extern _Thread_local struct verified_thread verified_self;

struct verified_dpc {
	PSTOR_DPC dpc;
	PHW_DPC_ROUTINE routine;
	struct verified_place issued;
};

/* Memory of the miniport's that is taken away from it at times. */
struct verified_region {
	unsigned char *base;
	size_t bytes;   /* whole pages; of pool, the guard page behind it included */
	size_t used;    /* of pool: bytes that are the miniport's */
	enum verifier_rule rule;
	_Atomic(bool) taken; /* inaccessible */
};

struct verifier {
	struct adapter *adapter; /* NULL before the first one's start */
	uint64_t created;        /* stamp */
	HW_INITIALIZATION_DATA hw; /* the miniport's own */
	PHW_MESSAGE_SIGNALED_INTERRUPT_ROUTINE message;
	PHW_PASSIVE_INITIALIZE_ROUTINE passive;
	PHW_TIMER timer;
	struct verified_place timer_place;
	_Atomic(bool) stopped;
	_Atomic(uint32_t) resets;
	struct port_request *requests;
	bool watches; /* for faults */

	/* Held at IRQL_HIGH. */
	_Atomic(uint32_t) lock;
	struct verified_dpc dpc[VERIFIED_DPCS];
	unsigned dpcs;
	struct verifier_finding finding[VERIFIER_FINDINGS];
	uint64_t judged[VERIFIER_FINDINGS]; /* of a limit in time: how often it was looked at since the first */
	size_t findings;
	struct verified_region **region;
	_Atomic(size_t) regions;
	size_t region_room;
};

uint8_t verifier_lock(struct verifier *verifier);
void verifier_unlock(struct verifier *verifier, uint8_t irql);

/* The place of a call that returns to `caller`; of a tail call, the callback that runs. */
struct verified_place verified_caller(const void *caller);
struct verified_place verified_function(const void *routine);

/* `call` names the routine of the port's, "" none. */
void verifier_found(struct verifier *verifier, enum verifier_rule rule, struct verified_place place, const char *call);

/* Time that is not the miniport's: begins, and ends. */
struct verified_time verified_away_begin(void);
void verified_away_end(const struct verified_time *begin);

/* From when on a limit is counted; and whether it was kept. */
struct verified_time verified_begin(void);
void verifier_judge_time(struct verifier *verifier, enum verifier_rule rule, struct verified_place place,
			 const struct verified_time *since, uint64_t limit_us);

/* The callback that runs here, that of a synchronized routine's caller; CALLBACK_NONE in none. */
enum verified_callback verified_origin(void);
const char *verified_callback_name(enum verified_callback callback);

/* A callback begins, with the locks that the port holds for it following; NULL when they nest too deep.  And ends. */
struct verified_frame *verified_push(enum verified_callback callback, const void *routine);
void verified_pop(struct verifier *verifier, struct verified_frame *frame);

struct verified_held *verified_push_lock(enum verified_lock kind, uint32_t message, bool by_port);
/* Those that are held beyond `held` are no longer: the port's own quietly; others are leaked, and released. */
void verified_drop_locks(struct verifier *verifier, unsigned held);
/* The innermost entry for which this holds, NULL; `dpc` matters to LOCK_DPC, `message` to LOCK_MESSAGE. */
struct verified_held *verified_find_lock(enum verified_lock kind, const void *dpc, uint32_t message);

void verified_give(struct adapter *adapter, SCSI_REQUEST_BLOCK *srb);
void verified_started(struct adapter *adapter, SCSI_REQUEST_BLOCK *srb);
void verified_refused(struct adapter *adapter, SCSI_REQUEST_BLOCK *srb);
void verified_check_done(struct verifier *verifier, struct verified_frame *frame);

int verifier_memory_init(struct verifier *verifier);
/* From here on an access to what was taken is a finding. */
void verifier_memory_watch(struct verifier *verifier);
void verifier_memory_fini(struct verifier *verifier);
void verified_take(struct verified_region *region);
void verified_give_back(struct verified_region *region);

/* The routines that may only be called as their pages say. */
const char *verified_call_name(enum verified_call call);
/* The highest IRQL at which it may be called. */
uint8_t verified_call_irql(enum verified_call call);

#endif
